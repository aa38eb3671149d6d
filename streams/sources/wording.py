"""What the name of a column hints at: a hint weighs, the values decide."""

import re
from typing import Literal

Hint = Literal[
    "case", "key", "person", "action", "state", "time", "due", "agent", "team", "channel", "region", "order", "contact", "personal"
]
_WORDS: dict[Hint, str] = {
    "case": "case ticket order incident parcel shipment package application loan booking reservation request claim appointment job"
    " session visit trace contract issue instance process consignment delivery rental auftrag vorgang fall sendung termin",
    "key": "id no nr num number nummer key code ref reference uuid guid",
    "person": "customer client caller user member person patient guest borrower reader recipient passenger subscriber visitor"
    " applicant student buyer requester reporter tenant kunde kundin card account",
    "action": "action activity event operation ereignis aktion aktivitaet what happened milestone",
    "state": "status state step stage task phase schritt zustand type",
    "time": "time timestamp date datetime at on when ts datum zeit zeitpunkt uhrzeit occurred created updated changed clock",
    "due": "due estimated estimate expected promised deadline planned limit until target eta scheduled faellig geplant",
    "agent": "agent assigned assignee resource operator handler employee staff technician courier clerk by owner bearbeiter",
    "team": "team group department queue unit desk abteilung gruppe",
    "channel": "channel medium via kanal contacttype",
    "region": "region country land",
    "order": "seq sequence index count version mod line pos position lfd counter revision",
    "contact": "email mail phone mobile telephone tel telefon handy fax",
    "personal": "name surname firstname lastname given vorname nachname street strasse address birth dob born geburt ssn soc iban"
    " passport postcode zip plz suburb city ort comment note notes text message description",
}
_HINTS: dict[str, list[Hint]] = {}
for _hint, _text in _WORDS.items():
    for _word in _text.split():
        _HINTS.setdefault(_word, []).append(_hint)
_ASCII: dict[str, str | int | None] = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BREAK = re.compile(r"[^a-z0-9]+")


def words(name: str) -> list[str]:
    """`customerId`, `Customer ID` and `customer_id` are the same two words."""
    plain = _CAMEL.sub(" ", name).lower().translate(str.maketrans(_ASCII))
    return [word for word in _BREAK.split(plain) if word]


def hints(name: str) -> frozenset[Hint]:
    """Whole words, also in the plural, and all of them written together."""
    found = words(name)
    tried = [*found, *(word.removesuffix("s") for word in found), "".join(found)]
    return frozenset(hint for word in tried for hint in _HINTS.get(word, ()))


def slug(name: str, otherwise: str = "column") -> str:
    """-> a name for attributes and definitions: small letters, digits and `_`, beginning with a letter."""
    plain = "_".join(words(name))[:40].strip("_")
    if not plain:
        return otherwise
    return plain if plain[0].isalpha() else f"{otherwise}_{plain}"
