"""Passes and fails by version, counted by hand."""

import datetime as dt
from typing import Any

import pandas as pd

from eval_pipeline.tables import EvaluatorVerdicts, JudgeVerdicts, RawSessions, SessionSignals
from eval_pipeline.trends.version_rollups import version_rollups
from tests.fakes import empty_frame

DAY = dt.date(2026, 3, 2)
OURS = {"code": "c1", "taxonomy": "t1", "redaction": "r1"}


def sessions(*rows: tuple[str, str | None, str, dict[str, str], str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["session_id", "model_version", "surface", "versions", "origin"])
    return frame.assign(redaction_version="r1")


def judges(**said: str) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {"session_id": name, "judge": "tone", "judge_version": "1", "repeat": repeat, "verdict": verdict,
         "versions": {**OURS, "judge": "1", "judge_model": "small", "model_version": "m1", "prompt": "p1"}}
        for name, verdict in said.items() for repeat in (0, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


EVALUATORS = pd.DataFrame(
    columns=["session_id", "evaluator", "evaluator_version", "target", "verdict", "versions"], dtype="object"
)
SIGNALS = pd.DataFrame(
    [("a", "loop", "1", "fired", True)], columns=["session_id", "signal", "signal_version", "outcome", "is_counting"]
)


def test_a_tiny_day_by_hand() -> None:
    found = version_rollups(
        DAY,
        sessions(
            ("a", "m1", "chat", {"prompt": "p1"}, "production"),
            ("b", "m1", "chat", {"prompt_version": "p2", "model": "theirs"}, "production"),
            ("c", None, "bot", {}, "production"),
            ("d", "m1", "chat", {"prompt": "p9"}, "synthetic"),
            ("e", "m1", "bot", {}, "simulated"),
        ),
        EVALUATORS,
        judges(a="fail", b="pass", c="fail", d="fail", e="error"),
        SIGNALS,
    )
    of_judge = found[found["subject_kind"] == "judge"]
    assert set(of_judge["origin"]) == {"production"}
    counts = {tuple(row[:3]): tuple(row[3:]) for row in
              of_judge[["surface", "component", "component_version", "n", "n_fail"]].itertuples(index=False)}  # fmt: skip
    assert {key: n for key, n in counts.items() if key[0] == "all"} == {
        ("all", "model", "m1"): (2, 1),
        ("all", "model", "not stated"): (1, 1),
        ("all", "prompt", "p1"): (1, 1),
        ("all", "prompt", "p2"): (1, 0),
        ("all", "product_model", "theirs"): (1, 0),
        ("all", "product_model", "not stated"): (1, 1),
        ("all", "subject", "1"): (3, 2),
        ("all", "judge_model", "small"): (3, 2),
        ("all", "taxonomy", "t1"): (3, 2),
        ("all", "redaction", "r1"): (3, 2),
        ("all", "code", "c1"): (3, 2),
    }
    assert counts[("chat", "model", "m1")] == (2, 1)
    assert counts[("bot", "model", "not stated")] == (1, 1)
    # Signals carry no versions of ours but their own; `flagged` stands beside them.
    of_signals = found[(found["subject_kind"] == "signal") & (found["surface"] == "all")]
    assert set(of_signals["subject"]) == {"loop", "flagged"}
    assert set(of_signals["component"]) == {"model", "prompt", "product_model", "redaction", "subject"}


def test_a_day_without_sessions_has_no_rows() -> None:
    tables = (RawSessions, EvaluatorVerdicts, JudgeVerdicts, SessionSignals)
    assert len(version_rollups(DAY, *map(empty_frame, tables))) == 0
