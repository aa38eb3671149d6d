"""One wide view a definition, `v_journey_NAME`: a row a journey, a column for each stage, fact, promise and rule that it names.

Made when the definition is activated, and made anew with each of its versions; journeys of all versions are in it.  Names in
definitions are `[a-z][a-z0-9_]*`, so they are safe in SQL.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clickhouse_driver import Client

from sinks.clickhouse.read import VIEWS
from streams.core.definition import Definition

PREFIX = "v_journey_"
NUMBERS = ("sum", "count", "distinct")  # what a fact of this kind takes is a number, whatever the touchpoints carry


class Column(NamedTuple):
    name: str
    kind: str
    meaning: str
    value: str
    derived: bool = False  # its name is made of another one's


HEAD = (
    Column("person_id", "String", "The person, 32 hex digits.", "person_id"),
    Column("journey_id", "String", "The instance of the definition, 32 hex digits.", "journey_id"),
    Column("instance", "String", "Its instance: the order number, the case number.", "instance"),
    Column("definition_version", "UInt32", "Version of the definition that judged.", "definition_version"),
    Column("state", "String", "open or closed.", "state"),
    Column("outcome", "String", "Name under `closes`, expired, or empty.", "outcome"),
    Column("opened_at", "DateTime64(3, 'UTC')", "When it opened.", "opened_at"),
    Column("closed_at", "Nullable(DateTime64(3, 'UTC'))", "When it closed.", "closed_at"),
    Column(
        "duration_s", "Nullable(Float64)", "From opening to closing, seconds.",
        "(toUnixTimestamp64Milli(closed_at) - toUnixTimestamp64Milli(opened_at)) / 1000",
    ),
    Column("region", "String", "Of the opening touchpoint.", "region"),
    Column("channel", "String", "Of the opening touchpoint.", "channel"),
    Column("effort", "Float64", "Sum of the efforts that its touchpoints cost the person.", "effort"),
)  # fmt: skip


class NameTaken(ValueError):
    """A definition has the name of another view; the text says which."""


def view_of(definition: Definition) -> str:
    """Name of its view.  Raises NameTaken."""
    name = PREFIX + definition.journey
    if name in VIEWS:
        raise NameTaken(f"journey `{definition.journey}` gets no view of its own: {name} is another one; give it another name")
    return name


def replace(client: Client, definitions: Iterable[Definition]) -> tuple[list[str], list[str]]:
    """Make the views of these definitions, or make them anew.  -> names of the views; for definitions without one, why."""
    made, refused = [], []
    for definition in definitions:
        try:
            made.append(view_of(definition))
            client.execute(statement(definition))
        except NameTaken as error:
            refused.append(str(error))
    return made, refused


def statement(definition: Definition) -> str:
    columns = list(_columns(definition))
    declared = ",\n".join(f"    {each.name} {each.kind} COMMENT {_quoted(each.meaning)}" for each in columns)
    values = ",\n".join(f"    {each.value} AS {each.name}" for each in columns)
    about = f"Journeys of the definition {definition.journey}, one row a journey. {definition.about}".strip()
    return (
        f"CREATE OR REPLACE VIEW {view_of(definition)}\n(\n{declared}\n)\nDEFINER = CURRENT_USER SQL SECURITY DEFINER\n"
        f"AS SELECT\n{values}\nFROM\n{_rows(definition)}\nSETTINGS join_use_nulls = 0\nCOMMENT {_quoted(about)}"
    )


def _rows(definition: Definition) -> str:
    journeys = f"(SELECT * FROM journeys_visible WHERE definition = '{definition.journey}') AS j"
    if not definition.breakages:
        return journeys
    counts = ", ".join(f"countIf(rule = '{rule}') AS rule_{rule}" for rule in definition.breakages)
    return f"""{journeys}
LEFT JOIN
(
    SELECT instance, person_id, {counts}
    FROM breakages_visible
    WHERE definition = '{definition.journey}' AND state != 'withdrawn'
    GROUP BY instance, person_id
) AS b USING (instance, person_id)"""


def _columns(definition: Definition) -> Iterator[Column]:
    wanted = [*HEAD, *_stages(definition), *_facts(definition), *_promises(definition), *_rules(definition)]
    given = {column.name for column in wanted if not column.derived}
    for column in wanted:
        name = column.name
        while column.derived and name in given:  # facts `x` and `x_number`, say
            name += "_"
        yield column._replace(name=name)


def _stages(definition: Definition) -> Iterator[Column]:
    for name in definition.stages:
        first = f"arrayFirstIndex((stage, entry) -> stage = '{name}' AND entry = 1, `stages.name`, `stages.entry`)"
        meaning = f"Duration of the stage {name} when it was entered first, seconds; empty: not ended, or never entered."
        yield Column(f"stage_{name}_s", "Nullable(Float64)", meaning, f"`stages.duration_s`[{first}]")


def _facts(definition: Definition) -> Iterator[Column]:
    for name, keep in definition.keeps.items():
        value = f"`facts.value`[indexOf(`facts.name`, '{name}')]"
        number = f"if(JSONType({value}) IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat({value}), NULL)"
        text = f"multiIf({value} = '', NULL, JSONType({value}) = 'String', JSONExtractString({value}), {value})"
        if keep.take in NUMBERS:
            yield Column(f"fact_{name}", "Nullable(Float64)", f"The fact {name}.", number)
        else:
            yield Column(f"fact_{name}", "Nullable(String)", f"The fact {name}, as a text.", text)
            yield Column(f"fact_{name}_number", "Nullable(Float64)", f"The fact {name}, if it is a number.", number, True)


def _promises(definition: Definition) -> Iterator[Column]:
    for name in definition.promises:
        first = f"indexOf(`promises.name`, '{name}')"
        state = f"nullIf(toString(`promises.state`[{first}]), '')"
        states = "open, kept, kept_late, overdue or released; empty: not made."
        yield Column(f"promise_{name}", "Nullable(String)", f"State of the first promise {name}: {states}", state)
        margin = f"Kept minus due of the first promise {name}, seconds; early is negative."
        yield Column(f"promise_{name}_margin_s", "Nullable(Float64)", margin, f"`promises.margin_s`[{first}]", True)


def _rules(definition: Definition) -> Iterator[Column]:
    for name in definition.breakages:
        yield Column(f"rule_{name}", "UInt64", f"How often {name} broke, open and recovered.", f"rule_{name}")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
