"""Whether a broker answers as a client needs it to: not an open port, but the protocol."""

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.local.ports import LOOPBACK, answers


def serving_cluster(port: int) -> str | None:
    """The cluster id of the broker on `port`; None while it does not answer or its controller still fences it off."""
    if not answers(port):
        return None
    try:
        client = KafkaAdminClient(bootstrap_servers=f"{LOOPBACK}:{port}", request_timeout_ms=5_000)
    except KafkaError:
        return None
    try:
        cluster = client.describe_cluster()
    except KafkaError:
        return None
    finally:
        client.close()
    ready = any(not broker["is_fenced"] for broker in cluster["brokers"])
    return str(cluster["cluster_id"]) if ready else None
