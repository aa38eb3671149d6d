"""Reading an agent's pages the way Prometheus and an orchestrator do."""

import json
import os
import random
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import is_free
from streams import topology

AGENTS = [agent.name for agent in topology.AGENTS]
Series = tuple[str, frozenset[tuple[str, str]]]


# Between those that brokers and databases of tests take and those that the system hands out by itself.
_FREE = range(30_000, 32_500)
_OF_A_TESTER = 500


def free_ports(count: int = len(AGENTS)) -> int:
    """The first of so many free ports in a row.

    Each of the processes that test side by side looks among its own: they are bound only later, by a worker, and until
    then another would find the same ones free.
    """
    tester = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    start = _FREE[tester * _OF_A_TESTER % len(_FREE)]
    rows = range(start, start + _OF_A_TESTER - count + 1, count)
    for first in random.sample(rows, len(rows)):
        if all(is_free(port) for port in range(first, first + count)):
            return first
    raise AssertionError("no free ports")


def fetch(port: int, path: str, timeout_s: float = 20.0) -> tuple[int, str]:
    """-> status and body.  Raises OSError where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout_s) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def verdict(port: int, path: str) -> tuple[int, str]:
    """-> status, and why it is not 200."""
    status, body = fetch(port, path)
    return status, str(json.loads(body)["why"])


def samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """(name, labels, value) of every sample."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def total(text: str, name: str, **labels: Any) -> float:
    """The sum of the samples of this name that carry these labels."""
    return sum(value for found, its, value in samples(text) if found == name and labels.items() <= its.items())
