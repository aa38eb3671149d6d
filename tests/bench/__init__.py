"""What a touchpoint costs, beside the tightest loop without a framework and beside peers: `make bench`, docs/benchmarks.md."""
