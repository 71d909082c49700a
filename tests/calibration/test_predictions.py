"""From the verdict tables to predictions."""

import pandas as pd

from eval_pipeline.calibration.predictions import (
    PREDICTION_COLUMNS,
    evaluator_predictions,
    judge_predictions,
    signal_predictions,
)
from tests.calibration.frames import label, label_frame


def test_a_judge_answers_its_own_question_with_its_first_repeat() -> None:
    verdicts = pd.DataFrame(
        [
            ("s1", "refund", "1+aa", 0, "fail"),
            ("s1", "refund", "1+aa", 1, "pass"),
            ("s2", "refund", "1+aa", 0, "error"),
        ],
        columns=["session_id", "judge", "judge_version", "repeat", "verdict"],
    )
    assert judge_predictions(verdicts).to_dict("split")["data"] == [
        ["s1", "judge", "refund", "1+aa", "judge:refund", "fail"],
        ["s2", "judge", "refund", "1+aa", "judge:refund", "error"],
    ]


def evaluator_verdicts(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["session_id", "target", "verdict"])
    return frame.assign(evaluator="tone", evaluator_version="1+cc")


def test_an_evaluator_fails_a_session_when_any_target_fails() -> None:
    verdicts = evaluator_verdicts(
        ("s1", "turn:1", "pass"),
        ("s1", "turn:3", "fail"),
        ("s2", "turn:1", "not_applicable"),
        ("s2", "turn:3", "pass"),
        ("s3", "turn:1", "pass"),
        ("s3", "turn:3", "error"),
        ("s4", "session", "not_applicable"),
    )
    got = evaluator_predictions(verdicts, label_frame([])).set_index("session_id")["prediction"]
    assert got.to_dict() == {"s1": "fail", "s2": "pass", "s3": "error", "s4": "not_applicable"}


def test_an_evaluator_is_compared_with_the_label_on_it_before_that_on_the_session() -> None:
    verdicts = evaluator_verdicts(("s1", "session", "pass"), ("s2", "session", "pass"))
    labels = [label("s1", "fail", target="session"), label("s1", "pass", target="evaluator:tone")]
    labels.append(label("s2", "pass", target="session"))
    got = evaluator_predictions(verdicts, label_frame(labels)).set_index("session_id")["target"]
    assert got.to_dict() == {"s1": "evaluator:tone", "s2": "session"}


def test_a_signal_that_fired_predicts_a_failed_session() -> None:
    signals = pd.DataFrame(
        [("s1", "fired"), ("s2", "quiet"), ("s3", "not_applicable")], columns=["session_id", "outcome"]
    ).assign(signal="loop", signal_version="1+dd")
    got = signal_predictions(signals)
    assert got["prediction"].tolist() == ["fail", "pass", "not_applicable"]
    assert set(got["target"]) == {"session"}


def test_no_verdicts_give_no_predictions() -> None:
    verdicts = evaluator_verdicts()
    judges = pd.DataFrame(columns=["session_id", "judge", "judge_version", "repeat", "verdict"])
    signals = pd.DataFrame(columns=["session_id", "signal", "signal_version", "outcome"])
    for frame in (
        evaluator_predictions(verdicts, label_frame([])),
        judge_predictions(judges),
        signal_predictions(signals),
    ):
        assert list(frame.columns) == PREDICTION_COLUMNS
        assert frame.empty
