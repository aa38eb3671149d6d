"""Everything at once: journeys and breakages computed again from all touchpoints, and held against what the stream said."""
