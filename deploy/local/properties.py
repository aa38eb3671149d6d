"""The broker's configuration: one node that is broker and controller, on the loopback, with room for one machine."""

from pathlib import Path

from deploy.local.ports import LOOPBACK

MESSAGE_LIMIT_BYTES = 10 << 20
_ALWAYS = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT",
    "auto.create.topics.enable": "false",  # topics come from the topology, with their own settings
    "message.max.bytes": MESSAGE_LIMIT_BYTES,
    "replica.fetch.max.bytes": MESSAGE_LIMIT_BYTES,
    # One node: no copies, few partitions of the broker's own topics.
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 4,
    # A dead worker's open transaction holds readers up for its own timeout and one scan; by default a scan comes every 10 s.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1_000,
    "group.initial.rebalance.delay.ms": 0,  # a lone consumer need not wait for others
    "offsets.retention.minutes": 5_256_000,  # ten years: a stack that rested for a month goes on where it was
    # After a crash the controller waits for the lost broker's session to end before it takes the same broker back.
    "broker.session.timeout.ms": 3_000,
    "broker.heartbeat.interval.ms": 500,
    # And the broker reads the unfinished segment of every partition.
    "log.segment.bytes": 128 << 20,
    "num.recovery.threads.per.data.dir": 2,
    # By default the cleaner takes 128 MB of heap.
    "log.cleaner.dedupe.buffer.size": 8 << 20,
    "log.cleaner.io.buffer.size": 2 * MESSAGE_LIMIT_BYTES // 10,
    "num.network.threads": 2,
    "num.io.threads": 4,
}


def server_properties(data: Path, port: int, controller_port: int, proxied: tuple[int, int] | None = None) -> str:
    """The text of server.properties for a broker that keeps its log in `data`.

    `proxied`: a port of its own for clients behind a proxy, and the proxy's port, which they are told.
    """
    listeners, advertised = [f"PLAINTEXT://{LOOPBACK}:{port}"], [f"PLAINTEXT://{LOOPBACK}:{port}"]
    if proxied:
        listeners.append(f"PROXIED://{LOOPBACK}:{proxied[0]}")
        advertised.append(f"PROXIED://{LOOPBACK}:{proxied[1]}")
    own = {
        "log.dirs": _escape(str(data)),
        "listeners": ",".join([*listeners, f"CONTROLLER://{LOOPBACK}:{controller_port}"]),
        "advertised.listeners": ",".join(advertised),
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
    }
    return "".join(f"{key}={value}\n" for key, value in {**_ALWAYS, **own}.items())


def cluster_id(data: Path) -> str | None:
    """The id with which `data` was formatted, None before that."""
    try:
        lines = (data / "meta.properties").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    return dict(line.split("=", 1) for line in lines if "=" in line).get("cluster.id")


def _escape(path: str) -> str:
    """`path` as a value of a Java properties file, which is read as Latin-1."""
    return "".join(c if " " < c <= "~" and c != "\\" else f"\\u{unit:04x}" for c in path for unit in _utf16(c))


def _utf16(character: str) -> list[int]:
    encoded = character.encode("utf-16-be")
    return [int.from_bytes(encoded[i : i + 2]) for i in range(0, len(encoded), 2)]
