"""The rates in the traffic: by hand, over the real queue's draw of simulated sessions, and null where they must be."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eval_pipeline.calibration.labelled import WINDOW_DAYS, drawn_until, labelled_predictions
from eval_pipeline.calibration.report import calibrate
from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.calibration.traffic import RATE_COLUMNS, drawn_sessions, traffic_rates
from eval_pipeline.review.design import Design
from eval_pipeline.review.queue import draw_queue
from eval_pipeline.tables import FlaggedSessions, HumanLabels, RawSessions, SessionSignals
from tests.calibration.frames import DAY, label, label_frame, prediction, prediction_frame
from tests.fakes import MemoryWarehouse, empty_frame
from tests.resources.frames import frame_for

PROVEN = {("judge", "refund", "1+aa", origin) for origin in ("production", "simulated")}
NOW = dt.datetime(2026, 3, 11, 3, tzinfo=dt.UTC)
HELD_OUT, CALIBRATION = (
    [i for i in (f"s{n:04}" for n in range(500)) if label_set(group_of(None, i)) == in_set]
    for in_set in ("held_out", "calibration")
)


def queued(session_id: str, stratum: str, probability: float, **changes: Any) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "session_day": DAY,
        "surface": "chat",
        "arm": "control" if stratum == "quiet" else "flagged",
        "stratum": stratum,
        "reasons": [],
        "priority": 0.5,
        "inclusion_probability": probability,
        "design_id": "d",
        "drawn_at": pd.Timestamp(NOW),
        "is_double_review": False,
        "origin": "production",
        **changes,
    }


def drawn_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    queue = FlaggedSessions.validate(pd.DataFrame(rows, columns=list(FlaggedSessions.to_schema().columns)))
    return drawn_sessions(queue, pd.DataFrame({"session_id": queue["session_id"], "user_id": None}))


def reviewed(
    ids: Sequence[str], stratum: str, probability: float, machine: str, people: str, **changes: Any
) -> list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Queue row, prediction and label of each session."""
    arm = "control" if stratum == "quiet" else "flagged"
    sampling = {"arm": arm, "inclusion_probability": probability, **changes}
    return [
        (queued(i, stratum, probability), prediction(i, machine), label(i, people, label_set="held_out", **sampling))
        for i in ids
    ]


def twelve_each(ids: Sequence[str]) -> list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """A judge that alone decides the stratum: what it fails is drawn 1 in 2, what it passes 1 in 10."""
    return [
        *reviewed(ids[:12], "verdict_only", 0.5, "fail", "fail"),
        *reviewed(ids[12:18], "verdict_only", 0.5, "fail", "pass"),
        *reviewed(ids[18:21], "quiet", 0.1, "pass", "fail"),
        *reviewed(ids[21:60], "quiet", 0.1, "pass", "pass"),
    ]


def rates(rows: Sequence[tuple[Any, Any, Any]], as_of_day: dt.date = DAY) -> pd.DataFrame:
    queue, predictions, labels = map(list, zip(*rows, strict=True))
    labelled, said = label_frame(labels), prediction_frame(predictions)
    return traffic_rates(as_of_day, labelled, said, drawn_frame(queue), PROVEN)


def test_by_hand_where_the_judge_decides_the_stratum() -> None:
    row = rates(twelve_each(HELD_OUT)).iloc[0]
    # failures: 12 * 2 caught, 3 * 10 missed; good ones: 6 * 2 failed, 39 * 10 passed
    assert row["tpr_weighted"] == pytest.approx(24 / 54, abs=1e-6)
    assert row["tnr_weighted"] == pytest.approx(390 / 402, abs=1e-6)
    assert row["n_weighted"] == 60
    assert row["tpr_weighted_low"] < 24 / 54 < row["tpr_weighted_high"]


def test_drawn_sessions_that_nobody_reviewed_weigh_in_the_population() -> None:
    rows = twelve_each(HELD_OUT)
    rows = [(queue, said, label_ | {"status": "unsure", "label": None}) for queue, said, label_ in rows[:3]] + rows[3:]
    row = rates(rows).iloc[0]
    # 18 drawn of the failed stand for 36; 9 of the 15 labelled are failures
    assert row["tpr_weighted"] == pytest.approx(36 * 9 / 15 / (36 * 9 / 15 + 30), abs=1e-6)
    assert row["n_weighted"] == 57


