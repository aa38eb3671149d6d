"""docker-compose.yml and what it names exist and fit together.  Docker itself is not needed."""

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local import jars
from streams import topology
from streams.health import port_of
from streams.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
AGENTS = [agent.name for agent in topology.AGENTS]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
each = pytest.mark.parametrize("name", SERVICES)


def test_it_is_what_the_compose_specification_allows() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@each
def test_images_are_pinned(name: str) -> None:
    """By release, never by a tag that wanders over releases."""
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert image
    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)*", tag)


def test_images_are_what_the_tests_run() -> None:
    """The broker of the embedded stack, the branch of its database engine, and our own version."""
    from chdb import engine_version

    (broker,) = (jar for jar in jars.locked() if jar.coordinate.startswith("org.apache.kafka:kafka_2.13:"))
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{broker.coordinate.rpartition(':')[2]}"
    assert SERVICES["clickhouse"]["image"] == f"clickhouse/clickhouse-server:{'.'.join(engine_version.split('.')[:2])}"
    assert {service["image"] for service in OURS.values()} == {f"throughline:{PROJECT['version']}"}


@each
def test_ports_are_published_on_the_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@each
def test_nothing_runs_as_root_or_can_become_it(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].partition(":")[0] not in {"", "0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")


@pytest.mark.parametrize("name", [*OURS, "prometheus"])
def test_the_root_file_system_is_read_only_where_the_image_allows_it(name: str) -> None:
    assert SERVICES[name]["read_only"] is True


@each
def test_what_goes_on_running_says_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]
    assert ("healthcheck" in service) == (service["restart"] == "unless-stopped")


def test_passwords_come_from_the_environment_and_must_be_set() -> None:
    secrets = [value for service in SERVICES.values() for key, value in service.get("environment", {}).items() if "PASSWORD" in key]
    assert len(set(secrets)) == 3
    assert all(re.fullmatch(r"\$\{\w+_PASSWORD:\?.+\}", value) for value in secrets)


def test_each_password_is_that_of_the_user_who_gives_it() -> None:
    database = SERVICES["clickhouse"]["environment"]
    whose = {"throughline_owner": database["OWNER_PASSWORD"], "throughline": database["WORKER_PASSWORD"]}
    for name, service in OURS.items():
        given = service["environment"]
        assert given["THROUGHLINE_CLICKHOUSE_PASSWORD"] == whose[given["THROUGHLINE_CLICKHOUSE_USER"]]
        assert (given["THROUGHLINE_CLICKHOUSE_USER"] == "throughline_owner") == (name in ("migrations", "definitions"))
    assert "\n.env\n" in f"\n{(ROOT / '.gitignore').read_text()}"


def test_every_variable_of_ours_is_a_setting_and_has_a_value_that_it_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in OURS.values():
        given = {name: _interpolated(value) for name, value in service["environment"].items()}
        assert all(name.removeprefix(PREFIX).lower() in Settings.model_fields for name in given)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        settings = Settings()
        assert settings.kafka_bootstrap == "kafka:9092"
    mentioned = set(re.findall(rf"{PREFIX}\w+", (ROOT / "docker-compose.yml").read_text() + _dockerfile()))
    assert {name.removeprefix(PREFIX).lower() for name in mentioned} <= set(Settings.model_fields)


def _interpolated(value: object) -> str:
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
    return re.sub(r"\$\{\w+:\?[^}]*\}", "secret", text)


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_ours(name: str) -> None:
    """Its own help is asked for, which fails for a command or an option that does not exist."""
    command: list[str] = OURS[name]["command"]
    done = subprocess.run([sys.executable, "-m", "streams.cli.main", *command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert command[-1] in done.stdout or command[0] in done.stdout


def test_each_agent_runs_once_and_is_asked_at_its_own_port() -> None:
    settings = Settings(metrics_port=OURS["intake"]["environment"]["THROUGHLINE_METRICS_PORT"])
    for agent in AGENTS:
        assert SERVICES[agent]["command"] == ["worker", "--only", agent]
        assert f"127.0.0.1:{port_of(settings, agent)}/readyz" in SERVICES[agent]["healthcheck"]["test"][-1]


def test_an_agent_may_drain_before_it_is_killed() -> None:
    drain_s = Settings().drain_s
    assert all(int(SERVICES[agent]["stop_grace_period"].removesuffix("s")) > drain_s for agent in AGENTS)


def test_prometheus_scrapes_every_agent() -> None:
    settings = Settings(metrics_port=OURS["intake"]["environment"]["THROUGHLINE_METRICS_PORT"])
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    targets = chain.from_iterable(each["targets"] for job in config["scrape_configs"] for each in job["static_configs"])
    assert {f"{agent}:{port_of(settings, agent)}" for agent in AGENTS} <= set(targets)
    assert all((ROOT / "deploy/prometheus" / file).is_file() for file in config["rule_files"])


@each
def test_what_it_waits_for_and_mounts_exists(name: str) -> None:
    service = SERVICES[name]
    for other, waiting in service.get("depends_on", {}).items():
        has_health = waiting["condition"] == "service_healthy"
        assert ("healthcheck" in SERVICES[other]) == has_health
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def _dockerfile() -> str:
    return (ROOT / OURS["intake"]["build"]["dockerfile"]).read_text()


def test_the_image_copies_what_exists_and_what_its_context_lets_through() -> None:
    allowed = {
        line.removeprefix("!")
        for line in (ROOT / "deploy/docker/Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = [path for line in re.findall(r"^COPY (?!--from)(.+)$", _dockerfile(), re.M) for path in line.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert path in allowed
    assert set(copied) == allowed


def test_the_image_has_everything_that_the_wheel_is_made_of() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert all(re.search(rf"^COPY (\S+ )*{re.escape(path)} ", _dockerfile(), re.M) for path in wheel)


def test_everything_that_the_image_fetches_has_a_hash() -> None:
    for file in ("requirements.lock", "deploy/docker/build.lock"):
        pinned = re.findall(r"^[\w.-]+==\S+.*?(?=^\S|\Z)", (ROOT / file).read_text(), re.M | re.S)
        assert pinned
        assert all("--hash=sha256:" in requirement for requirement in pinned)
    commands = re.split(r"&&|^RUN ", _dockerfile(), flags=re.M)
    fetching = [command for command in commands if re.match(r"\s*pip .*(wheel|install)", command)]
    assert len(fetching) == 4
    assert all("--require-hashes" in line or "--no-index" in line for line in fetching)


def test_the_image_does_not_run_as_root() -> None:
    assert re.search(r"^USER 10001:10001$", _dockerfile(), re.M)
    assert {service["user"] for service in OURS.values()} == {"10001:10001"}
