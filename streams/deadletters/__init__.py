"""Rejected records: what they are, and another try."""
