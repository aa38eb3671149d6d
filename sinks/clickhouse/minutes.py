"""Figures a minute, computed whole: one statement for a set of minutes, which reads the entries of these minutes and no others."""

from collections.abc import Sequence
from typing import Any

from sinks.clickhouse.asking import Asking

MOST = 10_000  # minutes in one statement: its text stays below the 256 KiB that a server takes

# A set made of a text is built a hundred times faster than one of a list of as many constants.
WANTED = """
WITH wanted AS
(
    SELECT fromUnixTimestamp64Milli(toInt64(arrayJoin(splitByChar(',', '{minutes}'))) * 60000, 'UTC') AS minute
)
"""
# `wanted` comes in twice: a minute in which nothing stands any more has no entry to count, and gets its empty row from there
COMPUTE = """
INSERT INTO journey_minutes (minute, figures, hidden, version)
{wanted}
SELECT
    minute,
    groupArrayIf((definition, region, channel, severity, seen_as, name, state, seen, timed, spent_ms), seen > 0) AS figures,
    sum(unseen) AS hidden, {version} AS version
FROM
(
    SELECT
        minute, toString(definition) AS definition, toString(region) AS region, toString(channel) AS channel,
        toString(severity) AS severity, if(state = 'withdrawn', 'withdrawn', toString(kind)) AS seen_as, toString(name) AS name,
        toString(state) AS state, countIf(visible) AS seen, countIf(visible AND duration_ms IS NOT NULL) AS timed,
        ifNull(sumIf(duration_ms, visible), 0) AS spent_ms, countIf(NOT visible) AS unseen
    FROM minute_entries_judged
    WHERE minute IN (SELECT minute FROM wanted)
    GROUP BY minute, definition, region, channel, severity, seen_as, name, state
    UNION ALL
    SELECT minute, '', '', '', '', '', '', '', 0, 0, 0, 0 FROM wanted
)
GROUP BY minute
"""
HIDDEN = """
{wanted}
SELECT intDiv(toUnixTimestamp64Milli(minute), 60000)
FROM journey_minutes FINAL
WHERE minute IN (SELECT minute FROM wanted) AND hidden > 0
"""
KNOWN = """
SELECT DISTINCT intDiv(toUnixTimestamp64Milli(minute), 60000) AS number
FROM (SELECT minute FROM minute_entries UNION ALL SELECT minute FROM journey_minutes)
WHERE number BETWEEN {since} AND {until}
ORDER BY number
"""
FILLER = "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = '{name}'"
FILLERS = ("journeys_to_minute_entries", "breakages_to_minute_entries")


class ClickHouseMinutes(Asking):
    """See the contract."""

    waits = "computes no minutes"

    def newest(self) -> int:
        """The highest version of any minute; 0 for none."""
        ((version,),) = self._execute("SELECT max(version) FROM journey_minutes")
        return int(version)

    def recompute(self, minutes: Sequence[int], version: int) -> list[int]:
        """See the contract."""
        again: list[int] = []
        ordered = sorted(minutes)
        for start in range(0, len(ordered), MOST):
            wanted = WANTED.format(minutes=",".join(map(str, ordered[start : start + MOST])))
            self._execute(COMPUTE.format(wanted=wanted, version=version))
            again += [minute for (minute,) in self._execute(HIDDEN.format(wanted=wanted))]
        return again

    def known(self, since: int, until: int) -> list[int]:
        """Minutes from `since` to `until`, both included, in which anything was ever counted."""
        return [minute for (minute,) in self._execute(KNOWN.format(since=since, until=until))]

    def refill(self) -> None:
        """Entries anew from all journeys and breakages: those that are there already are overwritten by themselves."""
        for filler in FILLERS:
            ((select,),) = self._execute(FILLER.format(name=filler))
            self._execute(f"INSERT INTO minute_entries {select}")

    def _execute(self, query: str) -> list[tuple[Any]]:
        return self.ask(lambda client: client.execute(query) or [])
