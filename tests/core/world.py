"""A whole world of partitions in one process: the real identity, the real stitch, logs as lists, everything at its own pace.

Every partition and identity reads its log in steps of random size; a step may be lost (a crash before the commit), and then the
partition is made anew from what it had committed.  Rows land with delays of their own.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from msgspec import structs

from streams.core.clock import IntakeClocks
from streams.core.definition import Bundle, bundle_of
from streams.core.definition.length import ENDLESS_MS
from streams.core.identifiers import Identifiers, IdentifierType
from streams.core.identity import Change, Identity
from streams.core.journey import judge
from streams.core.journey.person import judge_person
from streams.core.log import (
    Activation,
    IdentityClock,
    IntakeClock,
    Link,
    Move,
    Redirect,
    Redirects,
    Touchpoints,
    Wanted,
    home,
    pack,
)
from streams.core.moving import records as moving
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Outcome, Partition
from streams.core.stitch.quarantine import MOST_KEPT_BYTES, MOST_TOUCHPOINTS, QUARANTINED
from streams.core.stitch.store import MemoryStore
from streams.core.suppressed import Suppressed
from streams.core.touchpoint import Touchpoint, better_copy, content_hash, id_of, order_of
from streams.core.verdict import NEVER, Breakage, Clock, Lived
from tests.core.owners import owners

IDENTIFIERS = Identifiers(
    {
        "customer": IdentifierType("person", most=2),
        "cookie": IdentifierType("person", partners=2, expires="40s"),
        "order": "object", "case": "object", "parcel": "object",
    }
)  # fmt: skip
BUNDLE = bundle_of(
    (
        (
            "case.yaml",
            """
journey: case
version: 1
instance: case
opens: ask
closes: {solved: solved}
breakages:
  unanswered: {absence: {after: ask, of: answer, within: 20s, waits: each}, per: occurrence}
  never: {absence: {after: ask, of: answer, within: journey}}
  not_told: {absence: {after: {breaks: unanswered}, of: solved, within: 5s, waits: each}, per: occurrence}
  second: {count: {over: journeys, at_least: 2, within: 40s}, scope: person, per: occurrence}
  soon_again: {sequence: {over: journeys, gap: {from: closed, to: opened, at_most: 20s}}, scope: person, per: person}
promises:
  soon: {made_by: ask, due: 30s, kept_by: solved}
""",
        ),
        (
            "talk.yaml",
            """
journey: talk
version: 1
instance: {episode: {gap: 8s, by: attributes.note}}
opens: ask
closes: {solved: solved}
keeps: {asked: {of: ask, take: count}}
breakages:
  twice: {count: {of: ask, at_least: 2}}
  after_break: {absence: {after: {breaks: "*"}, of: answer, within: 10s, waits: each}, scope: person, per: occurrence}
  pressed: {count: {of: ask, at_least: 3, within: 15s, then: reset}, scope: person, per: occurrence}
""",
        ),
        (
            "life.yaml",
            """
journey: life
version: 1
instance: person
opens: [ask, answer]
closes: {solved: solved}
breakages:
  again: {sequence: {steps: [solved, ask], within: 20s, without: answer}, per: occurrence}
""",
        ),
        (
            "order.yaml",
            """
journey: order
version: 1
instance: order
opens: ask
breakages:
  unanswered: {absence: {after: ask, of: answer, within: 10s, waits: first}}
