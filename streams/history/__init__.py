"""Recorded touchpoints, judged in process: what stream and tables must agree with, and what definitions are tried on."""

from streams.history.people import Person, judge_recorded, people_of

__all__ = ["Person", "judge_recorded", "people_of"]
