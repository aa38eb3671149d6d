"""What intake says when it stops in front of a batch that is broken beyond the limit."""

from collections import Counter

from streams.agents.intake_batch import Taken
from streams.transport import Batch

REMEDY = (
    "Put the producer right; `throughline dead-letters list` shows what came through before. Then start intake with "
    "reject_share = 1, which lets them through into the dead letters, and without it once they are behind"
)


def complaint(batch: Batch, taken: Taken, share: float) -> str:
    """Where, how many, mostly why, and what to do; no value of a record."""
    newest, first, last = taken.newest, batch.value[0].offset, batch.value[-1].offset
    ((why, count),) = Counter((row["reason"], row["detail"]) for row in taken.rejected).most_common(1)
    return (
        f"{batch.topic} {batch.partition}: {newest.rejected:,} of the newest {newest.records:,} records ({newest.share:.1%}) "
        f"cannot become touchpoints, reject_share allows {share:.1%}. Nothing is sent or committed of offsets {first} to {last}: "
        f"{len(taken.rejected):,} of {len(batch.value):,} are broken, {count:,} by {why[0]}: {why[1]}. {REMEDY}"
    )
