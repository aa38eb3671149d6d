"""Stitch: a state machine over one ordered log a partition.  `partition.py` is the machine; start there."""
