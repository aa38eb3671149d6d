"""A sample of real incidents for the demo: see README.md for where it comes from."""

from pathlib import Path

HERE = Path(__file__).parent
EVENTS = HERE / "incident_events.parquet"
TRUTH = HERE / "truth.json"
