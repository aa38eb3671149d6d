"""One rejected record for whoever looks into it: its value as far as it decodes, and what to do about its reason."""

import base64
from datetime import UTC, datetime
from typing import Any

from sinks.clickhouse.dead_letters import Letter
from streams.deadletters.content import content

AGAIN = "then `throughline dead-letters replay --reason {reason}`"
FIX = "or put it right by a mapping: `throughline dead-letters replay --reason {reason} --fixed-by MAPPING.sql`"
REMEDIES: dict[str, str] = {
    "undecodable": f"Let the producer send framed Avro or a JSON object; {FIX} (the text is in rejected_text).",
    "unknown_schema": f"Use a release that has the schema of this number, {AGAIN}.",
    "invalid_enum": f"Let the producer name an origin and a direction of the contract; {FIX}.",
    "missing_field": f"Let the producer fill the field; {FIX}.",
    "invalid_value": f"Let the producer send the field in the contract's type; {FIX}.",
    "missing_identifier": f"Let the producer name who or what it is about; {FIX}.",
    "unusable_identifier": f"Declare the identifier's type in identity.yaml, {AGAIN}; {FIX}.",
    "too_old": f"Raise the setting oldest_years, {AGAIN}; {FIX}.",
    "in_the_future": f"Put the clock of the source right; once the time has come, `throughline dead-letters replay --reason "
    f"{{reason}}`; {FIX}.",
    "too_large": f"Raise the setting max_record_bytes, {AGAIN}; {FIX}.",
    "misplaced_as_of": "Do not send it while the clock is live; it is not sent again.",
}  # fmt: skip


def remedy(reason: str) -> str:
    """One sentence; empty for a reason of a later release."""
    return REMEDIES.get(reason, "").format(reason=reason)


def place(topic: str, partition: int, offset: int) -> str:
    return f"{topic}:{partition}:{offset}"


def parsed_place(text: str) -> tuple[str, int, int]:
    """Raises ValueError."""
    topic, partition, offset = text.replace("/", ":").rsplit(":", 2)
    if not topic or int(partition) < 0 or int(offset) < 0:
        raise ValueError(text)
    return topic, int(partition), int(offset)


def told(letter: Letter) -> dict[str, Any]:
    """As plain values.  `form` says what `value` is: json, avro (decoded by its schema), text, base64 or nothing."""
    form, value = shown(letter.value)
    headers = [{"name": name, "value": _text(its)} for name, its in letter.headers]
    return {
        "place": place(*letter.key[:3]), "reason": letter.reason, "detail": letter.detail, "remedy": remedy(letter.reason),
        "received_at": iso(letter.key.received_ms), "rejected_at": iso(letter.rejected_ms), "load": letter.load,
        "key": _text(letter.record_key), "headers": headers, "bytes": len(letter.value or b""), "form": form, "value": value,
    }  # fmt: skip


def shown(value: bytes | None) -> tuple[str, Any]:
    """-> form, value"""
    if not value:
        return "nothing", None
    record = content(value)
    if record is not None:
        return ("json" if value[0] else "avro"), record
    try:
        return "text", value.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(value).decode()


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")
