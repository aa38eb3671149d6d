"""One clock by which very many absences are true at once: worked off in slices, each a transaction of its own."""

from collections import Counter

from schemas.codec import decoder
from streams import topology
from streams.agents.marks import CLOCK_KEY
from streams.agents.stitch import StitchMachine
from streams.core.definition import bundle_of
from streams.core.log import Activation, IdentityClock, IntakeClock, Touchpoints, pack
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.state import BUCKET, unpack_bucket
from streams.core.stitch.store import MemoryStore
from streams.core.touchpoint import Touchpoint, content_hash
from streams.core.verdict import NEVER, Clock
from streams.passing import Passing
from streams.settings import Settings
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.touchpoints import DAY_MS, HOUR_MS, touch
from tests.fixtures.views import doubles

COUNT, STEP = 20_000, 20
AT = 1_600_000_000_000
BUNDLE = bundle_of(
    [
        (
            "case.yaml",
            """
journey: service_case
version: 1
instance: case
opens: case.opened
breakages: {unanswered: {absence: {after: case.opened, of: case.answered, within: 24h}}}
""",
        )
    ]
)


def slices(pipeline: Pipeline) -> tuple[Counter[tuple[int, int]], float]:
    """Breakages that were told, by partition and by the step that told them; and how long the longest step took to send, s."""
    decode, told, times_ms = decoder("breakage"), Counter[tuple[int, int]](), dict[tuple[int, int], list[int]]()
    with Passing(pipeline.settings) as passing:
        for record in passing.read(topology.BREAKAGES, passing.begins(topology.BREAKAGES)):
            if record.value is not None:
                step = record.partition, decode(record.value)["version"]
                told[step] += 1
                times_ms.setdefault(step, []).append(record.timestamp)
    return told, max((max(each) - min(each) for each in times_ms.values()), default=0) / 1_000


def test_a_clock_that_makes_very_many_absences_true_is_worked_off_in_slices(pipelines: Pipelines) -> None:
    """A second worker joins, and the first one leaves, in the middle of it: neither waits for its end, and each breaks once."""
    pipeline = pipelines(BUNDLE, step_persons=STEP, session_timeout_s=6.0, transaction_timeout_s=10.0)
    first = pipeline.start()
    opened = [touch("case.opened", AT + n, {"case": f"c{n}"}) for n in range(COUNT)]
    pipeline.send(opened)
    pipeline.settle(AT + HOUR_MS)
    pipeline.say(AT + 2 * DAY_MS)
    pipeline.send([touch("case.opened", AT + 2 * DAY_MS, {"case": "behind the clock"})])
    pipeline.eventually("SELECT count() > 0 FROM breakages", [(1,)])
    pipeline.start()
    pipeline.shared("stitch", 2)
    first.drains()
    told, _ = slices(pipeline)
    assert 0 < told.total() < COUNT, "they joined and left when all was over"
    pipeline.landed(AT + 2 * DAY_MS, timeout_s=2 * PATIENCE_S)
    told, longest_s = slices(pipeline)
    assert (told.total(), max(told.values()) <= STEP) == (COUNT, True)
    assert longest_s < pipeline.settings.transaction_timeout_s
    clock = Clock(AT + 2 * DAY_MS, AT + 2 * DAY_MS)
    behind = touch("case.opened", AT + 2 * DAY_MS, {"case": "behind the clock"})
    pipeline.settle(AT + 2 * DAY_MS, final=True)
    assert_shown(pipeline.client, pipeline.settings.database, batch(BUNDLE, [*opened, behind], clock))
    assert doubles(pipeline.client) == []


def test_who_begins_in_the_middle_of_a_clock_does_not_say_that_all_is_judged() -> None:
    """A machine that is restored from what each of its steps has committed: it says the clock once the last one is done."""
    store, records = MemoryStore(), [Activation(BUNDLE.content_hash, NEVER)]
    cases = [Touchpoints([due(n)]) for n in range(5)]
    clocks = [IdentityClock(9 * DAY_MS, NEVER, 1), IntakeClock(1, {0: 9 * DAY_MS}, {0: NEVER})]
    log = [(offset, pack(record)) for offset, record in enumerate([*records, *cases, *clocks])]
    while True:
        machine = restored(store)
        marks = [record for several in machine.again().values() for record in several if record.key == CLOCK_KEY]
        position = machine.partition.position
        told = sum(unpack_bucket(value).entries[0].breakages != [] for key, value in store.items() if key[:1] == BUCKET)
        assert not marks or told == len(cases)
        if position.offset == len(log):
            assert marks
            return
        machine.step(log[position.offset :], now_ms=1)


def restored(store: MemoryStore) -> StitchMachine:
    partition = Partition(0, 1, store, Judge({BUNDLE.content_hash: BUNDLE}.__getitem__), most_touched=2)
    machine = StitchMachine(Settings(), partition, store)
    machine.restore("life")
    return machine


def due(number: int) -> Touchpoint:
    content = (number, 0, f"e{number}", "s", "system", "web", "case.opened", "", (("case", str(number)),), {}, "", "", "", "")
    return Touchpoint(*content, f"case:{number}", content_hash(content))
