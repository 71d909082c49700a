"""The benchmark of the signals on small made-up files: what it reads, what it takes for true, what it concludes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.bench_signals import labelled_report, located, section, verdicts
from benchmarks.label_truth import outcome_failed, truths_of, turn_of, value_failed
from benchmarks.labelled_sessions import read_labelled
from benchmarks.signal_scores import NAIVE, SCORE, session_level, turn_level
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.signals.registry import load_signals

SIGNALS = [
    signal for signal in load_signals(PROJECT_ROOT / "catalog") if signal.name in ("explicit_report", "tool_error")
]
TALK = [
    {"role": "assistant", "content": "Hello!", "ts": ""},
    {"role": "user", "content": "Where is my parcel?"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "name": "find", "arguments": {}}]},
    {"role": "tool", "tool_call_id": "c", "content": "no such parcel", "error": True},
    {"role": "assistant", "content": "It is green."},
    {"role": "user", "content": "Your answer is wrong, and useless."},
]


def written(folder: Path, *records: dict[str, Any]) -> Path:
    path = folder / "labelled.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def label(target: str, value: Any, metric: str = "breakdown", **more: Any) -> dict[str, Any]:
    return {"target": target, "metric": metric, "value": value, **more}


def test_no_session_is_lost_for_want_of_a_time_an_id_or_a_known_role(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"session_id": "a", "started_at": "2026-03-02T09:00:00Z", "turns": TALK},
        {"session_id": "a", "started_at": None, "turns": TALK},
        {"session_id": {"odd": 1}, "started_at": "1999-01-01", "turns": TALK},
        {"turns": [{"role": "customer", "content": "Hi"}, {"role": "bot", "content": "Hello!"}]},
        {"turns": [{"role": "narrator", "content": "Later"}, {"role": "user", "content": "Hi"}], "outcome": "fail"},
        {"no": "turns"},
    )
    found = read_labelled(path)
    assert (len(found.sessions), found.n_lost, found.sessions["session_id"].nunique()) == (5, 1, 5)
    assert [turn["role"] for turn in found.sessions["turns"][3]] == ["user", "assistant"]
    assert [turn["role"] for turn in found.sessions["turns"][4]] == ["system", "user"], (
        "indices stay as labels have them"
    )
    assert outcome_failed(found.sessions["outcome"][4]) is True
    assert session_level(found.sessions, SIGNALS)[SCORE].tolist()[3:] == [0, 0]


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [
        ({"success": False, "reward": 1.0}, True),
        ({"Success": True}, False),
        ({"pass": 0}, True),
        ({"passed": "yes"}, False),
        ({"failed": True}, True),
        ({"reward": 0.0}, True),
        ({"reward": 1}, False),
        ({"value": "FAILED"}, True),
        ({"status": "completed"}, False),
        ({"status": "user_stop", "n_turns": 4}, None),
        ({"mean_breakdown_share": 0.7}, None),
        (None, None),
    ],
)
def test_outcomes_in_common_spellings(outcome: dict[str, Any] | None, failed: bool | None) -> None:
    assert outcome_failed(outcome) is failed


@pytest.mark.parametrize(
    ("value", "metric", "middle", "failed"),
    [
        ("X", "breakdown", 0.5, True),
        ("T", "breakdown", 0.5, False),
        (1, "breakdown", 0.5, True),
        (1, "helpfulness", 0.5, False),
        ("0", "helpfulness", 0.5, True),
        (2, "satisfaction", 3.0, True),
        (3, "satisfaction", 3.0, False),
        (True, "has_error", 0.5, True),
        ("no", "resolved", 0.5, True),
        ("no error", "quality", 0.5, False),
        ("frustrated", "mood", 0.5, True),
        ("unsure", "breakdown", 0.5, None),
        (None, "breakdown", 0.5, None),
    ],
)
def test_labels_in_common_spellings(value: Any, metric: str, middle: float, failed: bool | None) -> None:
    assert value_failed(value, metric, middle) is failed


def test_targets() -> None:
    assert [turn_of(t) for t in ("session", "turn:4", "turn 4", "pair", "turn:x", 4)] == [-1, 4, 4, None, None, None]


def test_people_go_before_programs_before_judges_and_a_tie_is_no_truth(tmp_path: Path) -> None:
    judged = [label("session", "fail", "goal", rater=f"judge:m/{i}") for i in range(3)]
    people = [label("session", word, "goal", rater=f"human:{i}") for i, word in enumerate(["pass", "fail"])]
    path = written(
        tmp_path,
        {"turns": TALK, "labels": [*judged, label("session", "pass", "goal", rater="program:check")]},
        {"turns": TALK, "labels": judged},
        {"turns": TALK, "labels": [*judged, *people]},
    )
    (truth,) = truths_of(read_labelled(path).sessions)
    assert truth.is_failure == {(0, -1): False, (1, -1): True}


def test_each_metric_is_a_truth_and_turn_labels_alone_give_the_sessions_by_their_share(tmp_path: Path) -> None:
    def rated(*n_bad: int) -> dict[str, Any]:
        labels = [
            label(f"turn:{turn}", "X" if n > 5 else "O", dist={"O": 10 - n, "X": n})
            for turn, n in zip((0, 4), n_bad, strict=True)
        ]
        return {"turns": TALK, "labels": [*labels, label("turn:4", 0, "other_fault")]}

    sessions = read_labelled(written(tmp_path, rated(0, 1), rated(0, 4), rated(2, 9))).sessions
    found = {(truth.metric, truth.level): truth for truth in truths_of(sessions)}
    assert set(found) == {
        ("breakdown", "session"),
        ("breakdown", "turn"),
        ("other_fault", "session"),
        ("other_fault", "turn"),
    }
    # mean shares of raters 0.05, 0.2 and 0.55
    assert found["breakdown", "session"].is_failure == {(0, -1): False, (1, -1): False, (2, -1): True}
    assert [key for key, failed in found["breakdown", "turn"].is_failure.items() if failed] == [(2, 4)]
    assert {truth.metric for truth in truths_of(sessions, ["other_fault"])} == {"other_fault"}


def test_evidence_and_labels_go_to_the_turn_they_are_about(tmp_path: Path) -> None:
    labels = [label("turn:0", "O"), label("turn:4", "O"), label("turn:5", "X"), label("turn:99", "X")]
    sessions = read_labelled(
        written(tmp_path, {"turns": TALK, "labels": []}, {"turns": TALK, "labels": labels})
    ).sessions
    truth = next(truth for truth in truths_of(sessions) if truth.level == "turn")
    rows, is_failure = located(truth, sessions)
    assert (rows.tolist(), is_failure.tolist()) == ([6, 10], [False, True])
    scores = turn_level(sessions, SIGNALS)
    # the tool's error and the complaint are both about the answer, turn 4
    for name in ("tool_error", "explicit_report", NAIVE):
        assert np.flatnonzero(scores[name]).tolist() == [4, 10], name
    assert scores[SCORE] == pytest.approx(
        1 - np.prod([1 - scores[name] for name in ("tool_error", "explicit_report")], axis=0)
    )


def test_a_verdict_by_hand() -> None:
    (found,) = verdicts({"x": np.array([0.9, 0.0, 0.5, 0.0, 0.0])}, np.array([True, True, False, False, False]))
    # pairs: 0.9 beats three, 0 loses to 0.5 and ties twice
    assert found.auc.value == pytest.approx(4 / 6)
    assert (found.n_fired, found.precision.value, found.recall.value) == (2, 0.5, 0.5)


def test_the_report_of_a_file_ranks_what_it_should_and_says_what_it_read(tmp_path: Path) -> None:
    good = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
    records = [{"turns": TALK, "outcome": {"success": False}}] * 12 + [
        {"turns": good, "outcome": {"success": True}}
    ] * 12
    text = "\n".join(labelled_report(read_labelled(written(tmp_path, *records)), SIGNALS))
    assert "24 sessions read, 0 records could not be; 1 truths." in text
    assert "| **score** | 1.000 [" in text
    assert "as it should" in text


def test_a_file_without_failures_has_no_auc_rather_than_a_half() -> None:
    text = section("t", {SCORE: np.zeros(3)}, np.zeros(3, dtype=bool))
    assert "| **score** | - | 0/3 (0.0%) | - (n = 0) | - (n = 0) |" in text
    assert "Check" not in text
