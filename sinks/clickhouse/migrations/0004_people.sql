-- `own_id` is a hash of (identifier type, identifier value), so it is the key of an identifier and finds it at once.
CREATE TABLE IF NOT EXISTS people
(
    own_id String COMMENT 'The id of a person of which this identifier is the root, 32 hex digits.' CODEC(ZSTD(1)),
    identifier_type LowCardinality(String) COMMENT 'Type of the identifier.',
    identifier_value String COMMENT 'Its value, normalised.' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT 'person links people, object belongs to one.',
    person_id String COMMENT 'The person that it belongs to; own_id where it is its own root.' CODEC(ZSTD(1)),
    root_type LowCardinality(String) COMMENT 'Type of the root of that person.',
    root_value String COMMENT 'Value of the root of that person.' CODEC(ZSTD(1)),
    number UInt64 COMMENT 'Number of the redirect that says so; grows with every change. 0: its own root.' CODEC(T64, ZSTD(1)),
    linked_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Event time of the deciding touchpoint.' CODEC(ZSTD(1)),
    linked_by_source LowCardinality(String) COMMENT 'Source of the deciding touchpoint.',
    linked_by_event String COMMENT 'Event id of the deciding touchpoint.' CODEC(ZSTD(1)),
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT '(epoch, offset, step) packed; the highest of an identifier wins.' CODEC(T64, ZSTD(1)),
    INDEX by_person person_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY own_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Which person an identifier belongs to, one row an identifier.';

-- The same by number, so that the latest redirects are found without reading all people.
CREATE TABLE IF NOT EXISTS redirects
(
    number UInt64 COMMENT 'Number of the redirect.' CODEC(Delta, ZSTD(1)),
    own_id String COMMENT 'The identifier, as the id of a person of its own.' CODEC(ZSTD(1)),
    person_id String COMMENT 'The person that it belongs to since this redirect.' CODEC(ZSTD(1)),
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (number, own_id)
COMMENT 'Redirects in the order of their numbers, filled from people.';

CREATE MATERIALIZED VIEW IF NOT EXISTS people_to_redirects TO redirects
AS SELECT number, own_id, person_id FROM people WHERE number > 0
COMMENT 'Fills redirects.';
