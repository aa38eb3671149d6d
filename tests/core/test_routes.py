"""Touchpoints take the short way to their owner's home once nothing of theirs is left on the long one, and nothing overtakes."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.log import Activation, Redirect, Redirects, Touchpoints, home, pack
from streams.core.routes import Router, Routes
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.state import redirect_key
from streams.core.stitch.store import MemoryStore
from streams.core.verdict import NEVER
from tests.core.world import BUNDLE, touchpoint

PARTITIONS, ADDRESSES = 3, [f"order:{number}" for number in range(5)]


class Post:
    """Partitions that send on what is not theirs, each at its own pace; the broker confirms, and words arrive, when they please."""

    def __init__(self, rng: Random) -> None:
        self.rng, self.router = rng, Router(PARTITIONS)
        self.logs: list[list[tuple[str, int] | Redirect]] = [[] for _ in range(PARTITIONS)]
        self.at, self.known = [0] * PARTITIONS, [dict[str, Redirect]() for _ in range(PARTITIONS)]
        self.words: list[Routes] = []
        self.going: list[tuple[int, str, dict[int, int]]] = []
        self.there: dict[str, list[int]] = {address: [] for address in ADDRESSES}

    def redirect(self, address: str) -> None:
        """Once for each: identity tells the address' home."""
        self.logs[home(address, PARTITIONS)].append(Redirect(address, f"customer:{address}", 7))

    def send(self, address: str, number: int) -> None:
        sending = self.router.next_sending()
        partition, redirect = self.router.way(address)
        assert redirect is None or partition == home(redirect.root, PARTITIONS)
        self.logs[partition].append((address, number))
        self.going.append((sending, address, {partition: len(self.logs[partition])}))

    def confirm(self) -> None:
        sending, address, behind = self.going.pop(0)
        self.router.arrived(sending, [address], behind)

    def hear(self) -> None:
        word = self.words.pop(self.rng.randrange(len(self.words)))
        if self.rng.random() < 0.9:
            self.router.learn(word)

    def work(self, number: int, most: int) -> None:
        begin, sent_on = self.at[number], {}
        for each in self.logs[number][begin : begin + most]:
            self.at[number] += 1
            if isinstance(each, Redirect):
                self.known[number][each.address] = each
                continue
            redirect = self.known[number].get(each[0])
            if redirect is None or home(redirect.root, PARTITIONS) == number:
                self.there[each[0]].append(each[1])
            else:
                sent_on[each[0]] = redirect
                self._send_on(home(redirect.root, PARTITIONS), each)
        if sent_on:
            self.words.append(Routes(number, self.at[number], list(sent_on.values())))

    def _send_on(self, target: int, thing: tuple[str, int]) -> None:
        self.known[target].setdefault(thing[0], self.known[home(thing[0], PARTITIONS)][thing[0]])
        self.logs[target].append(thing)

    def act(self) -> None:
        chance = self.rng.random()
        if chance < 0.5:
            number = self.rng.randrange(PARTITIONS)
            self.work(number, self.rng.randint(1, 6))
        elif chance < 0.75 and self.going:
            self.confirm()
        elif self.words:
            self.hear()

    def restart(self) -> None:
        """Another sender takes over: what is under way arrives, and nobody knows of it."""
        self.router, self.going = Router(PARTITIONS, most=3), []


@given(st.integers(0, 1 << 32))
@settings(max_examples=300, deadline=None)
def test_nothing_overtakes_what_was_sent_before_it(seed: int) -> None:
    """Whatever the pace of partitions, confirmations and words, whoever took over in between, and however little is remembered."""
    rng = Random(seed)
    post, sent = Post(rng), dict.fromkeys(ADDRESSES, 0)
    redirected: set[str] = set()
    for _ in range(150):
        address = rng.choice(ADDRESSES)
        chance = rng.random()
        if chance < 0.35:
            post.send(address, sent[address])
            sent[address] += 1
        elif chance < 0.4 and address not in redirected:
            redirected.add(address)
            post.redirect(address)
        elif chance < 0.42:
            post.restart()
        else:
            post.act()
    while any(at < len(log) for at, log in zip(post.at, post.logs, strict=True)):
        post.work(rng.randrange(PARTITIONS), 9)
    assert {address: len(numbers) for address, numbers in post.there.items()} == sent
    assert {address: post.there[address] for address in redirected} == {
        address: sorted(post.there[address]) for address in redirected
    }


