"""Whom a command is about, and what a link or an unlink would do, as the tables tell."""

from pathlib import Path

import pytest
import typer
from clickhouse_driver import Client
from pydantic import SecretStr

from sinks.clickhouse.sink import ClickHouseSink
from streams.cli.foresight import of_link, of_unlink
from streams.cli.identity_purpose import _as_written
from streams.cli.whom import Whom, stranger, whom
from streams.core.identifiers import Identifiers, IdentifierType
from streams.core.touchpoint import hash_id
from streams.known import known_identifiers
from streams.settings import Settings
from tests.sinks.databases import land
from tests.sinks.samples import AT, batch, touchpoint
from tests.sinks.test_graph import ANN, BOB, MAIL, PHONE, between, landed, somebody

SECRET = "a secret of the tests"  # noqa: S105 - no real one
GUARDED = Identifiers(
    {
        "customer": IdentifierType("person", most=2),
        "email": IdentifierType("person", never=("test@*",)),
        "phone": IdentifierType("person", partners={"customer": 1}),
    },
    most=4,
)
HASHED = "identifiers: {customer: {kind: person}, email: {kind: person, form: email, kept: hashed}, order: {kind: object}}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "identity.yaml").write_text(HASHED)
    return Settings(identity=tmp_path / "identity.yaml", identity_secret=SecretStr(SECRET))


def also(sink: ClickHouseSink, *addresses: str) -> None:
    """Identifiers that came alone."""
    rows = [touchpoint(each, address=each, identifiers=(tuple(each.split(":")),)) for each in addresses]
    land(sink, batch("touchpoints", *rows, first=100))


# whom -----------------------------------------------------------------------------------------------------------------


def test_somebody_is_named_as_written_as_stored_and_by_ids(client: Client, sink: ClickHouseSink, settings: Settings) -> None:
    stored = known_identifiers(settings).value("email", "ann@shop.de")
    also(sink, f"email:{stored}")
    own_id = hash_id("email", stored)
    for text in ("email: Ann@Shop.de", f"email:{stored}", own_id):
        found = whom(client, settings, text)
        assert (found.known, found.identifier, found.own_id, found.person_id) == (True, f"email:{stored}", own_id, own_id)
    landed(sink)
    assert whom(client, settings, PHONE).person_id == ANN
    assert whom(client, settings, "phone:1").person_id == ANN  # declared or not
    assert whom(client, settings, "f" * 32).known is False


@pytest.mark.parametrize("text", ["ann", "email:", ":x", "email:ann"])
def test_what_names_nobody_is_wrong_usage(client: Client, settings: Settings, text: str) -> None:
    with pytest.raises(typer.BadParameter):
        whom(client, settings, text)


def test_about_a_stranger_a_type_that_does_not_exist_is_told(client: Client, settings: Settings) -> None:
    assert whom(client, settings, "custmer:1").known is False
    assert stranger(settings, "custmer:1").endswith("no identifier type is called `custmer`; did you mean `customer`?")
    assert stranger(settings, "customer:1") == "nothing has landed about customer:1"


def test_what_is_sent_is_what_intake_makes_the_same_identifier_of(settings: Settings) -> None:
    """A hash cannot be sent: intake would hash it again."""
    identifiers = known_identifiers(settings)
    stored = identifiers.value("email", "ann@shop.de")
    named = Whom(f"email:{stored}", "Ann@Shop.de", "", "", True, "person")
    assert _as_written(identifiers, named) == ("email", "Ann@Shop.de")
    for written in (stored, ""):
        with pytest.raises(typer.BadParameter, match="kept hashed, so give the value itself"):
            _as_written(identifiers, named._replace(written=written))
    with pytest.raises(typer.BadParameter, match="`order` is no identifier of a person"):
        _as_written(identifiers, Whom("order:o1", "o1", "", "", True, "object"))
    assert _as_written(identifiers, Whom("customer:ann", "", "", "", True, "person")) == ("customer", "ann")


# foresight ------------------------------------------------------------------------------------------------------------


def test_an_unlink_tells_whether_it_parts_them(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    ann, mail, phone, bob = (somebody(client, each) for each in (ANN, MAIL, PHONE, BOB))
    parts = of_unlink(client, GUARDED, ann, mail)
    assert (parts.weaker, parts.stronger, parts.doubt, parts.moves) == (mail, ann, "", True)
    other = of_unlink(client, GUARDED, phone, ann)
    assert other.doubt == (
        "phone:1 and customer:ann stay one person through phone:1 and email:a@x (shop/e2), email:a@x and customer:ann (shop/e1)"
    )
    assert of_unlink(client, GUARDED, ann, bob).is_done
    apart = of_unlink(client, GUARDED, phone, bob)
    assert (apart.moves, apart.doubt) == (False, "")
    assert apart.tells.startswith("phone:1 and customer:bob are not one person")


def test_what_expired_can_be_linked_on_purpose_and_goes_on_when_the_old_owner_is_unlinked(
    client: Client, sink: ClickHouseSink
) -> None:
    landed(sink)
    late = between(("phone", "1"), ("customer", "bob"), state="refused", guard="expired", occurred_at=AT + 8, event_id="e8")
    land(sink, batch("pairs", late, first=200))
    mail, phone, bob = (somebody(client, each) for each in (MAIL, PHONE, BOB))
    handed_over = of_unlink(client, GUARDED, phone, mail)
    assert handed_over.tells == (
        "phone:1 and email:a@x will be two persons; judged again: phone:1 and customer:bob (shop/e8), refused as expired"
    )
    assert (
        "too_many_customer"
        in of_link(client, Identifiers({**GUARDED.types, "customer": IdentifierType("person", most=1)}), phone, bob).doubt
    )
    assert of_link(client, GUARDED, phone, bob).moves


def test_a_link_tells_what_becomes_of_it_and_which_guard_refuses_it(client: Client, sink: ClickHouseSink) -> None:
    landed(sink)
    also(sink, "customer:eve", "email:test@x", "email:e@x", "phone:9")
    ann, mail, phone, bob = (somebody(client, each) for each in (ANN, MAIL, PHONE, BOB))
    eve, test, free, alone = (
        somebody(client, hash_id(*each)) for each in (("customer", "eve"), ("email", "test@x"), ("email", "e@x"), ("phone", "9"))
    )
    assert of_link(client, GUARDED, mail, ann).is_done
    assert of_link(client, GUARDED, phone, ann).path != ()  # one person already, through others
    assert of_link(client, GUARDED, bob, ann).moves  # what was unlinked comes together
    assert of_link(client, GUARDED, free, alone).moves
    doubts = [of_link(client, GUARDED, *each).doubt for each in ((test, eve), (phone, eve))]
    assert [doubt.partition("refused: ")[2].partition(",")[0] for doubt in doubts] == ["denied", "crowded"]
    few = Identifiers({**GUARDED.types, "customer": IdentifierType("person", most=1)}, most=4)
    assert "too_many_customer, the person would have 4 identifiers" in of_link(client, few, eve, ann).doubt
    small = Identifiers(GUARDED.types, most=3)
    assert "too_large" in of_link(client, small, free, mail).doubt
