"""identity.yaml: every problem that can be found, at once."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

from streams.core.definition.problems import meant
from streams.core.identifiers.types import MOST_IDENTIFIERS, Identifiers, IdentifierType

SHIPPED = Path(__file__).parent.parent.parent / "definitions" / "identity.yaml"
VARIABLE = "THROUGHLINE_IDENTITY_SECRET"
SHORTEST_SECRET = 16  # characters
_ONLY_OF = {  # key -> the forms that know it
    "region": ("phone",), "strict": ("phone",), "keeps_case": ("email",), "dotless": ("email",), "tagless": ("email",),
}  # fmt: skip


class IdentityError(ValueError):
    """identity.yaml cannot be used; the text names the file, each place and the remedy, one problem a line."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    identifiers: dict[str, IdentifierType]
    nobody: list[str] = []
    most_identifiers: int = MOST_IDENTIFIERS


def load_identifiers(path: Path | None = None, secret: str = "") -> Identifiers:
    """Raises IdentityError.  `secret`: key of the hashes, for types that are `kept: hashed`."""
    file = path or SHIPPED
    try:
        read = msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), _File)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise IdentityError(f"{file}: {error}; see streams/definitions/identity.yaml for the form") from None
    if problems := list(_problems(read, secret)):
        raise IdentityError("\n".join(f"{file}: {problem}" for problem in problems))
    nobody = frozenset(each.strip().lower() for each in read.nobody)
    return Identifiers(read.identifiers, nobody, most=read.most_identifiers, secret=secret.encode())


def _problems(read: _File, secret: str) -> Iterator[str]:
    if not any(its.kind == "person" for its in read.identifiers.values()):
        yield "identifiers: none is of the kind person"
    if read.most_identifiers < 2:
        yield "most_identifiers: a person has at least 2"
    for name, its in read.identifiers.items():
        yield from (f"identifiers.{name}: {problem}" for problem in _of_type(name, its, read.identifiers))
    hashed = [name for name, its in read.identifiers.items() if its.kept == "hashed"]
    if hashed and len(secret) < SHORTEST_SECRET:
        yield f"{', '.join(hashed)}: kept hashed, so {VARIABLE} must hold a secret of at least {SHORTEST_SECRET} characters"


def _of_type(name: str, its: IdentifierType, types: dict[str, IdentifierType]) -> Iterator[str]:
    if not name or ":" in name or "\0" in name:
        yield "a type must not be empty or contain a colon"
    for key, forms in _ONLY_OF.items():
        if getattr(its, key) and its.form not in forms:
            yield f"`{key}` needs `form: {forms[0]}`"
    if its.region and not re.fullmatch(r"[A-Za-z]{2}", its.region):
        yield f"region: `{its.region}` is not a country's two letters"
    try:
        re.compile(its.matches)
    except re.error as error:
        yield f"matches: not a regular expression: {error}"
    if its.kind != "person" and (its.never or its.partners or its.most):
        yield "`never`, `partners` and `most` are for the kind person: nothing else links people"
    yield from _limits(its, types)


def _limits(its: IdentifierType, types: dict[str, IdentifierType]) -> Iterator[str]:
    partners = its.partners if isinstance(its.partners, dict) else {}
    persons = [name for name, other in types.items() if other.kind == "person"]
    for name in partners:
        if name not in persons:
            yield f"partners: `{name}` is no identifier of a person{meant(name, persons)}"
    if its.most < 0 or (isinstance(its.partners, int) and its.partners < 0) or any(count < 1 for count in partners.values()):
        yield "`partners` and `most` are counts: 1 or more, or absent for no limit"
