"""identity.yaml: every problem that can be found, at once, each with its line."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args

import msgspec
from phonenumbers import SUPPORTED_REGIONS
from pydantic_core import PydanticCustomError

from streams.core.definition.document import Document, Place, parse
from streams.core.definition.problems import DefinitionError, Problem, meant
from streams.core.definition.values import duration_ms
from streams.core.identifiers.forms import FormName
from streams.core.identifiers.types import MOST_IDENTIFIERS, Identifiers, IdentifierType, Kept, Kind

SHIPPED = Path(__file__).parent.parent.parent / "definitions" / "identity.yaml"
VARIABLE = "THROUGHLINE_IDENTITY_SECRET"
SHORTEST_SECRET = 16  # characters
TOP = ("identifiers", "most_identifiers", "nobody")
KEYS = IdentifierType.__struct_fields__
_ONLY_OF = {"region": "phone", "strict": "phone", "keeps_case": "email", "dotless": "email", "tagless": "email"}  # key -> form
_OF_PERSONS = ("never", "partners", "most", "expires")


class IdentityError(ValueError):
    """identity.yaml cannot be used; `problems` are in the order of its lines, the text has one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def load_identifiers(path: Path | None = None, secret: str = "") -> Identifiers:
    """Raises IdentityError with all problems.  `secret`: key of the hashes, for types that are `kept: hashed`."""
    file = path or SHIPPED
    reader = _Reader(_document(file), secret)
    found = reader.identifiers()
    if reader.problems:
        raise IdentityError(reader.problems)
    return found


