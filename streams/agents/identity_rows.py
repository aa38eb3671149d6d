"""What identity decided as records of the topics that land: people, pairs, receipts."""

from typing import Any

from schemas.codec import encoder
from streams import topology
from streams.agents.producing import Destination, Record
from streams.core.identifiers import Identifiers
from streams.core.identity import Change, Decided, Erasure, Receipt, Standing
from streams.core.touchpoint import Order, id_of
from streams.settings import Settings


class IdentityRows:
    def __init__(self, settings: Settings, identifiers: Identifiers) -> None:
        self._identifiers = identifiers
        self._people, self._pairs, self._receipts = (
            (settings.topic(name), 0) for name in (topology.PEOPLE, topology.PAIRS, topology.RECEIPTS)
        )
        self._person, self._pair, self._receipt = encoder("person"), encoder("pair"), encoder("receipt")

    def of(self, decided: Decided, version: int, now_ms: int) -> dict[Destination, list[Record]]:
        found: dict[Destination, list[Record]] = {
            self._people: [self._person_record(change, version) for change in decided.changes],
            self._pairs: [self._pair_record(standing, version) for standing in decided.standings],
            self._receipts: [Record(None, self._receipt(receipt_row(each, version, now_ms))) for each in decided.receipts],
        }
        return {destination: records for destination, records in found.items() if records}

    def gone(self, erasure: Erasure) -> dict[Destination, list[Record]]:
        """Tombstones."""
        pairs = (id_of(weaker) + id_of(stronger) for weaker, stronger in erasure.pairs)
        return {
            self._people: [Record(bytes.fromhex(id_of(key)), None) for key in erasure.keys],
            self._pairs: [Record(bytes.fromhex(pair), None) for pair in pairs],
        }

    def _person_record(self, change: Change, version: int) -> Record:
        key, root = change.redirect.address, change.redirect.root
        (kind, value), (root_kind, root_value) = _pair(key), _pair(root)
        row: dict[str, Any] = {
            "identifier_type": kind, "identifier_value": value,
            "kind": "person" if self._identifiers.is_person(key) else "object",
            "own_id": id_of(key), "person_id": id_of(root), "root_type": root_kind, "root_value": root_value,
            "number": change.redirect.number, "version": version,
            **_proof(change.proof, "linked_at", "linked_by_source", "linked_by_event"),
        }  # fmt: skip
        return Record(bytes.fromhex(row["own_id"]), self._person(row))

    def _pair_record(self, standing: Standing, version: int) -> Record:
        weaker_id, stronger_id = id_of(standing.weaker), id_of(standing.stronger)
        row = {
            "weaker_id": weaker_id, "stronger_id": stronger_id, "weaker_type": _pair(standing.weaker)[0],
            "stronger_type": _pair(standing.stronger)[0], "state": standing.state, "guard": standing.guard, "version": version,
            **_proof(standing.proof),
        }  # fmt: skip
        return Record(bytes.fromhex(weaker_id + stronger_id), self._pair(row))


def receipt_row(receipt: Receipt, version: int, now_ms: int) -> dict[str, Any]:
    return {
        "kind": receipt.kind, "left_id": id_of(receipt.left), "joined_id": id_of(receipt.joined),
        "identifiers": receipt.identifiers, "objects": receipt.objects, "left_size": receipt.left_size,
        "joined_size": receipt.joined_size, "first_number": receipt.first_number, "last_number": receipt.last_number,
        "weaker_id": id_of(receipt.weaker), "stronger_id": id_of(receipt.stronger), "why": receipt.why,
        "decided_at": now_ms, "version": version, **_proof(receipt.proof),
    }  # fmt: skip


def _proof(order: Order, at: str = "occurred_at", source: str = "source", event: str = "event_id") -> dict[str, Any]:
    """A touchpoint by its names of columns; where there is none its event id is empty."""
    occurred_at, _, event_id, its_source = order
    return {at: occurred_at if event_id else None, source: its_source, event: event_id}


def _pair(key: str) -> tuple[str, str]:
    kind, _, value = key.partition(":")
    return kind, value
