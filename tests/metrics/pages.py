"""Reading an agent's pages the way Prometheus and an orchestrator do."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from streams import topology

AGENTS = [agent.name for agent in topology.AGENTS]
Series = tuple[str, frozenset[tuple[str, str]]]


def free_ports(count: int = len(AGENTS)) -> int:
    """The first of so many free ports in a row, below those that the system hands out by itself."""
    for first in range(20_000, 30_000, count):
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


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