def _document(file: Path) -> Document:
    try:
        text = file.read_text(encoding="utf-8")
        if not any(line.partition("#")[0].strip() for line in text.splitlines()):
            raise IdentityError([Problem(str(file), 1, "", "the file is empty: expected types beginning with `identifiers:`")])
        return parse(text, str(file))
    except OSError as error:
        raise IdentityError([Problem(str(file), 1, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise IdentityError([Problem(str(file), 1, "", "is not encoded in UTF-8")]) from None
    except DefinitionError as error:
        raise IdentityError(error.problems) from None


class _Reader:
    """What is wrong is kept in `problems`; what it gives is good only when there is none."""

    def __init__(self, document: Document, secret: str) -> None:
        self.document, self.secret = document, secret
        self.problems: list[Problem] = []

    def complain(self, place: Place, message: str) -> None:
        self.problems.append(self.document.problem(place, message))

    def identifiers(self) -> Identifiers:
        top = self._mapping(self.document.value, ())
        self._keys(top, (), TOP)
        if "identifiers" not in top:
            self.complain((), "`identifiers` is missing")
        types = self._types(self._mapping(top.get("identifiers", {}), ("identifiers",)))
        nobody = self._texts(top.get("nobody", []), ("nobody",))
        most = self._count(top.get("most_identifiers", MOST_IDENTIFIERS), ("most_identifiers",), least=2)
        names = frozenset(each.strip().lower() for each in nobody)
        return Identifiers({} if self.problems else types, names, most=most, secret=self.secret.encode())

    def _types(self, given: dict[str, Any]) -> dict[str, IdentifierType]:
        place: Place = ("identifiers",)
        types = {name: self._type(value, (*place, name)) for name, value in given.items()}
        persons = [name for name, its in types.items() if its.kind == "person"]
        if given and not persons:
            self.complain(place, "none is of the kind person")
        for name, its in types.items():
            for partner in its.partners if isinstance(its.partners, dict) else ():
                if partner not in persons:
                    said = f"`{partner}` is no identifier of a person{meant(partner, persons)}"
                    self.complain((*place, name, "partners", partner), said)
        return types

    def _type(self, value: object, place: Place) -> IdentifierType:
        """Of what is written wrongly the defaults, so that the rest can be read."""
        if not place[-1] or ":" in str(place[-1]) or "\0" in str(place[-1]):
            self.complain(place, "a type must not be empty or contain a colon")
        given = self._mapping(value, place)
        self._keys(given, place, KEYS)
        if given and "kind" not in given:
            self.complain(place, "`kind` is missing" + meant("", get_args(Kind)))
        known = len(self.problems)
        read = {key: self._value(key, given[key], (*place, key)) for key in KEYS if key in given}
        if len(self.problems) > known or "kind" not in given:
            return IdentifierType(given["kind"] if given.get("kind") in get_args(Kind) else "person")
        its = msgspec.convert(read, IdentifierType)
        self._meaning(its, place)
        return its

    def _value(self, key: str, value: object, place: Place) -> object:
        reading: dict[str, Callable[[], object]] = {
            "kind": lambda: self._one_of(get_args(Kind), value, place),
            "form": lambda: self._one_of(get_args(FormName), value, place),
            "kept": lambda: self._one_of(get_args(Kept), value, place),
            "region": lambda: self._region(value, place),
            "matches": lambda: self._expression(value, place),
            "partners": lambda: self._partners(value, place),
            "most": lambda: self._count(value, place),
            "expires": lambda: self._duration(value, place),
            "strict": lambda: self._flag(value, place),
            "keeps_case": lambda: self._flag(value, place),
        }
        return reading.get(key, lambda: self._texts(value, place))()

    def _meaning(self, its: IdentifierType, place: Place) -> None:
        for key, form in _ONLY_OF.items():
            if getattr(its, key) and its.form != form:
                self.complain((*place, key), f"`{key}` needs `form: {form}`")
        for key in _OF_PERSONS if its.kind != "person" else ():
            if getattr(its, key):
                self.complain((*place, key), f"`{key}` is for the kind person: nothing else links people")
        if its.kept == "hashed" and len(self.secret) < SHORTEST_SECRET:
            said = f"kept hashed, so {VARIABLE} must hold a secret of at least {SHORTEST_SECRET} characters"
            self.complain((*place, "kept"), said)

    # values -----------------------------------------------------------------------------------------------------------

    def _mapping(self, value: object, place: Place) -> dict[str, Any]:
        if isinstance(value, dict) and value:
            return value
        self.complain(place, "nothing is written here: expected a mapping" if not value else f"expected a mapping, got `{value}`")
        return {}

    def _keys(self, value: dict[str, Any], place: Place, known: tuple[str, ...]) -> None:
        for key in value.keys() - set(known):
            self.complain((*place, key), f"unknown key `{key}`{meant(key, known)}")

    def _one_of(self, words: tuple[str, ...], value: object, place: Place) -> object:
        if value not in words:
            self.complain(place, f"there is no `{value}`{meant(str(value), words)}")
        return value

    def _flag(self, value: object, place: Place) -> bool:
        if not isinstance(value, bool):
            self.complain(place, f"expected true or false, got `{value}`")
        return value is True

    def _count(self, value: object, place: Place, least: int = 1) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.complain(place, f"expected a count of {least} or more, got `{value}`")
        return least

    def _partners(self, value: object, place: Place) -> int | dict[str, int]:
        if not isinstance(value, dict):
            return self._count(value, place)
        return {name: self._count(most, (*place, name)) for name, most in self._mapping(value, place).items()}

    def _duration(self, value: object, place: Place) -> str:
        try:
            if duration_ms(value):
                return str(value)
            self.complain(place, f"`{value}` is no time at all: leave `expires` out for identifiers that never link")
        except PydanticCustomError as error:
            self.complain(place, error.message())
        return ""

    def _texts(self, value: object, place: Place) -> tuple[str, ...]:
        if not isinstance(value, list):
            self.complain(place, f"expected a list of texts, got `{value}`")
            return ()
        for index, each in enumerate(value):
            if not isinstance(each, str):
                self.complain((*place, index), f'expected a text in quotation marks, got `{each}`; write "{each}"')
        return tuple(each for each in value if isinstance(each, str))

    def _region(self, value: object, place: Place) -> str:
        if isinstance(value, str) and value.upper() in SUPPORTED_REGIONS:
            return value
        self.complain(place, f"`{value}` is not a country's two letters, such as DE")
        return ""

    def _expression(self, value: object, place: Place) -> str:
        try:
            if isinstance(value, str):
                return re.compile(value).pattern
            self.complain(place, f"expected a regular expression in quotation marks, got `{value}`")
        except (re.error, RecursionError, OverflowError) as error:
            self.complain(place, f"not a regular expression: {error}")
        return ""
