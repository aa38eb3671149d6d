"""Fixtures for every test."""

from hypothesis import settings

pytest_plugins = ["tests.fixtures.stack", "tests.fixtures.pipeline", "tests.fixtures.absent"]

settings.register_profile("throughline", deadline=None)  # a claim is about results, never about the machine's speed
settings.load_profile("throughline")
