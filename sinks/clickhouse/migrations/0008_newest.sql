-- What the views for readers rest on.  At most one row of a journey is seen at any moment.  A row is shown once the redirects that
-- it rests on have landed, and hidden from the moment on in which a redirect has landed that gives its address to somebody else,
-- or makes its person part of another.
-- That holds because of the order of reading: a view's scalar subqueries are run first, the views that it reads from are opened
-- afterwards.  So rows and redirects are never older than the two numbers `landed` and `settled`, and that is why tables are only
-- read through a view.  Lists come with one array a field, so that a query reads no field that it does not need.
CREATE VIEW IF NOT EXISTS journeys_newest
AS SELECT
    * EXCEPT (stages, promises, facts),
    stages.name, stages.entry, stages.started_at, stages.ended_at, stages.duration_s, stages.working_s, stages.started_by,
    stages.ended_by,
    promises.name, promises.occurrence, promises.state, promises.made_at, promises.first_due_at, promises.due_at,
    promises.settled_at, promises.margin_s, promises.revisions, promises.made_by, promises.settled_by,
    facts.name, facts.value
FROM journeys FINAL
COMMENT 'The newest row of every journey.';

CREATE VIEW IF NOT EXISTS breakages_newest
AS SELECT
    * EXCEPT (evidence, facts),
    evidence.source, evidence.event_id, evidence.occurred_at, evidence.action, evidence.role
FROM breakages FINAL
COMMENT 'The newest row of every breakage.';

CREATE VIEW IF NOT EXISTS hour_entries_newest
AS SELECT * FROM hour_entries FINAL
COMMENT 'The newest row of every entry.';

CREATE VIEW IF NOT EXISTS redirects_newest
AS SELECT number, own_id, person_id FROM redirects
COMMENT 'Redirects as they stand when they are read.';

CREATE VIEW IF NOT EXISTS redirects_landed
AS SELECT max(number) AS number FROM redirects
COMMENT 'The highest redirect number that has landed; 0 for none.';

-- A clock of a partition says that every row which had to go because of a redirect up to its number had gone before it.  Where a
-- partition has not spoken yet the number is 0, and all redirects are looked at.
CREATE VIEW IF NOT EXISTS redirects_settled
AS WITH newest AS
(
    SELECT topic, partition, max(redirects) AS number, max(partitions) AS expected
    FROM clocks FINAL
    WHERE topic IN ('journeys', 'breakages')
    GROUP BY topic, partition
),
spoken AS
(
    SELECT topic, min(number) AS number, count() >= max(expected) AS complete FROM newest GROUP BY topic
)
SELECT if(count() = 2 AND min(complete), min(number), 0) AS number FROM spoken
COMMENT 'Rows that had to go because of a redirect up to this number are known to have gone.';

CREATE VIEW IF NOT EXISTS journeys_visible
AS WITH
    (SELECT number FROM redirects_landed) AS landed,
    (SELECT number FROM redirects_settled) AS settled
SELECT *
FROM journeys_newest
WHERE state != 'moved'
    AND redirects <= landed
    AND (address_id NOT IN (SELECT own_id FROM redirects_newest WHERE number > settled)
        OR (address_id, person_id) IN
        (
            SELECT own_id, argMax(person_id, number) FROM redirects_newest WHERE number > settled GROUP BY own_id
        ))
    AND person_id NOT IN
    (
        SELECT own_id FROM redirects_newest WHERE number > settled
        GROUP BY own_id HAVING argMax(person_id, number) != own_id
    )
COMMENT 'Journeys as readers see them: none twice.';

CREATE VIEW IF NOT EXISTS breakages_visible
AS WITH
    (SELECT number FROM redirects_landed) AS landed,
    (SELECT number FROM redirects_settled) AS settled
SELECT *
FROM breakages_newest
WHERE state != 'moved'
    AND redirects <= landed
    AND (address_id NOT IN (SELECT own_id FROM redirects_newest WHERE number > settled)
        OR (address_id, person_id) IN
        (
            SELECT own_id, argMax(person_id, number) FROM redirects_newest WHERE number > settled GROUP BY own_id
        ))
    AND person_id NOT IN
    (
        SELECT own_id FROM redirects_newest WHERE number > settled
        GROUP BY own_id HAVING argMax(person_id, number) != own_id
    )
COMMENT 'Breakages as readers see them: none twice.';

CREATE VIEW IF NOT EXISTS hour_entries_visible
AS WITH
    (SELECT number FROM redirects_landed) AS landed,
    (SELECT number FROM redirects_settled) AS settled
SELECT *
FROM hour_entries_newest
WHERE NOT gone
    AND redirects <= landed
    AND (address_id NOT IN (SELECT own_id FROM redirects_newest WHERE number > settled)
        OR (address_id, person_id) IN
        (
            SELECT own_id, argMax(person_id, number) FROM redirects_newest WHERE number > settled GROUP BY own_id
        ))
    AND person_id NOT IN
    (
        SELECT own_id FROM redirects_newest WHERE number > settled
        GROUP BY own_id HAVING argMax(person_id, number) != own_id
    )
COMMENT 'Entries as readers see them: none twice.';
