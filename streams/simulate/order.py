"""An order's story.  Times keep clear of the limits in definitions/live_order.yaml: what breaks does so by a second or more."""

from random import Random

from streams.simulate.story import Story, drawn

DEFINITION, KIND = "live_order", "order"
LONGEST_S = 62.0  # until the last step and the last deadline
FATES = {
    "smooth": 56, "late": 10, "moved": 8, "moved_twice": 4, "approved_late": 4, "packed_late": 3,
    "cancelled": 5, "cancelled_late": 2, "lost": 4, "unpacked": 2, "unapproved": 2,
}  # fmt: skip
UNHAPPY = frozenset(FATES) - {"smooth", "cancelled"}


def tell(story: Story, random: Random) -> None:
    fate, due_s = drawn(random, FATES), random.uniform(20, 30)
    _purchase(story, random, due_s)
    ready_s = _prepare(story, random, fate, cancelled_s=random.uniform(4, due_s - 1) if fate == "cancelled" else due_s)
    if fate in ("cancelled_late", "lost", "unpacked", "unapproved"):
        story.breaking("late_delivery", "open")
        story.breaking("first_date_missed", "open")
    elif fate != "cancelled":
        _deliver(story, random, fate, ready_s, due_s)
    if fate == "cancelled_late":
        story.step(random.uniform(due_s + 1, due_s + 8), "order.cancelled", "shop", "phone", "human", direction="inbound")
    if random.random() < (0.5 if fate in UNHAPPY else 0.05):
        _ask(story, random)


def _purchase(story: Story, random: Random, due_s: float) -> None:
    channel = drawn(random, {"web": 6, "app": 3, "store": 1})
    origin = "human" if channel == "store" else "product"
    amount = round(random.uniform(5, 500), 2)
    story.step(
        0, "order.purchased", "shop", channel, origin, direction="inbound", named=True,
        estimated_delivery_at=story.ms(due_s), amount=amount, gift=random.random() < 0.1,
    )  # fmt: skip
    story.step(0, "payment.made", "payments", channel, "product", direction="inbound", amount=amount)


def _prepare(story: Story, random: Random, fate: str, cancelled_s: float) -> float:
    """Approved and handed to the carrier, as far as its fate lets it.  -> when the carrier has it."""
    if fate == "unapproved":
        story.breaking("not_approved", "open")
        return 0.0
    approved_s = random.uniform(6, 9) if fate == "approved_late" else random.uniform(0.5, 3)
    packed_s = approved_s + (random.uniform(11, 14) if fate == "packed_late" else random.uniform(1, 4))
    story.step(approved_s, "order.approved", "payments", "web", "system")
    if fate == "approved_late":
        story.breaking("not_approved", "recovered")
    if fate == "unpacked":
        story.breaking("not_handed_over", "open")
    elif packed_s < cancelled_s:
        story.step(packed_s, "order.handed_to_carrier", "carrier", "carrier", "system")
    if fate == "packed_late":
        story.breaking("not_handed_over", "recovered")
    if fate == "cancelled":
        story.step(cancelled_s, "order.cancelled", "shop", "app", "product", direction="inbound")
    return packed_s


def _deliver(story: Story, random: Random, fate: str, ready_s: float, due_s: float) -> None:
    earliest_s, first_due_s = ready_s + 0.5, due_s
    for _ in range({"moved": 1, "moved_twice": 2}.get(fate, 0)):
        earliest_s = random.uniform(earliest_s, due_s - 1)
        due_s = due_s + random.uniform(10, 15)
        at_ms = story.ms(due_s)
        story.step(earliest_s, "order.rescheduled", "carrier", "mail", "system", direction="outbound", estimated_delivery_at=at_ms)
        earliest_s = max(earliest_s + 0.5, first_due_s + 1)
    if fate == "late":
        earliest_s, due_s = due_s + 1, due_s + 10
        story.breaking("late_delivery", "recovered")
    if fate in ("late", "moved", "moved_twice"):
        story.breaking("first_date_missed", "recovered")
    if fate == "moved_twice":
        story.breaking("promise_revised_twice", "open")
    story.step(random.uniform(earliest_s, due_s - 0.5), "order.delivered", "carrier", "carrier", "system", direction="outbound")


def _ask(story: Story, random: Random) -> None:
    """The customer calls and is promised a call back."""
    asked_s = random.uniform(4, 15)
    due_s = asked_s + random.uniform(6, 10)
    story.step(asked_s, "call.made", "call_centre", "phone", "human", direction="inbound", named=True, team="care")
    at = story.when(due_s)
    promised = story.step(asked_s + 0.5, "call.callback_promised", "call_centre", "phone", "human", team="care", callback_at=at)
    kept = drawn(random, {"in_time": 6, "late": 2, "never": 2})
    if kept == "never":
        story.breaking("call_back_missed", "open", promised)
        return
    called_s = random.uniform(asked_s + 1, due_s - 1) if kept == "in_time" else random.uniform(due_s + 1, due_s + 5)
    story.step(called_s, "call.made", "call_centre", "phone", "human", direction="outbound", team="care")
    if kept == "late":
        story.breaking("call_back_missed", "recovered", promised)
