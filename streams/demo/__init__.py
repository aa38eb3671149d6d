"""`make demo`: everything on this machine, on real input, so that a stranger can look at it."""
