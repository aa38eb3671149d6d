"""Logs are JSON lines in which nothing of a record stands, also when an agent stumbles over it."""

import json
import subprocess
import sys
from typing import Any

import pytest
from kafka import KafkaProducer

from schemas.codec import FRAME
from streams.definitions import SHIPPED, load_bundle
from streams.topology import BREAKAGES, LINKS, LOG, STATE
from tests.fixtures.pipeline import Pipelines

QUOTED = "maria@example.com"
PREAMBLE = f"""
import asyncio, gc, logging, threading
from streams.logs import configure
configure("info", "land")
import structlog
from streams.fault import fault
log, secret = structlog.get_logger("throughline"), {QUOTED!r}
def stumble():
    int(secret)
"""
GROUP = "try: raise ExceptionGroup(secret, [ValueError(secret)])\nexcept ExceptionGroup as error: "
LATER = "async def main():\n {}; await asyncio.sleep(0.1); gc.collect()\nasyncio.run(main())"
STUMBLING = {
    "a fault": "try: stumble()\nexcept ValueError as error: fault('cannot land', error)",
    "a chain with notes": (
        "try:\n try: stumble()\n except ValueError as error: error.add_note(secret); raise KeyError(secret) from error\n"
        "except KeyError as error: log.error('x', exc_info=error)"
    ),
    "a group": GROUP + "log.error('x', exc_info=error)",
    "a library's line": "logging.getLogger('faust.agent').error('crashed %r %s', ValueError(secret), secret)",
    "a library's traceback": "try: stumble()\nexcept ValueError: logging.getLogger('mode').exception('crashed')",
    "a broker client's line": "logging.getLogger('aiokafka.conn').error('no connection: %s', ValueError(secret))",
    "a task that nobody awaits": LATER.format("asyncio.create_task(asyncio.to_thread(stumble))"),
    "a callback": LATER.format("asyncio.get_running_loop().call_soon(int, secret)"),
    "a thread": "thread = threading.Thread(target=stumble); thread.start(); thread.join()",
    "the end of the program": "stumble()",
}


def lines(text: str) -> list[dict[str, Any]]:
    """Raises ValueError unless every line is an object of JSON."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("what", STUMBLING)
def test_what_an_exception_quotes_is_not_logged(what: str) -> None:
    done = subprocess.run([sys.executable, "-c", PREAMBLE + STUMBLING[what]], capture_output=True, text=True)
    logged = lines(done.stderr)
    assert logged
    assert all(line["agent"] == "land" and line["timestamp"] and line["level"] in {"error", "critical"} for line in logged)
    assert QUOTED not in done.stderr + done.stdout


def test_classes_and_places_of_a_chain_are_logged() -> None:
    done = subprocess.run([sys.executable, "-c", PREAMBLE + STUMBLING["a chain with notes"]], capture_output=True, text=True)
    ((outer, cause),) = (line["exception"] for line in lines(done.stderr))
    assert (outer["error"], cause["error"]) == ("KeyError", "ValueError")
    assert cause["frames"][-1].endswith(" stumble")


def test_the_text_of_our_own_exceptions_is_logged_since_it_says_what_to_do() -> None:
    script = PREAMBLE + "from streams.transport import PositionLost\nfault('cannot', PositionLost('rebuild the state'))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert [line["detail"] for line in lines(done.stderr)] == ["rebuild the state"]


@pytest.mark.parametrize(("agent", "topic"), [("identity", LINKS), ("stitch", LOG), ("stitch", STATE), ("land", BREAKAGES)])
def test_an_agent_that_stumbles_over_a_record_says_where_and_not_what(pipelines: Pipelines, agent: str, topic: str) -> None:
    """It ends with exit code 1 before anything is committed, and names topic, partition and offset."""
    pipeline = pipelines(load_bundle([SHIPPED]))
    poison = FRAME.pack(0, 1) + QUOTED.encode() * 9 if topic == BREAKAGES else b"\xd9\x99" + QUOTED.encode() * 9
    producer = KafkaProducer(bootstrap_servers=pipeline.settings.kafka_bootstrap)
    producer.send(pipeline.settings.topic(topic), poison, key=b"p", partition=0).get(30)
    producer.close()
    worker = pipeline.start("agent", agent)
    assert worker.ended() == 1
    logged = lines(worker.log.read_text())
    (fault,) = (line for line in logged if line["event"] == "fault")
    assert fault["level"] == "critical"
    assert fault["exception"][0]["frames"]
    if topic != STATE:
        assert f"{pipeline.settings.topic(topic)} 0 from offset " in fault["what"]
    assert QUOTED not in worker.log.read_text()
