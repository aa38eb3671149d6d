"""Every metric, in one table: what it counts, in which unit, by which labels, and which alert reads it.

Nothing else is emitted (tests/metrics/test_emitted.py), and no label carries personal data: each has a closed set of values, or one
that the topics' partitions or the applied definitions bound.  Every sample carries `agent` and `namespace` besides.
docs/operations.md shows this table; write it again with `python -m streams.metrics.document docs/operations.md`.
"""

import time
from typing import get_args

from sinks.contract import TABLES
from streams import topology
from streams.core.identity.decided import GUARDS
from streams.core.intake import RejectReason
from streams.core.verdict import NEVER
from streams.core.whole.compare import KINDS
from streams.metrics.metric import Counter, Gauge, Histogram, Label, Metric, Reading, Total

ALL = tuple(agent.name for agent in topology.AGENTS)
INTAKE, STITCH, LAND = ("intake",), ("stitch",), ("land",)
STATEFUL = ("identity", "stitch")
VERIFY, RECONCILE = ("verify",), ("reconcile",)  # no agents: commands that write their metrics into a file

JOURNEY_CHANGES = ("opened", "closed", "reopened", "moved")
BREAKAGE_CHANGES = ("opened", "recovered", "reopened", "withdrawn", "moved")
SEVERITIES = ("info", "warning", "critical")
YES_NO = ("yes", "no")

topic = Label("topic", "topics of the map, without their namespace", tuple(topic.name for topic in topology.TOPICS))
partition = Label("partition", "partitions of the topic: source_partitions or log_partitions, 512 at most")
OTHER = "other"  # a definition that nobody applied
definition = Label("definition", f"names of the applied definitions; verify: {OTHER} for those that nobody applied")
rule = Label("rule", "names under `breakages` of the applied definitions")
severity = Label("severity", "closed", SEVERITIES)
backfilled = Label("backfilled", "closed; yes: the journey was opened by a history load, nobody is to be alerted", YES_NO)

SHORT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LONG_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 21_600, 86_400)

# what every agent says of itself ----------------------------------------------------------------------------------------

INFO = Gauge(
    "throughline_agent_info", "info", "Always 1; its labels say which release of Throughline runs.",
    ALL, (Label("version", "one a process: the installed release"),),
)  # fmt: skip
PARTITIONS = Gauge(
    "throughline_partitions_assigned", "partitions", "Partitions that this process works on.", ALL, (topic,),
)  # fmt: skip
BATCHES = Counter("throughline_batches_total", "batches", "Fetched batches taken, one of one partition each.", ALL, (topic,))
RECORDS = Counter("throughline_records_total", "records", "Kafka records in these batches.", ALL, (topic,))
LAG = Gauge(
    "throughline_lag_offsets", "offsets", "End of the partition minus the position up to which it was read.  Offsets count the "
    "marks of transactions as well, so this is an upper bound of records, and 0 exactly when everything was read.",
    ALL, (topic, partition), alerts=("LandingStale",),
)  # fmt: skip
CLOCK_LAG = Gauge(
    "throughline_clock_lag_seconds", "seconds", "Wall time minus the event time up to which everything is known: said by intake, "
    "heard by identity, judged by stitch, landed by land.  With a held clock: how far back it is held.",
    ALL, (topic, partition),
)  # fmt: skip
GC = Total(
    "throughline_gc_seconds_total", "seconds", "Time for which Python's garbage collector stopped the agent.",
    ALL, (Label("generation", "closed", ("0", "1", "2")),),
)  # fmt: skip

# intake -----------------------------------------------------------------------------------------------------------------

