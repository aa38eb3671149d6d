"""Pure: functions from values to values.  Nothing here knows Kafka, Faust, ClickHouse, Prometheus or the wall clock."""
