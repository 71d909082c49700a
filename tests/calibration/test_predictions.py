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
        ["s1", "judge", "refund", "1+aa", "judge:refund", "fail", False],
        ["s2", "judge", "refund", "1+aa", "judge:refund", "error", False],
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


def test_an_answer_after_the_reveal_takes_no_session_out_of_the_held_out_set() -> None:
    verdicts = evaluator_verdicts(("s1", "session", "fail"), ("s2", "session", "fail"))
    revealed = {"target": "evaluator:tone", "label_set": "calibration", "is_blind": False}
    labels = [label("s1", "fail", target="session", label_set="held_out"), label("s1", "fail", **revealed)]
    labels += [label("s2", "fail", target="session", label_set="calibration"), label("s2", "fail", **revealed)]
    got = evaluator_predictions(verdicts, label_frame(labels)).set_index("session_id")["target"]
    assert got.to_dict() == {"s1": "session", "s2": "evaluator:tone"}


def signal_rows(*rows: tuple[str, str, str, bool], version: str = "1+dd") -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["session_id", "signal", "outcome", "is_counting"])
    return frame.assign(signal_version=version)


def of(signals: pd.DataFrame, subject: str) -> dict[str, str]:
    got = signal_predictions(signals)
    return dict(got.loc[got["subject"] == subject, ["session_id", "prediction"]].to_numpy().tolist())


def test_a_signal_that_fired_predicts_a_failed_session() -> None:
    signals = signal_rows(
        ("s1", "loop", "fired", True), ("s2", "loop", "quiet", True), ("s3", "loop", "not_applicable", True)
    )
    assert of(signals, "loop") == {"s1": "fail", "s2": "pass", "s3": "not_applicable"}
    assert set(signal_predictions(signals)["target"]) == {"session"}


def test_a_session_is_flagged_when_any_counting_signal_fired() -> None:
    signals = signal_rows(
        *(("fired", "loop", "fired", True), ("fired", "anger", "quiet", True), ("fired", "thanks", "quiet", False)),
        *(("quiet", "loop", "quiet", True), ("quiet", "anger", "not_applicable", True), ("quiet", "thanks", "quiet", False)),
        *(("none", "loop", "not_applicable", True), ("none", "anger", "not_applicable", True), ("none", "thanks", "quiet", False)),
        *(("other", "loop", "quiet", True), ("other", "anger", "quiet", True), ("other", "thanks", "fired", False)),
    )  # fmt: skip
    assert of(signals, "flagged") == {"fired": "fail", "quiet": "pass", "none": "pass", "other": "pass"}
    assert of(signal_rows(("s1", "thanks", "fired", False)), "flagged") == {}
    counts = signal_predictions(signals).groupby("subject")["is_counting"].first()
    assert counts.to_dict() == {"anger": True, "flagged": True, "loop": True, "thanks": False}


def test_the_version_of_flagged_is_that_of_the_counting_signals() -> None:
    def version(*frames: pd.DataFrame) -> str:
        got = signal_predictions(pd.concat(frames, ignore_index=True))
        return "/".join(got.loc[got["subject"] == "flagged", "subject_version"].unique())

    loop, anger, thanks = (
        signal_rows(("s1", name, "quiet", counts))
        for name, counts in [("loop", True), ("anger", True), ("thanks", False)]
    )
    both = version(loop, anger, thanks)
    assert both == version(anger, loop, thanks.assign(signal_version="2+ee"))
    assert len({both, version(loop, thanks), version(loop, anger.assign(signal_version="2+ee"), thanks)}) == 3


def test_no_verdicts_give_no_predictions() -> None:
    verdicts = evaluator_verdicts()
    judges = pd.DataFrame(columns=["session_id", "judge", "judge_version", "repeat", "verdict"])
    signals = pd.DataFrame(columns=["session_id", "signal", "signal_version", "outcome", "is_counting"])
    for frame in (
        evaluator_predictions(verdicts, label_frame([])),
        judge_predictions(judges),
        signal_predictions(signals),
    ):
        assert list(frame.columns) == PREDICTION_COLUMNS
        assert frame.empty
