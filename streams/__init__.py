"""The pipeline: touchpoints in, journeys and breakages out.  Start with `topology.py`, the map."""
