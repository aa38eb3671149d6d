"""What intake would say of a record now, by its own checks."""

from streams.core.decode import record_decoder
from streams.core.identifiers import Identifiers
from streams.core.intake import YEAR_MS, Limits, Rejected, clamp, touchpoint_of
from streams.known import known_identifiers
from streams.publishing import Shelf
from streams.settings import Settings


class Trial:
    """`identifiers`: with the instance types of the definitions in force, as intake has them."""

    def __init__(self, settings: Settings, identifiers: Identifiers) -> None:
        self.identifiers = identifiers
        self._limits = Limits(int(settings.oldest_years * YEAR_MS), int(settings.future_s * 1_000))
        self._clamps, self._most_bytes = settings.future_stamps == "clamped", settings.max_record_bytes
        self._decode = record_decoder()

    def refusal(self, value: bytes | None, now_ms: int) -> str:
        """The reason for which a record with this value would be rejected, were it stored now; empty: it would be taken."""
        if value is not None and len(value) > self._most_bytes:
            return "too_large"
        try:
            content = self._decode(value)
            if self._clamps:
                clamp(content, self._limits, now_ms)
            touchpoint_of(content, self.identifiers, self._limits, now_ms)
        except Rejected as rejected:
            return rejected.reason
        return ""


def trial(settings: Settings) -> Trial:
    """Raises ConfigurationError and what Kafka's client raises."""
    shelf = Shelf(settings)
    try:
        shelf.read()
    finally:
        shelf.close()
    return Trial(settings, known_identifiers(settings).with_instances(shelf.instance_types()))
