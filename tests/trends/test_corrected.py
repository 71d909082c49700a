"""Which corrected rate a row gets, and the words where it gets none."""

import datetime as dt
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pandas as pd
import pytest

from eval_pipeline.calibration.standings import Standing
from eval_pipeline.tables import TrendRollups
from eval_pipeline.trends.corrected import with_corrections
from eval_pipeline.trends.evidence import evidence
from eval_pipeline.trends.rollups import roll_up

DAY = dt.date(2026, 3, 20)


@dataclass
class Traffic:
    """Sessions of one judge, added a few at a time; all are drawn, with one probability."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def add(self, n: int, verdict: str, label: str | None, **columns: object) -> "Traffic":
        """Add `n` sessions with that verdict and label (null: not read), of `DAY` unless `columns` differ."""
        plain = {"session_day": DAY, "stratum": "chat/both", "weight": 1.0, "label_set": "calibration", "version": "1"}
        for _ in range(n):
            name = f"s{len(self.rows):04}"
            self.rows.append({**plain, "session_id": name, "verdict": verdict, "label": label, **columns})
        return self

    def rates(self, proven: Collection[Standing] = (), n_days: int = 1, order: Sequence[int] = ()) -> pd.DataFrame:
        """Return the corrected rows of `DAY`; `order` permutes the sessions."""
        frame = pd.DataFrame([self.rows[i] for i in order] or self.rows)
        sessions = frame[["session_id", "session_day", "stratum", "weight"]].assign(
            model_version="m", surface="chat", slices=[{} for _ in range(len(frame))], origin="production"
        )
        verdicts = frame[["session_id", "verdict"]].assign(judge="tone", judge_version=frame["version"], repeat=0)
        labels = frame[["session_id", "label", "label_set"]].assign(target="judge:tone").dropna()
        evaluators = pd.DataFrame(columns=["session_id", "evaluator", "evaluator_version", "target", "verdict"])
        signals = pd.DataFrame(columns=["session_id", "signal", "signal_version", "outcome", "is_counting"])
        known = evidence(sessions, labels, verdicts, evaluators, signals, proven)
        today = sessions[sessions["session_day"] > DAY - dt.timedelta(days=n_days)]
        rows = roll_up(DAY, today, evaluators, verdicts, signals)
        return TrendRollups.validate(with_corrections(rows, known, DAY, n_days))

    def total(self, proven: Collection[Standing] = (), n_days: int = 1) -> pd.Series:
        """Return the row of all sessions."""
        rows = self.rates(proven, n_days)
        return rows[(rows["model_version"] == "all") & (rows["surface"] == "all")].iloc[0]


def test_labels_of_the_day_stand_for_those_not_read() -> None:
    # 40 failed by the judge: 10 read, 8 failures. 60 passed: 10 read, 1 failure. .4 * 8/10 + .6 * 1/10 = .38
    day = Traffic().add(8, "fail", "fail").add(2, "fail", "pass").add(30, "fail", None)
    row = day.add(1, "pass", "fail").add(9, "pass", "pass").add(50, "pass", None).total()
    assert row[["fail_rate", "corrected_rate", "correction", "n_labels"]].tolist() == [0.4, 0.38, "post_stratified", 20]
    assert row["corrected_rate_low"] < 0.38 < row["corrected_rate_high"]
    assert (row["labels_first_day"], row["labels_last_day"], row["label_age_days"]) == (DAY, DAY, 0)
    assert row["labels_version"] == "1" and pd.isna(row["not_corrected_because"])


def test_older_labels_give_catch_rate_and_tnr() -> None:
    # Ten days ago: 8 of 10 failures caught, 18 of 20 good ones passed. Today 30 of 100 fail: (.3 + .9 - 1)/(.8 + .9 - 1)
    old = {"session_day": DAY - dt.timedelta(days=10)}
    traffic = Traffic().add(8, "fail", "fail", **old).add(2, "pass", "fail", **old)
    traffic.add(18, "pass", "pass", **old).add(2, "fail", "pass", **old)
    row = traffic.add(30, "fail", None).add(70, "pass", None).total()
    # Of the drawn, 40 that it fails and 90 that it passes, 10 and 20 are read: 8 and 2 failures. The failures are
    # 40 * .8 = 32 caught and 90 * .1 = 9 missed: tpr 32/41; good ones 40 * .2 = 8 failed and 81 passed: tnr 81/89.
    assert row["correction"] == "rogan_gladen"
    assert row["corrected_rate"] == pytest.approx((0.3 + 81 / 89 - 1) / (32 / 41 + 81 / 89 - 1), abs=1e-6)
    assert (row["n_labels"], row["label_age_days"], row["labels_first_day"]) == (30, 10, old["session_day"])


@pytest.mark.parametrize(
    ("traffic", "words"),
    [
        (Traffic().add(5, "not_applicable", None), "it passed or failed no session"),
        (Traffic().add(5, "fail", None), "no label yet"),
        (Traffic().add(3, "fail", "fail").add(6, "pass", "pass"), "9 labels, 3 of them failures: 10 of each class are needed"),
        (
            Traffic().add(9, "fail", "fail").add(9, "pass", "pass").add(4, "pass", None, stratum="chat/quiet"),
            "no label yet of 4 drawn sessions of chat/quiet that it passes",
        ),
        (
            Traffic()
            .add(6, "fail", "fail", session_day=DAY - dt.timedelta(days=1))
            .add(4, "pass", "fail", session_day=DAY - dt.timedelta(days=1))
            .add(12, "pass", "pass", session_day=DAY - dt.timedelta(days=1))
            .add(8, "fail", "pass", session_day=DAY - dt.timedelta(days=1))
            .add(5, "pass", None),
            "its verdicts separate too little: TPR + TNR - 1 = 0.20, needed is 0.4",
        ),
    ],
)  # fmt: skip
def test_where_there_is_no_corrected_rate_the_reason_says_what_would_help(traffic: Traffic, words: str) -> None:
    row = traffic.total()
    assert row["not_corrected_because"] == words
    assert row[["corrected_rate", "correction", "corrected_rate_low"]].isna().all()


def test_labels_expire_with_the_version_and_after_ninety_days() -> None:
    for old in ({"version": "0"}, {"session_day": DAY - dt.timedelta(days=90)}):
        traffic = Traffic().add(20, "fail", "fail", **old).add(20, "pass", "pass", **old).add(5, "pass", None)
        rows = traffic.rates()
        assert rows.loc[rows["subject_version"] == "1", "not_corrected_because"].unique().tolist() == ["no label yet"]


def test_held_out_labels_correct_a_judge_only_once_it_is_proven() -> None:
    traffic = Traffic().add(10, "fail", "fail", label_set="held_out").add(10, "pass", "pass", label_set="held_out")
    assert traffic.total()["not_corrected_because"] == "no label yet"
    assert traffic.total({("judge", "tone", "1", "production")})["corrected_rate"] == 0.5
    assert traffic.total({("judge", "tone", "2", "production")})["n_labels"] == 0


def test_a_label_of_the_whole_session_corrects_flagged_and_no_single_check_or_signal() -> None:
    # 10 of 20 fire: 8 failures among them, and 1 among the quiet: 9 of 20 failed.
    names = [f"s{i:02}" for i in range(20)]
    failed = [i < 8 or i == 19 for i in range(20)]
    sessions = pd.DataFrame({"session_id": names, "session_day": DAY, "stratum": "chat/both", "weight": 1.0}).assign(
        model_version="m", surface="chat", slices=[{} for _ in names], origin="production"
    )
    labels = pd.DataFrame(
        {"session_id": names, "target": "session", "label": ["fail" if bad else "pass" for bad in failed]}
    ).assign(label_set="calibration")
    said = pd.DataFrame({"session_id": names, "outcome": ["fired" if i < 10 else "quiet" for i in range(20)]})
    signals = said.assign(signal="refusal", signal_version="1", is_counting=True)
    checks = pd.DataFrame({"session_id": names, "verdict": ["fail" if i < 10 else "pass" for i in range(20)]})
    checks = checks.assign(evaluator="json", evaluator_version="1", target="session")
    judges = pd.DataFrame(columns=["session_id", "judge", "judge_version", "repeat", "verdict"])
    known = evidence(sessions, labels, judges, checks, signals, ())
    rows = with_corrections(roll_up(DAY, sessions, checks, judges, signals), known, DAY, 1)
    whole = rows[(rows["model_version"] == "all") & (rows["surface"] == "all")].set_index("subject")
    assert whole.loc["flagged", "corrected_rate"] == pytest.approx(0.45)
    assert whole.loc[["refusal", "json"], "not_corrected_because"].tolist() == ["no label yet"] * 2


def test_the_order_of_sessions_changes_nothing() -> None:
    traffic = Traffic().add(6, "fail", "fail").add(8, "pass", "pass", weight=3.0).add(2, "fail", "pass", weight=0.1)
    traffic.add(5, "fail", None, stratum="chat/quiet", weight=0.1).add(3, "pass", None, weight=3.0)
    order = random.Random(3).sample(range(len(traffic.rows)), len(traffic.rows))
    rows = traffic.rates()
    pd.testing.assert_frame_equal(traffic.rates(order=order), rows)
    assert rows["corrected_rate"].notna().any()
