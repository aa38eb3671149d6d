"""Metrics of a command that ends: a file for the textfile collector of Prometheus' node exporter."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from streams.metrics.exposition import labelled
from streams.metrics.metric import Reading, families


class _Told(Collector):
    def __init__(self, everywhere: Mapping[str, str], readings: Sequence[Reading]) -> None:
        self._everywhere, self._readings = everywhere, readings

    def collect(self) -> Iterator[Family]:
        yield from labelled(families(self._readings), self._everywhere)


def write_metrics(file: Path, everywhere: Mapping[str, str], readings: Sequence[Reading]) -> None:
    """The file is replaced whole: a reader sees the old one or the new one.  Raises OSError."""
    registry = CollectorRegistry()
    registry.register(_Told(everywhere, readings))
    write_to_textfile(str(file), registry)
