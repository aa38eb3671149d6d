"""A mapping to begin with: every field of a touchpoint from a profile, and what else it could be in comments."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import duckdb

from streams.sources.mapping import literal, quoted
from streams.sources.profile import Profile, Shared
from streams.sources.profile_columns import PLACEHOLDERS, Column, nested
from streams.sources.profile_times import Time, plain_reading
from streams.sources.profile_words import findings
from streams.sources.wording import hints, slug, words

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOBODY = f"({', '.join(map(literal, ('', '0', *PLACEHOLDERS)))})"  # as the shipped identity.yaml has them
_MOST_ATTRIBUTES = 40
_OBJECTS = {  # identifier types that ship, by words in the name of a case's column
    "parcel": "parcel shipment package consignment sendung", "order": "order auftrag", "application": "application loan",
}  # fmt: skip


def mapping_text(profile: Profile, others: Sequence[Profile], shared: Sequence[Shared]) -> str:
    """-> the SELECT, in a form that a load takes as it is wherever the rows have a time."""
    return "\n".join([*_head(profile), *_Writer(profile).lines(), *_others(profile, others, shared), ""])


def _head(profile: Profile) -> Iterator[str]:
    yield f"-- {one_line(profile.view)}: one row a touchpoint.  A skeleton: every line is yours to change."
    yield "-- What the profile found:"
    yield from (f"--   {one_line(line)}" for line in findings(profile))
    yield "-- Try it: throughline load --dry-run --mapping THIS.sql FILE"


def _others(profile: Profile, others: Sequence[Profile], shared: Sequence[Shared]) -> Iterator[str]:
    for other in others:
        yield f"-- There is also {one_line(other.view)}, {other.rows:,} rows."
    for each in shared:
        if profile.view in (each.one, each.other):
            pair = f"{name(each.one)}.{name(each.column)} = {name(each.other)}.{name(each.other_column)}"
            yield f"--   JOIN … ON {one_line(pair)}  ({each.values:,} values in common)"


def one_line(text: str) -> str:
    return " ".join(text.split())


@cache
def _reserved() -> frozenset[str]:
    told = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    return frozenset(word for (word,) in duckdb.connect().execute(told).fetchall())


def name(identifier: str) -> str:
    """An SQL identifier, quoted only where it has to be."""
    return identifier if _PLAIN.fullmatch(identifier) and identifier.lower() not in _reserved() else quoted(identifier)


def time_sql(column: Column) -> str:
    """-> the time as a person would write it."""
    time, text = column.time, f"trim({name(column.name)})"
    if time is None or time.how == ("time",):
        return time.sql if time and time.sql != quoted(column.name) else name(column.name)
    if time.how[0].startswith("epoch"):
        return time.sql.replace(quoted(column.name), name(column.name))
    return plain_reading(text if column.is_text else f"CAST({name(column.name)} AS VARCHAR)", time.how)


def step_name(column: str) -> str:
    """`order_purchase_timestamp` is the step `order_purchase`, `Closed at` is `closed`."""
    left = words(column)
    while (
        len(left) > 1 and hints(left[-1]) & {"time"} and left[-1] not in ("created", "updated", "changed", "occurred", "happened")
    ):
        left.pop()
    return slug(" ".join(left), "step")


class _Writer:
    """One mapping.  `free` finds names for its own columns that no column of the file has."""

    def __init__(self, profile: Profile) -> None:
        self.profile, self.roles = profile, profile.roles
        self._names = {profile.view.lower(), *(column.name.lower() for column in profile.columns)}
        self.place, self.moment, self.step, self.step_number = map(self.free, ("row_in_file", "moment", "step", "step_number"))
        self.numbered, self.once, self.steps, self.timed = map(self.free, ("numbered", "once", "steps", "timed"))

    def free(self, wanted: str) -> str:
        while wanted in self._names:
            wanted += "_"
        self._names.add(wanted)
        return wanted

    def lines(self) -> Iterator[str]:
        yield "WITH"
        yield from self._rows()
        yield "SELECT"
        yield f"  {literal(slug(self.profile.view, 'file'))} AS source,  -- the system that says it"
        yield from (f"  {line}" for line in self._fields())
        yield f"FROM {self.steps if self.roles.steps else self.timed}"
        yield from self._kept()
        yield f"ORDER BY {self.moment}, {self.place}"

    def _rows(self) -> Iterator[str]:
        view, numbered = name(self.profile.view), self.numbered
        yield f"  {numbered} AS (SELECT *, row_number() OVER () AS {self.place} FROM {view}),"
        if self.profile.doubles and not any(nested(column.kind) for column in self.profile.columns):
            numbered = self.once
            yield f"  -- {self.profile.doubles:,} rows repeat another one in every column: each is taken once"
            kept = f"SELECT * EXCLUDE ({self.place}), min({self.place}) AS {self.place} FROM {self.numbered} GROUP BY ALL"
            yield f"  {numbered} AS ({kept}),"
        if self.roles.steps:
            yield from self._steps(numbered)
        else:
            yield "  -- times without a zone are taken as UTC; where they are local: timezone('Europe/Berlin', …)"
            yield f"  {self.timed} AS (SELECT *, {self._moment()} AS {self.moment} FROM {numbered})"

    def _steps(self, numbered: str) -> Iterator[str]:
        yield "  -- one row has several times: each that is there is a touchpoint; take out those that nobody notices"
        yield f"  {self.steps} AS ("
        used: set[str] = set()
        for place, column in enumerate(self.roles.steps, 1):
            called = step_name(column.name) if step_name(column.name) not in used else slug(column.name) + f"_{place}"
            used.add(called)
            head = "UNION ALL " if place > 1 else ""
            at = f"CAST({time_sql(column)} AS TIMESTAMPTZ) AS {self.moment}"
            yield f"    {head}SELECT *, {literal(called)} AS {self.step}, {place} AS {self.step_number}, {at} FROM {numbered}"
        yield "  )"

    def _moment(self) -> str:
        time = self.roles.time
        if time is None:
            return "CAST(NULL AS TIMESTAMP)"
        if self.roles.clock is None:
            return time_sql(time)
        return f"CAST({time_sql(time)} AS DATE) + coalesce({name(self.roles.clock.name)}, TIME '00:00')"

    def _fields(self) -> Iterator[str]:
        yield f"{self._event_id()} AS event_id,  -- different in every row, and the same whenever the file is read again"
        yield from self._time()
        yield from self._sequence()
        yield from self._origin()
        yield from self._plain("channel", "'web'", "how it reached or left us: web, phone, mail, store")
        yield from self._action()
        yield "-- 'inbound' AS direction,  -- inbound: the customer turns to us; outbound: we turn to the customer; otherwise none"
        yield from self._plain("region", "'DE'", "country or region code")
        yield "-- 'de-DE' AS locale,"
        yield from self._plain("agent", "…", "who handled it: a pseudonym, not a name")
        yield from self._plain("team", "…", "the team that handled it")
        yield from self._identifiers()
        yield from self._attributes()

    def _event_id(self) -> str:
        case, order = self.roles.case, self.profile.order
        if self.profile.event_key and not self.roles.steps:
            return f"CAST({name(self.profile.event_key.name)} AS VARCHAR)"
        if case is None:
            return f"CAST({self.place} AS VARCHAR)" if not self.roles.steps else self._joined(self.place, self.step)
        if self.roles.steps:
            alone = case.known == case.distinct
            return self._joined(name(case.name), *([] if alone else [self.place]), self.step)
        numbered = order and order.column and order.unique
        return self._joined(name(case.name), name(order.column.name) if numbered and order and order.column else self.place)

    @staticmethod
    def _joined(*parts: str) -> str:
        return f"concat_ws('/', {', '.join(parts)})"

    def _time(self) -> Iterator[str]:
        time = self.roles.time
        if time is None:
            yield "-- NO COLUMN READS AS A TIME.  A touchpoint needs one: put it in place of NULL above, or join another file."
        elif time.time:
            yield from self._about_time(time.time)
        yield f"{self.moment} AS occurred_at,"
        others = [c for c in self.profile.columns if c.time and c is not time and c not in self.roles.steps and not c.personal]
        if others and not self.roles.steps:
            yield f"-- other times: {', '.join(one_line(column.name) for column in others[:8])}"

    def _about_time(self, time: Time) -> Iterator[str]:
        if time.ambiguous:
            yield f"-- DAY OR MONTH FIRST?  {time.ambiguous} reads every value as well: look at the first and last day"
        if time.date_only and self.roles.clock is None:
            yield "-- only days: everything of one day happens at midnight, in the order of `sequence`"

    def _sequence(self) -> Iterator[str]:
        order = self.profile.order
        if self.roles.steps:
            yield f"{self.step_number} AS sequence,  -- settles the order within the same instant"
        elif order and order.column:
            told = f"goes on with time inside a case; settles the order of {self.profile.tied:,} rows that share both"
            yield f"CAST({name(order.column.name)} AS BIGINT) AS sequence,  -- {told}"
        else:
            yield f"{self.place} AS sequence,  -- the order of the file settles what happened in the same instant"

    def _origin(self) -> Iterator[str]:
        agent = self.roles.agent
        if agent:
            yield f"if({_known(agent)} IS NULL, 'system', 'human') AS origin,  -- product, human or system: who acted"
        else:
            yield "'system' AS origin,  -- who acted: product (what the customer uses), human, or system"

    def _plain(self, field: str, example: str, meaning: str) -> Iterator[str]:
        column: Column | None = getattr(self.roles, field)
        if column is None:
            yield f"-- {example} AS {field},  -- {meaning}"
            return
        text = _known(column)
        value = (
            f"lower({text})" if field == "channel" and column.is_text else text if column.is_text else f"CAST({text} AS VARCHAR)"
        )
        yield f"{value} AS {field},  -- {meaning}"

    def _action(self) -> Iterator[str]:
        action = self.roles.action
        if self.roles.steps:
            yield f"{self.step} AS action,"
            return
        if action is None:
            yield "-- no column has few values that change inside a case: everything is called the same until you say otherwise"
            yield f"{literal(slug(self.profile.view, 'file') + '.recorded')} AS action,"
            return
        if action.examples and not action.personal:
            yield f"-- {one_line(action.name)}: {action.distinct:,} values, as {', '.join(map(one_line, action.examples))}"
        yield f"{_slugged(action)} AS action,"
        others = [one_line(column.name) for column in self._left() if 1 < column.distinct <= 30 and column.is_text]
        if others:
            yield f"-- could be part of what happened: {', '.join(others[:8])}; join with || '.' ||"

    def _identifiers(self) -> Iterator[str]:
        case, person = self.roles.case, self.roles.person
        if case:
            told = "whose it is: a person's journey, or episodes of it" if case.is_person else "the journey: one for each value"
            yield f"{name(case.name)} AS identifier_{_named_for(case)},  -- {told}"
        elif person is None:
            yield "-- no column looks like a case or a person: every row is a journey of its own until you name one"
            yield f"concat('row ', {self.place}) AS identifier_case,"
        if case and case.is_person:
            yield "-- … AS identifier_order,  -- what it is about, where a row names an order, a case or a parcel"
        elif person:
            yield f"{name(person.name)} AS identifier_{_person(person)},  -- whose it is; links the journeys of one person"
        else:
            yield "-- … AS identifier_customer,  -- whose it is; without it a case is a person of its own"
        more = [c for c in self._left() if c.is_key_like and c.hints & {"key", "person", "contact", "case"} and c.distinct > 1]
        if more:
            yield "-- others that name something: " + ", ".join(f"{one_line(c.name)} ({c.distinct:,} values)" for c in more[:8])

    def _left(self) -> list[Column]:
        order = self.profile.order.column if self.profile.order else None
        gone = {*self.roles.taken(), *([order.name] if order else [])}
        return [column for column in self.profile.columns if column.name not in gone and column is not self.profile.event_key]

    def _attributes(self) -> Iterator[str]:
        used: set[str] = set()
        taken = 0
        for column in self._left():
            called = _unused(slug(column.name), used)
            why = _unwanted(column) or ("more than a mapping begins with" if taken >= _MOST_ATTRIBUTES else "")
            taken += not why
            value = time_sql(column) if column.time else _value(column)
            line = f"{value} AS attribute_{called},"
            yield f"-- {one_line(line)}  -- {why}" if why else line

    def _kept(self) -> Iterator[str]:
        """What would be refused is left out in the open, with its number."""
        case, time = self.roles.case, self.roles.time
        conditions: list[tuple[str, str]] = []
        if self.roles.steps or (time and time.time and time.time.parsed < self.profile.rows):
            conditions.append((f"{self.moment} IS NOT NULL", "rows without a readable time are no touchpoints"))
        if case and (case.known < case.rows or case.is_whole):
            text = f"lower(trim(CAST({name(case.name)} AS VARCHAR)))"
            conditions.append(
                (f"{text} NOT IN {_NOBODY}", "nor are rows without a case" if conditions else "rows without a case are nobody's")
            )
        for place, (condition, why) in enumerate(conditions):
            yield f"{'AND' if place else 'WHERE'} {condition}  -- {why}"


def _known(column: Column) -> str:
    """The value, NULL where it only stands for one."""
    text, values = name(column.name), column.placeholder_values
    if not values:
        return text
    if len(values) == 1:
        return f"nullif({text}, {literal(values[0])})"
    return f"CASE WHEN {text} NOT IN ({', '.join(map(literal, values))}) THEN {text} END"


def _value(column: Column) -> str:
    """As an attribute: numbers are numbers, because no threshold takes a text for one.  What stands for none becomes NULL."""
    return f"TRY_CAST({name(column.name)} AS {column.number})" if column.number else _known(column)


def _slugged(action: Column) -> str:
    text = name(action.name) if action.is_text else f"CAST({name(action.name)} AS VARCHAR)"
    plain = f"trim(lower(regexp_replace({text}, '[^\\pL\\pN]+', '_', 'g')), '_')"
    return f"coalesce(nullif({plain}, ''), 'unknown')"


def _named_for(case: Column) -> str:
    """The type of identifier: of a person, where the rows of a person are all that belongs together."""
    known = set(words(case.name))
    if case.is_person:
        return _person(case)
    return next((kind for kind, named in _OBJECTS.items() if known & set(named.split())), "case")


def _person(person: Column) -> str:
    known = set(words(person.name))
    return "email" if known & {"email", "mail"} else "phone" if "contact" in person.hints else "customer"


def _unused(wanted: str, used: set[str]) -> str:
    found, number = wanted, 1
    while found in used:
        number += 1
        found = f"{wanted}_{number}"
    used.add(found)
    return found


def _unwanted(column: Column) -> str:
    if column.known == 0:
        return "has no values"
    if nested(column.kind):
        return "is nested: take a part of it, or to_json(…) as text"
    if column.personal or column.hints & {"contact", "personal"}:
        return "looks personal: take it only if a rule needs it"
    return "is always the same" if column.distinct == 1 and column.rows > 1 and not column.time else ""


def warnings(profile: Profile) -> Iterable[str]:
    """What the writer of a mapping has to decide before anything else."""
    if profile.roles.form == "no time":
        yield "no column reads as a time: every row will be refused until the mapping has one"
    elif profile.roles.time and profile.roles.time.time and not profile.roles.steps:
        unread = profile.rows - profile.roles.time.time.parsed
        if unread:
            yield f"{unread:,} of {profile.rows:,} rows have no readable time and are left out"
    if profile.roles.case is None and profile.roles.person is None:
        yield "no column looks like a case: every row is a journey of its own until you name one"
