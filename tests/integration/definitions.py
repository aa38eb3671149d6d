"""Small definitions that these tests rest on."""

from streams.core.definition import Bundle, bundle_of

ORDER = """
journey: order
version: 1
instance: order
opens: order.purchased
closes: {delivered: order.delivered, cancelled: order.cancelled}
expires: 3650d
stages: {delivery: {from: order.purchased, to: order.delivered}}
keeps: {value: {of: order.purchased, value: attributes.amount, take: sum}}
promises:
  delivery: {made_by: order.purchased, due: attributes.due, kept_by: order.delivered, released_by: order.cancelled}
breakages:
  late: {promise: {of: delivery, when: [kept_late, overdue]}}
"""
CASE = """
journey: service_case
version: 1
instance: case
opens: case.opened
closes: {closed: case.closed}
expires: 3650d
breakages:
  unanswered: {absence: {after: case.asked, of: case.answered, within: 24h, waits: each}, per: occurrence}
"""
TICKET = """
journey: ticket
version: VERSION
instance: ticket
opens: ticket.opened
closes: {closed: ticket.closed}
expires: 3650d
breakages:
  slow: {absence: {after: ticket.opened, of: ticket.closed, within: WITHIN}}
"""


def tickets(version: int, within: str) -> str:
    return TICKET.replace("VERSION", str(version)).replace("WITHIN", within)


def bundle(*texts: str) -> Bundle:
    return bundle_of((f"{number}.yaml", text) for number, text in enumerate(texts))


FIRST = bundle(ORDER, CASE, tickets(1, "48h"))
SECOND = bundle(ORDER, CASE, tickets(2, "24h"))
