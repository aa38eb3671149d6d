"""Fixtures for every test, and the order in which tests run."""

import os

import pytest
from hypothesis import settings

pytest_plugins = ["tests.fixtures.stack", "tests.fixtures.pipeline", "tests.fixtures.absent"]

settings.register_profile("throughline", deadline=None)  # a claim is about results, never about the machine's speed
settings.load_profile("throughline")

# What takes longest begins first, so that processes end together; a folder stays together, because its files share pipelines.
FIRST = ("truth", "chaos", "integration", "sources", "metrics", "sinks")
MOST_PROCESSES = 4  # each has a broker and a database of its own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: folders.get(item.path.parent.name, len(FIRST)))


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: while a test waits for a broker, another computes."""
    return min(MOST_PROCESSES, (os.cpu_count() or 1) + 1)