""",
        ),
    )
)
SECOND_MS = 1_000
OF_WHOLE = ("talk", "life")  # definitions whose journeys are not of an object
SECRET = b"a secret of the tests"


def copies(one: Touchpoint) -> list[Touchpoint]:
    """What intake appends: the touchpoint, and a copy for every other object that it carries."""
    others = IDENTIFIERS.other_addresses(one.identifiers, one.address)
    return [one, *(structs.replace(one, address=address, copied=True) for address in others)]


def links_of(one: Touchpoint) -> list[Link]:
    said = IDENTIFIERS.links(one.identifiers, one.action)
    return [Link(weaker, stronger, order_of(one), says) for weaker, stronger, says in said]


Key = tuple[str, ...]


def touchpoint(number: int, at_ms: int, action: str, pairs: tuple[tuple[str, str], ...], note: str = "") -> Touchpoint:
    content = (at_ms, 0, f"e{number}", "src", "product", "web", action, "", pairs, {"note": note}, "", "", "", "")
    return Touchpoint(*content, IDENTIFIERS.address(pairs), content_hash(content))


@dataclass
class World:
    rng: Random
    partitions: int = 3
    sources: int = 2
    keeps_ms: int = ENDLESS_MS  # for how long stitch keeps what nothing is to be expected of
    most_touchpoints: int = MOST_TOUCHPOINTS
    most_kept_bytes: int = MOST_KEPT_BYTES
    logs: list[list[bytes]] = field(init=False)
    links: list[tuple[list[Link], IntakeClock | None]] = field(default_factory=list)
    delivered: list[Touchpoint] = field(default_factory=list)
    people: dict[str, tuple[str, int]] = field(default_factory=dict)  # landed: identifier -> (root, number)
    journeys: dict[Key, dict] = field(default_factory=dict)
    breakages: dict[Key, dict] = field(default_factory=dict)
    said: list[dict] = field(default_factory=list)
    come: list[Touchpoint | IntakeClock] = field(default_factory=list)  # to intake, and from there to the database
    come_to: int = 0  # how much of it has landed
    wanted: list[Wanted] = field(default_factory=list)
    reduced: int = 0
    told: dict[str, list[Redirect]] = field(default_factory=dict)  # address -> every redirect that ever stood
    bundles: dict[str, Bundle] = field(default_factory=lambda: {BUNDLE.content_hash: BUNDLE})
    activations: list[Activation] = field(default_factory=lambda: [Activation(BUNDLE.content_hash, NEVER)])

    def __post_init__(self) -> None:
        self.logs = [[pack(self.activations[0])] for _ in range(self.partitions)]
        self.identity = Identity(IDENTIFIERS, self.partitions, Suppressed(SECRET))
        self.identity_at, self.identity_clocks, self.identity_kept = 0, IntakeClocks(), dict[bytes, bytes | None]()
        self.committed: list[dict[bytes, bytes]] = [{} for _ in range(self.partitions)]
        self.parts = [self._partition(number) for number in range(self.partitions)]
        self.landing: list[deque] = [deque() for _ in range(self.partitions + 1)]

    # what happens outside --------------------------------------------------------------------------------------------

    def happen(self, one: Touchpoint) -> None:
        self.come.append(one)
        if not one.too_late:
            self.delivered.append(one)
        for copy in copies(one):
            self._arrive(copy)
        found = links_of(one)
        if found and not one.too_late:
            self.links.append((found, None))

    def _arrive(self, copy: Touchpoint) -> None:
        """At home, or where intake believes its owner to be: it may never have heard of a redirect, or only of an old one."""
        believed = self.rng.choice([None, *self.told.get(copy.address, [])])
        target = home(believed.root if believed else copy.address, self.partitions)
        self.logs[target].append(pack(Touchpoints([copy], [believed] if believed else [])))

    def tick(self, now_ms: int, sources: list[int], *, final: bool = False) -> None:
        word = IntakeClock(self.sources, dict.fromkeys(sources, now_ms), dict.fromkeys(sources, now_ms if final else NEVER))
        for log in self.logs:
            log.append(pack(word))
        self.links.append(([], word))
        self.come.append(word)

    def activate(self, bundle: Bundle, since_ms: int) -> None:
        self.bundles[bundle.content_hash] = bundle
        self.activations.append(Activation(bundle.content_hash, since_ms))
        for log in self.logs:
            log.append(pack(self.activations[-1]))

    # what the agents do ----------------------------------------------------------------------------------------------

    def step_identity(self, most: int, *, crash: bool = False) -> None:
        taken = self.links[self.identity_at : self.identity_at + most]
        if not taken or crash:
            self._rebuild_identity()
            return
        links = [link for found, _ in taken for link in found]
        changes = self.identity.take(links).changes
        self.identity_kept |= self.identity.memory.flush()
        self._announce(changes)
        for _, word in taken:
            if word is not None:
                self.identity_clocks.take(word)
        ms, final_ms = self.identity_clocks.least()
        if ms > NEVER:
            for log in self.logs:
                log.append(pack(IdentityClock(ms, final_ms, self.identity.number)))
        self.identity_at += len(taken)

    def _announce(self, changes: list[Change]) -> None:
        for partition, log in enumerate(self.logs):
            redirects = [change.redirect for change in changes if partition in change.tell]
            if redirects:
                log.append(pack(Redirects(redirects)))
        self.landing[-1].extend((change.redirect.address, change.redirect) for change in changes)
        for change in changes:
            if change.redirect.number:
                self.told.setdefault(change.redirect.address, []).append(change.redirect)

    def _rebuild_identity(self) -> None:
        fresh = Identity(IDENTIFIERS, self.partitions, Suppressed(SECRET))
        for entry, value in self.identity_kept.items():
            fresh.load(entry, value)
        fresh.number = self.identity.number
        self.identity = fresh

    def step(self, number: int, most: int, *, crash: bool = False) -> None:
        part = self.parts[number]
        at = part.position.offset
        records = list(enumerate(self.logs[number]))[at : at + most]
        if not records:
            return
        outcome = part.step(records, now_ms=0)
        if crash:
            self.parts[number] = self._partition(number)
            self._pass_on(number)
            self.wanted += self.parts[number].forgetting.awaited()
            return
        self._says_nothing_of_halves(part, outcome)
        self._commit(number, outcome)
        if not part.position.step:
            self._pass_on(number)

    def _says_nothing_of_halves(self, part: Partition, outcome: Outcome) -> None:
        """Of what is being read back, and of the whole of a person of whom something is."""
        awaited = {(id_of(each.redirect.root), id_of(each.redirect.address)) for each in part.forgetting.awaited()}
        persons = {person for person, _ in awaited}
        for row in [*outcome.rows.journeys, *outcome.rows.breakages]:
            of_whole = row["definition"] in OF_WHOLE or row["instance"] == row["person_id"]
            if (row["person_id"], row["address_id"]) in awaited or (of_whole and row["person_id"] in persons):
                assert row["state"] in ("moved", QUARANTINED), f"said while touchpoints were missing: {row}"

    def _partition(self, number: int) -> Partition:
        store = MemoryStore()
        for key, value in self.committed[number].items():
            store.load(key, value)
        judge = Judge(self.bundles.__getitem__)
        part = Partition(
            number, self.partitions, store, judge, 4, self.keeps_ms, Suppressed(SECRET), self.most_touchpoints, self.most_kept_bytes
        )  # fmt: skip
        part.restore("life")
        return part

    def _commit(self, number: int, outcome: Outcome) -> None:
        for key, value in outcome.state.items():
            if value is None:
                self.committed[number].pop(key, None)
            else:
                self.committed[number][key] = value
        for target, moves in outcome.moved.items():
            self.logs[target] += [pack(record) for record in moving(moves, most=2)]
        self.wanted += outcome.wanted
        self.reduced += outcome.reduced
        self.said += outcome.rows.breakages
        self.landing[number].extend(("journey", row) for row in outcome.rows.journeys)
        self.landing[number].extend(("breakage", row) for row in outcome.rows.breakages)

    def _pass_on(self, number: int) -> None:
        word = self.parts[number].new_word()
        for target, log in enumerate(self.logs):
            if word is not None and target != number:
                log.append(pack(word))

    # what the database gives back -------------------------------------------------------------------------------------

    def land_touchpoints(self, most: int) -> None:
        self.come_to = min(len(self.come), self.come_to + most)

    def answer(self) -> None:
        """One of those that ask, if everything that it may ask for has landed; sometimes once more later."""
        if not self.wanted:
            return
        wanted = self.wanted.pop(self.rng.randrange(len(self.wanted)))
        if self._landed_ms() < wanted.clock_ms or self.rng.random() < 0.2:
            self.wanted.append(wanted)
        if self._landed_ms() >= wanted.clock_ms:
            address, forgotten = wanted.redirect.address, wanted.forgotten
            stored = [copy for one in self.come[: self.come_to] if isinstance(one, Touchpoint) for copy in copies(one)]
            found = [
                one for one in stored
                if one.address == address and not one.too_late and forgotten.first_ms <= one.occurred_at <= forgotten.last_ms
            ]  # fmt: skip
            move = Move(wanted.redirect, found, answers=wanted.number)
            self.logs[wanted.partition] += [pack(record) for record in moving([move], most=2)]

    def _landed_ms(self) -> int:
        clocks = IntakeClocks()
        for one in self.come[: self.come_to]:
            if isinstance(one, IntakeClock):
                clocks.take(one)
        return clocks.least()[0]

    # what lands ------------------------------------------------------------------------------------------------------

    def land(self, queue: int, most: int) -> None:
        waiting = self.landing[queue]
        for _ in range(min(most, len(waiting))):
            kind, row = waiting.popleft()
            if isinstance(row, Redirect):
                self.people[row.address] = (row.root, row.number)
                continue
            table = self.journeys if kind == "journey" else self.breakages
            key = (row["person_id"], row["journey_id"], row.get("cause_key", ""))
            known = table.get(key)
            assert known is None or row["version"] > known["version"], "a row's version must grow"
            if known is not None and (row["replaces"] is not None or known["state"] != "moved"):
                assert (row["replaces"] or {}).get("version") == known["version"], "a row says which one it replaces"
            table[key] = row

    def visible(self, table: dict[Key, dict], gone: tuple[str, ...] = ("moved", "withdrawn", QUARANTINED)) -> list[dict]:
        """As the views do: what stands, shown for the owner of what it is about, once the redirect to that owner has landed."""
        owner = {id_of(address): id_of(root) for address, (root, _) in self.people.items()}
        return [
            row for row in table.values()
            if row["state"] not in gone and row["person_id"] == owner.get(row["address_id"], row["address_id"])
        ]  # fmt: skip

    def receipts(self) -> list[dict]:
        """Of who is quarantined, as `v_quarantined` shows them."""
        return self.visible(self.journeys, gone=("moved", "withdrawn", "open", "closed"))

    def drain(self) -> None:
        """Everybody works until nobody has anything left."""
        self.land_touchpoints(len(self.come))
        while self._work_left():
            self.answer()
            self.step_identity(self.rng.randint(1, 12))
            for number in range(self.partitions):
                self.step(number, self.rng.randint(1, 12), crash=self.rng.random() < 0.1)
        for queue in range(len(self.landing)):
            self.land(queue, len(self.landing[queue]))

    def _work_left(self) -> bool:
        behind = any(part.position.offset < len(log) for part, log in zip(self.parts, self.logs, strict=True))
        return behind or self.identity_at < len(self.links) or bool(self.wanted)


def truth(world: World, clock: Clock) -> tuple[dict[Key, dict], dict[Key, dict]]:
    """The same by a batch: owners from all links at once, facts by person, every instance judged once.

    Without addresses of more touchpoints than there may be, and what a receipt says was too many bytes, or too much of a person.
    """
    journeys, breakages = {}, {}
    wholes = dict[str, tuple[dict[str, Touchpoint], list[Lived], list[Breakage]]]()
    receipts = world.receipts()
    too_large = {row["person_id"] for row in receipts if row["instance"] == row["person_id"]}
    too_many_bytes = {row["address_id"] for row in receipts if row["instance"] != row["person_id"] and kept_bytes(row)}
    for root, address, found in gathered(world):
        if len(found) > world.most_touchpoints or id_of(address) in too_many_bytes:
            continue
        kind, value = address.split(":")
        together, lived, broken = wholes.setdefault(root, ({}, [], []))
        for one in found.values():
            if not one.copied:
                together[one.event_id] = better_copy(together.get(one.event_id, one), one)
        for definition in BUNDLE.by_instance_type.get(kind, []):
            verdict = judge(definition, value, sorted(found.values(), key=order_of), clock)
            if verdict.journey:
                journeys[id_of(root), definition.name, value] = verdict.journey
            broken += verdict.breakages
            lived += [verdict.lived] if verdict.lived else []
            for row in verdict.breakages:
                breakages[id_of(root), definition.name, value, row.rule, row.occurrence] = row
    for root, (together, lived, broken) in wholes.items():
        if id_of(root) not in too_large:
            _whole(id_of(root), together, lived, broken, clock, journeys, breakages)
    return journeys, breakages


def kept_bytes(receipt: dict) -> int:
    """By how much state it was too large; 0: by touchpoints."""
    return next((each.value for each in receipt["facts"] if each.name == "kept_bytes"), 0)


def gathered(world: World) -> Iterator[tuple[str, str, dict[str, Touchpoint]]]:
    """(root, address, touchpoints by event id) of everything that was delivered."""
    roots = owners(IDENTIFIERS, [link for one in world.delivered for link in links_of(one)])
    facts: dict[str, dict[str, Touchpoint]] = {}
    for one in world.delivered:
        for copy in copies(one):
            found = facts.setdefault(copy.address, {})
            found[copy.event_id] = better_copy(found[copy.event_id], copy) if copy.event_id in found else copy
    return ((roots.get(address, address), address, found) for address, found in facts.items())


def _whole(person, together, lived, broken, clock, journeys, breakages) -> None:
    found = judge_person(BUNDLE, person, sorted(together.values(), key=order_of), lived, broken, clock)
    journeys |= {(person, each.definition, each.instance): each for each in found.journeys}
    breakages |= {(person, each.definition, each.instance, each.rule, each.occurrence): each for each in found.breakages}
