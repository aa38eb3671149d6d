"""Before its first insert land asks whether the tables were made from these topics.

Rows of a topic that was made anew have lower versions than those of the one before it: they would lose quietly.
"""

from collections.abc import Callable, Mapping

from sinks.contract import Lives
from streams import topology
from streams.agents.landing import TABLES
from streams.core.life import REMEDY, WrongLife
from streams.settings import Settings
from streams.topics import admin

CHECKED = tuple(topic for topic in TABLES if topic != topology.REJECTED)  # rejected records have the day in their key


class LandLives:
    """For one thread at a time.  `ids`: topic without namespace -> id; `landed_before`: whether the group has ever committed."""

    def __init__(self, lives: Lives, ids: Mapping[str, str], landed_before: Callable[[], bool]) -> None:
        self._lives, self._landed_before = lives, landed_before
        self._ids = {topic: ids[topic] for topic in CHECKED}
        self._checked = False

    def check(self) -> None:
        """Raises WrongLife and Backpressure."""
        if self._checked:
            return
        known = self._lives.known()
        others = [topic for topic in known if self._ids.get(topic, known[topic]) != known[topic]]
        if others:
            raise WrongLife(f"the tables were made from other topics of the names {', '.join(sorted(others))}; {REMEDY}")
        if not known and self._landed_before() and not self._lives.any_clock():
            raise WrongLife(
                "the tables are empty, and land had landed before: stop the workers and run `throughline rebuild --tables`, which "
                "lands again what the topics still hold"
            )
        if missing := {topic: topic_id for topic, topic_id in self._ids.items() if topic not in known}:
            self._lives.register(missing)
        self._checked = True

    def close(self) -> None:
        self._lives.close()


def landed_before(settings: Settings) -> bool:
    """Raises BrokerUnreachable."""
    group, place = f"{settings.namespace}.land", f"{settings.namespace}.{topology.LOG}"
    with admin(settings) as client:
        offsets = client.list_group_offsets({group: None})[group]
    return any(found is not None and found.offset > 0 for tp, found in offsets.items() if tp.topic == place)
