"""On what the figures were measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from deploy.local.jars import locked
from tests.bench.places import Places

PACKAGES = ("faust-streaming", "aiokafka", "fastavro", "msgspec", "clickhouse-driver", "chdb")
OF_PEERS = ("quixstreams", "bytewax", "confluent-kafka")


def described(places: Places) -> dict[str, str]:
    """What is needed to judge the figures, in the order in which it is told."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": _revision(),
        "processor": _processor(),
        "cores": f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}",
        "memory": f"{psutil.virtual_memory().total / (1 << 30):.0f} GiB",
        "load at the start": f"{os.getloadavg()[0]:.2f}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": platform.python_version(),
        "Kafka": next(jar.coordinate.rpartition(":")[2] for jar in locked() if ":kafka_" in jar.coordinate),
        "ClickHouse": places.database_version(),
        **{name: version(name) for name in PACKAGES},
        **{name: _version(name) for name in OF_PEERS},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """Its model, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def _revision() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    told = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    return told.stdout.strip() or "unknown"
