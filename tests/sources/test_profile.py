"""`throughline profile`: finds case, person, action, time and order, tells what is doubtful, and shows nothing personal."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.settings import ConfigurationError
from streams.sources.masking import shape
from streams.sources.profile import Profile, as_json, profile_files
from streams.sources.profile_words import findings, looks_like
from streams.sources.skeleton_mapping import mapping_text
from streams.sources.wording import hints, slug
from tests.sources.command import command
from tests.sources.support import DATA, truth
from tests.sources.tables import tables, written


@cache
def of_real(file: str) -> Profile:
    (profile,), _ = profile_files([DATA / file])
    return profile


def csv(folder: Path, text: str, encoding: str = "utf-8") -> Profile:
    (folder / "t.csv").write_text(text, encoding=encoding)
    (profile,), _ = profile_files([folder / "t.csv"])
    return profile


def times(folder: Path, *values: str, name: str = "at") -> Any:
    """How a column of such texts reads; as Parquet, where no reader has guessed before."""
    rows = ", ".join(f"('{value}')" for value in values)
    duckdb.execute(f"COPY (SELECT * FROM (VALUES {rows}) t(\"{name}\")) TO '{folder}/t.parquet' (FORMAT parquet)")
    (profile,), _ = profile_files([folder / "t.parquet"])
    return profile.columns[0].time


def csv_times(folder: Path, *values: str) -> Any:
    return csv(folder, "at;n\n" + "".join(f"{value};x{place}\n" for place, value in enumerate(values))).columns[0].time


@pytest.mark.parametrize(
    ("values", "how"),
    [
        (("2025-03-01 10:15", "2025-03-02T11:00:00Z"), ("ISO 8601",)),
        (("24.03.2025 10:15", "01.04.2025 11:00"), ("%d.%m.%Y %H:%M",)),
        (("24.03.2025", "01.04.2025 11:00"), ("%d.%m.%Y", "%d.%m.%Y %H:%M")),
        (("03/24/2025 1:15 PM", "03/25/2025 2:15 AM"), ("%m/%d/%Y %I:%M %p",)),
        (("24-Mar-2025 13:15", "25-Mar-2025 02:15"), ("%d-%b-%Y %H:%M",)),
        (("20250324", "20250401"), ("%Y%m%d",)),
        (("1740994980", "1741012500"), ("epoch s",)),
        (("1740994980000", "1741012500000"), ("epoch ms",)),
    ],
)
def test_times_are_read_however_they_are_written(tmp_path: Path, values: tuple[str, ...], how: tuple[str, ...]) -> None:
    found = times(tmp_path, *values)
    assert set(found.how) == set(how)
    assert (found.parsed, found.ambiguous) == (len(values), "")


def test_day_or_month_first_is_told_and_the_shorter_span_taken(tmp_path: Path) -> None:
    found = times(tmp_path, "03/04/2025 10:15", "04/04/2025 10:15", "05/04/2025 10:20")
    assert (found.how, found.ambiguous) == (("%d/%m/%Y %H:%M",), "%m/%d/%Y %H:%M")
    found = times(tmp_path, "04/03/2025 10:15", "04/04/2025 10:15", "04/05/2025 10:20")
    assert (found.how, found.ambiguous) == (("%m/%d/%Y %H:%M",), "%d/%m/%Y %H:%M")


def test_what_the_reader_took_as_days_first_is_told_too(tmp_path: Path) -> None:
    found = csv_times(tmp_path, "03/04/2025 10:15:00", "05/04/2025 10:15:00")
    assert (found.how, found.ambiguous) == (("time",), "%m/%d/%Y %H:%M:%S")
    assert csv_times(tmp_path, "03/04/2025 10:15:00", "25/04/2025 10:15:00").ambiguous == ""


def test_numbers_that_are_no_times_stay_numbers(tmp_path: Path) -> None:
    assert times(tmp_path, "1740994980", "1741012500", name="phone_id") is None
    assert times(tmp_path, "173688", "173691", name="case_id") is None


EVENTS = "Entry;Ticket;When;Status;Mail\n" + "".join(
    f"{9 + 2 * n + step};T{n};0{1 + n % 9}.04.2025 1{step}:00;{('opened', 'closed')[step]};a{n // 2}@example.org\n"
    for n in range(40) for step in (0, 1)
)  # fmt: skip


def test_case_person_action_time_and_order_are_found(tmp_path: Path) -> None:
    roles = csv(tmp_path, EVENTS).roles
    named = (roles.form, roles.case, roles.person, roles.action, roles.time)
    assert [each if isinstance(each, str) else each and each.name for each in named] == [
        "events",
        "Ticket",
        "Mail",
        "Status",
        "When",
    ]


def test_an_order_written_as_text_counts_as_numbers(tmp_path: Path) -> None:
    """By text, 10 would come before 9."""
    rows = "".join(f"T{n},2025-04-01 10:00,{'abcdefghijkl'[step]}b,{step + 1}\n" for n in range(9) for step in range(12))
    (tmp_path / "raw.csv").write_text("ticket,at,status,seq\n" + rows, encoding="utf-8")
    query = f"SELECT * REPLACE (CAST(seq AS VARCHAR) AS seq) FROM read_csv('{tmp_path / 'raw.csv'}', header = true)"
    duckdb.execute(f"COPY ({query}) TO '{tmp_path / 't.parquet'}' (FORMAT parquet)")
    (profile,), _ = profile_files([tmp_path / "t.parquet"])
    assert (profile.tied, profile.order and profile.order.column and profile.order.column.name) == (108, "seq")


def test_doubles_ties_and_quiet_days_are_counted(tmp_path: Path) -> None:
    lines = [
        "case_id;at;status",
        "1;2025-04-04 10:00;new",
        "1;2025-04-04 10:00;new",
        "1;2025-04-04 10:00;done",
        "2;2025-04-08 10:00;new",
    ]
    profile = csv(tmp_path, "\n".join([*lines, "2;2025-04-08 11:00;done"]) + "\n")
    assert (profile.doubles, profile.tied) == (1, 3)
    assert profile.span is not None
    assert (profile.span.days, profile.span.quiet, profile.span.weekend, profile.span.longest_gap_ms) == (5, 3, 2, 4 * 86_400_000)


def test_semicolons_and_latin_1_need_no_word(tmp_path: Path) -> None:
    profile = csv(tmp_path, "Straße;Größe\nMünsterplatz;7\n", "latin-1")
    assert [column.name for column in profile.columns] == ["Straße", "Größe"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file has no rows"),
        ("a;b;c\n", "the file has no rows"),
        ("name,price\nx,1\ny,2\n", "no column reads as a time: tried times, ISO 8601"),
        ("case_id,at\nx,soon\ny,later\n", "at promises a time by its name: no format reads a single value"),
        ("a;b\n1;2\n2;3;4\n1\n", "the header holds separators, and was not split"),
        ("id,at,gone\n1,2025-04-04 10:00,\n2,2025-04-05 10:00,\n", "1 columns without any value: gone"),
    ],
)
def test_odd_files_are_told(tmp_path: Path, text: str, said: str) -> None:
    assert any(line.startswith(said) for line in findings(csv(tmp_path, text)))


@pytest.mark.parametrize(("name", "content"), [("t.parquet", b"no"), ("t.json", b"{"), ("t.csv", bytes(range(256)) * 4)])
def test_a_broken_file_is_named_with_a_remedy(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"{name}: .*; repair the file, or write it anew as UTF-8 CSV"):
        profile_files([tmp_path / name])


def test_exit_codes_name_file_and_remedy(tmp_path: Path) -> None:
    assert command("profile")[0] == 2
    code, out, err = command("profile", tmp_path / "none.csv")
    assert (code, out) == (3, "")
    assert "none.csv does not exist" in err


def test_hundreds_of_columns_are_all_in_the_json(tmp_path: Path) -> None:
    names, values = [f"c{n}x" for n in range(300)], [str(n) for n in range(300)]
    (tmp_path / "t.csv").write_text("\n".join([";".join(names), *[";".join(values)] * 3]) + "\n", encoding="utf-8")
    code, out, _ = command("profile", tmp_path / "t.csv", "--json")
    (file,) = json.loads(out)["files"]
    assert (code, len(file["columns"]), file["doubles"]) == (0, 300, 2)


SECRETS = ("maria.huber@example.org", "+43 660 1234567", "Maria Huber", "Lindengasse 7", "4711-0815-22")


def test_no_value_that_could_be_personal_is_printed(tmp_path: Path) -> None:
    header = "case_id;at;status;contact;phone;name;address;customer_id"
    rows = [f"{n};2025-04-0{1 + n % 9} 10:00;open;{';'.join(SECRETS)}" for n in range(50)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    for arguments in ((), ("--json",)):
        code, out, err = command("profile", tmp_path / "t.csv", *arguments)
        assert code == 0
        assert "open" in out
        assert not [secret for secret in SECRETS if secret in out + err]


@given(st.text(max_size=60))
def test_a_shape_keeps_no_letter_and_no_digit(text: str) -> None:
    left = {character for character in shape(text) if character.isalnum()}
    assert left <= {"a", "A", "9"}


def test_names_are_split_into_words() -> None:
    assert hints("CustomerId") == hints("customer id") == hints("CUSTOMER_ID") == {"person", "key"}
    assert (slug("E-Mail (geschäftlich)"), slug("2nd"), slug("…")) == ("e_mail_geschaeftlich", "column_2nd", "column")


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(tables())
def test_no_table_is_too_odd(tmp_path: Path, table: Any) -> None:
    (profile,), _ = profile_files([written(tmp_path, table)])
    json.dumps(as_json(profile))
    assert profile.rows == len(table.rows)
    assert all(column.known <= column.filled <= profile.rows and column.distinct <= column.known for column in profile.columns)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("servicenow/incident_events.parquet",
         {"case": "number", "person": "caller_id", "action": "incident_state", "time": "sys_updated_at", "agent": "assigned_to",
          "team": "assignment_group", "channel": "contact_type", "order": "sys_mod_count", "form": "events"}),
        ("loans/loan_events.parquet",
         {"case": "case_id", "action": "activity", "time": "timestamp", "order": "event_index", "person": None}),
        ("orders/orders.parquet", {"case": "order_id", "person": "customer_id", "form": "wide", "action": None}),
        ("orders/order_payments.parquet", {"form": "no time"}),
        ("identity/people_1000.csv", {"form": "no time"}),
    ],
)  # fmt: skip
def test_the_real_sets_are_understood(file: str, expected: dict[str, Any]) -> None:
    if not (DATA / file).is_file():
        pytest.skip("not run: data absent")
    profile = of_real(file)
    found = as_json(profile)
    assert {key: {**found["roles"], "form": found["form"], "order": found["order_key"]}[key] for key in expected} == expected


def test_counts_of_the_real_sets_are_the_truth() -> None:
    known = truth("servicenow")
    profile = of_real("servicenow/incident_events.parquet")
    case, person = profile.roles.case, profile.roles.person
    assert (profile.rows, profile.doubles) == (known["rows"], known["exact_duplicate_rows"])
    assert case is not None
    assert person is not None
    assert (case.distinct, person.distinct) == (known["incidents"], known["callers"])
    assert profile.span is not None
    assert as_json(profile)["span"]["last"] == known["span_updated"][1].replace(" ", "T") + "Z"


def test_what_r_pandas_and_javascript_write_for_nothing_is_nothing(tmp_path: Path) -> None:
    text = "case_id,at,status,delay,zip,country\n" + "".join(
        f"C{n // 2},2025-04-0{1 + n % 9} 10:00,{('new', 'done')[odd]},{('NA', n, 'nan')[n % 3]},0{n % 7}123,{('NA', 'DE')[odd]}\n"
        for n in range(40)
        for odd in (n % 2,)
    )
    found = {column.name: column for column in csv(tmp_path, text).columns}
    assert (found["delay"].placeholder_values, found["delay"].number) == (("NA", "nan"), "BIGINT")
    assert found["zip"].number == ""  # would lose its zero
    assert found["country"].placeholders == 0  # Namibia


def test_a_person_whose_rows_are_all_that_belongs_together_is_no_case(tmp_path: Path) -> None:
    text = "user_id,event,timestamp\n" + "".join(
        f"{7 + n // 5},{('main', 'catalog', 'cart')[n % 3]},2025-04-0{1 + n % 9} 1{n % 10}:00:0{n % 7}\n" for n in range(90)
    )
    profile = csv(tmp_path, text)
    assert looks_like(profile.columns[0], profile) == "person"
    assert "user_id AS identifier_customer" in mapping_text(profile, [], [])


def test_numbers_that_no_name_calls_an_action_are_none(tmp_path: Path) -> None:
    text = "case_id,at,day\n" + "".join(f"C{n // 4},2025-04-0{1 + n % 9} 10:00,{1 + n % 9}\n" for n in range(60))
    assert csv(tmp_path, text).roles.action is None


@pytest.mark.parametrize("first", ["\n", "\r\n"])
def test_lines_may_end_in_two_ways(tmp_path: Path, first: str) -> None:
    second = "\r\n" if first == "\n" else "\n"
    lines = [f"C{n // 2},2025-04-0{1 + n % 9} 10:00,{('new', 'done')[n % 2]}" for n in range(40)]
    text = "case_id,at,status" + first + first.join(lines[:20]) + first + second.join(lines[20:]) + second
    (tmp_path / "t.csv").write_bytes(text.encode())
    (profile,), _ = profile_files([tmp_path / "t.csv"])
    assert (profile.rows, [column.name for column in profile.columns]) == (40, ["case_id", "at", "status"])
    assert profile.columns[2].distinct == 2


def test_columns_that_blanks_keep_apart_are_told(tmp_path: Path) -> None:
    profile = csv(tmp_path, "customer_id  date number\n00001 19970101  1\n00002 19970112  5\n")
    assert any("split it in the mapping" in line for line in findings(profile))
