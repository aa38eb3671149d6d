"""One person judged again, from nothing: what the stream is to have said about it in the end."""

from collections.abc import Iterable

from streams.core.stitch.judging import Judge, Rows
from streams.core.stitch.opened import Opened
from streams.core.stitch.state import WHOLE, Bucket
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import Clock


def judged_again(
    judge: Judge, root: str, touchpoints: Iterable[Touchpoint], clock: Clock, *, as_whole: bool = True
) -> tuple[Rows, int | None]:
    """-> the rows of a person, and the clock up to which they stay the same (None: for ever).

    `as_whole`: with what is judged over all of the person, which is not where it is quarantined.
    `touchpoints`: all of its own and copies for its objects, in any order, repeated ones too; none of them too late.
    """
    rows, opened, deadlines = Rows(), dict[str, Opened](), list[int | None]()
    for touchpoint in touchpoints:
        address = touchpoint.address
        if address not in opened:
            opened[address] = Opened(root, address, Bucket())
        opened[address].take([touchpoint])
    whole = Opened(root, WHOLE, Bucket())
    for address in sorted(opened):
        deadline, part = judge.judge(opened[address], clock, 0, rows)
        deadlines.append(deadline)
        if part:
            whole.bucket.parts[address] = part
    if whole.bucket.parts and as_whole:
        deadlines.append(judge.judge_whole(whole, clock, 0, rows))
    return rows, min((each for each in deadlines if each is not None), default=None)
