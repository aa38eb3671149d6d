"""An Apache Kafka broker of one node in a process of its own."""

import base64
import hashlib
import os
import shutil
import subprocess
import uuid
from pathlib import Path

from deploy.local import archive, jars
from deploy.local.errors import LocalStackError, writing
from deploy.local.java import Java, find_java
from deploy.local.ports import LOOPBACK
from deploy.local.properties import cluster_id, server_properties
from deploy.local.service import Service

_LOGGING = Path(__file__).with_name("log4j2.properties")
# The serial collector and the first compiler alone: half the memory, a faster start, and far more than one machine's load.
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+PerfDisableSharedMem", "-Djava.awt.headless=true")


class Broker(Service):
    """A broker of one node; its jars are kept in `jars_dir` (default: `data_dir`/jars)."""

    _java: Java
    _classpath: list[Path]

    def __init__(
        self, data_dir: Path, port: int = 0, controller_port: int = 0, *,
        jars_dir: Path | None = None, heap_mib: int = 256, tethered: bool = False, proxied: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        """`proxied`: see `server_properties`."""
        home = data_dir.resolve() / "kafka"
        self._properties = home / "server.properties"
        ports = {"local_broker_port": port, "local_controller_port": controller_port}
        super().__init__("broker", home, self._properties, ports, tethered=tethered)
        self.port = self.ports["local_broker_port"]
        self._data = home / "data"
        self._scratch = home / "tmp"
        self._jars_dir = (jars_dir or data_dir / "jars").resolve()
        self._heap_mib = heap_mib
        self._proxied = proxied
        self._trainee = hashlib.sha256(str(home).encode()).hexdigest()[:8]

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        """A Java, the jars, and a formatted log."""
        for path in (self.home, self._jars_dir):
            if "," in str(path) or os.pathsep in str(path):
                raise LocalStackError(
                    f"{path}: Kafka takes a comma and Java a {os.pathsep!r} for the end of a path, so choose another data_dir"
                )
        self._java = find_java()
        self._classpath = jars.install(self._jars_dir)
        archive.discard(self._jars_dir, self._trainee)
        with writing(self.home):
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch.mkdir()
            if cluster_id(self._data) is None:
                self._format()
            self._write(self._properties, self._data)

    def launch(self) -> None:
        options = [f"-Xms{self._heap_mib // 4}m", f"-Xmx{self._heap_mib}m", "-XX:+ExitOnOutOfMemoryError"]
        options += archive.using(self._java, self._classpath, self._trainee)
        self.daemon.launch([*self._command(options), "kafka.Kafka", self._properties], os.environ, self.ports)

    def serves(self) -> bool:
        from deploy.local.handshake import serving_cluster  # imports Kafka's client, slowly: by now the broker is booting

        found = serving_cluster(self.port)
        if found is not None and found != cluster_id(self._data):
            raise LocalStackError(f"another broker answers on port {self.port}: stop it, or set local_broker_port to another port")
        return found is not None

    def stop(self) -> bool:
        ran = self.daemon.pid() is not None
        graceful = super().stop()
        (archive.adopt if ran and graceful else archive.discard)(self._jars_dir, self._trainee)
        return graceful

    def kill(self) -> None:
        super().kill()
        archive.discard(self._jars_dir, self._trainee)

    def _command(self, options: list[str]) -> list[str | Path]:
        return [
            self._java.path, *_JVM, *archive.QUIET, f"-Djava.io.tmpdir={self._scratch}",
            f"-XX:ErrorFile={self.home}/crash_%p.log", f"-Dlog4j2.configurationFile={_LOGGING}", *options,
            "-cp", os.pathsep.join(map(str, self._classpath)),
        ]  # fmt: skip

    def _format(self) -> None:
        """A new, empty log with an id of its own; it gets its place in one step, so it is whole or not there."""
        fresh, properties = self.home / "data.new", self.home / "format.properties"
        shutil.rmtree(fresh, ignore_errors=True)
        self._write(properties, fresh)
        command = self._command(archive.reading(self._java, self._classpath))
        command += ["kafka.tools.StorageTool", "format", f"--cluster-id={_new_cluster_id()}", "--config", properties]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            why = said[-1] if said else f"exit {done.returncode}"
            raise LocalStackError(f"{fresh} cannot be formatted ({why}): check space and permissions")
        os.replace(fresh, self._data)

    def _write(self, properties: Path, data: Path) -> None:
        text = server_properties(data, self.port, self.ports["local_controller_port"], self._proxied)
        properties.write_text(text, encoding="ascii")


def _new_cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
