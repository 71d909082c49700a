"""Each check of a text: one that holds, one that does not, and what it says of what it found."""

import sys
from pathlib import Path

import pytest

from eval_pipeline.evaluators.checks import (
    breaks_off,
    contains_all,
    contains_any,
    contains_none,
    has_length,
    is_json_object,
    is_valid_json,
    matches,
    matches_none,
    satisfies_schema,
)
from tests.evaluators.conversations import call, message, outcome

ORDER = {"type": "object", "properties": {"total": {"type": "number", "minimum": 0}}, "required": ["total"]}


@pytest.mark.parametrize(
    ("text", "expected"), [('{"a": [1]}', "pass"), ("null", "pass"), ("{'a': 1}", "fail"), ("", "fail")]
)
def test_valid_json(text: str, expected: str) -> None:
    assert outcome(is_valid_json(), text) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [({"a": 1}, "pass"), (None, "pass"), ('{"a": 1}', "pass"), ([1], "fail"), ('{"a": ', "fail"), (7, "fail")],
)
def test_arguments_of_a_call_are_an_object(arguments: object, expected: str) -> None:
    assert outcome(is_json_object(), call(arguments)) == expected


def test_json_schema_names_the_place_at_fault() -> None:
    check = satisfies_schema(ORDER)
    assert outcome(check, '{"total": 3}') == "pass"
    assert outcome(check, call({"total": 3})) == "pass"
    assert outcome(check, "no json") == "fail"
    finding = check.judge(message('{"total": -1}'))
    assert finding.outcome == "fail"
    assert (finding.found() or "").startswith("/total: -1 is less than")


def test_json_schema_is_draft_2020_12() -> None:
    pairs = satisfies_schema({"prefixItems": [{"type": "integer"}], "items": False})
    assert (outcome(pairs, "[1]"), outcome(pairs, '["x"]'), outcome(pairs, "[1, 2]")) == ("pass", "fail", "fail")


def test_a_schema_that_is_none_or_not_self_contained_is_refused_at_once(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text('{"type": "object"}')
    for schema in ({"type": "nonsense"}, {"$ref": elsewhere.as_uri()}):
        with pytest.raises(ValueError, match=r"nonsense|elsewhere"):
            satisfies_schema(schema)


def test_matches_and_counts() -> None:
    assert outcome(matches("ord-[0-9]+"), "see ord-12") == "pass"
    assert outcome(matches("ord-[0-9]+"), "see ORD-12") == "fail"
    assert outcome(matches("ord-[0-9]+", ignore_case=True), "see ORD-12") == "pass"
    assert outcome(matches_none("ord-[0-9]+"), "see ord-12") == "fail"
    assert outcome(matches_none("ord-[0-9]+"), "nothing") == "pass"
    twice = matches("!", at_least=2, at_most=3)
    assert [outcome(twice, "!" * n) for n in range(1, 5)] == ["fail", "pass", "pass", "fail"]
    assert twice.judge(message("!!!!")).found() == "4 matches: !, !, !, !"


@pytest.mark.parametrize(
    "make", [lambda: matches("("), lambda: matches("a", at_least=2, at_most=1), lambda: contains_any("")]
)
def test_checks_that_make_no_sense_are_refused_at_once(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"regular expression|no count|phrase"):
        make()


def test_contains() -> None:
    assert outcome(contains_any("refund", "credit"), "A REFUND is due") == "pass"
    assert outcome(contains_any("refund", ignore_case=False), "A REFUND is due") == "fail"
    assert outcome(contains_any("fund", whole_words=True), "a refund; the funds") == "fail"
    assert outcome(contains_any("fund", whole_words=True), "a refund; the fund.") == "pass"
    assert outcome(contains_all("a refund", "due"), "a refund is due") == "pass"
    assert outcome(contains_all("a refund", "late"), "a refund is due") == "fail"
    assert outcome(contains_none("late"), "a refund is due") == "pass"
    finding = contains_none("due", "refund", "late").judge(message("a Refund is due"))
    assert (finding.outcome, finding.found()) == ("fail", "'due', 'refund'")


def test_length_in_characters_and_words() -> None:
    assert outcome(has_length(at_least=1), "  \n ") == "fail"
    assert [outcome(has_length(2, 3), "x" * n) for n in range(1, 5)] == ["fail", "pass", "pass", "fail"]
    assert [outcome(has_length(2, 2, "words"), text) for text in ("one", "one two", "one two three")] == [
        "fail",
        "pass",
        "fail",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Your order is on its way. You will get it on the",
        "First, you need to know,",
        "Here it is:\n```json\n{",
        "Your refund was paid. It will be on your account by Monday, as soon as the ba",
    ],
)
def test_texts_that_break_off(text: str) -> None:
    assert outcome(breaks_off(), text) == "pass"


@pytest.mark.parametrize(
    "text",
    [
        "Your order is on its way.",
        "Done! \N{SMILING FACE WITH SMILING EYES}",
        "You can choose. These are the ways to pay that we have on file for you here:\n- The card ending in 7334, which you used last time for your order of the floor lamp",
        "You can read all of it here. See https://example.org/a/very/long/address/that/goes/on/and/on/for/ever",
        "It is done. Your new delivery date: 2026-03-07",
        "a short note without any end mark whatever its length may come to in the end, it never had one",
        "Here it is:\n```json\n{}\n```",
    ],
)
def test_texts_that_do_not_break_off(text: str) -> None:
    assert outcome(breaks_off(), text) == "fail"


def test_an_empty_text_cannot_break_off() -> None:
    assert outcome(breaks_off(), " ") == "not_applicable"


def test_a_text_is_parsed_once_however_many_checks_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    views = sys.modules[type(message("")).__module__]
    monkeypatch.setattr(views.orjson, "loads", lambda text: parsed.append(text) or {})
    text = message("{}")
    for check in (is_valid_json(), is_json_object(), is_valid_json()):
        assert outcome(check, text) == "pass"
    assert parsed == ["{}"]
