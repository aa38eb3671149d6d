"""What it costs in the core to judge one touchpoint more, by primitive, and for a person with much behind it."""

import time
from collections.abc import Callable
from textwrap import indent

import msgspec

from streams.core.definition import Compiled, compile_definition, load
from streams.core.journey import judge
from streams.core.journey.running import Running
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import NEVER, Clock

HOUR_MS = 3_600_000
EARLIER = 10
ORDERS = 100
ROUNDS = 7
HEAD = """journey: order
version: 1
instance: order
opens: order.purchased
closes: {delivered: order.delivered, cancelled: order.cancelled}
keeps: {value_at_risk: {of: order.purchased, value: attributes.amount, take: sum}}
stages: {packing: {from: order.approved, to: order.handed_over}, delivery: {from: order.handed_over, to: order.delivered}}
promises: {delivery: {made_by: order.purchased, due: attributes.due_at, revised_by: order.rescheduled, kept_by: order.delivered}}
breakages:
"""
RULES = {
    "promise": "late: {promise: delivery}",
    "absence": "silent: {absence: {after: '*', of: '*', within: 9d, waits: last, until: order.delivered}}",
    "count": "pressed: {count: {of: mail.*, at_least: 3, within: 7d}}",
    "sequence": "disorder: {sequence: {steps: [order.delivered, order.handed_over], within: 30d}}",
    "threshold": "rated: {threshold: {of: review.answered, value: attributes.score, at_most: 2}}",
}
EIGHT = [
    *RULES.values(),
    "twice: {promise: {of: delivery, revised: 2}}",
    "unpaid: {absence: {after: order.purchased, of: payment.made, within: 24h}}",
    "order: {sequence: {order: [packing, delivery]}}",
]
STORY = (
    "order.purchased", "payment.made", "order.approved", "mail.sent", "order.packed", "order.handed_over",
    "parcel.scanned", "parcel.scanned", "order.rescheduled", "parcel.scanned", "order.delivered",
)  # fmt: skip


class Judged(msgspec.Struct, frozen=True):
    """Microseconds of CPU for one touchpoint: as it goes on, and from scratch with those before it."""

    name: str
    on_us: float
    scratch_us: float


def judged() -> list[Judged]:
    """With ten touchpoints before it, all in one order; the last row has a thousand before it, in a hundred orders."""
    found = [_measured(f"one rule: {name}", definition([rule])) for name, rule in RULES.items()]
    eight = definition(EIGHT)
    return [*found, _measured("8 rules, 10 earlier in one order", eight), _many("8 rules, 1,000 earlier in 100 orders", eight)]


def definition(rules: list[str]) -> Compiled:
    return compile_definition(load(HEAD + indent("\n".join(rules), "  ") + "\n", "order.yaml"))


def story(order: str) -> list[Touchpoint]:
    return [_touchpoint(order, number, action) for number, action in enumerate(STORY)]


def _touchpoint(order: str, number: int, action: str) -> Touchpoint:
    at_ms = number * 5 * HOUR_MS
    attributes = {"amount": 12.5, "due_at": 400 * HOUR_MS} if action in ("order.purchased", "order.rescheduled") else {}
    return Touchpoint(
        at_ms, number, f"{order}/{number}", "shop", "system", "web", action, "", (("order", order),), attributes,
        "", "", "", "", f"order:{order}", number,
    )  # fmt: skip


def _measured(name: str, plan: Compiled) -> Judged:
    told = story("o")
    clocks = [Clock(touchpoint.occurred_at, NEVER) for touchpoint in told]

    def go_on() -> None:
        running = Running(plan, "o")
        for number, clock in enumerate(clocks, 1):
            running.judge(told[:number], clock, continued=True)

    return Judged(name, _least_us(go_on, len(told)), _least_us(lambda: judge(plan, "o", told, clocks[-1]), 1))


def _many(name: str, plan: Compiled) -> Judged:
    """One touchpoint more for each of the orders of a person, ten behind each of them."""
    stories = [story(str(number)) for number in range(ORDERS)]
    clock = Clock(stories[0][-1].occurred_at, NEVER)

    def ready() -> list[Running]:
        running = [Running(plan, str(number)) for number in range(ORDERS)]
        for each, told in zip(running, stories, strict=True):
            for number in range(1, EARLIER + 1):
                each.judge(told[:number], Clock(told[number - 1].occurred_at, NEVER), continued=True)
        return running

    least_us = float("inf")
    for _ in range(ROUNDS):
        running = ready()
        began_s = time.process_time()
        for each, told in zip(running, stories, strict=True):
            each.judge(told, clock, continued=True)
        least_us = min(least_us, (time.process_time() - began_s) / ORDERS * 1e6)
    scratch_us = _least_us(lambda: [judge(plan, "o", told, clock) for told in stories], ORDERS, repeat=1)
    return Judged(name, least_us, scratch_us)


def _least_us(work: Callable[[], object], touchpoints: int, repeat: int = 300) -> float:
    """The least of several rounds: other work on the machine only adds."""
    least_s = float("inf")
    for _ in range(ROUNDS):
        began_s = time.process_time()
        for _ in range(repeat):
            work()
        least_s = min(least_s, time.process_time() - began_s)
    return least_s / repeat / touchpoints * 1e6
