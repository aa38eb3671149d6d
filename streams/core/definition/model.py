"""The language of journeys as typed values.  Shorthands become their long form here."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PlainValidator, Tag, WithJsonSchema, model_validator

from streams.core.definition.primitives import Absence, Count, PromiseRule, Sequence, Threshold
from streams.core.definition.selector import Cond, Part, Selector
from streams.core.definition.values import (
    ALWAYS,
    DIMENSIONS,
    ByRegion,
    DurationMs,
    Length,
    Name,
    Path,
    TouchpointPath,
    Value,
    Zone,
    wrong,
)

PERSON = "person"


class Keep(Part):
    of: Selector
    value: TouchpointPath | None = None
    take: Literal["first", "last", "min", "max", "sum", "count", "distinct"]

    @model_validator(mode="after")
    def _has_value(self) -> "Keep":
        if self.value is None and self.take != "count":
            raise wrong(f"`take: {self.take}` needs a `value`")
        return self


class Stage(Part):
    from_: Selector = Field(alias="from")
    to: Selector
    per: Literal["journey", "occurrence"] = "journey"
    match: TouchpointPath | None = None
    calendar: Name | None = None
    paused: bool = False


def _due_form(value: Any) -> str:
    if not isinstance(value, str):
        return "length"
    return "path" if "." in value or value in DIMENSIONS or not value[:1].isdigit() else "length"


Due = Annotated[
    Annotated[Path, Tag("path")] | Annotated[ByRegion, Tag("length")],
    Discriminator(_due_form),
]


class Promise(Part):
    made_by: Selector
    due: Due
    revised_by: Selector | None = None
    kept_by: Selector
    released_by: Selector | None = None
    per: Literal["journey", "occurrence"] = "journey"
    match: TouchpointPath | None = None
    grain: Literal["instant", "day"] = "instant"
    zone: Zone | None = None
    paused: bool = False

    @model_validator(mode="after")
    def _zone_has_days(self) -> "Promise":
        if self.zone and self.grain != "day":
            raise wrong("`zone` needs `grain: day`")
        return self


class Rule(Part):
    """One breakage: exactly one primitive, and what is said about it."""

    scope: Literal["journey", "person"] = "journey"
    per: Literal["journey", "occurrence", "person"] = "journey"
    if_: dict[str, Cond] = Field({}, alias="if")
    severity: Literal["info", "warning", "critical"] = "warning"
    owner: Name | None = None
    runbook: str = ""
    about: str = ""
    heals: Selector | None = None
    recovers_within: Length | None = None
    absence: Absence | None = None
    promise: PromiseRule | None = None
    count: Count | None = None
    sequence: Sequence | None = None
    threshold: Threshold | None = None

    @property
    def primitive(self) -> Absence | PromiseRule | Count | Sequence | Threshold:
        found = self.absence or self.promise or self.count or self.sequence or self.threshold
        assert found, "a rule has one primitive"  # noqa: S101 - held by `_one_primitive`
        return found

    @model_validator(mode="after")
    def _one_primitive(self) -> "Rule":
        written = [name for name in PRIMITIVES if getattr(self, name) is not None]
        if len(written) != 1:
            raise wrong("expected exactly one of " + ", ".join(f"`{name}`" for name in PRIMITIVES))
        return self

    @model_validator(mode="after")
    def _fits_its_scope(self) -> "Rule":
        over_journeys = "journeys" in (self.count and self.count.over, self.sequence and self.sequence.over)
        if self.scope == "journey":
            if self.per == PERSON:
                raise wrong("`per: person` needs `scope: person`")
            if over_journeys:
                raise wrong("`over: journeys` looks at all journeys of a person: it needs `scope: person`")
            return self
        if said := self._bound_to_a_journey():
            raise wrong(f"{said} belongs to one journey: it does not go with `scope: person`")
        return self

    def _bound_to_a_journey(self) -> str | None:
        """What a rule over a whole person cannot have."""
        if self.if_:
            return "`if`"
        if self.promise:
            return "a promise"
        if self.absence and (self.absence.within == "journey" or self.absence.paused):
            return "`within: journey`" if self.absence.within == "journey" else "`paused`"
        if self.sequence and self.sequence.order:
            return "the order of stages"
        if self.threshold and self.threshold.take != "each":
            return f"`take: {self.threshold.take}`"
        return None


PRIMITIVES = ("absence", "promise", "count", "sequence", "threshold")


class Given(Part):
    """One touchpoint of a case, written `[DUR, ACTION, {field or attribute: value}, {arrives: DUR}]`."""

    at_ms: DurationMs
    action: str
    fields: dict[str, Value] = Field({})
    arrives_ms: DurationMs | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        if not isinstance(value, list) or not 2 <= len(value) <= 4:
            raise wrong("expected [DURATION, ACTION, {field: value}, {arrives: DURATION}], the last two if needed")
        arrival = value[3] if len(value) == 4 else {}
        if not isinstance(arrival, dict) or arrival.keys() - {"arrives"}:
            raise wrong("the fourth value of a touchpoint is {arrives: DURATION}")
        fields = value[2] if len(value) > 2 else {}
        return {"at_ms": value[0], "action": value[1], "fields": fields, "arrives_ms": arrival.get("arrives")}


_EXPECTED = WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"enum": ["open", "withdrawn", "recovered"]}]})


def _expected(value: Any) -> int | str:
    if value in ("open", "withdrawn", "recovered") or (isinstance(value, int) and not isinstance(value, bool)):
        return value  # type: ignore[no-any-return]
    raise wrong(f"expected a number, `open`, `withdrawn` or `recovered`, got `{value}`")


class Case(Part):
    name: str
    given: list[Given]
    at: DurationMs
    expect: dict[Name, Annotated[int | str, PlainValidator(_expected), _EXPECTED]]


class Silence(Part):
    """An episode lasts until a silence longer than `gap`; one for each value of `by`."""

    gap: Length
    by: TouchpointPath | None = None

    @model_validator(mode="after")
    def _ends(self) -> "Silence":
        if not self.gap.length:
            raise wrong("`gap` of no length would make every touchpoint an episode")
        return self


class Episode(Part):
    episode: Silence


def _identifier_type(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise wrong(f"expected an identifier type like `order`, `person`, or {{episode: {{gap: DURATION}}}}, got `{value}`")
    return value


_IDENTIFIER_TYPE = WithJsonSchema({"type": "string", "description": "an identifier type such as order, or person"})
Instance = Annotated[
    Annotated[Annotated[str, PlainValidator(_identifier_type), _IDENTIFIER_TYPE], Tag("type")] | Annotated[Episode, Tag("episode")],
    Discriminator(lambda value: "episode" if isinstance(value, dict | Episode) else "type"),
]


class Pauses(Part):
    """Between `from` and `to` the clock of stages, promises and rules with `paused: true` stands still."""

    from_: Selector = Field(alias="from")
    to: Selector


class Definition(Part):
    """A journey definition.  `describe` gives it back as plain values in its long form, without its cases."""

    journey: Name
    version: Annotated[int, Field(ge=1)]
    about: str = ""
    instance: Instance
    opens: Selector
    closes: dict[Name, Selector] = Field({})
    outcome: Literal["first", "last"] = "last"
    after_close: Literal["attach", "reopen", "ignore"] = "attach"
    expires: Length | None = None
    calendar: Name = ALWAYS
    look_back: Length | None = None
    pauses: Pauses | None = None
    keeps: dict[Name, Keep] = Field({})
    effort: dict[str, float] = Field({})
    stages: dict[Name, Stage] = Field({})
    promises: dict[Name, Promise] = Field({})
    breakages: dict[Name, Rule] = Field({})
    cases: list[Case] = Field([])

    @property
    def of_person(self) -> bool:
        """Whether its journeys are of the person itself, not of an object that the person has."""
        return self.instance == PERSON or isinstance(self.instance, Episode)

    def describe(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"cases"})
