"""Which touchpoints are meant, as it is written: conditions on single values, selectors of touchpoints."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.core.definition.values import Breaks, Name, Regex, TouchpointPath, Value, wrong


class Part(BaseModel):
    """What all parts share: unknown keys are errors, values are of their type or wrong."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Cond(Part):
    """All its keys must hold.  A value that is absent satisfies only `is_not`, `not_in` and `exists: false`."""

    is_: Value | None = Field(None, alias="is")
    is_not: Value | None = None
    in_: list[Value] | None = Field(None, alias="in")
    not_in: list[Value] | None = None
    at_least: Value | None = None
    at_most: Value | None = None
    above: Value | None = None
    below: Value | None = None
    exists: bool | None = None
    matches: Regex | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short(cls, value: Any) -> Any:
        return value if isinstance(value, dict | Cond) else {"is": value}

    @model_validator(mode="after")
    def _says_something(self) -> "Cond":
        if not self.model_fields_set:
            raise wrong("an empty condition says nothing: expected a value or keys like `is`, `in`, `at_least`")
        return self


class ActionCond(Cond):
    """A condition on the action, where `*` in `is`, `is_not`, `in` and `not_in` stands for any text."""

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        return {"in": value} if isinstance(value, list) else value


class NewCond(Cond):
    """A condition on the value that a touchpoint changes to; `seen`: whether the journey had that value before."""

    seen: bool | None = None


class Change(Part):
    """Against the previous touchpoint that carries the path.  Without `from` the first value of all is a change as well."""

    from_: Cond | None = Field(None, alias="from")
    to: NewCond | None = None


class Time(Part):
    """Inside or outside the working hours of a calendar."""

    calendar: Name
    inside: bool = True


class Selector(Part):
    """Which touchpoints are meant: all its keys must hold, `any` one of several.  `breaks` means breakages instead."""

    action: ActionCond | None = None
    origin: Cond | None = None
    channel: Cond | None = None
    direction: Cond | None = None
    team: Cond | None = None
    agent: Cond | None = None
    region: Cond | None = None
    source: Cond | None = None
    where: dict[str, Cond] | None = None
    changes: Annotated[dict[TouchpointPath, Change], Field(min_length=1)] | None = None
    time: Time | None = None
    breaks: Breaks | None = None
    any: Annotated[list["Selector"], Field(min_length=1)] | None = None
    not_: "Selector | None" = Field(None, alias="not")

    @model_validator(mode="before")
    @classmethod
    def _from_short(cls, value: Any) -> Any:
        if isinstance(value, list):
            return {"any": value}
        return {"action": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_something(self) -> "Selector":
        if not self.model_fields_set:
            raise wrong('an empty selector says nothing: for every touchpoint write "*"')
        return self
