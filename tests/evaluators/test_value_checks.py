"""Values inside a text: where they stand, limits, closed lists, and values that are not there."""

import pytest

from eval_pipeline.evaluators.checks import at, captured, has_allowed, has_number
from eval_pipeline.evaluators.leaves.value_checks import every_captured
from tests.evaluators.conversations import call, message, outcome

TOTAL = at("/payment/total")


@pytest.mark.parametrize(
    ("total", "expected"), [(0, "pass"), (500, "pass"), ("499.5", "pass"), (500.01, "fail"), (-1, "fail")]
)
def test_number_within_limits(total: object, expected: str) -> None:
    assert outcome(has_number(TOTAL, at_least=0, at_most=500), call({"payment": {"total": total}})) == expected


@pytest.mark.parametrize("total", [True, "many", None, [1], "nan", "1e999"])
def test_what_is_no_number_fails(total: object) -> None:
    assert has_number(at("/x")).judge(message(f'{{"x": {_json(total)}}}')).outcome == "fail"


def _json(value: object) -> str:
    if isinstance(value, bool):
        return "true"
    return "null" if value is None else f'"{value}"' if isinstance(value, str) else str(value)


def test_a_missing_value_does_not_apply_unless_required() -> None:
    for subject in (call({"payment": {}}), message("no json"), call([1])):
        assert outcome(has_number(TOTAL, at_most=5), subject) == "not_applicable"
        assert outcome(has_number(TOTAL, at_most=5, is_required=True), subject) == "fail"


def test_a_number_captured_from_words() -> None:
    check = has_number(captured(r"refund of \$([0-9.,]+\d)"), at_most=1000)
    assert outcome(check, "A refund of $999.99.") == "pass"
    assert outcome(check, "A refund of $1,234.50.") == "fail"
    assert outcome(check, "No refund.") == "not_applicable"
    assert check.judge(message("A refund of $1,234.50.")).found() == "'1,234.50'"


def test_json_pointers_reach_into_lists_and_odd_keys() -> None:
    subject = call({"items": [{"a/b": 1}, {"m~n": 2}]})
    assert outcome(has_number(at("/items/0/a~1b"), at_least=1, at_most=1), subject) == "pass"
    assert outcome(has_number(at("/items/1/m~0n"), at_least=2, at_most=2), subject) == "pass"
    assert outcome(has_number(at("/items/2/x")), subject) == "not_applicable"
    assert outcome(has_number(at("/items/-1/x")), subject) == "not_applicable"
    with pytest.raises(ValueError, match="must start with /"):
        at("items")


def test_allowed_values_tell_types_apart() -> None:
    check = has_allowed(at("/status"), ["open", 1, None])
    assert [outcome(check, call({"status": value})) for value in ("open", 1, None)] == ["pass"] * 3
    assert [outcome(check, call({"status": value})) for value in ("closed", True, "1", [])] == ["fail"] * 4
    assert outcome(check, call({})) == "not_applicable"


def test_a_star_asks_of_every_element() -> None:
    prices = has_number(at("/items/*/price"), at_most=100)
    subject = call({"items": [{"price": 5}, {"name": "gift"}, {"price": 500}]})
    finding = prices.judge(subject)
    assert (finding.outcome, finding.pointer, finding.found()) == ("fail", "/items/2/price", "500")
    assert outcome(prices, call({"items": [{"price": 5}, {"price": "7"}]})) == "pass"
    assert outcome(prices, call({"items": []})) == "not_applicable"
    assert outcome(has_number(at("/*")), call({"*": 7})) == "pass"


def test_a_missing_value_is_pointed_at() -> None:
    finding = has_number(TOTAL, is_required=True).judge(call({}))
    assert (finding.outcome, finding.pointer, finding.found()) == ("fail", "/payment/total", "nothing there")


@pytest.mark.parametrize("text", ["1,23", "1.234,50", "1_000", "12e9999", "\N{ARABIC-INDIC DIGIT ONE}", "infinity", ""])
def test_digits_in_another_notation_are_no_number(text: str) -> None:
    assert outcome(has_number(at("/x")), call({"x": text})) == "fail"


def test_every_captured_value_counts() -> None:
    amounts = has_number(every_captured(r"\$([0-9.]*[0-9])"), at_most=100)
    assert outcome(amounts, "It is $5, then $50.") == "pass"
    assert outcome(amounts, "It is $5, then $500.") == "fail"
    assert outcome(amounts, "Nothing.") == "not_applicable"


def test_true_and_1_are_both_allowed_where_both_are_listed() -> None:
    both = has_allowed(at("/x"), [1, True])
    assert [outcome(both, call({"x": value})) for value in (1, True, 0, False)] == ["pass", "pass", "fail", "fail"]
    assert has_allowed(at("/x"), [1.0]).canonical() == has_allowed(at("/x"), [1]).canonical()


def test_a_star_asks_of_every_value_of_an_object() -> None:
    prices = has_number(at("/items/*/price"), at_most=100)
    finding = prices.judge(call({"items": {"A1": {"price": 5}, "b/2": {"price": 500}}}))
    assert (finding.outcome, finding.pointer) == ("fail", "/items/b~12/price")
    assert outcome(prices, call({"items": {"A1": {"price": 5}}})) == "pass"
    assert outcome(prices, call({"items": {}})) == "not_applicable"


def test_a_limit_that_is_no_number_is_refused_and_one_is_told_in_full() -> None:
    with pytest.raises(ValueError, match="nan is no limit"):
        has_number(at("/x"), at_most=float("nan"))
    assert "at most 1234567.89 " in has_number(at("/x"), at_most=1234567.89).words
