"""Recall and precision of the signals: by hand, against known truth over the queue's own draw, and while labels are few."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from eval_pipeline.calibration.detection import AIM_CONTROL, MIN_CONTROL, Detection, detection, ruled_out
from eval_pipeline.calibration.predictions import signal_predictions
from eval_pipeline.calibration.traffic import drawn_sessions
from eval_pipeline.review.design import BY_FLAG, BY_FLAG_AND_VERDICT, OUTSIDE_BUDGET, Design
from eval_pipeline.review.queue import draw_queue
from eval_pipeline.tables import FlaggedSessions
from tests.calibration.frames import DAY
from tests.fakes import empty_frame

COLUMNS = ["stratum", "prediction", "weight", "label"]
Row = tuple[str, str, float, str | None]


def found(
    rows: Sequence[Row], *, is_counting: bool = True, is_any: bool = False, has_known_totals: bool = True
) -> Detection:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["arm"] = np.where(frame["stratum"].str.endswith(("/quiet", "/unflagged")), "control", "flagged")
    return detection(frame, ruled_out(frame["stratum"], is_counting, is_any), has_known_totals, seed=1)


def flagged_and_control(n_flagged: int, n_failed: int, n_control: int, n_missed: int) -> list[Row]:
    """What `flagged` says where 1,000 of 10,000 sessions are flagged."""
    labels = ["fail"] * n_failed + ["pass"] * (n_flagged - n_failed)
    of_control = ["fail"] * n_missed + ["pass"] * (n_control - n_missed)
    flagged: list[Row] = [("chat/flagged", "fail", 1_000 / n_flagged, word) for word in labels]
    return flagged + [("chat/unflagged", "pass", 9_000 / n_control, word) for word in of_control]


def test_recall_of_flagged_is_that_of_two_binomials() -> None:
    got = found(flagged_and_control(150, 60, 200, 8), is_any=True)
    assert got.recall.value == pytest.approx(1_000 * 0.4 / (1_000 * 0.4 + 9_000 * 0.04), abs=1e-6)
    assert (got.precision.value, got.n_control, got.n_control_needed) == (0.4, 200, 0)
    # STATISTICS.md section 3, computed apart: p ~ Beta(x + 1/2, n - x + 1/2)
    rng = np.random.default_rng(7)
    caught, missed = 1_000 * rng.beta(60.5, 90.5, 200_000), 9_000 * rng.beta(8.5, 192.5, 200_000)
    low, high = np.quantile(caught / (caught + missed), [0.025, 0.975])
    assert (got.recall.low, got.recall.high) == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))


def test_labels_as_they_stand_would_call_it_nearly_perfect() -> None:
    got = found(flagged_and_control(150, 60, 60, 2), is_any=True)
    assert got.recall.high is not None and got.recall.high < 60 / 62
    assert got.recall.value == pytest.approx(400 / 700, abs=1e-6)


def test_a_failure_that_it_does_not_apply_to_is_missed() -> None:
    rows: list[Row] = [("chat/flagged", "fail", 2.0, "fail")] * 20
    rows += [("chat/quiet", "pass", 10.0, "pass")] * 60 + [("chat/quiet", "not_applicable", 10.0, "fail")] * 4
    got = found(rows)
    assert got.recall.value == pytest.approx(40 / 80, abs=1e-6)
    assert got.n_control == 64


@pytest.mark.parametrize(("n_control", "has_recall", "needed"), [(49, False, 151), (50, True, 150), (230, True, 0)])
def test_recall_waits_for_control_labels_and_precision_does_not(n_control: int, has_recall: bool, needed: int) -> None:
    assert (MIN_CONTROL, AIM_CONTROL) == (50, 200)
    got = found(flagged_and_control(150, 60, n_control, 3), is_any=True)
    assert (got.recall.value is not None, got.n_control_needed) == (has_recall, needed)
    assert got.precision.value == 0.4


def test_drawn_sessions_without_a_label_are_no_control_labels() -> None:
    rows = flagged_and_control(150, 60, 100, 3)
    unread: list[Row] = [("chat/unflagged", "pass", 9.0, None)] * 100
    assert found(rows + unread, is_any=True).n_control == 100


def test_where_the_stratum_decides_nothing_is_guessed_of_the_other_cell() -> None:
    rows = flagged_and_control(150, 60, 60, 2)
    fixed, guessed = found(rows, is_any=True).recall, found(rows, is_counting=False).recall
    assert fixed.value == guessed.value
    assert fixed.high is not None and guessed.high is not None and fixed.high < guessed.high


def test_known_totals_leave_only_the_split_of_a_stratum_to_estimate() -> None:
    rows: list[Row] = [
        ("chat/flag_only", word, 4.0, label) for word in ("fail", "pass") for label in ("fail", "pass") * 9
    ]
    rows += [("chat/quiet", "pass", 100.0, label) for label in ["fail"] * 3 + ["pass"] * 57]
    known, estimated = found(rows).recall, found(rows, has_known_totals=False).recall
    assert known.value == estimated.value
    assert None not in (known.low, known.high, estimated.low, estimated.high)
    assert known.high - known.low < estimated.high - estimated.low  # type: ignore[operator]


def test_the_strata_of_the_queue_say_what_a_signal_cannot_have_said() -> None:
    kinds = [*BY_FLAG, *BY_FLAG_AND_VERDICT, *sorted(OUTSIDE_BUDGET)]
    strata = pd.Series([f"a/b/{kind}" for kind in kinds])
    silent = {(f"a/b/{kind}", "fail") for kind in ("unflagged", "quiet", "verdict_only")}
    loud = {(f"a/b/{kind}", "pass") for kind in ("flagged", "flag_only", "both", "explicit_report", "contested")}
    assert ruled_out(strata, is_counting=True, is_any=True) == silent | loud
    assert ruled_out(strata, is_counting=True, is_any=False) == silent
    assert ruled_out(strata, is_counting=False, is_any=False) == frozenset()


@pytest.mark.parametrize(("n_control", "width"), [(50, 0.46), (200, 0.28)])
def test_coverage_and_width_are_those_of_the_statistics_page(n_control: int, width: float) -> None:
    rng = np.random.default_rng(n_control)
    truths = [(prevalence, recall) for prevalence in (0.05, 0.1, 0.2) for recall in (0.4, 0.6, 0.8)]
    covered, widths = [], []
    for prevalence, truth in truths * 35:
        flagged = 0.2
        failed = rng.binomial(150, truth * prevalence / flagged)
        missed = rng.binomial(n_control, (1 - truth) * prevalence / (1 - flagged))
        rows = flagged_and_control(150, failed, n_control, missed)
        weight = {"fail": 10_000 * flagged / 150, "pass": 10_000 * (1 - flagged) / n_control}
        got = found([(stratum, said, weight[said], word) for stratum, said, _, word in rows], is_any=True).recall
        if got.low is not None and got.high is not None:
            covered.append(got.low <= truth <= got.high)
            widths.append(got.high - got.low)
    assert len(covered) > 300
    assert np.mean(covered) > 0.92
    assert np.mean(widths) == pytest.approx(width, abs=0.03)


N_REPLICATES = 150
"""Each is a surface of its own: the queue is drawn, and the truth known, surface by surface."""

RATES = {"loop": (0.45, 0.05), "anger": (0.2, 0.02)}
"""Of each signal, how often it fires on a failure and on a good session."""


def traffic_of(day: dt.date, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """`n` sessions a surface, of which 12 % fail, with what two signals and a judge say of them."""
    size = n * N_REPLICATES
    is_fail = rng.random(size) < 0.12
    said = {name: rng.random(size) < np.where(is_fail, *rates) for name, rates in RATES.items()}
    return pd.DataFrame(
        {
            "session_id": [f"{day}-{i}" for i in range(size)],
            "surface": [f"surface {i % N_REPLICATES}" for i in range(size)],
            "origin": "production",
            "is_closed": True,
            "label": np.where(is_fail, "fail", "pass"),
            "judge": rng.random(size) < np.where(is_fail, 0.7, 0.05),
            "is_in_scope": rng.random(size) < np.where(is_fail, 0.6, 0.9),
            **said,
        }
    )


def signals_of(sessions: pd.DataFrame) -> pd.DataFrame:
    """Rows of `session_signals`; `loop` does not apply to many of the failures."""
    parts = []
    for name in RATES:
        applies = sessions["is_in_scope"] | (name != "loop")
        outcome = np.where(~applies, "not_applicable", np.where(sessions[name], "fired", "quiet"))
        rows = sessions[["session_id"]].assign(signal=name, signal_version="1", is_counting=True)
        parts.append(rows.assign(outcome=outcome, strength=np.where(outcome == "fired", 0.5, 0.0)))
    return pd.concat(parts, ignore_index=True)


def reviewed_queue() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three days of traffic as drawn by the real design and reviewed in whole: the predictions on it, and on all of it."""
    rng = np.random.default_rng(5)
    design = Design.model_validate({"default": {"sessions_per_day": 90}})
    queues, days, signals = [], [], []
    for number, n in enumerate((500, 250, 700)):
        day = DAY - dt.timedelta(days=number)
        sessions = traffic_of(day, n, rng)
        said = signals_of(sessions)
        failing = dict.fromkeys(sessions.loc[sessions["judge"], "session_id"], ("judge:j",))
        now = dt.datetime(2026, 3, 11, 3, tzinfo=dt.UTC)
        queues.append(
            draw_queue(day, sessions, said, empty_frame(FlaggedSessions), design, set(RATES), failing, now).queue
        )
        days.append(sessions[["session_id", "surface", "label"]])
        signals.append(said)
    queue = pd.concat(queues, ignore_index=True)
    drawn = drawn_sessions(queue, pd.DataFrame({"session_id": queue["session_id"], "user_id": None}))
    everything = signal_predictions(pd.concat(signals, ignore_index=True)).merge(pd.concat(days), on="session_id")
    return everything.merge(drawn, on="session_id"), everything


