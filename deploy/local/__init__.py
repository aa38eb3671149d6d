"""The embedded stack: a Kafka broker and a ClickHouse server on one machine, without Docker, bound to the loopback."""
