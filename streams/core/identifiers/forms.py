"""From a value as its source wrote it to the one form in which it is compared.  Empty: it cannot be one."""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Literal

import phonenumbers

FormName = Literal["text", "lower", "email", "phone", "card"]
Form = Callable[[str, str], str]  # value, region of the touchpoint -> the form
EVERY_DOMAIN = "*"
_BETWEEN_DIGITS = re.compile(r"[\s.\-/()]+")


def text(value: str, region: str) -> str:
    del region
    return value.strip()


def lower(value: str, region: str) -> str:
    del region
    return value.strip().lower()


def card(value: str, region: str) -> str:
    """Without the spaces and hyphens that group its digits."""
    del region
    return _BETWEEN_DIGITS.sub("", value).upper()


def email(value: str, region: str, *, keeps_case: bool, dotless: tuple[str, ...], tagless: tuple[str, ...]) -> str:
    """`dotless`, `tagless`: domains that deliver a.b@ like ab@, a+x@ like a@.  The domain has no case (RFC 5321, 2.4)."""
    del region
    local, at, domain = value.strip().rpartition("@")
    domain = domain.lower()
    if not at or not local or not domain:
        return ""
    if domain in tagless or EVERY_DOMAIN in tagless:
        local = local.partition("+")[0]
    if domain in dotless or EVERY_DOMAIN in dotless:
        local = local.replace(".", "").strip()
    return f"{local if keeps_case else local.lower()}@{domain}" if local else ""


@lru_cache(100_000)
def phone(value: str, region: str, *, default: str, strict: bool) -> str:
    """E.164.  A national form is read by the touchpoint's region if that is a country's, else by `default`.

    What is no number anywhere is compared by its digits, or with `strict` is none.
    """
    where = region.upper() if region.upper() in phonenumbers.SUPPORTED_REGIONS else default
    digits = _BETWEEN_DIGITS.sub("", value)
    for written in dict.fromkeys((value, digits)):  # both, so that what is in its form already stays as it is
        try:
            number = phonenumbers.parse(written, where or None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return "" if strict else digits


def form(
    name: FormName, *, region: str, strict: bool, keeps_case: bool, dotless: tuple[str, ...], tagless: tuple[str, ...]
) -> Form:
    if name == "email":
        dotless, tagless = (tuple(domain.lower() for domain in domains) for domains in (dotless, tagless))
        return partial(email, keeps_case=keeps_case, dotless=dotless, tagless=tagless)
    if name == "phone":
        return partial(phone, default=region.upper(), strict=strict)
    return {"text": text, "lower": lower, "card": card}[name]
