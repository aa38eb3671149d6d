"""What happens in one order or one case: about eight steps, as the shipped definitions expect them or not."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

Fields = dict[str, Any]


class Step(NamedTuple):
    """`at_h`: hours since the story began.  `known`: whether the customer's number is on it."""

    at_h: float
    action: str
    origin: str
    direction: str
    channel: str
    known: bool
    attributes: Fields


class Telling:
    """Steps in the order in which they are told, each some hours after the one before."""

    def __init__(self, random: Random) -> None:
        self.random, self.at_h = random, 0.0
        self.steps: list[Step] = []

    def then(
        self, after_h: float, action: str, origin: str = "system", direction: str = "none", channel: str = "web", *,
        known: bool = False, **attributes: Any,
    ) -> None:  # fmt: skip
        """`after_h` is the mean; the gap is between half and one and a half of it."""
        self.at_h += after_h * self.random.uniform(0.5, 1.5)
        self.steps.append(Step(self.at_h, action, origin, direction, channel, known, attributes))

    def chance(self, share: float) -> bool:
        return self.random.random() < share


def order(random: Random) -> list[Step]:
    """Carrier, warehouse and review system know the order's number alone."""
    told = Telling(random)
    paid = {"amount": round(random.uniform(5, 400), 2), "currency": "BRL", "items": random.randint(1, 5)}
    promised_h = random.choice((96, 120, 144, 168))
    told.then(0, "order.purchased", "product", "inbound", "app", known=True, estimated_delivery_at=promised_h, **paid)
    if told.chance(0.1):
        told.then(1, "payment.failed", channel="payment", reason="declined", attempt=1)
        told.then(6, "payment.succeeded", channel="payment", method="card", attempt=2)
    told.then(4, "order.approved", channel="payment", method="card", risk_score=random.randint(0, 99))
    told.then(1, "mail.sent", "system", "outbound", "mail", known=True, template="order_confirmation", automatic=True)
    told.then(20, "order.handed_to_carrier", channel="warehouse", carrier="correios", warehouse="sao-paulo-2")
    for place in ("hub", "depot"):
        told.then(18, "parcel.scanned", channel="carrier", place=place, truck=f"truck-{random.randint(1, 400)}")
    if told.chance(0.15):
        told.then(8, "order.rescheduled", channel="carrier", estimated_delivery_at=promised_h + 48, reason="address")
    if told.chance(0.15):
        told.then(10, "call.received", "human", "inbound", "phone", known=True, topic="where is my order", seconds=240)
        told.then(0.1, "call.callback_promised", "human", "none", "phone", callback_at=told.at_h + 24)
        told.then(20, "call.made", "human", "outbound", "phone", known=True, topic="delivery", seconds=120)
    _ending(told)
    return told.steps


def _ending(told: Telling) -> None:
    if told.chance(0.05):
        told.then(30, "order.cancelled", "product", "inbound", "web", known=True, reason="too late", refund=True)
        return
    told.then(28, "order.delivered", channel="carrier", place="front door", truck=f"truck-{told.random.randint(1, 400)}")
    if told.chance(0.5):
        told.then(30, "review.answered", "product", "inbound", "survey", score=told.random.randint(1, 5), language="pt")
    if told.chance(0.05):
        told.then(40, "order.returned", channel="store", reason="does not fit")
        told.then(200, "payment.refunded", channel="payment", method="card")


def case(random: Random) -> list[Step]:
    told = Telling(random)
    about = {"subcategory": f"subject {random.randint(1, 40)}", "priority": random.randint(1, 4)}
    told.then(0, "case.opened", "human", "inbound", "phone", known=True, **about)
    told.then(5, "mail.sent", "human", "outbound", "mail", known=True, template="first answer", automatic=told.chance(0.3))
    for _ in range(random.randint(1, 2)):
        told.then(10, "chat.message", "human", "inbound", "chat", known=True, words=random.randint(3, 90))
        told.then(5, "chat.message", "human", "outbound", "chat", words=random.randint(3, 90))
    told.then(20, "case.updated", channel="desk", status="in progress", escalated=told.chance(0.1))
    if told.chance(0.95):
        told.then(30, "case.resolved", "human", "none", "desk", code="solved", effort_minutes=random.randint(5, 300))
    told.then(24, "case.closed", channel="desk", code="closed", automatic=True)
    return told.steps


STORIES: dict[str, Callable[[Random], list[Step]]] = {"order": order, "case": case}
