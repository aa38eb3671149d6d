"""Whom a command is about: TYPE:VALUE as a source writes it or as it stands in the tables, or a person's id, an old one too."""

import re
from typing import NamedTuple

import typer
from clickhouse_driver import Client

from sinks.clickhouse import graph
from streams.core.definition.problems import meant
from streams.core.touchpoint import hash_id
from streams.known import known_identifiers
from streams.settings import Settings

METAVAR = "TYPE:VALUE"
HELP = "Any identifier of the person, as customer:4711, or a person's id of now or of before."
_ID = re.compile(r"[0-9a-f]{32}")


class Whom(NamedTuple):
    """`identifier`: type:value as it stands in the tables, the id where only that is known; `written`: value as it was given."""

    identifier: str
    written: str
    own_id: str
    person_id: str
    known: bool  # whether anything has landed about it
    kind: str  # person or object; empty where it was never seen with another


def whom(client: Client, settings: Settings, text: str) -> Whom:
    """Raises BadParameter for what names nobody, ConfigurationError, and what ClickHouse's client raises."""
    if _ID.fullmatch(text):
        return _by_id(client, text)
    kind, colon, value = text.partition(":")
    if not (kind and colon and value):
        raise typer.BadParameter(f"{text}: expected TYPE:VALUE, as customer:4711, or a person's id of 32 hex digits")
    formed = known_identifiers(settings).value(kind, value)
    ids = {hash_id(kind, each): f"{kind}:{each}" for each in (formed, value.strip()) if each}
    if found := graph.known(client, list(ids)):
        return Whom(found[0].identifier, value, found[0].own_id, found[0].person_id, True, found[0].kind)
    if not formed:
        raise typer.BadParameter(f"{text}: stands for nobody, or is no {kind}, as identity.yaml says")
    own_id = hash_id(kind, formed)
    return Whom(f"{kind}:{formed}", value, own_id, own_id, False, "")


def _by_id(client: Client, own_id: str) -> Whom:
    person_id = graph.person_of(client, own_id)
    found = graph.known(client, [own_id]) or graph.known(client, [person_id])
    if found:
        return Whom(found[0].identifier, "", found[0].own_id, person_id, True, found[0].kind)
    return Whom(own_id, "", own_id, person_id, False, "")


def stranger(settings: Settings, text: str) -> str:
    """What is said of somebody about whom nothing has landed."""
    kind, types = text.partition(":")[0], known_identifiers(settings).types
    hint = f": no identifier type is called `{kind}`{meant(kind, types)}" if ":" in text and kind not in types else ""
    return f"nothing has landed about {text}{hint}"
