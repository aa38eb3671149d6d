"""Five questions that a service organisation asks, as SQL over the views, to be answered now."""

from typing import NamedTuple


class Question(NamedTuple):
    asked: str
    sql: str


QUESTIONS = (
    Question(
        "Which promises and answers are we missing, and how often did it recover?",
        "SELECT definition, rule, count() AS broken, countIf(state = 'recovered') AS recovered\n"
        "FROM v_breakages GROUP BY definition, rule ORDER BY broken DESC LIMIT 8",
    ),
    Question(
        "How long does it take to close a case: half of them, and the slowest tenth?",
        "SELECT round(quantileExactInclusive(0.5)(duration_s) / 3600, 1) AS half_h,\n"
        "  round(quantileExactInclusive(0.9)(duration_s) / 3600, 1) AS slowest_tenth_h, count() AS closed\n"
        "FROM v_stages WHERE definition = 'service_case' AND stage = 'whole' AND duration_s IS NOT NULL",
    ),
    Question(
        "Who is waiting right now, and for how long?",
        "SELECT definition, rule, count() AS waiting, max(dateDiff('minute', broken_at, now())) AS longest_min\n"
        "FROM v_breakages WHERE state = 'open' GROUP BY definition, rule ORDER BY waiting DESC LIMIT 8",
    ),
    Question(
        "In which channel do journeys break?",
        "SELECT channel, uniqExact(journey_id) AS journeys_broken\n"
        "FROM v_breakages GROUP BY channel ORDER BY journeys_broken DESC LIMIT 8",
    ),
    Question(
        "Whom did we disappoint more than once?",
        "SELECT person_id, uniqExact(journey_id) AS journeys, count() AS breakages\n"
        "FROM v_breakages GROUP BY person_id HAVING journeys > 1 ORDER BY breakages DESC LIMIT 5",
    ),
)
