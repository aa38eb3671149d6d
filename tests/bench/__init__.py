"""What a touchpoint costs, beside the tightest loop without a framework: `make bench`, docs/benchmarks.md."""
