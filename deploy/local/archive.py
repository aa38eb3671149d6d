"""The broker's class archive: Java classes as the JVM keeps them in memory, which halves the time that a start takes.

The first broker that ends in good order leaves an archive beside the jars; later starts map it.  Archives are named by
what they were made from, and the JVM itself refuses one that does not fit, so at worst a start is slower.
"""

import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.local.java import Java

QUIET = ("-Xlog:disable", "-Xlog:all=error:stderr")  # the JVM names every class that an archive cannot hold


def reading(java: Java, classpath: Sequence[Path]) -> list[str]:
    """JVM options that use the archive, none if there is none yet."""
    archive = _archive(java, classpath)
    return [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []


def using(java: Java, classpath: Sequence[Path], trainee: str) -> list[str]:
    """JVM options that use the archive, or, if there is none yet, let this JVM write one when it ends.

    `trainee` tells apart the JVMs that write at the same time; `adopt` or `discard` with it once the JVM has ended.
    """
    archive = _archive(java, classpath)
    if archive.exists():
        return [f"-XX:SharedArchiveFile={archive}"]
    if (java.path.parent.parent / "lib/server/classes.jsa").exists():
        return [f"-XX:ArchiveClassesAtExit={archive}.{trainee}"]
    base = _base(java, archive.parent)
    return [f"-XX:SharedArchiveFile={base}", f"-XX:ArchiveClassesAtExit={archive}.{trainee}"] if base else []


def adopt(directory: Path, trainee: str) -> None:
    for written in directory.glob(f"broker-*.jsa.{trainee}"):
        os.replace(written, written.with_suffix(""))


def discard(directory: Path, trainee: str) -> None:
    for written in directory.glob(f"broker-*.jsa.{trainee}"):
        written.unlink(missing_ok=True)


def _archive(java: Java, classpath: Sequence[Path]) -> Path:
    """The JVM compares paths, sizes and times of the jars; so does the name."""
    stats = [(str(jar), jar.stat().st_size, jar.stat().st_mtime_ns) for jar in classpath]
    key = hashlib.sha256(repr((java, stats)).encode()).hexdigest()[:16]
    return classpath[0].parent / f"broker-{key}.jsa"


def _base(java: Java, directory: Path) -> Path | None:
    """An archive of the JVM's own classes, on which the broker's rests, for a runtime that ships without one."""
    base = directory / f"java-{hashlib.sha256(repr(java).encode()).hexdigest()[:16]}.jsa"
    if not base.exists():
        part = base.with_suffix(f".jsa.{os.getpid()}")
        dump = [str(java.path), "-Xshare:dump", "-XX:+UseSerialGC", f"-XX:SharedArchiveFile={part}"]
        if subprocess.run(dump, capture_output=True).returncode != 0:
            return None
        os.replace(part, base)
    return base
