"""jars.lock, written anew: which jars a broker of one node needs, as the repository has them now."""

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

from jgo.maven import Dependency, MavenContext

from deploy.local.maven import repository

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl"  # without it the broker says nothing, not even why it ends
LOGGING_CORE = "log4j-core"
# What Kafka declares and a broker never loads: compile-time macros and annotations, command line tools, YAML
# configuration of the logging, and the XML half of commons-validator.
NEVER_LOADED = {
    "scala-reflect", "jspecify", "kafka-tools-api", "jackson-datatype-jdk8", "jackson-dataformat-yaml", "snakeyaml",
    "commons-beanutils", "commons-collections", "commons-digester", "commons-logging",
}  # fmt: skip
HEADER = f"""\
# The classpath of the embedded broker ({KAFKA}), written by `python -m deploy.local.jars --relock`.
# sha256, size in bytes, group:artifact:version
"""


def relock(lock: Path) -> None:
    """Resolve the broker's dependencies, fetch them, and write their checksums to `lock`."""
    with tempfile.TemporaryDirectory() as cache:
        context = MavenContext(repo_cache=Path(cache), remote_repos={"central": repository().url_with_credentials}, timeout=60)
        lines = sorted(_line(dependency) for dependency in _needed(context))
    lock.write_text(HEADER + "".join(line for _, line in lines), encoding="utf-8")


def _needed(context: MavenContext) -> Iterable[Dependency]:
    # Kafka is resolved alone: a second root would impose its own managed versions upon it.
    roots, others = context.resolver.resolve([context.create_dependency(KAFKA)])
    kafka = [*roots, *others]
    core = next(d for d in kafka if d.artifactId == LOGGING_CORE)
    yield context.create_dependency(f"{LOGGING}:{core.version}")
    yield from (d for d in kafka if d.artifactId not in NEVER_LOADED)


def _line(dependency: Dependency) -> tuple[str, str]:
    content = dependency.artifact.resolve().read_bytes()
    coordinate = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
    return coordinate, f"{hashlib.sha256(content).hexdigest()} {len(content):>8} {coordinate}\n"
