-- Who joins identifiers to a few rows filters them by own_id, which is their key: before copies are put together, and not behind
-- that.  The server moves conditions over the key alone, so nothing that loses can win.
CREATE OR REPLACE VIEW people_newest
AS SELECT * FROM people FINAL
SETTINGS optimize_move_to_prewhere_if_final = 1
COMMENT 'The newest row of every identifier.';
