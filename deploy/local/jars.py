"""The broker's jars: pinned by checksum in `jars.lock`, fetched with Python alone.

python -m deploy.local.jars DIRECTORY     fetch what is missing or damaged
python -m deploy.local.jars --relock      write jars.lock anew from the repository
"""

import argparse
import errno
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalStackError, writing
from deploy.local.maven import Interrupted, Repository, repository

LOCK = Path(__file__).with_name("jars.lock")
PAUSES_S = (0.5, 1.0)  # between attempts at one jar
PARALLEL = 4
Progress = Callable[[int], object]


@dataclass(frozen=True)
class Jar:
    """One line of jars.lock: `sha256 size_bytes group:artifact:version`."""

    sha256: str
    size_bytes: int
    coordinate: str

    @property
    def file(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    @property
    def path(self) -> str:
        group, artifact, version = self.coordinate.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.file}"

    def intact(self, directory: Path) -> bool:
        try:
            with open(directory / self.file, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except FileNotFoundError:
            return False


def locked(lock: Path = LOCK) -> list[Jar]:
    rows = (line.split() for line in lock.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return [Jar(sha256, int(size), coordinate) for sha256, size, coordinate in rows]


def install(directory: Path, *, lock: Path = LOCK, settings: Path | None = None) -> list[Path]:
    """The broker's classpath: the jars of `lock` in `directory`, fetched unless they are there and intact.

    `settings` is Maven's settings.xml.  Raises LocalStackError when a jar cannot be had as it is pinned; no jar is ever
    half-written.
    """
    jars = locked(lock)
    with writing(directory):
        if missing := [jar for jar in jars if not jar.intact(directory)]:
            _fetch_all(missing, directory, repository(settings))
    return [directory / jar.file for jar in jars]


def _fetch_all(jars: list[Jar], directory: Path, source: Repository) -> None:
    size_bytes = sum(jar.size_bytes for jar in jars)
    with writing(directory, size_bytes):
        directory.mkdir(parents=True, exist_ok=True)
        for stale in directory.glob("*.jsa*"):  # class archives of other jars
            stale.unlink(missing_ok=True)
        if shutil.disk_usage(directory).free < size_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        _fetch_with_progress(jars, directory, source, size_bytes)


def _fetch_with_progress(jars: list[Jar], directory: Path, source: Repository, size_bytes: int) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    console.print(f"fetching {len(jars)} jars of Apache Kafka from {source.url}", highlight=False)
    with Bar(TextColumn("jars"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=console) as bar:
        task = bar.add_task("jars", total=size_bytes)
        pool = ThreadPoolExecutor(PARALLEL)
        try:
            list(pool.map(lambda jar: _fetch(jar, directory, source, lambda n: bar.advance(task, n)), jars))
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch(jar: Jar, directory: Path, source: Repository, progress: Progress) -> None:
    """One jar, tried again when the connection breaks."""
    for pause_s in (*PAUSES_S, None):
        try:
            _fetch_once(jar, directory, source, progress)
            return
        except Interrupted as error:
            if pause_s is None:
                raise LocalStackError(
                    f"{source.url} cannot be reached ({error}): check the network and the https_proxy variable, "
                    f"or name a mirror in Maven's settings.xml"
                ) from error
            time.sleep(pause_s)


def _fetch_once(jar: Jar, directory: Path, source: Repository, progress: Progress) -> None:
    part = directory / f".{jar.file}.{os.getpid()}"
    digest, received_bytes = hashlib.sha256(), 0
    try:
        with open(part, "wb") as file:
            for chunk in source.read(jar.path):
                file.write(chunk)
                digest.update(chunk)
                received_bytes += len(chunk)
                progress(len(chunk))
        if received_bytes < jar.size_bytes:
            raise Interrupted(f"the connection ended after {received_bytes} of {jar.size_bytes} bytes of {jar.file}")
        if digest.hexdigest() != jar.sha256:
            raise LocalStackError(
                f"{source.url}/{jar.path} has the checksum {digest.hexdigest()} instead of the pinned {jar.sha256}: "
                f"it was changed on the way, so use another mirror or network; nothing of it was kept"
            )
        os.replace(part, directory / jar.file)
    except BaseException:
        progress(-received_bytes)
        part.unlink(missing_ok=True)
        raise


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.jars", description="Fetch the broker's jars.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("directory", nargs="?", type=Path, help="where the jars go")
    what.add_argument("--relock", action="store_true", help="write jars.lock anew")
    options = parser.parse_args()
    try:
        if options.relock:
            from deploy.local.relock import relock

            relock(LOCK)
        else:
            install(options.directory)
    except LocalStackError as error:
        print(error, file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
