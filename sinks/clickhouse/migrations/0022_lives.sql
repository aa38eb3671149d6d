-- A topic that was made anew counts its offsets from 0 again: what it says would lose against what the one before it said.
CREATE TABLE IF NOT EXISTS lives
(
    topic String COMMENT 'Name of the topic, without the namespace.',
    topic_id String COMMENT 'Its id, which tells it from one made anew under the same name.',
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When land first saw it.'
)
ENGINE = ReplacingMergeTree(landed_at)
ORDER BY topic
COMMENT 'The topics that these tables were made from.';
