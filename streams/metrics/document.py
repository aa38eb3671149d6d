"""The table of metrics as a person reads it; `python -m streams.metrics.document FILE` writes it into a document."""

from streams.generated import write_between
from streams.metrics.metric import Metric
from streams.metrics.table import ALL, TABLE

BEGIN, END = "<!-- metrics: begin -->", "<!-- metrics: end -->"
HEAD = ("metric", "kind", "agents", "labels", "what it says", "alert")


def markdown() -> str:
    rows = [HEAD, ("---",) * len(HEAD), *map(_row, TABLE)]
    bounds = {label.name: label.bound if not label.values else ", ".join(label.values) for m in TABLE for label in m.labels}
    bounds["change"] = "what happened: see the metric"
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", "Labels and what bounds them:", "", *(f"- `{name}`: {bounds[name]}" for name in sorted(bounds))])


def _row(metric: Metric) -> tuple[str, ...]:
    agents = "all" if metric.agents == ALL else ", ".join(metric.agents)
    labels = ", ".join(f"`{name}`" for name in metric.label_names)
    return f"`{metric.name}`", metric.kind, agents, labels, metric.help, ", ".join(metric.alerts)


if __name__ == "__main__":
    write_between(BEGIN, END, markdown())
