"""The language of journeys as far as this version has it, as typed values.  Shorthands become their long form here."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PlainValidator, Tag, model_validator

from streams.core.definition.problems import later
from streams.core.definition.selector import Cond, Part, Selector
from streams.core.definition.values import (
    ALWAYS,
    DIMENSIONS,
    ByRegionMs,
    Calendar,
    DurationMs,
    Name,
    NotPaused,
    Path,
    TouchpointPath,
    Value,
    Zone,
    refused,
    wrong,
)

Per = Annotated[Literal["journey", "occurrence"], refused("person")]
State = Literal["open", "kept", "kept_late", "overdue", "released"]
WHOLE_JOURNEY: Literal["journey"] = "journey"


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
    per: Per = "journey"
    match: TouchpointPath | None = None
    calendar: Calendar = ALWAYS
    paused: NotPaused = False


def _due_form(value: Any) -> str:
    if not isinstance(value, str):
        return "length"
    return "path" if "." in value or value in DIMENSIONS or not value[:1].isdigit() else "length"


Due = Annotated[
    Annotated[Path, Tag("path")] | Annotated[ByRegionMs, Tag("length")],
    Discriminator(_due_form),
]


class Promise(Part):
    made_by: Selector
    due: Due
    revised_by: Selector | None = None
    kept_by: Selector
    released_by: Selector | None = None
    per: Per = "journey"
    match: TouchpointPath | None = None
    grain: Literal["instant", "day"] = "instant"
    zone: Zone | None = None
    paused: NotPaused = False

    @model_validator(mode="after")
    def _zone_has_days(self) -> "Promise":
        if self.zone and self.grain != "day":
            raise wrong("`zone` needs `grain: day`")
        return self


Within = Annotated[
    Annotated[Literal["journey"], Tag("journey")] | Annotated[ByRegionMs, Tag("length")],
    Discriminator(lambda value: "journey" if value == WHOLE_JOURNEY else "length"),
]


class Absence(Part):
    after: Selector
    of: Selector
    within: Within
    waits: Literal["first", "each", "last"] = "first"
    unless: Selector | None = None
    until: Selector | None = None
    same: list[TouchpointPath] = Field([])
    paused: NotPaused = False


class PromiseRule(Part):
    """`when` defaults to kept_late and overdue, unless `revised` alone is asked for."""

    of: Name
    when: Annotated[list[State], Field(min_length=1)] | None = None
    against: Literal["first", "last"] = "last"
    revised: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short(cls, value: Any) -> Any:
        return {"of": value} if isinstance(value, str) else value


class Rule(Part):
    """One breakage: exactly one primitive, and what is said about it."""

    not_yet = frozenset({"count", "sequence", "threshold"})
    scope: Annotated[Literal["journey"], refused("person")] = "journey"
    per: Per = "journey"
    if_: dict[str, Cond] = Field({}, alias="if")
    severity: Literal["info", "warning", "critical"] = "warning"
    owner: Name | None = None
    runbook: str = ""
    about: str = ""
    heals: Selector | None = None
    recovers_within: DurationMs | None = None
    absence: Absence | None = None
    promise: PromiseRule | None = None

    @model_validator(mode="after")
    def _one_primitive(self) -> "Rule":
        if (self.absence is None) == (self.promise is None):
            raise wrong("expected exactly one of `absence` and `promise`")
        return self


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


def _expected(value: Any) -> int | str:
    if value in ("open", "withdrawn", "recovered") or (isinstance(value, int) and not isinstance(value, bool)):
        return value  # type: ignore[no-any-return]
    raise wrong(f"expected a number, `open`, `withdrawn` or `recovered`, got `{value}`")


class Case(Part):
    name: str
    given: list[Given]
    at: DurationMs
    expect: dict[Name, Annotated[int | str, PlainValidator(_expected)]]


def _identifier_type(value: Any) -> str:
    if value == "person" or (isinstance(value, dict) and "episode" in value):
        raise wrong(later("person" if value == "person" else "episode"))
    if not isinstance(value, str) or not value:
        raise wrong(f"expected an identifier type like `order`, got `{value}`")
    return value


class Definition(Part):
    """A journey definition.  `describe` gives it back as plain values in its long form, without its cases."""

    not_yet = frozenset({"look_back", "pauses"})
    journey: Name
    version: Annotated[int, Field(ge=1)]
    about: str = ""
    instance: Annotated[str, PlainValidator(_identifier_type)]
    opens: Selector
    closes: dict[Name, Selector] = Field({})
    outcome: Literal["first", "last"] = "last"
    after_close: Literal["attach", "reopen", "ignore"] = "attach"
    expires: DurationMs | None = None
    calendar: Calendar = ALWAYS
    keeps: dict[Name, Keep] = Field({})
    effort: dict[str, float] = Field({})
    stages: dict[Name, Stage] = Field({})
    promises: dict[Name, Promise] = Field({})
    breakages: dict[Name, Rule] = Field({})
    cases: list[Case] = Field([])

    def describe(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"cases"})