TOUCHPOINTS = Counter(
    "throughline_touchpoints_total", "touchpoints", "Touchpoints accepted from the input topic, copies included.", INTAKE
)
TOO_LATE = Counter(
    "throughline_touchpoints_too_late_total", "touchpoints", "Of these, beyond the late horizon: they land, and change no journey.",
    INTAKE,
)  # fmt: skip
EXCLUDED = Counter(
    "throughline_touchpoints_excluded_total", "touchpoints", "Of these, excluded by their purpose (excluded_purposes): they land, "
    "and are neither linked nor part of a journey.", INTAKE,
)  # fmt: skip
DESCRIPTIONS = Counter(
    "throughline_touchpoints_described_total", "touchpoints", "Of these, person.described: they land, say what their person is, "
    "and are neither linked nor part of a journey.", INTAKE,
)  # fmt: skip
CLAMPED = Counter(
    "throughline_touchpoints_clamped_total", "touchpoints", "Of these, too far ahead of the time at which the broker stored them: "
    "with future_stamps = clamped they happened then.", INTAKE,
)  # fmt: skip
IGNORED = Counter(
    "throughline_identifiers_ignored_total", "identifiers", "Identifiers whose value stands for nobody or cannot be one of its "
    "type: as good as absent.", INTAKE,
)  # fmt: skip
REJECTED = Counter(
    "throughline_touchpoints_rejected_total", "touchpoints", "Records of the input topic that cannot become touchpoints.",
    INTAKE, (Label("reason", "closed", get_args(RejectReason)),),
)  # fmt: skip
REJECTED_SHARE = Gauge(
    "throughline_rejected_records_ratio", "ratio", "Share of rejected ones among the newest records of an input partition "
    "(reject_window).  Beyond reject_share intake stops.  Absent below reject_least.", INTAKE, (partition,),
    alerts=("RecordsRejected",),
)  # fmt: skip
EVENT_AGE = Histogram(
    "throughline_event_age_seconds", "seconds", "Wall time minus event time of the last touchpoint of a batch, when it was taken "
    "in (intake), was judged (stitch) and can be queried (land).", (*INTAKE, *STITCH, *LAND), buckets=LONG_S,
)  # fmt: skip

SUPPRESSED = Counter(
    "throughline_suppressed_records_total", "records", "Records that were dropped because they carry somebody who was erased: "
    "touchpoints and rejected records (intake), touchpoints on their way (stitch), rows (land).", (*INTAKE, *STITCH, *LAND),
)  # fmt: skip

# identity and stitch ----------------------------------------------------------------------------------------------------

TRANSACTION = Histogram(
    "throughline_transaction_seconds", "seconds", "From the beginning of a Kafka transaction to its commit.",
    STATEFUL, buckets=SHORT_S,
)  # fmt: skip
RESTORE = Histogram(
    "throughline_restore_seconds", "seconds", "Taking up a partition: fencing its former owner and reading its state back.",
    STATEFUL, buckets=LONG_S,
)  # fmt: skip
STATE = Gauge(
    "throughline_state_entries", "entries", "Entries of state in memory: identifiers (identity); buckets of a person's "
    "touchpoints, redirects and the position (stitch).", STATEFUL, (topic, partition),
)  # fmt: skip
REFUSED_LINKS = Counter(
    "throughline_links_refused_total", "links", "Links between identifiers that a guard refused: denied, one of them never links; "
    "expired, they were first seen together when the time of one of them was over; crowded, one has more partners than one "
    "person's; too_large or too_many, the person would have too many identifiers, or of one type.",
    ("identity",), (Label("guard", "closed", GUARDS),),
)  # fmt: skip
PERSONS = Counter(
    "throughline_persons_changed_total", "persons", "Persons that came to belong to another root, whole (merged) or in part "
    "(split).", ("identity",), (Label("kind", "closed", ("merged", "split")),),
)  # fmt: skip
REDUCED = Counter(
    "throughline_buckets_reduced_total", "buckets", "Buckets that forgot their touchpoints because nothing is to be expected of "
    "them any more; the database has them.", STITCH,
)  # fmt: skip
WANTED = Gauge(
    "throughline_buckets_awaiting", "buckets", "Buckets that need forgotten touchpoints: they say nothing until these "
    "were read back.", STITCH, (topic, partition),
)  # fmt: skip
QUARANTINED = Gauge(
    "throughline_quarantine_receipts", "receipts", "Addresses and persons that are quarantined because they are larger than "
    "most_touchpoints or most_kept_bytes; exact, also after restarts.", STITCH, (topic, partition), alerts=("Quarantined",),
)  # fmt: skip
LEFT_OUT = Counter(
    "throughline_quarantined_touchpoints_total", "touchpoints", "Touchpoints, copies included, that changed no journey because "
    "their address is quarantined.", STITCH,
)  # fmt: skip
JOURNEYS_OPEN = Gauge(
    "throughline_open_journeys", "journeys", "Journeys that stand open; exact, also after restarts.", STITCH, (definition,)
)
JOURNEYS = Counter(
    "throughline_journeys_total", "journeys", "Changes of journeys.  moved: the row went because its person changed, and is opened "
    "once more where it went.", STITCH, (definition, Label("change", "closed", JOURNEY_CHANGES)),
)  # fmt: skip
BREAKAGES_OPEN = Gauge(
    "throughline_open_breakages", "breakages", "Breakages that stand open; exact, also after restarts.",
    STITCH, (definition, rule, severity),
)  # fmt: skip
BREAKAGES = Counter(
    "throughline_breakages_total", "breakages", "Changes of breakages.  moved: the row went because its person changed, and is "
    "opened once more where it went: opened minus moved are new.",
    STITCH, (definition, rule, severity, backfilled, Label("change", "closed", BREAKAGE_CHANGES)), alerts=("BreakagesRising",),
)  # fmt: skip

