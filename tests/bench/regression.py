"""Whether anything costs more or less than when figures were last written: ratios, so that the machine matters less.

Every cost is divided by that of the bare loop in the same run.
"""

import json
from pathlib import Path
from typing import NamedTuple

from tests.bench.figures import spread
from tests.bench.run import Results

WRITTEN = Path(__file__).parents[2] / "docs" / "benchmarks.json"
WORTH_TELLING = 0.15


class Change(NamedTuple):
    """`share`: 0.2 for a cost that rose by a fifth."""

    figure: str
    before: float
    now: float

    @property
    def share(self) -> float:
        return self.now / self.before - 1


def costs(results: Results) -> dict[str, float]:
    """By figure, its median in units of what the loop needs for a touchpoint."""
    loop_us = spread(1e6 / each.per_cpu_second() for each in results.loop).middle
    found_us = {"our transport": spread(1e6 / each.per_cpu_second() for each in results.transport).middle}
    for agent in results.whole[0].cpu_s:
        found_us[f"whole, {agent}"] = spread(1e6 / each.per_cpu_second(agent) for each in results.whole).middle
    for server in results.whole[0].servers_cpu_s:
        found_us[server] = spread(1e6 * each.servers_cpu_s[server] / each.touchpoints for each in results.whole).middle
    found_us |= {f"judging, {each.name}": each.on_us for each in results.judged}
    found_us |= {"a link": 1e6 / results.identified.links_per_s, "a merge": 1e3 * results.identified.merge_ms}
    return {figure: round(us / loop_us, 4) for figure, us in found_us.items()}


def changes(now: dict[str, float], before: dict[str, float]) -> list[Change]:
    """Those worth telling, the largest first; a figure that is new has nothing to be compared with."""
    both = [Change(figure, before[figure], cost) for figure, cost in now.items() if before.get(figure)]
    return sorted((each for each in both if abs(each.share) > WORTH_TELLING), key=lambda each: -abs(each.share))


def written(path: Path = WRITTEN) -> dict[str, float]:
    """Empty where nothing was written yet."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def write(found: dict[str, float], path: Path = WRITTEN) -> Path:
    path.write_text(json.dumps(found, indent=2) + "\n")
    return path
