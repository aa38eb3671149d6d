"""What /metrics shows: the rows of the table that this agent emits, each sample with the agent's name and namespace."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import ProcessCollector, disable_created_metrics
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from streams.metrics.metric import Counter, Histogram, Reading, families
from streams.metrics.table import PROCESS, TABLE

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each series, and none of them in the table
PROCESS_HELP = {metric.name.removesuffix("_total"): metric.help for metric in PROCESS}  # a family's name has no suffix


class Exposition(Collector):
    """`read` gives what is read when asked; `everywhere` are the labels that every sample carries."""

    def __init__(self, agent: str, everywhere: Mapping[str, str], read: Callable[[], Iterable[Reading]]) -> None:
        self._read, self._everywhere = read, dict(everywhere)
        counted = [metric for metric in TABLE if isinstance(metric, Counter | Histogram)]
        self._instruments = [metric.instrument for metric in counted if agent in metric.agents]
        self._process = ProcessCollector(registry=None)

    def collect(self) -> Iterator[Family]:
        for instrument in self._instruments:
            yield from labelled(instrument.collect(), self._everywhere)
        yield from labelled(families(self._read()), self._everywhere)
        yield from labelled(self._of_process(), self._everywhere)

    def _of_process(self) -> Iterator[Family]:
        for family in self._process.collect():
            if family.name in PROCESS_HELP:
                family.documentation = PROCESS_HELP[family.name]
                yield family


def labelled(found: Iterable[Family], everywhere: Mapping[str, str]) -> Iterator[Family]:
    for family in found:
        family.samples = [sample._replace(labels={**everywhere, **sample.labels}) for sample in family.samples]
        yield family
