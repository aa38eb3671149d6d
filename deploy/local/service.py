"""What the broker and the database have in common: how a service of the stack comes and goes."""

import errno
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from deploy.local.daemon import Daemon
from deploy.local.errors import LocalStackError, writing
from deploy.local.ports import free_ports, require_free

READY_S = 120  # generous: after a crash a broker reads its logs first
STOP_S = 30
ROOM_BYTES = 256 << 20  # a full disk later on ends a service in the middle of its work


class Service(ABC):
    """A server in a process of its own, which keeps everything under `home` and survives a crash of its own.

    `ports`: the setting that chose each port, and the port; 0 means a free one, chosen once.  With `tethered` the
    process ends when the one that launched it does.  Methods raise LocalStackError, with one sentence that says what to do.
    """

    def __init__(self, name: str, home: Path, marker: Path, ports: Mapping[str, int], *, tethered: bool) -> None:
        free = iter(free_ports(len(ports)))
        self.ports = {setting: port or next(free) for setting, port in ports.items()}
        self.home = home
        self.daemon = Daemon(name, home, str(marker), tethered=tethered)

    @abstractmethod
    def prepare(self) -> None:
        """All that a launch needs."""

    @abstractmethod
    def launch(self) -> None:
        """Start the process, without waiting for it."""

    @abstractmethod
    def serves(self) -> bool:
        """Whether a client is answered, by this very service."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Prepare, launch, and return once it serves; otherwise nothing is left running."""
        self.check()
        try:
            self.make_home()
            self.prepare()
            self.launch()
            self.await_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def check(self) -> None:
        """That it does not run yet, and that its ports are free."""
        if (pid := self.daemon.pid()) is not None:
            raise LocalStackError(f"the {self.daemon.name} of {self.home} runs already, as process {pid}: stop it first")
        for setting, port in self.ports.items():
            require_free(port, setting)

    def make_home(self) -> None:
        with writing(self.home, ROOM_BYTES):
            self.home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.home.mkdir(exist_ok=True)
            if shutil.disk_usage(self.home).free < ROOM_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def await_ready(self) -> None:
        self.daemon.await_ready(self.serves, READY_S)

    def stop(self) -> bool:
        """Graceful; SIGKILL when that takes too long, which loses nothing that was acknowledged.  Whether it was graceful."""
        return self.daemon.stop(STOP_S)

    def kill(self) -> None:
        """SIGKILL, as a crash would; the next start finds everything that was acknowledged."""
        self.daemon.kill()