# land -------------------------------------------------------------------------------------------------------------------

LANDED = Counter(
    "throughline_landed_rows_total", "rows", "Rows that landed, repetitions included.", LAND, (Label("table", "closed", TABLES),)
)
LANDED_AT = Gauge(
    "throughline_landed_timestamp_seconds", "seconds", "Unix time of the last successful insert; before the first, of the start.",
    LAND, alerts=("LandingStale",),
)  # fmt: skip
LANDING_DELAY = Histogram(
    "throughline_landing_delay_seconds", "seconds", "From Kafka's timestamp of the oldest record of a batch to the moment when it "
    "can be queried.", LAND, (topic,), buckets=LONG_S,
)  # fmt: skip
INSERT = Histogram(
    "throughline_insert_seconds", "seconds", "One flush of the sink: all tables, waiting included.", LAND, buckets=LONG_S
)
WAITING = Gauge("throughline_waiting_rows", "rows", "Rows gathered for the next insert.", LAND)
ANSWERED = Counter(
    "throughline_facts_requests_answered_total", "requests", "Requests for forgotten touchpoints that were answered.", LAND
)
REQUESTED = Gauge(
    "throughline_facts_requests_waiting", "requests", "Requests for forgotten touchpoints that are read and not answered yet.", LAND
)
SHORT = Counter(
    "throughline_facts_requests_short_total", "requests", "Of these, answered with fewer touchpoints than were forgotten: "
    "some are not in the database any more.", LAND,
)  # fmt: skip
COMPUTED = Counter(
    "throughline_minutes_computed_total", "minutes", "Minutes whose figures were computed, repetitions included.", LAND
)
COMPUTING = Histogram(
    "throughline_minutes_seconds", "seconds", "Computing the figures of the minutes that were touched.", LAND, buckets=LONG_S
)
REFUSALS = Counter(
    "throughline_sink_refusals_total", "refusals", "Times that the sink was unreachable or overloaded; it is asked again.", LAND
)

# verify -----------------------------------------------------------------------------------------------------------------

DIFFERENCES = Gauge(
    "throughline_verify_differences", "differences", "Rows of journeys and breakages that differ from what the touchpoints give.  "
    "missing: does not stand; extra: should not stand; different: in a column that is a function of the touchpoints.",
    VERIFY, (definition, Label("kind", "closed", KINDS)),
)  # fmt: skip
VERIFIED_PEOPLE = Gauge(
    "throughline_verify_people", "people", "People of the last run.  set_aside: they differ, and something about them is on its "
    "way, so that the next run has to tell.  expired: they differ, and touchpoints of theirs are older than the setting retention.",
    VERIFY, (Label("verdict", "closed", ("compared", "set_aside", "expired")),),
)  # fmt: skip
VERIFIED_AT = Gauge(
    "throughline_verify_timestamp_seconds", "seconds", "Unix time at which the last run that came to its end began.", VERIFY
)

# reconcile --------------------------------------------------------------------------------------------------------------

MISSING = Gauge(
    "throughline_reconcile_missing_records", "records", "Records that intake had read when the last run began and of which nothing "
    "has landed: neither a touchpoint nor a rejected record, and not dropped either.", RECONCILE,
)  # fmt: skip
RECONCILED_AT = Gauge("throughline_reconcile_timestamp_seconds", "seconds", "Unix time at which the last run began.", RECONCILE)

# the process, under the names that prometheus-client gives --------------------------------------------------------------

PROCESS: tuple[Metric, ...] = (
    Total("process_cpu_seconds_total", "seconds", "CPU time, user and system.", ALL),
    Gauge("process_resident_memory_bytes", "bytes", "Memory that is held.", ALL),
    Gauge("process_virtual_memory_bytes", "bytes", "Address space that is reserved.", ALL),
    Gauge(
        "process_start_time_seconds", "seconds", "Unix time at which the process began.  A fault of ours ends it, so changes here "
        "are the count of faults and restarts.", ALL,
    ),
    Gauge("process_open_fds", "fds", "Open file descriptors.", ALL),
    Gauge("process_max_fds", "fds", "Most file descriptors that it may open.", ALL),
)  # fmt: skip

TABLE: tuple[Metric, ...] = (*(value for value in list(globals().values()) if isinstance(value, Metric)), *PROCESS)


def clock_lag(clock_ms: int, topic: str, partition: str) -> list[Reading]:
    """Nothing while the clock has not been said yet."""
    return [CLOCK_LAG.at(time.time() - clock_ms / 1_000, topic, partition)] if clock_ms > NEVER else []
