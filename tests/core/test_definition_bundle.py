"""Bundles: definitions in files, together, as they are published."""

from pathlib import Path

import pytest

from streams.core.definition import Bundle, DefinitionError, bundle_of
from streams.core.identifiers import load_identifiers
from streams.core.journey import run_cases
from streams.definitions import SHIPPED, load_bundle

ORDER = "journey: order\nversion: 1\ninstance: order\nopens: opened\nexpires: 1d\n"
CASE = "journey: case\nversion: 3\ninstance: case\nopens: opened\n"


def test_the_definitions_that_ship_are_in_order_and_hold_their_cases() -> None:
    bundle = load_bundle([SHIPPED], load_identifiers().kinds)
    assert {each.name for each in bundle.definitions} == {"order", "service_case"}
    for definition in bundle.definitions:
        tried = {rule for case in definition.definition.cases for rule in case.expect}
        assert definition.definition.about
        assert tried == {rule.name for rule in definition.rules}, "every rule has a case"
        assert run_cases(bundle, definition) == []


def test_a_bundle_knows_its_definitions_by_the_type_of_their_instance() -> None:
    bundle = bundle_of([("a", ORDER), ("b", CASE), ("c", ORDER.replace("journey: order", "journey: parcel"))])
    assert {kind: [each.name for each in found] for kind, found in bundle.by_instance_type.items()} == {
        "case": ["case"],
        "order": ["order", "parcel"],
    }


def test_the_hash_is_that_of_the_meaning() -> None:
    bundle = bundle_of([("a", ORDER), ("b", CASE)])
    same = bundle_of([("y", CASE), ("x", ORDER.replace("1d", "24h") + "stages: {}\ncases: []\n")])
    other = bundle_of([("a", ORDER.replace("1d", "25h")), ("b", CASE)])
    assert bundle.content_hash == same.content_hash != other.content_hash
    assert bundle.to_json() == same.to_json()


def test_a_bundle_travels_as_json() -> None:
    bundle = load_bundle([SHIPPED])
    arrived = Bundle.from_json(bundle.to_json())
    assert (arrived.content_hash, arrived.to_json()) == (bundle.content_hash, bundle.to_json())


def test_the_order_in_which_outcomes_are_declared_travels_too() -> None:
    bundle = bundle_of([("a", ORDER + "closes: {z: ended, a: ended}\n")])
    (definition,) = Bundle.from_json(bundle.to_json()).definitions
    assert [outcome for outcome, _ in definition.closes] == ["z", "a"]


UNKNOWN_PROMISE = '[{"journey":"a","version":1,"instance":"a","opens":"a","breakages":{"b":{"promise":"c"}}}]'


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"journey":"a"}]', "null", UNKNOWN_PROMISE])
def test_what_is_no_bundle_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever kind
        Bundle.from_json(text)


def test_files_and_folders_are_read_and_all_their_problems_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "journeys").mkdir()
    for name, text in (("a.yaml", ORDER), ("b.yaml", "journey: x"), ("identity.yaml", "identifiers: {}"), ("c.txt", "")):
        (tmp_path / "journeys" / name).write_text(text)
    (tmp_path / "latin.yaml").write_bytes(b"journey: \xe4")
    with pytest.raises(DefinitionError) as raised:
        load_bundle([tmp_path / "journeys", tmp_path / "empty", tmp_path / "latin.yaml", tmp_path / "none.yaml"])
    said = [str(problem).replace(str(tmp_path), "") for problem in raised.value.problems]
    assert said[0] == "/empty:1: this folder has no definitions: expected `*.yaml` files"
    assert [problem.split(":")[0] for problem in said[1:]] == ["/journeys/b.yaml"] * 3 + ["/latin.yaml", "/none.yaml"]


def test_no_paths_make_an_empty_bundle() -> None:
    assert load_bundle([]).definitions == ()
