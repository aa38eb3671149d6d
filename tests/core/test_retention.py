"""How long rows of a region are kept: what may be set, and what follows for topics."""

from pathlib import Path

import pytest

from streams import topology
from streams.retention import longest_ms, shortest_ms
from streams.settings import ConfigurationError, Settings, load_settings
from streams.topics import _shortened
from streams.topology import DAY_MS, TOPICS, topic_config
from streams.worker import environment

BY_YEARS = {"default": "1095d", "eu": "365d"}


def config(name: str, settings: Settings) -> dict[str, str]:
    return topic_config(next(topic for topic in TOPICS if topic.name == name), settings)


# the setting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{eu = "soon"}', r"retention\.eu: .*expected whole days such as 365d, 1d to 18250d, got `soon`"),
        ("{eu = 365}", r"retention\.eu: .*got `365`"),
        ('{eu = "12h"}', r"retention\.eu: .*got `12h`"),
        ('{eu = "0d"}', r"retention\.eu: .*got `0d`"),
        ('{eu = "18251d"}', r"retention\.eu: .*got `18251d`"),
        ("""{"e' OR 1" = "365d"}""", "`e' OR 1` is no region"),
        ('"365d"', "retention: .*dictionary"),
        ('{eu = "29d"}', "retention: shorter than late_horizon_s"),
    ],
)
def test_a_time_that_is_none_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, said: str) -> None:
    (tmp_path / "throughline.toml").write_text(f"retention = {written}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=said):
        load_settings()


def test_file_and_environment_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the agents of a worker hear it as it was said."""
    (tmp_path / "throughline.toml").write_text('[retention]\ndefault = "1095d"\neu = "365d"\n')
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.retention == {"default": 1095, "eu": 365}
    monkeypatch.setenv("THROUGHLINE_RETENTION", environment(settings)["THROUGHLINE_RETENTION"])
    (tmp_path / "throughline.toml").unlink()
    assert load_settings().retention == settings.retention
    monkeypatch.setenv("THROUGHLINE_RETENTION", "eu: 365d")
    with pytest.raises(ConfigurationError, match="retention"):
        load_settings()


# topics ---------------------------------------------------------------------------------------------------------------


def test_without_it_topics_are_as_the_map_says() -> None:
    for topic in TOPICS:
        kept = topic_config(topic, Settings())
        assert kept["cleanup.policy"] == ("compact" if topic.compacted else "delete")
        assert kept.get("retention.ms") == (None if topic.compacted else str(topic.retention_ms))


def test_topics_keep_nothing_for_longer_than_the_shortest_time() -> None:
    settings = Settings(retention=BY_YEARS | {"eu": "20d"}, late_horizon_s=86_400.0)
    assert config(topology.LOG, settings)["retention.ms"] == str(20 * DAY_MS)
    assert config(topology.TOUCHPOINTS, settings)["retention.ms"] == str(7 * DAY_MS)


def test_rows_of_journeys_go_after_the_longest_time_and_state_never_does() -> None:
    settings = Settings(retention=BY_YEARS)
    for name in (topology.JOURNEYS, topology.BREAKAGES):
        kept = config(name, settings)
        assert (kept["cleanup.policy"], kept["retention.ms"]) == ("compact,delete", str(1095 * DAY_MS))
        assert config(name, Settings(retention={"eu": "365d"}))["cleanup.policy"] == "compact"  # of others there is no end
    for name in (topology.STATE, topology.IDENTITY_STATE, topology.PEOPLE, topology.PAIRS, topology.ERASURES, topology.DEFINITIONS):
        assert config(name, settings)["cleanup.policy"] == "compact"
        assert "retention.ms" not in config(name, settings)


@pytest.mark.parametrize(
    ("there", "changes"),
    [
        ({"cleanup.policy": "delete", "retention.ms": "10"}, False),
        ({"cleanup.policy": "delete", "retention.ms": "5"}, False),  # somebody wants it so
        ({"cleanup.policy": "delete", "retention.ms": "11"}, True),
        ({"cleanup.policy": "delete", "retention.ms": "-1"}, True),
        ({"cleanup.policy": "compact", "retention.ms": "5"}, True),
    ],
)
def test_only_what_is_kept_for_too_long_is_changed(there: dict[str, str], changes: bool) -> None:
    wanted = {"cleanup.policy": "delete", "retention.ms": "10", "max.message.bytes": "1"}
    assert _shortened(there, wanted) == ({"cleanup.policy": "delete", "retention.ms": "10"} if changes else {})
    assert _shortened(there, {"cleanup.policy": "compact"}) == {}


def test_the_shortest_and_the_longest_time() -> None:
    assert (shortest_ms({}), longest_ms({})) == (None, None)
    assert (shortest_ms({"eu": 1, "us": 2}), longest_ms({"eu": 1, "us": 2})) == (DAY_MS, None)
    assert longest_ms({"eu": 3, "default": 2}) == 3 * DAY_MS
