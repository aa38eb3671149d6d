"""Times as text, as the millisecond in which they lie: the same everywhere, so that what is due and what came compare."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def iso_ms(text: str) -> int:
    """ISO 8601, UTC where it names no zone, in epoch milliseconds.  What is finer is cut off, also before 1970.

    Raises ValueError.
    """
    moment = datetime.fromisoformat(text)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MILLISECOND
