"""What a row of the table of metrics is.

Counters and histograms are counted where things happen, once a batch.  Gauges are kept nowhere: they are read from the agent when
somebody asks, so a partition that went elsewhere leaves nothing behind.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

import prometheus_client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class Label:
    """`values`: the closed set; None where `bound` says what limits it."""

    name: str
    bound: str
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Metric:
    """`agents` emit it, `alerts` of deploy/prometheus/rules.yml read it.  `unit` stands in the name as well."""

    name: str
    unit: str
    help: str
    agents: tuple[str, ...]
    labels: tuple[Label, ...] = ()
    alerts: tuple[str, ...] = ()
    kind: ClassVar[Kind]

    @property
    def label_names(self) -> list[str]:
        return [label.name for label in self.labels]


@dataclass(frozen=True, eq=False)
class Counter(Metric):
    kind = "counter"
    instrument: prometheus_client.Counter = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "instrument", prometheus_client.Counter(self.name, self.help, self.label_names, registry=None))

    def add(self, amount: float, *labelled: str) -> None:
        """Also 0, which makes the series known: a rate sees only what follows the first sample."""
        (self.instrument.labels(*labelled) if labelled else self.instrument).inc(amount)


@dataclass(frozen=True, eq=False)
class Histogram(Metric):
    kind = "histogram"
    buckets: tuple[float, ...] = ()
    instrument: prometheus_client.Histogram = field(init=False)

    def __post_init__(self) -> None:
        made = prometheus_client.Histogram(self.name, self.help, self.label_names, buckets=self.buckets, registry=None)
        object.__setattr__(self, "instrument", made)

    def observe(self, value: float, *labelled: str) -> None:
        (self.instrument.labels(*labelled) if labelled else self.instrument).observe(value)


class Reading(NamedTuple):
    """A value at this moment.  `labels` are the values of the metric's labels, in their order."""

    metric: "Read"
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, eq=False)
class Read(Metric):
    """Read when asked."""

    def at(self, value: float, *labelled: str) -> Reading:
        return Reading(self, labelled, value)


class Gauge(Read):
    kind = "gauge"


class Total(Read):
    """A counter that somebody else counts."""

    kind = "counter"


def families(readings: Iterable[Reading]) -> Iterator[Family]:
    """Readings as prometheus-client shows them; those of one series, from several partitions, add up."""
    found: dict[Read, dict[tuple[str, ...], float]] = {}
    for metric, labels, value in readings:
        series = found.setdefault(metric, {})
        series[labels] = series.get(labels, 0.0) + value
    for metric, series in found.items():
        make = GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily
        family = make(metric.name, metric.help, labels=metric.label_names)
        for labels, value in series.items():
            family.add_metric(labels, value)
        yield family