def test_who_has_sent_nothing_behind_a_route_takes_it() -> None:
    router, root = Router(8), "customer:c"
    at_home = home("order:a", 8)
    router.next_sending()
    assert router.way("order:a") == (at_home, None)
    router.learn(Routes(at_home, 99, [Redirect("order:a", root, 7)]))
    assert router.way("order:a")[1] is None, "it is not known yet where the first one lies"
    sending = router.next_sending()
    router.way("order:a")
    router.arrived(sending, ["order:a"], {at_home: 42})
    router.learn(Routes(at_home, 41, [Redirect("order:a", root, 7)]))
    assert router.way("order:a")[1] is None, "one was sent behind what had followed"
    router.arrived(sending, ["order:a"], {at_home: 42})
    router.learn(Routes((at_home + 1) % 8, 99, [Redirect("order:a", root, 7)]))
    assert router.way("order:a")[1] is None, "where it was sent, nobody has said that it has followed"
    router.arrived(sending, ["order:a"], {at_home: 42})
    router.learn(Routes(at_home, 42, [Redirect("order:a", root, 7)]))
    assert router.way("order:a") == (home(root, 8), Redirect("order:a", root, 7))


def test_what_others_sent_before_counts_as_well() -> None:
    """A route is believed of what one has sent oneself, behind all that others have; and no more once others may have sent."""
    router, at_home = Router(8), home("order:a", 8)
    word = Routes(at_home, 50, [Redirect("order:a", "customer:c", 7)])
    router.learn(word)
    sending = router.next_sending()
    assert router.way("order:a")[1] is None, "it has sent nothing behind what others may have"
    router.arrived(sending, ["order:a"], {at_home: 50})
    router.learn(word)
    assert router.way("order:a")[1] is not None
    router.begin()
    assert router.way("order:a")[1] is None


def test_what_is_forgotten_takes_the_long_way_and_what_is_under_way_is_not() -> None:
    router, root = Router(8, most=1), "customer:c"
    for address in ("order:a", "order:b"):
        sending = router.next_sending()
        at_home, _ = router.way(address)
        router.arrived(sending, [address], {at_home: 5})
        router.learn(Routes(at_home, 5, [Redirect(address, root, 7)]))
    assert router.way("order:b") == (home(root, 8), Redirect("order:b", root, 7))
    router.next_sending()
    assert router.way("order:b")[1] is not None, "it went straight a moment ago, and nothing may overtake that"
    assert router.way("order:a")[1] is None


def test_a_partition_takes_at_its_word_who_sends_it_an_owners_touchpoint() -> None:
    """It heard of no redirect, keeps the touchpoint, and those that come after it without a word."""
    root = next(f"customer:{n}" for n in range(99) if home(f"customer:{n}", PARTITIONS) != home("order:1", PARTITIONS))
    number, judge = home(root, PARTITIONS), Judge({BUNDLE.content_hash: BUNDLE}.__getitem__)
    part = Partition(number, PARTITIONS, MemoryStore(), judge)
    part.restore("life")
    log = [pack(Activation(BUNDLE.content_hash, NEVER))]
    log += [pack(Touchpoints([touchpoint(n, n, "ask", (("order", "1"),))], redirects)) for n, redirects in
            ((1, [Redirect("order:1", root, 5)]), (2, []))]  # fmt: skip
    log.append(pack(Redirects([Redirect("order:2", root, 6)])))
    outcome = part.step(list(enumerate(log)), 0)
    assert outcome.moved == {}
    again = part.step(
        [(len(log), pack(Touchpoints([touchpoint(3, 3, "ask", (("order", "1"),))], [Redirect("order:1", root, 5)])))], 0
    )
    assert redirect_key("order:1") in outcome.state
    assert redirect_key("order:1") not in again.state, "what is known already is written once"
    assert [(row["instance"], row["touchpoints"]) for row in outcome.rows.journeys if row["definition"] == "order"] == [("1", 2)]
