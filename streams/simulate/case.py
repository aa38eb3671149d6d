"""A service case's story.  Times keep clear of the limits in definitions/live_case.yaml."""

from random import Random

from streams.simulate.story import Story, drawn

DEFINITION, KIND = "live_case", "case"
LONGEST_S = 56.0  # until the last step and the last deadline
FATES = {"solved": 62, "answered_late": 12, "solved_late": 10, "ignored": 8, "cancelled": 8}
TALK = {"phone": "call.made", "chat": "chat.message", "mail": "mail.message", "store": "visit.made", "app": "chat.message"}


def tell(story: Story, random: Random) -> None:
    fate, channel = drawn(random, FATES), drawn(random, {"phone": 4, "chat": 3, "mail": 2, "app": 2, "store": 1})
    asked = _open(story, random, channel)
    if fate == "cancelled":
        story.step(random.uniform(1, 4), "case.cancelled", "crm", channel, "human", direction="inbound", named=True)
    elif fate == "ignored":
        _ignore(story, random, asked=asked)
    else:
        _answer(story, random, fate, channel, asked=asked)


def _open(story: Story, random: Random, channel: str) -> bool:
    """-> whether a human waits for an answer; what the app opens is the product's doing."""
    origin = "product" if channel == "app" else "human"
    topic = drawn(random, {"where_is_it": 4, "broken": 3, "invoice": 2, "other": 1})
    story.step(0, "case.opened", "crm", channel, origin, direction="inbound", named=True, topic=topic)
    return origin == "human"


def _ignore(story: Story, random: Random, *, asked: bool) -> None:
    story.step(random.uniform(36, 45), "case.closed", "crm", "mail", "system")
    story.breaking("not_resolved", "open")
    story.breaking("never_resolved", "open")
    if asked:
        story.breaking("no_answer", "open")


def _answer(story: Story, random: Random, fate: str, channel: str, *, asked: bool) -> None:
    answered_s = random.uniform(8, 14) if fate == "answered_late" else random.uniform(1, 4)
    story.step(answered_s, "case.answered", "crm", channel, "human", direction="outbound", team="desk")
    if fate == "answered_late" and asked:
        story.breaking("no_answer", "recovered")
    done_s = _talk(story, random, channel, answered_s)
    resolved_s = random.uniform(33, 45) if fate == "solved_late" else done_s + random.uniform(0.5, 3)
    if fate == "solved_late":
        story.breaking("not_resolved", "recovered")
    story.step(resolved_s, "case.resolved", "crm", channel, "human", direction="outbound", team="desk")
    story.step(resolved_s + random.uniform(0.5, 5), "case.closed", "crm", "mail", "system")


def _talk(story: Story, random: Random, channel: str, from_s: float) -> float:
    """A question and its answer, up to twice.  -> when they are done, at most 11 s later."""
    for _ in range(random.randrange(3)):
        from_s += random.uniform(0.5, 2)
        story.step(from_s, TALK[channel], "crm", channel, "human", direction="inbound", named=True)
        from_s += random.uniform(0.5, 3.5)
        story.step(from_s, TALK[channel], "crm", channel, "human", direction="outbound", team="desk")
    return from_s
