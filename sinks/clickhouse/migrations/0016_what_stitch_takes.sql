-- Of copies at one address and day the one stays that stitch judges by, so that journeys can be computed again from this table: one
-- that is not too late before all that are, then the smallest content hash (60 bits), and among equal content live before loaded
-- before late.  Until now a load hid a late live copy, and too late content hid other content that was not.
ALTER TABLE touchpoints MODIFY COLUMN version UInt64
    MATERIALIZED bitOr(bitShiftLeft(toUInt64(NOT too_late), 63),
                       bitOr(bitAnd(bitShiftRight(bitNot(content_hash), 1), 0x7FFFFFFFFFFFFFFC), 2 * (load = '') + (late_ms = 0)))
    COMMENT 'The highest of a key wins: not too late, 61 bits against the content hash, live, not late.' CODEC(NONE);
