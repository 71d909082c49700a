"""Evaluators over many sessions: one row each, explained; a crash stays where it happens; what they cannot see."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from eval_pipeline.evaluators.checks import (
    ANSWERS,
    SESSION,
    TOOL_CALLS,
    Evaluator,
    Leaf,
    at,
    contains_any,
    contains_none,
    has_number,
    is_json_object,
    tool_called,
    when,
    where,
)
from eval_pipeline.evaluators.run import evaluate
from eval_pipeline.evaluators.views import Text
from eval_pipeline.tables import EvaluatorVerdicts
from tests.evaluators.conversations import calls, gets, says, session_frame, session_row, user

POLITE = Evaluator(name="polite", looks_at=ANSWERS, check=contains_none("damn"), description="No answer swears.")
OBJECTS = Evaluator(name="objects", looks_at=TOOL_CALLS, check=is_json_object(), description="Arguments are objects.")
OURS = {"code": "0.1", "taxonomy": "t1", "redaction": "newer"}


@dataclass(frozen=True)
class Chokes(Leaf[Text]):
    """Crashes on one word."""

    def holds(self, subject: Text) -> bool:
        if "poison" in subject.text:
            raise KeyError("missing part")
        return True

    @property
    def words(self) -> str:
        return "is wholesome"


def verdicts(*rows: dict[str, Any], evaluators: list[Evaluator]) -> pd.DataFrame:
    return evaluate(session_frame(*rows), evaluators, OURS)


def test_rows_have_exactly_the_columns_and_types_of_the_table() -> None:
    frame = verdicts(session_row("a", [user("hi"), says("damn")]), session_row("b", []), evaluators=[POLITE, OBJECTS])
    pd.testing.assert_frame_equal(EvaluatorVerdicts.validate(frame), frame)
    assert list(zip(frame["session_id"], frame["evaluator"], frame["verdict"], strict=True)) == [
        ("a", "polite", "fail"),
        ("a", "objects", "not_applicable"),
        ("b", "polite", "not_applicable"),
        ("b", "objects", "not_applicable"),
    ]
    empty = evaluate(session_frame(), [POLITE], OURS)
    pd.testing.assert_frame_equal(EvaluatorVerdicts.validate(empty), empty)


def test_a_verdict_explains_itself() -> None:
    turns = [user("hi"), says("fine"), calls("pay", "{broken"), gets("ok"), says("Damn it")]
    swears, broken = verdicts(session_row("a", turns), evaluators=[POLITE, OBJECTS]).to_dict("records")
    assert (swears["leaf"], swears["turn_index"], swears["found"]) == ("contains", 4, "'damn'")
    assert swears["expected"] == "not one that contains any of 'damn'"
    assert swears["explanation"] == "The message at turn 4 contains any of 'damn'; found: 'damn'"
    assert (broken["leaf"], broken["turn_index"]) == ("valid_json", 2)
    assert broken["explanation"] == "The tool call at turn 2 is not a JSON object; found: {broken"
    (fine,) = verdicts(session_row("a", turns[:2]), evaluators=[POLITE]).to_dict("records")
    assert (fine["verdict"], fine["explanation"]) == ("pass", "Holds: No answer swears.")


def test_a_verdict_points_at_the_value_that_decided() -> None:
    limit = Evaluator("limit", TOOL_CALLS, has_number(at("/items/*/price"), at_most=9), "Nothing dear.")
    turns = [user("hi"), calls("pay", {"items": [{"price": 5}, {"price": 50}]})]
    frame = verdicts(session_row("a", turns), session_row("b", turns[:1]), evaluators=[limit])
    assert (frame.loc[0, "verdict"], frame.loc[0, "turn_index"], frame.loc[0, "pointer"]) == (
        "fail",
        1,
        "/items/1/price",
    )
    assert pd.isna(frame.loc[1, "pointer"])


def test_what_does_not_apply_says_why() -> None:
    paid = Evaluator("paid", SESSION, when(tool_called("find"), tool_called("pay")), "Found, so paid.")
    frame = verdicts(session_row("a", [user("hi")]), evaluators=[OBJECTS, paid])
    assert list(frame["verdict"]) == ["not_applicable"] * 2
    assert list(frame["explanation"]) == [
        "Does not apply: there is no tool call.",
        "Does not apply: only asked when the session calls find at least 1 time.",
    ]


def test_a_crash_is_an_error_of_that_session_and_evaluator_only() -> None:
    chokes = Evaluator("chokes", ANSWERS, Chokes(), "Never crashes.")
    rows = [session_row("a", [says("bread")]), session_row("b", [says("poison")]), session_row("c", [says("wine")])]
    frame = verdicts(*rows, evaluators=[chokes, POLITE])
    assert list(frame["verdict"]) == ["pass", "pass", "error", "pass", "pass", "pass"]
    assert frame.loc[2, "explanation"] == "The check crashed with KeyError: 'missing part'."


def test_a_malformed_session_is_an_error_and_takes_no_other_down() -> None:
    frame = verdicts(session_row("a", [{"content": "no role"}]), session_row("b", [says("hi")]), evaluators=[POLITE])
    assert list(frame["verdict"]) == ["error", "pass"]
    assert "KeyError: 'role'" in frame.loc[0, "explanation"]


def test_an_open_session_is_not_evaluated_yet() -> None:
    frame = verdicts(session_row("a", [says("damn")], is_closed=False), evaluators=[POLITE])
    assert list(frame["verdict"]) == ["not_applicable"]
    assert "still open" in frame.loc[0, "explanation"]


def test_one_verdict_per_turn_where_so_declared() -> None:
    each_turn = Evaluator("polite", ANSWERS, contains_none("damn"), "No answer swears.", per="turn")
    two_calls = {"role": "assistant", "tool_calls": [{"name": "a", "arguments": {}}, {"name": "b", "arguments": "x"}]}
    objects = Evaluator("objects", TOOL_CALLS, is_json_object(), "Arguments are objects.", per="turn")
    frame = verdicts(session_row("a", [says("fine"), says("damn"), two_calls]), evaluators=[each_turn, objects])
    assert list(zip(frame["evaluator"], frame["target"], frame["verdict"], frame["turn_index"], strict=True)) == [
        ("polite", "turn:0", "pass", 0),
        ("polite", "turn:1", "fail", 1),
        ("objects", "turn:2", "fail", 2),
    ]
    assert not frame.duplicated(list(EvaluatorVerdicts.primary_key())).any()


def test_long_and_odd_finds_are_cut_and_fit_a_database() -> None:
    odd = Evaluator("odd", ANSWERS, contains_any("never"), "Says never.")
    frame = verdicts(session_row("a", [says("x\x00\ud800\n" + "y" * 10_000)]), evaluators=[odd])
    found = frame.loc[0, "found"]
    assert len(found) == 200
    assert found.startswith("x\N{REPLACEMENT CHARACTER}? yyy")
    assert found.endswith("\N{HORIZONTAL ELLIPSIS}")


def test_no_evaluator_can_see_what_the_source_says_of_the_outcome() -> None:
    turns = [user("hi"), says("damn")]
    plain = session_frame(session_row("a", turns))
    told = session_frame(session_row("a", turns, outcome={"success": True}, recorded_labels=[{"value": "pass"}]))
    pd.testing.assert_frame_equal(evaluate(told, [POLITE], OURS), evaluate(plain, [POLITE], OURS))
    without = plain.drop(columns=["outcome", "recorded_labels"])
    pd.testing.assert_frame_equal(evaluate(without, [POLITE], OURS), evaluate(plain, [POLITE], OURS))


def test_versions_name_both_sides_and_are_shared() -> None:
    rows = [session_row(name, [says("hi")], versions={"prompt": "p1", "code": "theirs"}) for name in ("a", "b")]
    frame = verdicts(*rows, session_row("c", [says("hi")], model_version=None), evaluators=[POLITE])
    assert frame.loc[0, "versions"] == {
        "prompt": "p1",
        "product_code": "theirs",
        "model_version": "m1",
        "code": "0.1",
        "taxonomy": "t1",
        "redaction": "r1",
        "evaluator": POLITE.version,
    }
    assert frame.loc[0, "versions"] is frame.loc[1, "versions"]
    assert "model_version" not in frame.loc[2, "versions"]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_chunks_give_the_same_rows(size: int) -> None:
    rows = [session_row(f"s{i}", [says("damn" if i % 2 else "fine")]) for i in range(5)]
    whole = verdicts(*rows, evaluators=[POLITE, OBJECTS])
    parts = [verdicts(*rows[i : i + size], evaluators=[POLITE, OBJECTS]) for i in range(0, 5, size)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


def test_an_explanation_is_cut_however_much_the_check_says_of_itself() -> None:
    phrases = [f"a phrase with the number {n}" for n in range(500)]
    wordy = Evaluator("wordy", ANSWERS, contains_any(*phrases), "Says one of them.")
    narrow = Evaluator("narrow", where(ANSWERS, contains_any(*phrases)), contains_any("x"), "Says x.")
    frame = verdicts(session_row("a", [says("no " * 500)]), evaluators=[wordy, narrow])
    assert list(frame["verdict"]) == ["fail", "not_applicable"]
    assert frame["explanation"].str.len().max() < 500