@pytest.mark.slow
def test_it_is_right_over_the_draw_of_the_queue_where_the_labels_as_they_stand_are_far_off() -> None:
    drawn, everything = reviewed_queue()
    true = dict(iter(everything.groupby(["subject", "surface"])))
    rows = []
    for key, group in drawn.groupby(["subject", "surface"]):
        impossible = ruled_out(group["stratum"], True, key[0] == "flagged")
        got = detection(group, impossible, True, seed=3)
        fails, fired = (true[key]["label"] == "fail"), (true[key]["prediction"] == "fail")
        unweighted = (group.loc[group["label"] == "fail", "prediction"] == "fail").mean()
        for name, rate, truth in [
            ("recall", got.recall, fired[fails].mean()),
            ("precision", got.precision, fails[fired].mean()),
        ]:
            assert rate.value is not None and rate.low is not None and rate.high is not None
            covers = rate.low <= truth <= rate.high
            rows.append((key[0], name, rate.value - truth, covers, unweighted - truth))
    by = pd.DataFrame(rows, columns=["subject", "figure", "error", "covers", "unweighted"]).groupby(
        ["subject", "figure"]
    )
    assert by.size().eq(N_REPLICATES).all()
    assert by["covers"].mean().min() >= 0.93
    assert by["error"].mean().abs().max() < 0.02
    assert by["unweighted"].mean().xs("recall", level="figure")["flagged"] > 0.12
