"""identity.yaml: what is wrong with it, the forms of values, what is kept of them, and whom a touchpoint links."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from streams.cli.identity import identity_app
from streams.core.identifiers import SHIPPED, Identifiers, IdentifierType, IdentityError, load_identifiers
from streams.core.intake import Limits, Rejected, touchpoint_of
from streams.core.log import LINKED, SEEN, UNLINKED
from streams.settings import ConfigurationError

SECRET = "a secret of the tests"  # noqa: S105 - no real one
NOW_MS = 1_700_000_000_000
LIMITS = Limits(oldest_ms=1_000_000, future_ms=1_000)
PERSON = IdentifierType("person")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "identity.yaml"


def problems(file: Path, body: str, secret: str = "") -> list[str]:
    file.write_text(dedent(body))
    with pytest.raises(IdentityError) as raised:
        load_identifiers(file, secret)
    return [str(problem).removeprefix(f"{file}:") for problem in raised.value.problems]


def of(its: IdentifierType, value: str, region: str = "", **more: Any) -> str:
    return Identifiers({"it": its}, **more).value("it", value, region)


# reading --------------------------------------------------------------------------------------------------------------


def test_all_problems_are_found_at_once_with_line_and_what_was_meant(file: Path) -> None:
    body = """\
    identifiers:
      customer: {kind: persn, most: 0}
      card: {kind: person, form: crad, partners: {custmer: 5}}
      email: {kind: person, form: email, matches: "(", dotles: [a]}
      phone: {kind: person, region: XX, strict: "yes"}
      order: {kind: object, never: ["x"], kept: hashed}
      "a:b": {kind: person, strict: true}
      loose: {form: text}
    nobody: [0, "x"]
    most_identifiers: 1
    """
    assert problems(file, body) == [
        "2: identifiers.customer.kind: there is no `persn`; did you mean `person`?",
        "2: identifiers.customer.most: expected a count of 1 or more, got `0`",
        "3: identifiers.card.form: there is no `crad`; did you mean `card`?",
        "4: identifiers.email.dotles: unknown key `dotles`; did you mean `dotless`?",
        "4: identifiers.email.matches: not a regular expression: missing ), unterminated subpattern at position 0",
        "5: identifiers.phone.region: `XX` is not a country's two letters, such as DE",
        "5: identifiers.phone.strict: expected true or false, got `yes`",
        "6: identifiers.order.kept: kept hashed, so THROUGHLINE_IDENTITY_SECRET must hold a secret of at least 16 characters",
        "6: identifiers.order.never: `never` is for the kind person: nothing else links people",
        "7: identifiers.a:b: a type must not be empty or contain a colon",
        "7: identifiers.a:b.strict: `strict` needs `form: phone`",
        "8: identifiers.loose: `kind` is missing; expected `object` or `person` or `reference`",
        '9: nobody.0: expected a text in quotation marks, got `0`; write "0"',
        "10: most_identifiers: expected a count of 2 or more, got `1`",
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("# nothing", "1: the file is empty: expected types beginning with `identifiers:`"),
        ("identifiers: {a: {kind: person}", "1: no YAML"),
        ("identifiers:\n  a: {kind: person}\n  a: {kind: object}", "3: identifiers: `a` is there twice"),
        ("identifiers: [a]", "1: identifiers: expected a mapping, got"),
        ("identifiers:\n  a: person", "2: identifiers.a: expected a mapping, got `person`"),
        ("identifiers:\n  a: {kind: object}", "1: identifiers: none is of the kind person"),
        ("nobody: []", "1: `identifiers` is missing"),
        ("identifers: {a: {kind: person}}", "1: identifers: unknown key `identifers`; did you mean `identifiers`?"),
        ("identifiers:\n  a: {kind: person, never: x}", "2: identifiers.a.never: expected a list of texts, got `x`"),
        (
            "identifiers:\n  a: {kind: person, expires: 180}",
            "2: identifiers.a.expires: expected a duration like `90s`, `30m`, `4h` or `7d`, got `180`",
        ),
        ("identifiers:\n  a: {kind: person, expires: 0d}", "2: identifiers.a.expires: `0d` is no time at all"),
        (
            "identifiers:\n  a: {kind: person, expires: 5 working days}",
            "2: identifiers.a.expires: `5 working days` stands where only",
        ),
        (
            "identifiers:\n  a: {kind: person}\n  order: {kind: object, expires: 1d}",
            "3: identifiers.order.expires: `expires` is for the kind person: nothing else links people",
        ),
        (
            "identifiers:\n  a: {kind: person, partners:\n    {ordr: 1}}\n  order: {kind: object}",
            "3: identifiers.a.partners.ordr: `ordr` is no identifier of a person; expected `a`",
        ),
    ],
)
def test_each_problem_has_its_line(file: Path, body: str, said: str) -> None:
    assert any(each.startswith(said) for each in problems(file, body))


def test_a_file_that_is_not_there_or_not_text_is_named(file: Path) -> None:
    with pytest.raises(IdentityError, match=r"identity\.yaml:1: cannot be read: No such file"):
        load_identifiers(file)
    file.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(IdentityError, match=r"identity\.yaml:1: is not encoded in UTF-8"):
        load_identifiers(file)


def run(*arguments: str) -> tuple[str, str, BaseException | None]:
    """(standard output, standard error, what it ended with)."""
    result = CliRunner().invoke(identity_app, ["check", *arguments])
    return result.stdout, result.stderr, result.exception


def test_check_shows_the_types_in_the_order_of_their_rank() -> None:
    stdout, stderr, ended = run(str(SHIPPED))
    rows = [line.split() for line in stdout.splitlines()]
    assert ended is None
    assert rows[0] == ["type", "kind", "rank", "form", "guards", "kept"]
    assert rows[1][:4] == ["customer", "person", "1", "text"]
    assert rows[4][4:] == ["partners", "customer", "3", "email", "5", "clear"]
    assert stderr == "12 types in order, at most 200 of a person\n"


def test_check_shows_how_long_a_type_links(file: Path) -> None:
    file.write_text("identifiers: {phone: {kind: person, most: 3, expires: 180d}}\n")
    assert "most 3, expires 180d" in run(str(file))[0]
    assert json.loads(run(str(file), "--json")[0])["types"][0]["expires"] == "180d"


def test_check_says_the_same_as_json(file: Path) -> None:
    file.write_text("identifiers: {email: {kind: person, form: email, dotless: [gmail.com], never: ['test@*']}}\n")
    said = json.loads(run(str(file), "--json")[0])
    assert (said["ok"], said["most_identifiers"], said["nobody"]) == (True, 200, [])
    (email,) = said["types"]
    assert (email["type"], email["rank"], email["form"], email["dotless"]) == ("email", 1, "email", ["gmail.com"])


def test_check_fails_as_a_matter_of_configuration(file: Path) -> None:
    file.write_text("identifiers:\n  a: {kind: person, form: txt}\n")
    stdout, _, ended = run(str(file))
    assert stdout == f"{file}:2: identifiers.a.form: there is no `txt`; did you mean `text`?\n"
    assert isinstance(ended, ConfigurationError)
    said = json.loads(run(str(file), "--json")[0])
    assert [(each["line"], each["where"]) for each in said["problems"]] == [(2, "identifiers.a.form")]


# forms ----------------------------------------------------------------------------------------------------------------

EMAIL = IdentifierType("person", form="email", dotless=("GMAIL.com",), tagless=("gmail.com", "tags.example"))
PHONE = IdentifierType("person", form="phone", region="de")


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        (" Ann.Lee@Shop.Example ", "ann.lee@shop.example"),
        ("A.n.n+x+y@Gmail.com", "ann@gmail.com"),
        ("ann.lee+news@TAGS.example", "ann.lee@tags.example"),
        ("ann+news@shop.example", "ann+news@shop.example"),
        ('"a@b"@shop.example', '"a@b"@shop.example'),
        ("nobody", ""),
        ("@shop.example", ""),
        ("ann@", ""),
        ("+x@gmail.com", ""),
    ],
)
def test_emails_are_compared_without_case_and_what_their_domain_ignores(written: str, compared: str) -> None:
    assert of(EMAIL, written) == compared


def test_the_case_of_a_mailbox_counts_where_the_file_says_so_never_that_of_the_domain() -> None:
    assert of(IdentifierType("person", form="email", keeps_case=True), "Ann@Shop.Example") == "Ann@shop.example"
    every = IdentifierType("person", form="email", dotless=("*",), tagless=("*",))
    assert of(every, "a.nn+x@anywhere.example") == "ann@anywhere.example"


@pytest.mark.parametrize(
    ("written", "region", "compared"),
    [
        ("030 / 90 18 20", "", "+4930901820"),  # the default
        ("(11) 98765-4321", "BR", "+5511987654321"),  # the touchpoint's
        ("(11) 98765-4321", "br", "+5511987654321"),
        ("030 901820", "XX", "+4930901820"),  # two letters, and no country's
        ("030 901820", "south", "+4930901820"),
        ("+55 11 98765-4321", "DE", "+5511987654321"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("1", "", "1"),  # no number: by its digits
        ("call me", "", "callme"),
    ],
)
def test_phone_numbers_are_compared_in_e164(written: str, region: str, compared: str) -> None:
    assert of(PHONE, written, region) == compared


def test_strict_takes_nothing_but_possible_numbers() -> None:
    strict = IdentifierType("person", form="phone", strict=True)
    assert [of(strict, written) for written in ("+49 30 901820", "030 901820", "1-2", "call me")] == ["+4930901820", "", "", ""]


def test_cards_lower_and_text() -> None:
    assert of(IdentifierType("person", form="card"), " 4000-1234 5678/90ab ") == "40001234567890AB"
    assert of(IdentifierType("person", form="lower"), " AbC d ") == "abc d"
    assert of(IdentifierType("person"), " AbC d ") == "AbC d"


@given(
    st.sampled_from(["text", "lower", "card", "email", "phone"]),
    st.text(max_size=12) | st.text("0123456789+-/. ()ab@", max_size=16) | st.emails(),
)
def test_what_is_in_its_form_stays_as_it_is(form: Any, value: str) -> None:
    more = {"dotless": ("*",), "tagless": ("*",)} if form == "email" else {"region": "DE"} if form == "phone" else {}
    its = IdentifierType("person", form=form, **more)
    assert of(its, of(its, value)) == of(its, value)


def test_who_stands_for_nobody_is_absent_before_and_after_the_form() -> None:
    nobody = frozenset({"", "unknown", "0"})
    assert [of(PERSON, value, nobody=nobody) for value in (" Unknown ", "0", " ", "x")] == ["", "", "", "x"]
    assert of(IdentifierType("person", form="card"), "0-", nobody=nobody) == ""


def test_another_value_than_matches_says_is_absent() -> None:
    its = IdentifierType("person", form="card", matches="[0-9]{4}")
    assert [of(its, value) for value in ("12-34", "12345", "x1234")] == ["1234", "", ""]
    pairs = (("it", "12345"), ("other", " kept "))
    assert Identifiers({"it": its}).normalise(pairs) == (("other", "kept"),)


# what is kept ---------------------------------------------------------------------------------------------------------

HASHED = IdentifierType("person", form="email", never=("test@*",), kept="hashed")


def test_a_hash_is_the_same_for_the_same_value_and_another_for_another_secret() -> None:
    one, same, other = (of(HASHED, value, secret=SECRET.encode()) for value in ("Ann@x.example", "ann@X.example", "bob@x.example"))
    assert one == same
    assert len({one, other, of(HASHED, "ann@x.example", secret=b"another secret of the tests")}) == 3
    two_types = Identifiers({"it": HASHED, "mail": HASHED}, secret=SECRET.encode())
    assert two_types.value("it", "ann@x.example") != two_types.value("mail", "ann@x.example")


def test_what_is_denied_is_denied_hashed_as_well() -> None:
    identifiers = Identifiers({"it": HASHED}, secret=SECRET.encode())
    keys = [f"it:{identifiers.value('it', value)}" for value in ("TEST@x.example", "ann@x.example")]
    assert [identifiers.denies(key) for key in keys] == [True, False]


@pytest.mark.parametrize(("value", "denied"), [("Test@x", True), ("x@example.com", True), ("x@example.community", False)])
def test_never_names_values_whatever_their_case(value: str, denied: bool) -> None:
    assert Identifiers({"it": IdentifierType("person", never=("TEST@*", "*@example.com"))}).denies(f"it:{value}") is denied


def record(action: str, *pairs: tuple[str, str], region: str = "") -> dict[str, Any]:
    return {
        "source": "shop", "event_id": "e1", "occurred_at": NOW_MS, "origin": "product", "channel": "web", "action": action,
        "identifiers": [{"type": name, "value": value} for name, value in pairs], "attributes": {}, "region": region,
    }  # fmt: skip


def test_nothing_of_a_hashed_value_is_left_in_the_touchpoint() -> None:
    identifiers = Identifiers({"email": HASHED, "order": "object"}, secret=SECRET.encode())
    for pairs in ([("email", "Ann.Lee@x.example")], [("email", "Ann.Lee@x.example"), ("order", "1")]):
        touchpoint = touchpoint_of(record("mail.sent", *pairs), identifiers, LIMITS, NOW_MS)
        packed = msgspec.msgpack.encode(touchpoint).lower()
        assert b"ann" not in packed
        assert b"x.example" not in packed


# whom a touchpoint links ----------------------------------------------------------------------------------------------

TYPES = Identifiers(
    {"customer": "person", "email": HASHED, "phone": PHONE, "order": "object", "case": "object", "review": "reference"},
    secret=SECRET.encode(),
)


def said(action: str, *pairs: tuple[str, str]) -> list[tuple[str, str, int]]:
    return TYPES.links(TYPES.normalise(pairs), action)


def test_persons_link_with_each_other_and_objects_belong_to_the_strongest() -> None:
    pairs = [("order", "1"), ("phone", "030 901820"), ("customer", "a"), ("review", "r")]
    assert said("seen", *pairs) == [("phone:+4930901820", "customer:a", SEEN), ("order:1", "customer:a", SEEN)]
    assert said("seen", ("order", "1"), ("case", "2")) == [("case:2", "order:1", SEEN)]
    assert said("seen", ("customer", "a"), ("review", "r")) == []


def test_an_object_has_another_target_where_its_strongest_may_have_expired() -> None:
    types = Identifiers(
        {"phone": IdentifierType("person", expires="90d"), "email": "person", "cookie": "person", "order": "object"}
    )
    targets = [
        stronger
        for weaker, stronger, _ in types.links((("order", "1"), ("cookie", "c"), ("email", "m"), ("phone", "1")))
        if weaker == "order:1"
    ]
    assert targets == ["phone:1", "email:m"]


def test_what_is_said_on_purpose_is_said_of_every_pair() -> None:
    pairs = [("customer", "a"), ("customer", "b"), ("order", "1")]
    wanted = [("customer:b", "customer:a"), ("order:1", "customer:a"), ("order:1", "customer:b")]
    for action, says in (("identity.linked", LINKED), ("identity.unlinked", UNLINKED)):
        assert sorted(said(action, *pairs)) == [(*pair, says) for pair in wanted]


@pytest.mark.parametrize("action", ["identity.linked", "identity.unlinked"])
@pytest.mark.parametrize(
    "pairs",
    [
        [("customer", "a")],
        [("customer", "a"), ("customer", " a")],
        [("customer", "a"), ("customer", "?")],
        [("customer", "a"), ("review", "r")],
        [("order", "1"), ("order", "2")],
    ],
)
def test_an_identity_touchpoint_without_two_that_can_link_is_rejected(action: str, pairs: list[tuple[str, str]]) -> None:
    identifiers = load_identifiers()
    with pytest.raises(Rejected) as caught:
        touchpoint_of(record(action, *pairs), identifiers, LIMITS, NOW_MS)
    assert caught.value.reason == "missing_identifier"
    assert touchpoint_of(record("seen", *pairs), identifiers, LIMITS, NOW_MS).action == "seen"