@pytest.mark.parametrize(
    "changes",
    [
        {"inclusion_probability": None},
        {"arm": "error_analysis"},
        {"status": "disputed", "label": None},
        {"target": "session"},
        {"label_set": "calibration"},
    ],
)
def test_labels_that_do_not_belong_to_the_draw_do_not_enter(changes: dict[str, Any]) -> None:
    rows = twelve_each(HELD_OUT)
    strangers = [(queue, said, label_ | changes) for queue, said, label_ in rows[-5:]]
    with_them, without = rates([*rows[:-5], *strangers]).iloc[0], rates(rows[:-5]).iloc[0]
    assert with_them["n_weighted"] == without["n_weighted"] == 55
    assert rates([(queue, said, label_ | changes) for queue, said, label_ in rows])[RATE_COLUMNS].isna().all(axis=None)


def test_population_and_labels_are_of_one_set_one_origin_and_up_to_the_day() -> None:
    rows = twelve_each(HELD_OUT)
    tomorrow = DAY + dt.timedelta(days=1)
    others = [(queued(i, "quiet", 0.01), prediction(i, "pass"), label(i, "fail", target="other")) for i in CALIBRATION]
    simulated = [
        (queued(i, "quiet", 0.01, origin="simulated"), prediction(i, "pass"), label(i, "fail", origin="simulated"))
        for i in HELD_OUT[100:110]
    ]
    late = [
        (queued(i, "quiet", 0.01, session_day=tomorrow), prediction(i, "pass"), label(i, "fail", session_day=tomorrow))
        for i in HELD_OUT[110:120]
    ]
    found = rates([*rows, *others, *simulated, *late]).set_index(["origin", "label_set"])
    pd.testing.assert_series_equal(
        found.loc[("production", "held_out")],
        rates(rows).set_index(["origin", "label_set"]).loc[("production", "held_out")],
    )


def test_a_cell_without_a_label_gives_no_rate_and_error_analysis_makes_no_cell() -> None:
    rows = twelve_each(HELD_OUT)
    bare = (prediction(HELD_OUT[70], "pass"), label(HELD_OUT[70], "fail", target="other"))
    elsewhere = rates([*rows, (queued(HELD_OUT[70], "quiet", 0.5, surface="mail"), *bare)]).iloc[0]
    assert elsewhere[["tpr_weighted", "tnr_weighted", "recall_weighted"]].isna().all()
    assert elsewhere["precision_weighted"] == pytest.approx(12 / 18, abs=1e-6)  # rests on what the judge fails alone
    assert elsewhere["n_weighted"] == 60
    set_aside = rates([*rows, (queued(HELD_OUT[70], "flagged", 0.5, arm="error_analysis"), *bare)])
    pd.testing.assert_frame_equal(set_aside, rates(rows))


def test_the_report_has_both_and_its_id_follows_the_population() -> None:
    queue, said, labels = map(list, zip(*twelve_each(HELD_OUT), strict=True))
    labels = [row | {"category": "rude" if row["label"] == "fail" else None} for row in labels]
    arguments = (DAY, label_frame(labels), prediction_frame(said))
    report = calibrate(*arguments, drawn_frame(queue), NOW, proven=PROVEN).set_index("category")
    assert report.loc["all", ["tpr", "n_weighted"]].tolist() == [12 / 15, 60]
    assert report.loc["all", "tpr_weighted"] == pytest.approx(24 / 54, abs=1e-6)
    assert report.loc["rude", [*RATE_COLUMNS, "n_weighted"]].isna().all()
    again = calibrate(*arguments, drawn_frame(queue[::-1]), NOW + dt.timedelta(hours=1), proven=PROVEN).set_index(
        "category"
    )
    assert again["report_id"].tolist() == report["report_id"].tolist()
    rarer = [row | {"inclusion_probability": row["inclusion_probability"] / 3} for row in queue[:20]] + queue[20:]
    other = calibrate(*arguments, drawn_frame(rarer), NOW, proven=PROVEN).set_index("category")
    assert (other["report_id"] != report["report_id"]).to_dict() == {"all": True, "rude": False}


SIGNAL = {"subject_kind": "signal", "subject": "loop", "target": "session", "is_counting": True}


def of_signal(rows: Sequence[tuple[Any, Any, Any]], as_of_day: dt.date = DAY, subject: str = "loop") -> pd.DataFrame:
    """The rates of `rows` as those of a counting signal, by label set."""
    turned = [
        (queue, said | SIGNAL | {"subject": subject}, label_ | {"target": "session"}) for queue, said, label_ in rows
    ]
    return rates(turned, as_of_day).set_index("label_set")


