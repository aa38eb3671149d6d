"""A few recorded orders in a file, with a mapping that reads them."""

from pathlib import Path

MAPPING = """\
SELECT 'shop' AS source, order_no || '/' || action || '/' || time AS event_id, time AS occurred_at, action,
  'product' AS origin, channel, order_no AS identifier_order, customer AS identifier_customer, score AS attribute_score
FROM steps
"""
STEPS = """\
order_no,customer,time,action,channel,score
o1,c1,2024-01-08T00:00:00Z,asked,web,
o1,c1,2024-01-08T01:00:00Z,told,web,5
o2,c1,2024-01-08T00:00:00Z,asked,web,
o2,c1,2024-01-08T03:00:00Z,told,web,3
o3,c2,2024-01-09T00:00:00Z,asked,web,
o3,c2,2024-01-09T09:00:00Z,told,web,1
o4,c3,2024-01-10T00:00:00Z,asked,web,
o4,c3,2024-01-10T00:30:00Z,asked,web,
o4,c3,2024-01-11T00:00:00Z,paid,web,
"""
DEFINITION = """\
journey: order
version: 1
instance: order
opens: asked
promises: {answer: {made_by: asked, due: 2h, kept_by: told}}
breakages:
  quiet: {absence: {after: asked, of: told, within: 4h}}
  late: {promise: answer}
  often: {count: {of: asked, at_least: 2, within: 1h}}
  poor: {threshold: {of: told, value: attributes.score, below: 3}, per: occurrence}
"""


def recorded(folder: Path) -> list[str]:
    """Options that name the recorded touchpoints."""
    (folder / "steps.csv").write_text(STEPS)
    (folder / "steps.sql").write_text(MAPPING)
    return ["--from", str(folder / "steps.csv"), "--mapping", str(folder / "steps.sql")]


def definition(folder: Path, *changed: tuple[str, str], name: str = "order.yaml") -> str:
    """The path of the definition, with words in it changed."""
    text = DEFINITION
    for old, new in changed:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text)
    return str(folder / name)
