"""Landing in ClickHouse: numbered migrations, rows as columns, the sink, and what the command line reads back."""
