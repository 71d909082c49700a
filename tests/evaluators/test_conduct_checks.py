"""Conduct: what is claimed was done, what is done was agreed to and done once, and nothing is said twice in a row."""

from typing import Any

import pytest

from eval_pipeline.evaluators.checks import SESSION, Check, Evaluator, where
from eval_pipeline.evaluators.leaves.conduct_checks import (
    WORDS_ONLY,
    acts_once,
    agreed_before,
    claims_backed,
    is_named,
    names_no_tool,
    repeats_no_answer,
)
from eval_pipeline.evaluators.run import evaluate_session
from eval_pipeline.evaluators.selectors import TOOL_CALLS
from eval_pipeline.evaluators.views import SessionView
from tests.evaluators.conversations import calls, fails, gets, outcome, says, user, view

BACKED = claims_backed(r"\bI have cancelled\b", "^cancel")
AGREED = agreed_before("^cancel", r"\byes\b")
CANCELS = [calls("cancel_order", {"id": 1}, "1"), gets("ok", "1")]
CANCELS_IN_VAIN = [calls("cancel_order", {"id": 1}, "1"), fails("locked", "1")]
CLAIM = says("I have cancelled it.")


def evidence(check: Check[SessionView], session: SessionView) -> tuple[int | None, str | None]:
    """Where and what was found, as a verdict shows it."""
    verdict = evaluate_session(session, Evaluator("e", SESSION, check, "E."))[0]
    return verdict.turn_index, verdict.found


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([user("Cancel"), *CANCELS, CLAIM], "pass"),
        ([user("Cancel"), CLAIM | calls("cancel_order", {}, "1", text=CLAIM["content"]), gets("ok", "1")], "pass"),
        ([user("Cancel"), CLAIM, *CANCELS], "pass"),
        ([user("Cancel"), *CANCELS_IN_VAIN, CLAIM], "fail"),
        ([user("Cancel"), CLAIM, user("Really?"), *CANCELS], "fail"),
        ([user("Cancel"), calls("find", {}, "1"), gets("ok", "1"), CLAIM], "fail"),
        ([user("Cancel"), CLAIM], "not_applicable"),
        ([user("Cancel"), *CANCELS, says("Done.")], "not_applicable"),
    ],
)
def test_a_claim_needs_a_call_that_came_back_before_the_user_speaks_again(turns: Any, expected: str) -> None:
    assert outcome(BACKED, view(*turns)) == expected


def test_the_first_claim_without_a_call_is_the_evidence() -> None:
    session = view(user("Cancel"), says("One moment."), calls("find"), gets("ok"), says("Well,\nI have cancelled it."))
    assert evidence(BACKED, session) == (4, "I have cancelled it.")


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([user("Yes"), *CANCELS], "pass"),
        ([user("YES, do."), says("Both?"), user("Both."), *CANCELS, *CANCELS], "pass"),
        ([user("Yes"), *CANCELS, user("Yes"), *CANCELS], "pass"),
        ([user("Yes"), *CANCELS, user("Hm"), *CANCELS], "fail"),
        ([user("No"), *CANCELS], "fail"),
        (CANCELS, "fail"),
        ([user("No"), calls("find")], "not_applicable"),
    ],
)
def test_each_action_needs_an_agreement_since_the_one_before(turns: Any, expected: str) -> None:
    assert outcome(AGREED, view(*turns)) == expected


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([user("No, do not cancel it."), *CANCELS], "fail"),
        ([user("Cancel it."), says("Sure?"), user("No, do not cancel it."), *CANCELS], "fail"),
        ([user("Do not cancel it, cancel the other."), *CANCELS], "pass"),
        ([user("Do not cancel it."), says("Sure?"), user("Cancel it."), *CANCELS], "pass"),
        ([user("Cancel it."), says("Anything else?"), user("No."), *CANCELS], "pass"),
    ],
)
def test_a_refusal_is_no_agreement_and_ends_one(turns: Any, expected: str) -> None:
    assert outcome(agreed_before("^cancel", "cancel", refuses="do not cancel [a-z]+"), view(*turns)) == expected


def test_an_action_without_agreement_shows_what_the_user_said() -> None:
    assert evidence(AGREED, view(user("Not now"), *CANCELS)) == (1, "cancel_order after the user said: Not now")


def test_what_succeeded_is_not_done_again_but_may_be_after_a_failure_or_for_another_thing() -> None:
    again = calls("cancel_order", {"id": 1}, "2")
    assert outcome(acts_once("^cancel"), view(*CANCELS, again, gets("ok", "2"))) == "fail"
    assert outcome(acts_once("^cancel"), view(*CANCELS_IN_VAIN, again, gets("ok", "2"))) == "pass"
    other = calls("cancel_order", {"id": 2}, "2")
    assert outcome(acts_once("^cancel"), view(*CANCELS, other, gets("ok", "2"))) == "pass"
    assert outcome(acts_once("^cancel"), view(calls("find"), gets("ok"))) == "not_applicable"


def test_a_repeated_answer_is_seen_whatever_its_case_and_spaces_unless_it_is_short() -> None:
    long = "You will find everything that you need on our website."
    assert outcome(repeats_no_answer(), view(says(long), user("?"), says(f" {long.upper()}\n"))) == "fail"
    assert outcome(repeats_no_answer(), view(says(long), user("?"), says("Sorry."), says(long))) == "pass"
    assert outcome(repeats_no_answer(), view(says("Anything else?"), says("Anything else?"))) == "pass"
    assert outcome(repeats_no_answer(), view(says(long))) == "not_applicable"


def test_only_technical_names_of_called_tools_are_looked_for() -> None:
    find = [calls("find_order"), gets("ok")]
    assert outcome(names_no_tool(), view(*find, says("I ran find_order."))) == "fail"
    assert outcome(names_no_tool(), view(calls("findOrder"), gets("ok"), says("I ran findOrder."))) == "fail"
    assert outcome(names_no_tool(), view(*find, says("I ran find_orders and cancel_order."))) == "pass"
    assert outcome(names_no_tool(), view(calls("search"), gets("ok"), says("I did a search."))) == "not_applicable"


def test_words_only_are_answers_after_which_nothing_happens_before_the_user_speaks() -> None:
    session = view(
        says("Welcome!"),
        user("Hi"),
        says("One."),
        says("Two."),
        user("And?"),
        says("Three."),
        calls("find"),
        gets("ok"),
        says("Four."),
        user("So?"),
        {"role": "system", "content": "be nice"},
        says("Five."),
    )
    assert [answer.text for answer in WORDS_ONLY.pieces(session)] == ["Two.", "Five."]


def test_a_call_is_told_by_the_name_of_its_tool_in_any_case() -> None:
    session = view(calls("Cancel_order"), calls("find_order"))
    assert [call.name for call in where(TOOL_CALLS, is_named("^cancel")).pieces(session)] == ["Cancel_order"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: is_named("("),
        lambda: claims_backed("(", "a"),
        lambda: agreed_before("a", "("),
        lambda: agreed_before("a", "b", refuses="("),
        lambda: acts_once("("),
    ],
)
def test_a_bad_pattern_is_refused_where_it_is_written(make: Any) -> None:
    with pytest.raises(ValueError, match="regular expression"):
        make()
