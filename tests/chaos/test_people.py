"""A crowd through everything, workers killed and the state of identity lost on the way: persons and journeys as they were drawn."""

import json
import time

from streams import topics
from streams.core.touchpoint import hash_id
from streams.core.verdict import Clock
from streams.definitions import SHIPPED, load_bundle
from streams.topology import AGENTS, IDENTITY_STATE
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.crowd import END_MS, Crowd, crowd, record
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.views import doubles

PEOPLE = 2_000
PARTS = 3  # of what was seen, in the order of its arrival
IDENTIFIERS = "SELECT identifier_type, identifier_value, person_id FROM v_identifiers"
PERSONS = "SELECT count(), sum(identifiers), sum(objects) FROM v_persons"
REBUILT = "SELECT count() > 0 FROM v_merges WHERE first_number >= bitShiftLeft(toUInt64(1), 40)"  # of a later epoch


def _id(key: str) -> str:
    kind, _, value = key.partition(":")
    return hash_id(kind, value)


def assert_people(pipeline: Pipeline, drawn: Crowd) -> None:
    """Whoever was seen with another identifier is a row of v_identifiers; nobody is missing from v_persons."""
    roots = drawn.roots()
    found = {f"{kind}:{value}": person for kind, value, person in pipeline.query(IDENTIFIERS)}
    assert found == {key: _id(root) for key, root in roots.items()}
    strangers = len(drawn.shared)
    persons = sum(map(len, drawn.people)) + strangers
    assert pipeline.query(PERSONS) == [(len(drawn.people) + strangers, persons, len(drawn.owner))]
    wrong = pipeline.query("SELECT count() FROM v_links WHERE state = 'unlinked' AND person_id != weaker_person_id")
    assert wrong == [(drawn.wrong,)]


def lose(pipeline: Pipeline) -> None:
    """The topic identity.state is made anew, with nothing in it."""
    settings = pipeline.settings
    before = topics.topic_ids(settings)[IDENTITY_STATE]
    with topics.admin(settings) as admin:
        admin.delete_topics([settings.topic(IDENTITY_STATE)])
    until = time.monotonic() + PATIENCE_S
    topics.apply(settings)
    while topics.topic_ids(settings)[IDENTITY_STATE] == before:
        assert time.monotonic() < until
        time.sleep(0.2)
        topics.apply(settings)


def test_a_crowd_is_who_was_drawn_after_kills_and_the_loss_of_identity(pipelines: Pipelines) -> None:
    """SIGKILL of identity and stitch while they work; then identity's state is gone, and much is unlinked before it is rebuilt."""
    bundle, drawn = load_bundle([SHIPPED]), crowd(11, PEOPLE)
    pipeline = pipelines(bundle, session_timeout_s=6.0)
    agents = {agent.name: pipeline.start("agent", agent.name) for agent in AGENTS}
    size = -(-len(drawn.seen) // PARTS)
    first, second, third = (drawn.seen[at : at + size] for at in range(0, len(drawn.seen), size))
    pipeline.send(map(record, first))
    pipeline.say(first[-1].arrives_ms)
    pipeline.eventually("SELECT count() > 100 FROM v_merges", [(1,)])
    for name in ("identity", "stitch"):
        agents[name].kill()
        agents[name] = pipeline.start("agent", name)
    pipeline.send(map(record, second))
    pipeline.settle(second[-1].arrives_ms)
    agents["identity"].terminate()
    lose(pipeline)
    pipeline.send(map(record, third))
    agents["identity"] = pipeline.start("agent", "identity")
    pipeline.settle(END_MS, final=True, timeout_s=2 * PATIENCE_S)
    assert pipeline.query(REBUILT) == [(1,)]
    assert_people(pipeline, drawn)
    expected = batch(bundle, map(record, drawn.seen), Clock(END_MS, END_MS), drawn.roots())
    assert_shown(pipeline.client, pipeline.settings.database, expected)
    assert doubles(pipeline.client) == []
    told = json.loads(pipeline.command("verify", "--json"))
    assert (told["differences"], told["settled"]) == (0, True)
