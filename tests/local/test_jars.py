"""The broker's jars: exactly what is pinned, or a sentence that says what to do."""

import base64
import hashlib
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.errors import LocalStackError
from deploy.local.jars import install, locked

CONTENT = {"org.example:one:1.0": b"one" * 100_000, "org.example.deep:two:2.1": b"two" * 50_000}
PATHS = {
    "/repo/org/example/one/1.0/one-1.0.jar": "org.example:one:1.0",
    "/repo/org/example/deep/two/2.1/two-2.1.jar": "org.example.deep:two:2.1",
}


class Mirror(ThreadingHTTPServer):
    """A Maven repository on the loopback; `breaks` counts answers that end half-way."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = dict(CONTENT)
        self.required: str | None = None
        self.breaks = 0
        self.asked: list[str] = []
        self.credentials: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.credentials.append(self.headers["Authorization"])
        if self.server.required and self.headers["Authorization"] != self.server.required:
            self.send_error(401)
            return
        content = self.server.content.get(PATHS.get(self.path, ""))
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.server.breaks:
            self.server.breaks -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with Mirror() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "jars.lock"
    lines = [f"{hashlib.sha256(content).hexdigest()} {len(content)} {name}\n" for name, content in CONTENT.items()]
    file.write_text("# a comment\n" + "".join(lines))
    return file


def settings(directory: Path, port: int, server: str = "") -> Path:
    file = directory / "settings.xml"
    url = f"http://127.0.0.1:{port}/repo"
    mirror = f"<mirror><id>m</id><mirrorOf>*</mirrorOf><url>{url}</url></mirror>"
    file.write_text(f"<settings><mirrors>{mirror}</mirrors><servers>{server}</servers></settings>")
    return file


def files(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()} if directory.exists() else set()


def test_jars_are_fetched_from_the_mirror_whole_and_in_the_order_of_the_lock(tmp_path: Path, mirror: Mirror, lock: Path) -> None:
    classpath = install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port))
    assert [path.read_bytes() for path in classpath] == list(CONTENT.values())
    assert files(tmp_path / "jars") == {"one-1.0.jar", "two-2.1.jar"}
    assert sorted(mirror.asked) == sorted(PATHS)


def test_what_is_there_is_not_fetched_again_but_what_is_damaged_is(tmp_path: Path, mirror: Mirror, lock: Path) -> None:
    maven = settings(tmp_path, mirror.server_port)
    one, two = install(tmp_path / "jars", lock=lock, settings=maven)
    mirror.asked.clear()
    install(tmp_path / "jars", lock=lock, settings=maven)
    assert mirror.asked == []
    one.write_bytes(one.read_bytes()[:-1])
    install(tmp_path / "jars", lock=lock, settings=maven)
    assert mirror.asked == ["/repo/org/example/one/1.0/one-1.0.jar"]
    assert one.read_bytes() == CONTENT["org.example:one:1.0"]
    assert two.exists()


def test_progress_goes_to_standard_error(tmp_path: Path, mirror: Mirror, lock: Path, capfd: pytest.CaptureFixture[str]) -> None:
    install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port))
    out, err = capfd.readouterr()
    assert out == ""
    assert "fetching 2 jars" in err


def test_a_jar_with_another_checksum_is_refused_and_not_kept(tmp_path: Path, mirror: Mirror, lock: Path) -> None:
    mirror.content["org.example:one:1.0"] = b"ONE" * 100_000
    with pytest.raises(LocalStackError, match=r"one-1\.0\.jar has the checksum \w{64} instead of the pinned \w{64}"):
        install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port))
    assert "one-1.0.jar" not in files(tmp_path / "jars")
    assert not any(name.startswith(".") for name in files(tmp_path / "jars"))


def test_user_and_password_reach_the_mirror_and_no_message(tmp_path: Path, mirror: Mirror, lock: Path) -> None:
    mirror.required = "Basic " + base64.b64encode(b"ann:secret").decode()
    account = "<server><id>m</id><username>ann</username><password>{}</password></server>"
    with pytest.raises(LocalStackError, match=r"answers 401 .*server entry") as refused:
        install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port, account.format("wrong-one")))
    assert "wrong-one" not in str(refused.value)
    install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port, account.format("secret")))
    assert files(tmp_path / "jars") == {"one-1.0.jar", "two-2.1.jar"}


def test_a_connection_that_breaks_is_tried_again(tmp_path: Path, mirror: Mirror, lock: Path) -> None:
    mirror.breaks = 1
    install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port))
    assert len(mirror.asked) == 3


def test_a_connection_that_stays_broken_is_a_sentence(
    tmp_path: Path, mirror: Mirror, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "PAUSES_S", (0.0, 0.0))
    mirror.breaks = 100
    with pytest.raises(LocalStackError, match=r"cannot be reached \(.*bytes.*\): check the network"):
        install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port))
    assert files(tmp_path / "jars") == set()


def test_no_network_is_a_sentence(tmp_path: Path, mirror: Mirror, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "PAUSES_S", (0.0, 0.0))
    maven = settings(tmp_path, mirror.server_port)
    mirror.shutdown()
    mirror.server_close()
    with pytest.raises(LocalStackError, match=r"cannot be reached \(.*refused.*\): check the network"):
        install(tmp_path / "jars", lock=lock, settings=maven)


def test_a_mirror_without_the_jar_is_a_sentence(tmp_path: Path, mirror: Mirror, lock: Path) -> None:
    del mirror.content["org.example.deep:two:2.1"]
    with pytest.raises(LocalStackError, match=r"answers 404 .*two-2\.1\.jar: use a mirror that carries it"):
        install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port))


def test_a_proxy_of_the_environment_is_used(tmp_path: Path, mirror: Mirror, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{mirror.server_port}")
    file = tmp_path / "settings.xml"
    file.write_text(
        "<settings><mirrors><mirror><mirrorOf>*</mirrorOf><url>http://maven.invalid/repo</url></mirror></mirrors></settings>"
    )
    with pytest.raises(LocalStackError, match="answers 404"):
        install(tmp_path / "jars", lock=lock, settings=file)
    assert mirror.asked[0].startswith("http://maven.invalid/repo/")


def test_a_full_disk_is_a_sentence(tmp_path: Path, mirror: Mirror, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1_000, 1_000, 0))
    with pytest.raises(LocalStackError, match=r"no space left for .*jars \(it needs 0 MB\): free some"):
        install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port))
    assert mirror.asked == []


def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path, mirror: Mirror, lock: Path) -> None:
    (tmp_path / "jars").write_text("a file")
    with pytest.raises(LocalStackError, match="cannot be written"):
        install(tmp_path / "jars", lock=lock, settings=settings(tmp_path, mirror.server_port))


def test_the_committed_lock_pins_each_jar_once_and_one_version_of_kafka() -> None:
    pinned = locked()
    assert len({jar.file for jar in pinned}) == len(pinned)
    kafka = {jar.coordinate.split(":")[2] for jar in pinned if jar.coordinate.startswith("org.apache.kafka:")}
    logging = {jar.coordinate.split(":")[2] for jar in pinned if jar.coordinate.startswith("org.apache.logging.log4j:")}
    assert len(kafka) == len(logging) == 1
    assert all(len(jar.sha256) == 64 and jar.size_bytes > 0 for jar in pinned)
