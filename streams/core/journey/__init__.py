"""Journeys: what is true of one instance of a definition.  Pure; `judge` is the way in."""

from streams.core.journey.cases import CaseFailure, run_cases
from streams.core.journey.judge import instances_of, judge

__all__ = ["CaseFailure", "instances_of", "judge", "run_cases"]
