"""How far identity ever came, and what stands, from what it said: asked for when its own state is gone."""

from collections.abc import Mapping
from contextlib import closing
from types import MappingProxyType
from typing import NamedTuple

from schemas.codec import decoder
from streams import topology
from streams.core.touchpoint import identifier_key
from streams.followed import Followed
from streams.settings import Settings


class Said(NamedTuple):
    """`number`: the highest of a redirect, 0 where there was none; `roots`: identifier -> root, of all that are not their own."""

    number: int = 0
    roots: Mapping[str, str] = MappingProxyType({})


def all_said(settings: Settings) -> Said:
    """What is on identity.people."""
    decode, highest, roots = decoder("person"), 0, dict[bytes, tuple[str, str]]()
    with closing(Followed(settings, topology.PEOPLE)) as people:
        for own_id, value in people.news():
            if value is None:  # somebody was erased
                roots.pop(own_id, None)
                continue
            row = decode(value)
            key, root = (identifier_key(row[f"{of}_type"], row[f"{of}_value"]) for of in ("identifier", "root"))
            highest = max(highest, row["number"])
            roots[own_id] = key, root
    return Said(highest, {key: root for key, root in roots.values() if key != root})
