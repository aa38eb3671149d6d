"""Where results land: the contract, a sink in memory, and ClickHouse."""
