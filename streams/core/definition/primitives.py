"""The five ways in which a journey can break, as they are written."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from streams.core.definition.selector import Cond, Part, Selector
from streams.core.definition.values import ByRegion, Length, Name, Path, TouchpointPath, wrong

State = Literal["open", "kept", "kept_late", "overdue", "released"]
WHOLE_JOURNEY: Literal["journey"] = "journey"
OF_JOURNEYS = ("region", "channel")  # what a journey carries besides its facts

Within = Annotated[
    Annotated[Literal["journey"], Tag("journey")] | Annotated[ByRegion, Tag("length")],
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
    paused: bool = False


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


class Count(Part):
    of: Selector | None = None
    over: Literal["touchpoints", "journeys"] = "touchpoints"
    at_least: Annotated[int, Field(ge=1)]
    within: ByRegion | None = None
    distinct: TouchpointPath | None = None
    same: list[Path] = Field([])
    until: Selector | None = None
    then: Literal["slide", "reset"] = "slide"

    @model_validator(mode="after")
    def _counts_one_kind(self) -> "Count":
        if self.over == "touchpoints":
            if self.of is None:
                raise wrong("`of` is missing: which touchpoints are counted")
            _of_touchpoints(self.same)
        elif self.of or self.distinct or self.until:
            raise wrong("`of`, `distinct` and `until` select touchpoints: journeys are counted as they are")
        else:
            _of_journeys(self.same)
        return self


class Gap(Part):
    """Between an earlier journey and a later one, in the order of their opening."""

    from_: Literal["opened", "closed"] = Field(alias="from")
    to: Literal["opened", "closed"]
    at_least: Length | None = None
    at_most: Length | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> "Gap":
        least, most = self.at_least, self.at_most
        if least and most and least.unit == most.unit and least.length > most.length:
            raise wrong("`at_least` is longer than `at_most`: no gap is both")
        return self


class Sequence(Part):
    """One of three forms: touchpoints that follow one another, journeys that do, stages in their declared order."""

    steps: Annotated[list[Selector], Field(min_length=2)] | None = None
    over: Literal["journeys"] | None = None
    order: Annotated[list[Name], Field(min_length=2)] | None = None
    within: ByRegion | None = None
    without: Selector | None = None
    same: list[Path] = Field([])
    next: bool = False
    counts: Literal["first", "last"] = "last"
    gap: Gap | None = None

    @model_validator(mode="after")
    def _has_one_form(self) -> "Sequence":
        forms = {"steps": self.steps, "over": self.over, "order": self.order}
        written = [name for name, value in forms.items() if value is not None]
        if len(written) != 1:
            raise wrong("expected exactly one of `steps`, `over: journeys` and `order`")
        allowed: dict[str, set[str]] = {
            "steps": {"within", "without", "same", "next", "counts"},
            "over": {"same", "next", "gap"},
            "order": set(),
        }
        for name in sorted(self.model_fields_set - allowed[written[0]] - {written[0]}):
            if getattr(self, name) != type(self).model_fields[name].default:
                raise wrong(f"`{name}` does not go with `{written[0]}`")
        (_of_journeys if self.over else _of_touchpoints)(self.same)
        return self


class Threshold(Cond):
    """The condition's keys stand beside the others."""

    of: Selector
    value: TouchpointPath
    take: Literal["each", "first", "last", "min", "max", "sum"] = "each"

    @model_validator(mode="before")
    @classmethod
    def _from_short(cls, value: Any) -> Any:
        return value

    @model_validator(mode="after")
    def _compares(self) -> "Threshold":
        if not self.model_fields_set - {"of", "value", "take"}:
            raise wrong("nothing is compared: expected a key like `above`, `at_most` or `is`")
        return self


def _of_touchpoints(paths: list[str]) -> None:
    for path in paths:
        if path.startswith("keeps."):
            raise wrong(f"`{path}` is one value for the whole journey: expected something that each touchpoint carries")


def _of_journeys(paths: list[str]) -> None:
    for path in paths:
        if not path.startswith("keeps.") and path not in OF_JOURNEYS:
            raise wrong(f"`{path}` is carried by touchpoints: expected keeps.FACT, region or channel of the journeys")
