"""Processes that together get no more than a share of a core, as a container does: by the cpu controller of Linux' cgroups.

The kernel counts what all of them use in each period of 100 ms, on whatever core, and lets them wait for the next one when it is
too much.  Stopping and continuing them by signals would limit when they run and not how much: four agents on two cores would get
twice what one gets.  It needs a cgroup in which one may make another, as root has it: of version 1, or of version 2 if `cpu` is
handed down to its children.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

PERIOD_US = 100_000
_numbers = count(1)


class CannotLimit(Exception):
    """Nobody lets us limit processes here; the text says why."""


@contextmanager
def limited(pids: Iterable[int], cores: float) -> Iterator[None]:
    """While inside, they and what they start get so many cores, all together.  Raises CannotLimit."""
    above = parent()
    group = above / f"throughline-bench-{os.getpid()}-{next(_numbers)}"
    try:
        group.mkdir()
    except OSError as error:
        raise CannotLimit(f"no cgroup can be made in {above}: {error}") from None
    try:
        _set(group, cores)
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        _dissolve(group, above)


def parent(mounts: Path = Path("/proc/self/mounts"), own: Path = Path("/proc/self/cgroup")) -> Path:
    """The cgroup of this process under the cpu controller.  Raises CannotLimit."""
    if not mounts.is_file():
        raise CannotLimit("there are no cgroups here")
    for line in mounts.read_text(encoding="utf-8").splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup" and "cpu" in options.split(","):
            return _below(Path(point), own, "cpu")
        if kind == "cgroup2" and "cpu" in _handed_down(found := _below(Path(point), own, "")):
            return found
    raise CannotLimit("no cgroup here hands the cpu controller down")


def _below(point: Path, own: Path, controller: str) -> Path:
    """Where this process is below a mount, which in a container may be its own cgroup."""
    lines = (line.split(":", 2) for line in own.read_text(encoding="utf-8").splitlines())
    path = next((path for _, names, path in lines if controller in names.split(",")), "/")
    found = point / path.lstrip("/")
    return found if found.is_dir() else point


def _handed_down(group: Path) -> list[str]:
    told = group / "cgroup.subtree_control"
    return told.read_text(encoding="utf-8").split() if told.is_file() else []


def _set(group: Path, cores: float) -> None:
    quota_us = round(cores * PERIOD_US)
    try:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota_us))
    except OSError as error:
        raise CannotLimit(f"{group} takes no limit: {error}") from None


def _dissolve(group: Path, above: Path) -> None:
    """Whoever is in it goes back to where it was."""
    for pid in (group / "cgroup.procs").read_text(encoding="utf-8").split():
        try:
            (above / "cgroup.procs").write_text(pid)
        except ProcessLookupError:  # it has ended meanwhile
            continue
    group.rmdir()
