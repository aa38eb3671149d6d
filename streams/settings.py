"""Every setting, with its unit and default.

From the environment (`THROUGHLINE_` and the name in capitals) and a TOML file (`THROUGHLINE_CONFIG`, or `throughline.toml` in
the working directory); the environment wins over the file, an option of a command over both.
An unknown or impossible setting is an error that names its key.
"""

import os
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from streams.retention import Retention, shortest_ms

PREFIX = "THROUGHLINE_"
CONFIG = f"{PREFIX}CONFIG"
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class ConfigurationError(Exception):
    """A setting is unknown or impossible; the text names its key and the remedy."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    namespace: str = Field(
        "throughline",
        pattern=r"^[a-z][a-z0-9_]{0,40}$",
        description="Prefixes topics and consumer groups, names the database.",
    )
    data_dir: Path = Field(Path(".throughline"), description="Where the embedded broker and database keep their data.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    kafka_bootstrap: str = Field("127.0.0.1:19092", description="Kafka's bootstrap servers, host:port, comma separated.")
    local_broker_port: Port = Field(19092, description="Port of the embedded broker.")
    local_controller_port: Port = Field(19093, description="Port of the embedded broker's controller.")
    clickhouse_host: str = Field("127.0.0.1", description="Host of ClickHouse.")
    clickhouse_port: Port = Field(19000, description="Port of ClickHouse's native protocol.")
    clickhouse_http_port: Port = Field(18123, description="Port of ClickHouse's HTTP interface, for BI tools.")
    clickhouse_user: str = Field("throughline", description="User for ClickHouse.")
    clickhouse_password: SecretStr | None = Field(None, description="Its password; the embedded database makes one of its own.")
    replication_factor: int = Field(1, ge=1, le=9, description="Copies of each topic partition.")

    source_partitions: int = Field(4, ge=1, le=512, description="Partitions of the input topic.")
    log_partitions: int = Field(4, ge=1, le=512, description="Partitions of person.log and of all that follows from it.")
    clock: Literal["live", "held"] = Field(
        "live", description="live: event time follows the touchpoints; held: it moves only by `throughline settle`."
    )
    allowed_lateness_s: float = Field(10.0, ge=0, description="How long the clock waits behind the newest touchpoint, seconds.")
    late_horizon_s: Seconds = Field(
        30 * 86_400.0, description="A touchpoint further behind the clock lands, and changes no journey; seconds."
    )
    oldest_years: float = Field(50.0, gt=0, description="A touchpoint older than this is rejected, years.")
    future_s: float = Field(
        3_600.0, ge=0, description="How far ahead of the time at which the broker stored it a touchpoint may be, seconds."
    )
    future_stamps: Literal["rejected", "clamped"] = Field(
        "rejected", description="One further ahead is rejected, or clamped: it happened when the broker stored it."
    )
    max_record_bytes: int = Field(1 << 20, ge=1_024, description="A larger record of the input topic is rejected, bytes.")
    reject_share: float = Field(
        0.5, gt=0, le=1, description="Intake stops in front of a batch when more of the newest records are rejected; 1: never."
    )
    reject_window: int = Field(10_000, ge=100, description="Which records are the newest: so many of an input partition.")
    reject_least: int = Field(1_000, ge=1, description="It stops no sooner than so many records were seen in an input partition.")
    clock_interval_s: Seconds = Field(0.25, description="How often a clock is sent at most, seconds.")

    gather_s: float = Field(0.2, ge=0.01, le=5, description="How long a fetch lets records gather at the broker, seconds.")
    poll_records: int = Field(2_000, ge=1, description="Most records that one fetch hands to an agent.")
    step_persons: int = Field(2_000, ge=1, description="Most persons that one transaction of stitch concerns.")
    most_touchpoints: int = Field(
        10_000, ge=1, description="An order, case or other address with more touchpoints is quarantined; so is a person as a whole."
    )
    most_kept_bytes: int = Field(
        4 << 20,
        ge=10_000,
        description="So is an address, or a person as a whole, of which more state would be kept; bytes.",
    )
    land_rows: int = Field(50_000, ge=1, le=100_000, description="Rows that land inserts at once at most, a table.")
    land_interval_s: Seconds = Field(0.2, description="How long land gathers rows before it inserts, seconds.")
    land_later_s: Seconds = Field(
        1.0, description="How long it gathers those that no journey waits for: rejected records, pairs, receipts; seconds."
    )
    minutes_interval_s: Seconds = Field(1.0, description="How long touched minutes gather before they are computed, seconds.")
    session_timeout_s: Seconds = Field(
        6.0, description="After this a silent worker loses its partitions, seconds; a broker allows no less by default."
    )
    transaction_timeout_s: Seconds = Field(10.0, description="After this the broker aborts a dead worker's transaction, seconds.")
    drain_s: Seconds = Field(20.0, description="How long a worker may take to stop, seconds.")
    metrics_port: Port = Field(0, description="First port for metrics and health, one more for each agent; 0: none.")
    metrics_host: str = Field("127.0.0.1", description="Address on which metrics and health are served.")
    definitions: tuple[Path, ...] = Field(
        (), description="Journeys: YAML files, folders, names of the catalogue; empty: order and case."
    )
    identity: Path | None = Field(None, description="YAML file of identifier types; empty: the one that ships.")

    identity_secret: SecretStr | None = Field(
        None, description="Key of the hashes of identifiers that are `kept: hashed`; give it in the environment."
    )

    erasure_secret: SecretStr | None = Field(
        None, description="Key of the hashes by which erased people are known when they come again; give it in the environment."
    )

    excluded_purposes: tuple[str, ...] = Field(
        (), description="Touchpoints whose attribute `purpose` is one of these land, and are neither linked nor part of a journey."
    )

    retention: Retention = Field(
        {}, description='Whole days for which rows of a region are kept, {"default": "1095d", "eu": "365d"}; empty: for ever.'
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.transaction_timeout_s > 900:
            raise ValueError("transaction_timeout_s: a broker allows 900 s at most")
        if self.future_s < self.allowed_lateness_s and self.clock == "live" and self.future_s:
            raise ValueError("future_s: less than allowed_lateness_s makes no sense with a live clock")
        if self.reject_least > self.reject_window:
            raise ValueError("reject_least: more than reject_window would never be reached")
        if self.most_kept_bytes > 0.75 * self.largest_bytes:
            raise ValueError(
                f"most_kept_bytes: topics take records of {self.largest_bytes:,} bytes, and an address is to stay well below that; "
                "raise max_record_bytes, or choose less"
            )
        kept_ms = shortest_ms(self.retention)
        if kept_ms is not None and kept_ms < self.late_horizon_s * 1_000:
            raise ValueError(
                "retention: shorter than late_horizon_s, so what a late touchpoint needs would be gone; lower that first"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """The file comes in through `load_settings`, which can name it in an error."""
        del settings_cls, dotenv_settings, file_secret_settings
        return (init_settings, env_settings)

    def topic(self, name: str) -> str:
        return f"{self.namespace}.{name}"

    @property
    def largest_bytes(self) -> int:
        """Of a batch of records, as it lies on any topic: compressed."""
        return max(8 << 20, 2 * self.max_record_bytes)

    @property
    def database(self) -> str:
        return self.namespace

    @property
    def secret(self) -> str:
        """Key of the hashes of identifiers; empty if there is none."""
        return self.identity_secret.get_secret_value() if self.identity_secret is not None else ""

    @property
    def forgetting(self) -> str:
        """Key of the suppression list; empty if there is none."""
        return self.erasure_secret.get_secret_value() if self.erasure_secret is not None else ""

    @cached_property
    def password(self) -> str:
        """The database's password: as set, or the one that the embedded database made for itself."""
        if self.clickhouse_password is not None:
            return self.clickhouse_password.get_secret_value()
        kept = self.data_dir / "clickhouse.password"
        return kept.read_text(encoding="utf-8").strip() if kept.is_file() else ""


def load_settings(**overrides: Any) -> Settings:
    """Settings from environment and file; raises ConfigurationError naming every offending key."""
    file = Path(os.environ.get(CONFIG, "throughline.toml"))
    values = _from_file(file, required=CONFIG in os.environ)
    strangers = sorted(
        name for name in os.environ
        if name.startswith(PREFIX) and name != CONFIG and name.removeprefix(PREFIX).lower() not in Settings.model_fields
    )  # fmt: skip
    if strangers:
        raise ConfigurationError(f"unknown setting in the environment: {', '.join(strangers)}; `throughline settings` lists all")
    values = {key: value for key, value in values.items() if f"{PREFIX}{key}".upper() not in os.environ}
    try:
        return Settings(**{**values, **overrides})
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors(include_input=False))
        raise ConfigurationError(f"{found} (from the environment or {file}); `throughline settings` lists all") from None
    except SettingsError as error:  # what has several values is JSON in the environment
        raise ConfigurationError(f"{error}: expected JSON; `throughline settings` lists all") from None


def _from_file(file: Path, *, required: bool) -> dict[str, Any]:
    if not file.is_file():
        if required:
            raise ConfigurationError(f"{CONFIG} names {file}, which does not exist")
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: {error}") from None
