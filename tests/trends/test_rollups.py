"""Rollups by hand on a tiny day, and against a plain recount of random ones."""

import datetime as dt
from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.tables import EvaluatorVerdicts, JudgeVerdicts, RawSessions, SessionSignals, TrendRollups
from eval_pipeline.trends.rollups import roll_up
from tests.fakes import empty_frame

DAY = dt.date(2026, 3, 2)
COUNTS = ["n", "n_fail", "n_not_applicable", "n_error"]


def sessions(*rows: tuple[str, str | None, str, dict[str, str], str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["session_id", "model_version", "surface", "slices", "origin"])
    return frame.astype({"session_id": "str", "model_version": "str", "surface": "str", "origin": "str"})


def evaluators(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        list(rows), columns=["session_id", "evaluator", "evaluator_version", "target", "verdict"], dtype="str"
    )


def judges(*rows: tuple[str, str, str, int, str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["session_id", "judge", "judge_version", "repeat", "verdict"])
    return frame.astype({"repeat": "int64"})


def signals(*rows: tuple[str, str, str, str], is_counting: bool = False) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["session_id", "signal", "signal_version", "outcome"], dtype="str")
    return frame.assign(is_counting=pd.Series(is_counting, index=frame.index, dtype="bool"))


def cells(frame: pd.DataFrame, **where: str) -> dict[tuple[str, ...], tuple[int, ...]]:
    keys = ["model_version", "surface", "slice", "origin"]
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return {tuple(row[keys]): tuple(row[COUNTS]) for _, row in frame.iterrows()}


def test_a_tiny_day_by_hand() -> None:
    frame = roll_up(
        DAY,
        sessions(
            ("a", "m1", "chat", {"locale": "de", "plan": "free"}, "production"),
            ("b", "m1", "bot", {"locale": "de"}, "production"),
            ("c", None, "chat", {}, "production"),
            ("d", "m1", "chat", {"locale": "de"}, "synthetic"),
        ),
        evaluators(
            ("a", "e", "1", "session", "fail"),
            ("b", "e", "1", "session", "pass"),
            ("c", "e", "1", "session", "error"),
            ("d", "e", "1", "session", "fail"),
            ("gone", "e", "1", "session", "fail"),
        ),
        judges(("a", "j", "1", 0, "pass"), ("a", "j", "1", 1, "fail"), ("b", "j", "1", 0, "not_applicable")),
        signals(("a", "s", "1", "fired"), ("b", "s", "1", "quiet"), ("c", "s", "1", "not_applicable")),
    )
    assert cells(frame, subject_kind="evaluator") == {
        ("all", "all", "all", "production"): (2, 1, 0, 1),
        ("m1", "all", "all", "production"): (2, 1, 0, 0),
        ("not stated", "all", "all", "production"): (0, 0, 0, 1),
        ("all", "chat", "all", "production"): (1, 1, 0, 1),
        ("all", "bot", "all", "production"): (1, 0, 0, 0),
        ("m1", "chat", "all", "production"): (1, 1, 0, 0),
        ("m1", "bot", "all", "production"): (1, 0, 0, 0),
        ("not stated", "chat", "all", "production"): (0, 0, 0, 1),
        ("all", "all", "locale=de", "production"): (2, 1, 0, 0),
        ("all", "all", "plan=free", "production"): (1, 1, 0, 0),
    }
    total = ("all", "all", "all", "production")
    assert cells(frame, subject_kind="judge")[total] == (1, 0, 1, 0)
    assert cells(frame, subject_kind="signal")[total] == (2, 1, 1, 0)


def test_rates_stand_beside_their_interval_and_are_null_without_data() -> None:
    day = sessions(*((f"s{i}", f"m{i % 2}", "chat", {}, "production") for i in range(20)))
    verdicts = [
        (f"s{i}", "e", "1", "session", "not_applicable" if i % 2 else "fail" if i else "pass") for i in range(20)
    ]
    frame = roll_up(DAY, day, evaluators(*verdicts), judges(), signals()).set_index(["model_version", "surface"])
    rates = ["fail_rate", "fail_rate_low", "fail_rate_high"]
    # Wilson 95 % of 9 in 10, as published in any table of it
    assert list(frame.loc[("m0", "all"), rates]) == pytest.approx([0.9, 0.5958, 0.9821], abs=1e-4)
    assert frame.loc[("m1", "all"), ["n", "n_not_applicable"]].tolist() == [0, 10]
    assert frame.loc[("m1", "all"), rates].isna().all()


@pytest.mark.parametrize(
    ("verdicts", "counts"),
    [
        (["pass", "fail", "error"], (1, 1, 0, 0)),
        (["pass", "error", "not_applicable"], (0, 0, 0, 1)),
        (["not_applicable", "pass"], (1, 0, 0, 0)),
        (["not_applicable", "not_applicable"], (0, 0, 1, 0)),
    ],
)
def test_a_session_judged_on_many_turns_counts_once(verdicts: list[str], counts: tuple[int, ...]) -> None:
    rows = [("a", "e", "1", f"turn:{i}", verdict) for i, verdict in enumerate(verdicts)]
    frame = roll_up(DAY, sessions(("a", "m", "chat", {}, "production")), evaluators(*rows), judges(), signals())
    assert set(cells(frame).values()) == {counts}


def test_a_model_or_surface_named_all_is_not_the_total() -> None:
    day = sessions(("a", "all", "all", {}, "production"), ("b", "m", "chat", {}, "production"))
    rows = [("a", "e", "1", "session", "fail"), ("b", "e", "1", "session", "pass")]
    frame = roll_up(DAY, day, evaluators(*rows), judges(), signals())
    assert not frame.duplicated(list(TrendRollups.primary_key())).any()
    assert cells(frame)[("all", "all", "all", "production")] == (2, 1, 0, 0)
    assert cells(frame)[('"all"', "all", "all", "production")] == (1, 1, 0, 0)


def test_an_unknown_verdict_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown outcome of a evaluator: \['maybe'\]"):
        roll_up(
            DAY,
            sessions(("a", "m", "chat", {}, "production")),
            evaluators(("a", "e", "1", "session", "maybe")),
            judges(),
            signals(),
        )


def test_a_day_without_sessions_has_no_rows_but_its_types() -> None:
    frame = roll_up(DAY, *map(empty_frame, (RawSessions, EvaluatorVerdicts, JudgeVerdicts, SessionSignals)))
    assert len(frame) == 0
    pd.testing.assert_frame_equal(TrendRollups.validate(frame), frame)


def _recount(day: pd.DataFrame, verdicts: list[tuple[str, str, str, str, str]]) -> Counter[tuple[str, ...]]:
    """Count every cell the plain way: session by session, cell by cell."""
    counts: Counter[tuple[str, ...]] = Counter()
    for session_id, model, surface, slices, origin in day.itertuples(index=False):
        model = "not stated" if pd.isna(model) else model
        pairs = {("all", "all", "all"), (model, "all", "all"), ("all", surface, "all"), (model, surface, "all")}
        pairs |= {("all", "all", f"{key}={value}") for key, value in slices.items()}
        for name, version in {(row[1], row[2]) for row in verdicts if row[0] == session_id}:
            said = [row[4] for row in verdicts if row[:3] == (session_id, name, version)]
            word = next(word for word in ("fail", "error", "pass", "not_applicable") if word in said)
            if origin != "synthetic":
                counts.update((name, version, *pair, origin, word) for pair in pairs)
    return counts


@st.composite
def days(draw: st.DrawFn) -> tuple[pd.DataFrame, list[tuple[str, str, str, str, str]]]:
    slices = st.dictionaries(st.sampled_from(["locale", "plan"]), st.sampled_from(["x", "y"]))
    rows: list[Any] = [
        (
            f"s{i}",
            draw(st.sampled_from(["m1", "m2", None])),
            draw(st.sampled_from(["chat", "bot"])),
            draw(slices),
            draw(st.sampled_from(["production", "simulated", "synthetic"])),
        )
        for i in range(draw(st.integers(1, 6)))
    ]
    key = st.tuples(
        st.sampled_from([row[0] for row in rows]),
        st.sampled_from(["e1", "e2"]),
        st.sampled_from(["1", "2"]),
        st.sampled_from(["session", "turn:1"]),
    )
    word = st.sampled_from(["pass", "fail", "not_applicable", "error"])
    verdicts = [(*k, w) for k, w in draw(st.dictionaries(key, word, max_size=12)).items()]
    return sessions(*rows), verdicts


@settings(max_examples=20, deadline=None)
@given(days())
def test_every_cell_equals_a_plain_recount(day: tuple[pd.DataFrame, list[tuple[str, str, str, str, str]]]) -> None:
    frame = TrendRollups.validate(roll_up(DAY, day[0], evaluators(*day[1]), judges(), signals()))
    got: Counter[tuple[str, ...]] = Counter()
    for row in frame.to_dict("records"):
        cell = tuple(row[c] for c in ("subject", "subject_version", "model_version", "surface", "slice", "origin"))
        for word, n in (
            ("fail", row["n_fail"]),
            ("pass", row["n"] - row["n_fail"]),
            ("not_applicable", row["n_not_applicable"]),
            ("error", row["n_error"]),
        ):
            got[(*cell, word)] += n
    assert +got == _recount(*day)
