"""One partition of the person log as a state machine: records in; changed state, rows, moved facts, wanted ones and clocks out.

A step is one transaction: state, rows, moved facts and position appear together or not at all.  A record that concerns very many
persons (a clock, an activation) is worked off in bounded steps; the position is (offset, step).  Nothing here knows where records
come from or go to, so a whole world of partitions runs inside one test (tests/core/test_stitch_world.py).
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import structs

from streams.core.clock import SILENT, PartitionClocks
from streams.core.definition.length import ENDLESS_MS
from streams.core.life import check_entries, check_format, check_life
from streams.core.log import (
    FORMAT,
    Activation,
    Erased,
    IdentityClock,
    IntakeClock,
    Move,
    MovedFacts,
    Redirects,
    StitchClock,
    Touchpoints,
    Wanted,
    unpack_log,
    version,
)
from streams.core.stitch.arriving import Arriving
from streams.core.stitch.due import Due, is_judged
from streams.core.stitch.forgetting import Forgetting
from streams.core.stitch.homes import Homes
from streams.core.stitch.judging import Judge, Rows
from streams.core.stitch.opened import Cache, Desk, Opened
from streams.core.stitch.quarantine import MOST_KEPT_BYTES, MOST_TOUCHPOINTS, Fresh, Quarantine
from streams.core.stitch.state import (
    BUCKET,
    NO_DEADLINE,
    POSITION,
    STATE,
    WHOLE,
    Header,
    Position,
    bucket_bytes,
    bucket_key,
    pack_position,
    read_header,
    split_bucket_key,
    unpack_bucket,
    unpack_position,
)
from streams.core.stitch.store import Store
from streams.core.suppressed import ERASED, Suppressed
from streams.core.verdict import NEVER, UNKNOWN, Clock


class Outcome(msgspec.Struct):
    """What one step did.  `taken` records of those given are done; the last one may be done in part."""

    taken: int
    rows: Rows
    moved: dict[int, list[Move]]  # other partition -> facts that follow a redirect there
    wanted: list[Wanted]  # forgotten facts that are to be read back
    reduced: int  # buckets that forgot their facts
    state: dict[bytes, bytes | None]
    clock: Clock | None  # up to here everything has been judged now
    last_ms: int  # event time of the last touchpoint taken; NEVER if there was none
    suppressed: int = 0  # touchpoints that were dropped, because somebody in them was erased
    left_out: int = 0  # touchpoints that were dropped, because their address is quarantined
    quarantined: list[Fresh] = []  # now


class Partition:
    """Raises WrongLife on restoring, and whatever a fault of ours raises; it is not to be used after that."""

    def __init__(
        self, number: int, partitions: int, store: Store, judge: Judge, most_touched: int = 2_000, keeps_ms: int = ENDLESS_MS,
        suppressed: Suppressed | None = None, most_touchpoints: int = MOST_TOUCHPOINTS, most_kept_bytes: int = MOST_KEPT_BYTES,
    ) -> None:  # fmt: skip
        """`keeps_ms`: for how long the facts of a bucket are kept that nothing but a touchpoint can change.  `most_touchpoints`,
        `most_kept_bytes`: an address, or a person's whole, with more is quarantined."""
        self.number, self.partitions, self.store, self.judge = number, partitions, store, judge
        self.most_touched = most_touched
        self.suppressed = Suppressed() if suppressed is None else suppressed
        self._cache = Cache()
        self.position = Position(FORMAT, PartitionClocks(number, partitions))
        self.clock = UNKNOWN
        self._due = Due(store)
        self.forgetting = Forgetting(number, store, judge, keeps_ms, most_touchpoints)
        self._quarantine = Quarantine(most_touchpoints, most_kept_bytes)
        self._arriving = Arriving(Homes(number, partitions, store), store, self.suppressed, self._quarantine)
        self._told = UNKNOWN
        self._word = StitchClock(number, SILENT, SILENT)

    def restore(self, life: str, epoch: int = 1) -> None:
        """Take up what the store holds.  An empty store registers the log's life; another life is refused."""
        kept = self.store.get(POSITION)
        if kept is not None:
            self.position = position = unpack_position(kept)
            check_format(STATE, position.format)
            check_life(STATE, "person.log", (life, self.partitions), (position.life, position.clocks.partitions))
            position.format = FORMAT
        else:
            self.position.life, self.position.epoch = life, epoch
        check_entries(STATE, self._entries(), self.position.entries if kept is not None else 0)
        self.judge.activate(self.position.activations)
        self.clock = self.position.clocks.judged()
        waiting = []
        for key, value in self.store.items(BUCKET):
            self._due.take_up(key, header := read_header(value), self.clock, len(self.position.activations))
            if header.asks:
                waiting.append(Opened(*split_bucket_key(key), unpack_bucket(value)))
        for key, _ in self.store.items(ERASED):
            self.suppressed.add(key[1:])
        self.forgetting.restore(waiting, self.clock)
        self._due.add_stale(self._too_large())

    def _too_large(self) -> list[bytes]:
        """Where less is allowed than when this was last looked at.  The last is judged first, so wholes go before their buckets."""
        allowed, was = self._quarantine, self.position
        fewer, smaller = not 0 < was.most_touchpoints <= allowed.most, not 0 < was.most_kept_bytes <= allowed.most_kept_bytes
        if not (fewer or smaller):
            return []
        found = [
            key for key, value in self.store.items(BUCKET)
            if bucket_bytes(value) > allowed.most_kept_bytes or (fewer and allowed.is_beyond(unpack_bucket(value)))
        ]  # fmt: skip
        return sorted(found, key=lambda key: split_bucket_key(key)[1] != WHOLE)

    def _entries(self) -> int:
        """Of the store, besides the position."""
        return len(self.store) - (self.store.get(POSITION) is not None)

    def step(self, records: Sequence[tuple[int, bytes]], now_ms: int) -> Outcome:
        """Work off (offset, packed record) pairs, as many as one transaction may concern.  `now_ms` is wall time, a trace."""
        self._desk, self._last_ms = Desk(self.store, self._cache), NEVER
        self._arriving.begin(self._desk)
        self.forgetting.begin()
        self._quarantine.begin(now_ms)
        taken = 0
        for offset, value in records:
            if self._is_full():
                break
            done = self._take(offset, value)
            taken += done
            if not done:
                break
        rows = self._judge_touched(now_ms)
        if not self._due.has_stale:
            self.position.most_touchpoints = self._quarantine.most
            self.position.most_kept_bytes = self._quarantine.most_kept_bytes
        self.position.entries = self._entries()
        self.store.put(POSITION, pack_position(self.position))
        changed, clock = self.store.changed(), self._settled_clock()
        wanted, reduced = self.forgetting.asked, self.forgetting.reduced
        left_out, fresh = self._quarantine.left_out, self._quarantine.fresh
        moved, dropped = self._arriving.moved, self._arriving.dropped
        return Outcome(taken, rows, moved, wanted, reduced, changed, clock, self._last_ms, dropped, left_out, fresh)

    def _take(self, offset: int, value: bytes) -> bool:
        """-> whether the record is done; if not, it is to be given again in the next step."""
        position = self.position
        step = position.step if offset == position.offset else 0
        self._version = version(position.epoch, offset, step)
        self._arriving.at(self._version, self.clock.ms)
        record = unpack_log(value)
        if isinstance(record, Erased) and self._desk.opened:
            return False  # it looks into the store, so what was opened before it is put back first
        if isinstance(record, Touchpoints):
            self._arriving.receive(record)
            self._last_ms = record.items[-1].occurred_at
        elif isinstance(record, Redirects):
            for redirect in record.items:
                self._arriving.redirect(redirect)
        elif isinstance(record, MovedFacts):
            for move in record.items:
                self._arriving.welcome(move)
        elif isinstance(record, Activation):
            self._activate(record)
        elif isinstance(record, Erased):
            self._arriving.erase(record)
        else:
            self._hear(record)
        done = self._work_off()
        position.offset, position.step = (offset + 1, 0) if done else (offset, step + 1)
        return done

    # clocks, activations, and what they make due ----------------------------------------------------------------------

    def _hear(self, record: IntakeClock | IdentityClock | StitchClock) -> None:
        self.position.clocks.take(record)
        before, self.clock = self.clock, self.position.clocks.judged()
        if self.clock.final_ms > before.final_ms:
            self._find_stale()

    def _activate(self, activation: Activation) -> None:
        if activation not in self.position.activations[-1:]:  # once more what was said last changes nothing
            self.position.activations.append(activation)
            self.judge.activate(self.position.activations)
            self._cache.clear()
            self._find_stale()

    def _find_stale(self) -> None:
        self._due.find_stale(self.clock, len(self.position.activations))

    def _stamp(self, header: Header) -> Header:
        """As judged now."""
        return structs.replace(header, final_ms=self.clock.final_ms, activations=len(self.position.activations))

    def _work_off(self) -> bool:
        """Touch what is due, as far as one step may go.  -> whether nothing is left."""
        due = self._due
        while due.has_stale and not self._is_full():
            if (stale := due.pop_stale()) is not None:
                self._desk.touch(*split_bucket_key(stale), self._version)
        while due.has_passed(self.clock.ms) and not self._is_full():
            if (passed := due.pop_passed()) is not None:
                self._fall_due(*passed)
        return not due.has_stale and not due.has_passed(self.clock.ms)

    def _fall_due(self, key: bytes, header: Header) -> None:
        name = split_bucket_key(key)
        judged = is_judged(header, self.clock, len(self.position.activations))
        if header.rests and name not in self._desk.touched and judged:
            self.forgetting.forget(opened := self._desk.look(*name))
            self._desk.pack(opened, header := self._stamp(Header(rests=True)))
            self._desk.close(opened, header)
        else:
            self._desk.touch(*name, self._version)

    def _is_full(self) -> bool:
        """One transaction is to concern no more."""
        return len(self._desk.touched) + self.forgetting.reduced >= self.most_touched

    # judging ----------------------------------------------------------------------------------------------------------

    def _judge_touched(self, now_ms: int) -> Rows:
        """Buckets first: they give to the wholes of their persons what these look at."""
        rows = Rows()
        for opened in [each for each in self._desk.touched.values() if each.key != WHOLE]:
            if len(opened.facts) > self._quarantine.most:
                self._quarantine.take(opened)
            self._judge_and_put_back(opened, self._judge_address, now_ms, rows)
        for whole in [each for each in self._desk.touched.values() if each.key == WHOLE]:
            self._quarantine.check_whole(whole)
            self._judge_and_put_back(whole, self._judge_whole, now_ms, rows)
        return rows

    def _judge_address(self, opened: Opened, now_ms: int, rows: Rows) -> Header:
        next_deadline = None
        if self.forgetting.is_complete(opened, self.clock):
            next_deadline, part = self.judge.judge(opened, self.clock, now_ms, rows)
            self._desk.give(opened, part)
        self._desk.hold(opened)
        return self._stamp(self.forgetting.rest(opened, next_deadline, self.clock))

    def _judge_whole(self, whole: Opened, now_ms: int, rows: Rows) -> Header:
        next_deadline = self.judge.judge_whole(whole, self.clock, now_ms, rows)
        return self._stamp(Header(NO_DEADLINE if next_deadline is None else next_deadline))

    def _judge_and_put_back(
        self, opened: Opened, judge: Callable[[Opened, int, Rows], Header], now_ms: int, rows: Rows
    ) -> None:  # fmt: skip
        """How large it is shows when it is packed; one that is too large is judged once more, with nothing of it left."""
        mark = rows.mark()
        header = judge(opened, now_ms, rows)
        kept_bytes = self._desk.pack(opened, header)
        if kept_bytes > self._quarantine.most_kept_bytes and not opened.bucket.quarantined:
            rows.back_to(mark)
            self._quarantine.take(opened, kept_bytes)
            self._desk.take_back(opened)
            header = judge(opened, now_ms, rows)
            self._desk.pack(opened, header)
        self._put_back(opened, header)

    def _put_back(self, opened: Opened, header: Header) -> None:
        if self._desk.close(opened, header):
            self._due.index(bucket_key(opened.person, opened.key), header)
        self.forgetting.note(opened, self.clock)

    def new_word(self) -> StitchClock | None:
        """What the other partitions are to hear, once the step is committed: once, and never back."""
        word = self.position.clocks.passed_on()
        if word == self._word:
            return None
        self._word = word
        return word

    def _settled_clock(self) -> Clock | None:
        """The clock to pass on: only when it is new, and all that it made due has been judged."""
        clock = self.complete_clock()
        if self.position.step or clock == self._told:
            return None
        self._told = clock
        return clock

    def complete_clock(self) -> Clock:
        """Up to where everything is judged, what is being read back too."""
        return self.forgetting.complete(self.clock)
