"""The four Faust agents: thin shells that move bytes between topics and the pure core."""
