"""Definitions in plain English.  Pure, and the same for the same definition."""

from streams.core.explain.definition import explain, explain_rule

__all__ = ["explain", "explain_rule"]
