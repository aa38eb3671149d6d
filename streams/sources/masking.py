"""What may be shown of a value: few and frequent values as they are, everything that could be about one person as a shape."""

import re

_LONGEST = 24
_PERSONAL = re.compile(r".*@.*|\+[\d ()/-]{6,}\d|0\d{2,5}[ /-][\d ()/-]{3,}\d", re.DOTALL)  # e-mail addresses, telephone numbers


def shape(text: str) -> str:
    """Letters as `a` or `A`, digits as `9`, what lies between as it is: `AB-1043` is `AA-9999`."""
    kept = "".join(_sort_of(character) for character in text[:_LONGEST])
    return kept + ("…" if len(text) > _LONGEST else "")


def _sort_of(character: str) -> str:
    if character.isnumeric():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character if character.isprintable() else " "


def looks_personal(text: str) -> bool:
    return _PERSONAL.fullmatch(text) is not None


def shown(text: str) -> str:
    """A value that many rows share, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 2 * _LONGEST else flat[: 2 * _LONGEST] + "…"