def on_both_sets(**changes: Any) -> list[tuple[Any, Any, Any]]:
    """What fires is drawn 1 in 2, what does not 1 in 10; half of it is in either label set; 60 controls."""
    rows = [
        row
        for ids in (HELD_OUT, CALIBRATION)
        for row in [
            *reviewed(ids[:12], "flag_only", 0.5, "fail", "fail", **changes),
            *reviewed(ids[12:18], "flag_only", 0.5, "fail", "pass", **changes),
            *reviewed(ids[18:21], "quiet", 0.1, "not_applicable", "fail", **changes),
            *reviewed(ids[21:48], "quiet", 0.1, "pass", "pass", **changes),
        ]
    ]
    sets = dict.fromkeys(CALIBRATION, "calibration")
    return [(q, said, label_ | {"label_set": sets.get(label_["session_id"], "held_out")}) for q, said, label_ in rows]


def test_recall_of_a_signal_counts_what_it_does_not_apply_to_and_both_sets_accumulate() -> None:
    found = of_signal(on_both_sets())
    both = found.loc["all"]
    # failures: 24 * 2 caught, 6 * 10 it does not apply to; fired: 36 * 2
    assert both["recall_weighted"] == pytest.approx(48 / 108, abs=1e-6)
    assert both["precision_weighted"] == pytest.approx(48 / 72, abs=1e-6)
    assert both["tpr_weighted"] == 1  # of those it applies to
    assert both[["n_weighted", "n_control", "n_control_needed"]].tolist() == [90, 60, 140]
    assert found.loc["held_out", ["n_weighted", "n_control", "n_control_needed"]].tolist() == [45, 30, 170]
    assert found["recall_weighted"].notna().to_dict() == {"all": True, "calibration": False, "held_out": False}


def test_over_both_sets_the_strata_are_as_large_as_the_log_says_and_flagged_has_no_split() -> None:
    """With 36 flagged of 72, and 60 controls of 600, only the two shares of failures are uncertain."""
    found = of_signal(on_both_sets(), subject="flagged").loc["all"]
    rng = np.random.default_rng(3)
    caught, missed = 72 * rng.beta(24.5, 12.5, 200_000), 600 * rng.beta(6.5, 54.5, 200_000)
    low, high = np.quantile(caught / (caught + missed), [0.025, 0.975])
    ends = found["recall_weighted_low"], found["recall_weighted_high"]
    assert ends == (pytest.approx(low, abs=0.015), pytest.approx(high, abs=0.015))


def test_a_judge_has_a_precision_and_no_recall() -> None:
    row = rates(twelve_each(HELD_OUT)).iloc[0]
    assert row["precision_weighted"] == pytest.approx(24 / 36, abs=1e-6)
    assert row["n_control"] == 42
    assert row[["recall_weighted", "n_control_needed"]].isna().all()


def test_both_sets_are_measured_on_blind_labels_of_ninety_days() -> None:
    assert of_signal(on_both_sets(is_blind=False)).loc["all", "n_control"] == 0
    rows, last = on_both_sets(), DAY + dt.timedelta(days=89)
    assert of_signal(rows, last).loc["all", "n_control"] == 60
    later = of_signal(rows, last + dt.timedelta(days=1))
    assert later["n_control"].to_dict() == {"calibration": 30, "held_out": 30}


def test_predictions_on_every_drawn_session_are_read() -> None:
    warehouse = MemoryWarehouse()
    rows = [queued("a", "quiet", 0.5), queued("b", "quiet", 0.5), queued("c", "quiet", 0.5, arm="error_analysis")]
    later = queued("d", "quiet", 0.5, session_day=DAY + dt.timedelta(days=1))
    withdrawn = queued("e", "quiet", 0.5)
    aged = queued("f", "quiet", 0.5, session_day=DAY - dt.timedelta(days=WINDOW_DAYS))
    queue = pd.DataFrame([*rows, later, withdrawn, aged], columns=list(FlaggedSessions.to_schema().columns))
    warehouse.upsert(FlaggedSessions, FlaggedSessions.validate(queue))
    warehouse.upsert(RawSessions, frame_for(RawSessions, 5, DAY).assign(session_id=list("abcdf"), user_id=None))
    drawn = drawn_until(DAY, warehouse)
    assert drawn["session_id"].tolist() == ["a", "b"]
    assert drawn[["stratum", "weight"]].drop_duplicates().to_numpy().tolist() == [["chat/quiet", 2.0]]
    fired = {"signal": "tool_error", "signal_version": "1", "outcome": "fired", "strength": 0.5, "is_counting": True}
    signals = [{"session_id": i, "session_day": DAY - dt.timedelta(days=1), **fired} for i in "abc"]
    columns = list(SessionSignals.to_schema().columns)
    warehouse.upsert(SessionSignals, SessionSignals.validate(pd.DataFrame(signals, columns=columns)))
    found = labelled_predictions(empty_frame(HumanLabels), DAY, warehouse, drawn["session_id"])
    read = found[["session_id", "subject"]].to_numpy().tolist()
    assert read == [["a", "tool_error"], ["b", "tool_error"], ["a", "flagged"], ["b", "flagged"]]


