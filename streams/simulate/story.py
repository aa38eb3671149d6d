"""A story: what happens to one object of one person, step by step, and what it breaks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

REGIONS = {"BR": "pt-BR", "DE": "de-DE", "FR": "fr-FR", "US": "en-US"}


@dataclass(frozen=True)
class Person:
    """One of the customers, by number; a channel knows a customer by some of the identifiers only."""

    number: int

    @property
    def region(self) -> str:
        return list(REGIONS)[self.number % len(REGIONS)]

    def identifiers(self, channel: str) -> dict[str, str]:
        known = {"customer": f"c{self.number}"}
        if channel in ("web", "app"):
            known["cookie"] = f"k{self.number}"
        if channel == "phone":
            known["phone"] = f"+99{self.number:09}"
        if channel in ("mail", "chat"):
            known["email"] = f"customer{self.number}@example.org"
        return known


@dataclass(frozen=True)
class Expected:
    """A breakage that the pipeline is to find, and in which state it is once everything has come to pass."""

    definition: str
    rule: str
    instance: str
    occurrence: str
    state: str  # open or recovered


@dataclass
class Story:
    """Times are seconds since its beginning.  `named`: whether a step names the customer, or the object alone."""

    definition: str
    kind: str  # identifier type of the object; empty where there is none
    instance: str
    person: Person
    begins_ms: int
    records: list[dict[str, Any]] = field(default_factory=list)
    breaks: list[Expected] = field(default_factory=list)

    def ms(self, at_s: float) -> int:
        return self.begins_ms + round(at_s * 1_000)

    def when(self, at_s: float) -> str:
        """The same as ISO 8601 text: dues come in both forms."""
        return datetime.fromtimestamp(self.ms(at_s) / 1_000, UTC).isoformat(timespec="milliseconds")

    def step(
        self, at_s: float, action: str, source: str, channel: str, origin: str, *,
        direction: str = "none", named: bool = False, team: str = "", **attributes: str | int | float | bool,
    ) -> str:  # fmt: skip
        """-> the step's `source/event id`."""
        event_id = f"{self.instance}/{len(self.records)}"
        known = {self.kind: self.instance} if self.kind else {}
        if named or not self.kind:
            known |= self.person.identifiers(channel)
        self.records.append({
            "source": source, "event_id": event_id, "occurred_at": self.ms(at_s), "sequence": len(self.records), "origin": origin,
            "channel": channel, "action": action, "direction": direction,
            "identifiers": [{"type": kind, "value": value} for kind, value in known.items()], "attributes": attributes,
            "region": self.person.region, "locale": REGIONS[self.person.region], "agent": f"{team}1" if team else "", "team": team,
        })  # fmt: skip
        return f"{source}/{event_id}"

    def breaking(self, rule: str, state: str, occurrence: str = "") -> None:
        self.breaks.append(Expected(self.definition, rule, self.instance, occurrence, state))


def drawn(random: Random, weights: Mapping[str, int]) -> str:
    """One of the names, by weight."""
    return random.choices(list(weights), list(weights.values()))[0]
