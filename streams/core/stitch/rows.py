"""From what stands to what is said: the records of the topics `journeys` and `breakages`.

A row is said only when its pure columns changed.  One that is not there any more is said to be withdrawn, or moved where its
touchpoints went to another person.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from streams.core.stitch.state import Before, Standing
from streams.core.touchpoint import hash_id
from streams.core.verdict import Breakage, Journey

_pack = msgspec.msgpack.Encoder().encode
Row = dict[str, Any]
PARTS = ("Stage", "Promise", "Fact", "Proof")  # records within a row, which are objects as the verdict made them


class Moment(msgspec.Struct, frozen=True):
    """What every row of one person in one transaction shares.  Not pure: a trace of how it happened."""

    person_id: str
    address_id: str  # of the identifier whose owner the person is
    version: int
    redirects: int
    clock_ms: int
    now_ms: int


def digest(journey: Journey) -> int:
    return int.from_bytes(blake2b(_pack(journey), digest_size=8).digest(), "big")


def _head(moment: Moment, definition: str, version: int, instance: str) -> Row:
    return {
        "person_id": moment.person_id, "address_id": moment.address_id, "journey_id": hash_id("journey", definition, instance),
        "definition": definition, "definition_version": version, "instance": instance,
    }  # fmt: skip


def _tail(moment: Moment, *, backfilled: bool) -> Row:
    return {
        "backfilled": backfilled, "redirects": moment.redirects, "version": moment.version,
        "clock_at": moment.clock_ms, "emitted_at": moment.now_ms,
    }  # fmt: skip


def journey_row(journey: Journey, before: Before | None, moment: Moment) -> Row:
    return {
        **_head(moment, journey.definition, journey.definition_version, journey.instance),
        "state": journey.state, "outcome": journey.outcome, "opened_at": journey.opened_at, "closed_at": journey.closed_at,
        "first_at": journey.first_at, "last_at": journey.last_at, "touchpoints": journey.touchpoints,
        "opened_by": journey.opened_by, "region": journey.region, "channel": journey.channel, "effort": journey.effort,
        "stages": journey.stages, "promises": journey.promises, "facts": journey.facts,
        **_tail(moment, backfilled=journey.backfilled), "replaces": _journey_before(before),
    }  # fmt: skip


def gone_journey_row(definition: str, instance: str, before: Before, moment: Moment) -> Row:
    """A journey that this person does not have any more."""
    return {
        **_head(moment, definition, before.definition_version, instance),
        "state": "moved", "outcome": before.outcome, "opened_at": before.opened_at, "closed_at": before.closed_at,
        "first_at": before.opened_at, "last_at": before.opened_at, "touchpoints": 0, "opened_by": before.opened_by,
        "region": before.region, "channel": before.channel, "effort": 0.0, "stages": [], "promises": [], "facts": [],
        **_tail(moment, backfilled=False), "replaces": _journey_before(before),
    }  # fmt: skip


def _journey_before(before: Before | None) -> Row | None:
    if before is None:
        return None
    return {name: getattr(before, name) for name in ("version", "state", "outcome", "opened_at", "closed_at", "region", "channel")}


def before_of(journey: Journey, told: int, version: int) -> Before:
    """`told`: its digest."""
    return Before(
        told, version, journey.state, journey.outcome, journey.opened_at, journey.closed_at,
        journey.region, journey.channel, journey.opened_by, journey.definition_version,
    )  # fmt: skip


def breakage_row(breakage: Breakage, detected_at: int, before: Standing | None, moment: Moment) -> Row:
    cause = (breakage.definition, breakage.rule, breakage.instance, breakage.occurrence)
    return {
        **_head(moment, breakage.definition, breakage.definition_version, breakage.instance),
        "rule": breakage.rule, "occurrence": breakage.occurrence, "cause_key": hash_id("cause", *cause), "state": breakage.state,
        "severity": breakage.severity, "owner": breakage.owner, "runbook": breakage.runbook,
        "due_at": breakage.due_at, "broken_at": breakage.broken_at, "detected_at": detected_at,
        "recovered_at": breakage.recovered_at, "region": breakage.region, "channel": breakage.channel,
        "evidence": breakage.evidence, "facts": breakage.facts,
        **_tail(moment, backfilled=breakage.backfilled), "replaces": _breakage_before(before),
    }  # fmt: skip


def _breakage_before(before: Standing | None) -> Row | None:
    if before is None:
        return None
    row = before.row
    return {
        "version": before.version, "state": row.state, "broken_at": row.broken_at, "severity": row.severity,
        "region": row.region, "channel": row.channel,
    }  # fmt: skip