TPR, TNR = 0.85, 0.93
DESIGN = Design.model_validate({"default": {"sessions_per_day": 110}})


def traffic_of(day: dt.date, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Sessions of which 12 % fail, with what a judge of known rates and a signal that counts say of them."""
    is_fail = rng.random(n) < 0.12
    return pd.DataFrame(
        {
            "session_id": [f"{day}-{rng.integers(2**60):x}" for _ in range(n)],
            "session_day": day,
            "surface": "chat",
            "origin": "production",
            "is_closed": True,
            "is_fail": is_fail,
            "judge": rng.random(n) < np.where(is_fail, TPR, 1 - TNR),
            "signal": rng.random(n) < np.where(is_fail, 0.45, 0.06),
        }
    )


def measured(seed: int) -> pd.DataFrame:
    """The report over three days of traffic, drawn by the real design and reviewed in whole without an error."""
    rng = np.random.default_rng(seed)
    queues, days = [], []
    for number, n in enumerate((500, 800, 300)):
        sessions = traffic_of(DAY - dt.timedelta(days=number), n, rng)
        fired = sessions.loc[sessions["signal"], ["session_id"]]
        signals = fired.assign(signal="tool_error", outcome="fired", strength=0.5)
        failing = dict.fromkeys(sessions.loc[sessions["judge"], "session_id"], ("judge:j",))
        day = sessions["session_day"].iloc[0]
        empty = empty_frame(FlaggedSessions)
        queues.append(draw_queue(day, sessions, signals, empty, DESIGN, {"tool_error"}, failing, NOW).queue)
        days.append(sessions)
    queue, known = pd.concat(queues), pd.concat(days).set_index("session_id")
    sets = {i: label_set(group_of(None, i)) for i in queue["session_id"]}
    word = {True: "fail", False: "pass"}
    labels, predictions = [], []
    for row in queue.to_dict("records"):
        i = row["session_id"]
        is_fail, judge, signal = known.loc[i, ["is_fail", "judge", "signal"]]
        sampling = {"arm": row["arm"], "inclusion_probability": row["inclusion_probability"], "label_set": sets[i]}
        labels += [label(i, word[is_fail], target=t, **sampling) for t in ("judge:refund", "session")]
        predictions.append(prediction(i, word[judge]))
        of_signal = {"subject_kind": "signal", "subject": "tool_error", "target": "session"}
        predictions.append(prediction(i, word[signal], **of_signal))
    drawn = drawn_sessions(queue, pd.DataFrame({"session_id": queue["session_id"], "user_id": None}))
    return calibrate(DAY, label_frame(labels), prediction_frame(predictions), drawn, NOW, proven=PROVEN)


@pytest.mark.slow
def test_it_is_right_where_the_queue_over_samples_what_is_flagged_or_failed() -> None:
    found = pd.concat([measured(seed) for seed in range(30)])
    found = found[found["label_set"] != "all"]  # two label sets each: 60 replicates
    truth = {"judge": {"tpr": TPR, "tnr": TNR}, "signal": {"tpr": 0.45, "tnr": 0.94}}
    for kind, rows in found.groupby("subject_kind"):
        assert len(rows) == 60
        for name, value in truth[str(kind)].items():
            weighted = rows[f"{name}_weighted"]
            covers = (rows[f"{name}_weighted_low"] <= value) & (value <= rows[f"{name}_weighted_high"])
            assert covers.mean() >= 0.9, (kind, name)
            assert abs(weighted.mean() - value) < 0.02, (kind, name)
        assert abs(rows["tnr"].mean() - truth[str(kind)]["tnr"]) > 0.1  # the raw rate is far off
