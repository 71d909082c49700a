"""A judge beside people: what is counted, what is left out, and what stands behind a disagreement."""

from typing import Any

import pandas as pd
import pytest

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.trial import LABEL_COLUMNS, REVIEW_COLUMNS, calibration_labels, peoples_words, trials
from tests.judges.judge_files import judge

TARGET = "judge:relevance"
EXAMPLES = [
    {"session": "s", "critique": "c", "verdict": "pass", "origin": "own"},
    {"session": "s", "critique": "c", "verdict": "fail", "origin": "told"},
]


def label(session_id: str, word: str | None, **changes: Any) -> dict[str, Any]:
    row = {
        "session_id": session_id,
        "target": TARGET,
        "label": word,
        "status": "settled" if word else "disputed",
        "label_set": "calibration",
        "origin": "production",
    }
    return {**row, **changes}


def labels(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=LABEL_COLUMNS)


def verdict(session_id: str, word: str, **changes: Any) -> dict[str, Any]:
    row = {
        "session_id": session_id,
        "repeat": 0,
        "verdict": word,
        "critique": f"{word}: because",
        "error_reason": None,
        "raw_reply": None,
    }
    return {**row, **changes}


def review(
    session_id: str,
    reviewer: str,
    word: str,
    note: str | None,
    hour: int = 9,
    turn: Any = pd.NA,
    is_repeat: bool = False,
) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "reviewer": reviewer,
        "answers": {TARGET: word, "session": "pass"},
        "first_bad_turn": turn,
        "note": note,
        "submitted_at": pd.Timestamp("2026-03-10T00:00Z") + pd.Timedelta(hours=hour),
        "is_repeat": is_repeat,
    }


def reviews(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=REVIEW_COLUMNS).astype({"first_bad_turn": "Int64", "note": "str"})


def test_only_settled_calibration_labels_of_the_judge_s_own_question_count() -> None:
    given = labels(
        label("kept", "fail"),
        label("disputed", None),
        label("held_out", "pass", label_set="held_out"),
        label("other", "pass", target="session"),
        label("told", "fail"),
    )
    assert list(calibration_labels(given, judge(examples=EXAMPLES))["session_id"]) == ["kept"]
    assert set(calibration_labels(given, judge())["session_id"]) == {"kept", "told"}
    assert list(calibration_labels(given, judge(), {"kept"})["session_id"]) == ["told"], "of a group that is held out"


def test_an_example_from_the_held_out_set_is_refused() -> None:
    given = labels(label("told", "fail", label_set="held_out"), label("kept", "fail"))
    with pytest.raises(SettingsError, match="told is a held-out session"):
        calibration_labels(given, judge(examples=EXAMPLES))


def test_an_example_whose_set_is_used_up_for_this_question_may_be_held_out_for_another() -> None:
    given = labels(
        label("told", "fail"), label("told", "pass", label_set="held_out", target="session"), label("kept", "fail")
    )
    assert list(calibration_labels(given, judge(examples=EXAMPLES))["session_id"]) == ["kept"]


def test_the_matrix_counts_every_label_once_and_the_rates_only_verdicts() -> None:
    given, said = [], []
    for number in range(30):
        given.append(label(f"bad{number:02d}", "fail"))
        said.append(verdict(f"bad{number:02d}", "fail" if number < 20 else "pass" if number < 25 else "error"))
    given += [label("good", "pass"), label("apart", "pass"), label("gone", "pass")]
    said += [verdict("good", "pass"), verdict("apart", "not_applicable"), verdict("good", "fail", repeat=1)]
    [trial] = trials(labels(*given), pd.DataFrame(said), reviews(), judge())
    assert trial.matrix.to_dict("records") == [
        {
            "people": "fail",
            "judge: fail": 20,
            "judge: pass": 5,
            "judge: not_applicable": 0,
            "judge: error": 5,
            "judge: not_asked": 0,
        },
        {
            "people": "pass",
            "judge: fail": 0,
            "judge: pass": 1,
            "judge: not_applicable": 1,
            "judge: error": 0,
            "judge: not_asked": 1,
        },
    ]
    tpr, tnr, balanced = trial.rates.to_dict("records")
    assert (tpr["value"], tpr["n"]) == (0.8, 25)
    assert 0.6 < tpr["low"] < 0.8 < tpr["high"] < 0.92
    assert pd.isna(tnr["value"]) and tnr["n"] == 1
    assert pd.isna(balanced["value"]) and balanced["n"] == 1


def test_a_disagreement_has_the_person_s_note_beside_the_judge_s_critique() -> None:
    given = labels(label("a", "pass"), label("b", "fail"), label("c", "fail"), label("d", "fail"))
    said = [verdict("a", "fail"), verdict("b", "pass"), verdict("c", "fail")]
    said.append(verdict("d", "error", critique=None, error_reason="truncated", raw_reply='{"cri'))
    people = reviews(review("b", "ada", "fail", "Half is missing.", turn=4), review("a", "ada", "pass", None))
    [trial] = trials(given, pd.DataFrame(said), people, judge())
    missed, alarm = trial.disagreements.to_dict("records")
    assert (missed["session_id"], missed["person"], missed["judge"]) == ("b", "fail", "pass")
    assert (missed["note"], missed["first_bad_turn"], missed["critique"]) == ("Half is missing.", 4, "pass: because")
    assert (alarm["session_id"], alarm["person"], alarm["judge"]) == ("a", "pass", "fail")
    assert trial.errors.to_dict("records") == [
        {"session_id": "d", "person": "fail", "reason": "truncated", "reply": '{"cri'}
    ]


def test_the_latest_review_of_each_person_speaks() -> None:
    people = reviews(
        review("a", "ada", "fail", "Wrong item.", hour=9, turn=6),
        review("a", "ada", "fail", "Wrong order.", hour=10, turn=4),
        review("a", "bruno", "fail", "Not asked for.", hour=9, turn=6),
        review("a", "chiara", "pass", "Fine.", hour=9),
        review("a", "ada", "pass", "A repeat.", hour=11, turn=1, is_repeat=True),
    )
    words = peoples_words(people, TARGET)
    assert set(words.loc[("a", "fail"), "note"].split(" | ")) == {"Wrong order.", "Not asked for."}
    assert words.loc[("a", "fail"), "first_bad_turn"] == 4
    assert words.loc[("a", "pass"), "note"] == "Fine."


def test_origins_are_never_mixed() -> None:
    given = labels(label("a", "fail"), label("b", "fail", origin="simulated"))
    found = trials(given, pd.DataFrame([verdict("a", "fail"), verdict("b", "pass")]), reviews(), judge())
    assert [(trial.origin, len(trial.disagreements)) for trial in found] == [("production", 0), ("simulated", 1)]
