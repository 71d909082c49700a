"""Amounts of money: what was given or follows from it in a step is known, and what nobody gave is found."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.evaluators.checks import SESSION, Evaluator
from eval_pipeline.evaluators.leaves.money_checks import amounts_are_known
from eval_pipeline.evaluators.run import evaluate_session
from eval_pipeline.evaluators.views import SessionView
from tests.evaluators.conversations import calls, gets, outcome, says, user, view

AMOUNTS = amounts_are_known()


def after_prices(answer: str, *prices: object) -> SessionView:
    """A tool gives prices; the assistant speaks of money."""
    listed = ", ".join(f'{{"day": "2025-03-04", "price": {price}}}' for price in prices)
    return view(
        user("What do 2 cost? I have $1,000."), calls("prices", {}, "1"), gets(f"[{listed}]", "1"), says(answer)
    )


@pytest.mark.parametrize(
    "answer",
    [
        "It is $430.",
        "It is 430.00 USD, or €412.",
        "Das sind 430,00 € und 1.000,00 EUR.",
        "Together $842, for both of you $1,684.",
        "$18 more than the other.",
        "You keep $570.",
        "A bag is $35 per flight: $70 in all.",
        "A: $430 + $412 = $842, now $1,000.\nB: $412.\nTotal: $1,842.",
        "Savings: $430\nSavings: $412\nOther: $1,000\nSavings in all: $842",
    ],
)
def test_what_was_given_or_follows_in_a_step_is_known(answer: str) -> None:
    assert outcome(AMOUNTS, after_prices(answer, 430, '"412"')) == "pass"


@pytest.mark.parametrize(
    "answer", ["It is $431.", "It is 377,50 €.", "You get 431 dollars.", "It is $2025.", "It is $13."]
)
def test_what_nobody_gave_is_found_and_dates_give_nothing(answer: str) -> None:
    assert outcome(AMOUNTS, after_prices(answer, 430, 412)) == "fail"


@pytest.mark.parametrize("price", ['"$19.99"', '"from 19.99 USD on"', '"$5.00 or $14.99"'])
def test_amounts_in_a_text_of_a_result_are_known(price: str) -> None:
    assert outcome(AMOUNTS, after_prices("It costs $19.99.", price)) == "pass"
    assert outcome(AMOUNTS, after_prices("It costs $29.99.", price)) == "fail"


@pytest.mark.parametrize("told", ["$5k", "$2 million", "€3m", "$1.5 bn"])
def test_rounded_amounts_are_let_be(told: str) -> None:
    assert outcome(AMOUNTS, after_prices(f"We raised {told}.", 430)) == "not_applicable"


def test_numbers_too_large_for_money_explain_nothing() -> None:
    assert outcome(AMOUNTS, after_prices("It is $377.", "1e308", 430)) == "fail"


def test_the_evidence_is_the_line_with_the_amount() -> None:
    verdict = evaluate_session(after_prices("Well:\n- It is $377.\n", 430), Evaluator("e", SESSION, AMOUNTS, "E."))[0]
    assert (verdict.turn_index, verdict.found) == (3, "- It is $377.")


def test_without_tools_or_without_amounts_there_is_nothing_to_ask() -> None:
    assert outcome(AMOUNTS, view(user("Hi"), says("It is $377."))) == "not_applicable"
    assert outcome(AMOUNTS, after_prices("It is 377 km, $20 per day.", 430)) == "not_applicable"


@given(st.lists(st.decimals(1, 9999, places=2), min_size=1, max_size=8), st.data())
def test_any_price_and_any_row_of_up_to_six_prices_is_known(prices: list[Decimal], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(prices) - 1))
    end = data.draw(st.integers(start + 1, min(len(prices), start + 6)))
    total = sum(prices[start:end], Decimal(0))
    assert outcome(AMOUNTS, after_prices(f"That is ${total:,.2f}, thanks.", *prices)) == "pass"


@given(st.text(alphabet="$€0123456789,. \n=x", max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    assert outcome(AMOUNTS, after_prices(text, 430)) in {"pass", "fail", "not_applicable"}
