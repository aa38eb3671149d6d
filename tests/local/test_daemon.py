"""A process of the stack is launched, found, stopped and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.daemon import Daemon, find, python_environment
from deploy.local.errors import LocalStackError

MARKER = "throughline-test-daemon"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon("sleeper", tmp_path, MARKER, tethered=True)
    yield one
    one.kill()


def begin(daemon: Daemon, program: str) -> None:
    """Runs a Python program, which may end at once."""
    daemon.launch([sys.executable, "-c", f"{program}  # {MARKER}"], os.environ, {"a": 1})


def launch(daemon: Daemon, program: str) -> int:
    """Runs a Python program that stays; returns its pid."""
    begin(daemon, program)
    pid = daemon.pid()
    assert pid is not None
    return pid


SLEEP = "print('ready', flush=True); import time; time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


def await_word(daemon: Daemon) -> None:
    daemon.await_ready(lambda: "ready" in daemon.log.read_text(), 10)


def test_another_object_finds_the_process_and_its_ports(daemon: Daemon, tmp_path: Path) -> None:
    pid = launch(daemon, SLEEP)
    other = Daemon("sleeper", tmp_path, MARKER, tethered=False)
    assert (other.pid(), other.ports()) == (pid, {"a": 1})


def test_stop_is_graceful_and_leaves_no_pid_file(daemon: Daemon, tmp_path: Path) -> None:
    pid = launch(daemon, SLEEP)
    await_word(daemon)
    assert daemon.stop(10) is True
    assert not psutil.pid_exists(pid)
    assert [file.name for file in tmp_path.iterdir()] == ["sleeper.log"]


def test_what_ignores_sigterm_is_killed_after_the_deadline(daemon: Daemon) -> None:
    launch(daemon, STUBBORN)
    await_word(daemon)
    started = time.monotonic()
    assert daemon.stop(0.3) is False
    assert 0.3 <= time.monotonic() - started < 5
    assert daemon.pid() is None


def test_a_process_that_ends_while_it_starts_is_told_with_its_root_cause(daemon: Daemon) -> None:
    said = r"print('INFO fine\nERROR cannot serve\nCaused by: wrapper\nCaused by: the disk is on fire\nINFO bye')"
    begin(daemon, said)
    with pytest.raises(LocalStackError, match=r"sleeper ended while it started \(the disk is on fire\); its log is"):
        daemon.await_ready(lambda: False, 10)


def test_the_last_words_are_those_of_this_run(daemon: Daemon) -> None:
    begin(daemon, "print('ERROR of yesterday')")
    with pytest.raises(LocalStackError, match="yesterday"):
        daemon.await_ready(lambda: False, 10)
    begin(daemon, "print('today')")
    with pytest.raises(LocalStackError, match=r"\(today\)"):
        daemon.await_ready(lambda: False, 10)


def test_a_process_that_never_gets_ready_is_ended(daemon: Daemon) -> None:
    pid = launch(daemon, STUBBORN)
    with pytest.raises(LocalStackError, match="was not ready within 0 s"):
        daemon.await_ready(lambda: False, 0.2)
    assert not psutil.pid_exists(pid)


def test_a_pid_file_that_names_a_stranger_finds_nothing(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "sleeper.pid").write_text(f'{{"pid": {os.getpid()}}}')
    assert daemon.pid() is None
    assert daemon.stop(10) is True


def test_a_process_that_has_no_command_line_yet_is_not_taken_for_ended(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    launch(daemon, SLEEP)
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _: [])
    assert daemon.pid() is not None


def test_a_second_launch_leaves_nothing_of_the_first(daemon: Daemon, tmp_path: Path) -> None:
    """Also when another command ended the first."""
    before = psutil.Process().children()
    first = launch(daemon, SLEEP)
    await_word(daemon)
    Daemon("sleeper", tmp_path, MARKER, tethered=False).stop(10)
    assert launch(daemon, SLEEP) != first
    assert len(psutil.Process().children()) == len(before) + 2  # the process and its tether


def test_a_log_that_grew_large_is_put_aside(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.daemon.LOG_LIMIT_BYTES", 10)
    (tmp_path / "sleeper.log").write_text("x" * 11)
    launch(daemon, SLEEP)
    await_word(daemon)
    assert (tmp_path / "sleeper.log.1").read_text() == "x" * 11


def test_a_tethered_process_ends_with_its_launcher_even_if_that_is_killed(tmp_path: Path) -> None:
    """And although the thread that launched it ended long before."""
    program = (
        "import os, sys, threading, time; from pathlib import Path; from deploy.local.daemon import Daemon\n"
        f"daemon = Daemon('sleeper', Path(sys.argv[1]), {MARKER!r}, tethered=True)\n"
        f"command = [sys.executable, '-c', {SLEEP + '  # ' + MARKER!r}]\n"
        "thread = threading.Thread(target=daemon.launch, args=(command, os.environ, {})); thread.start(); thread.join()\n"
        "print(daemon.pid(), flush=True); time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=python_environment()) as launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        time.sleep(0.5)
        assert find(pid, MARKER)
        launcher.send_signal(signal.SIGKILL)
    until = time.monotonic() + 30
    while find(pid, MARKER):
        assert time.monotonic() < until, "it outlived its launcher"
        time.sleep(0.05)
