"""Recorded judges are measured against recorded labels: counts by hand, what enters no rate, and what is never added twice."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from eval_pipeline.calibration.recorded.importing import Measured, import_file, measure_dataset
from eval_pipeline.calibration.recorded.measuring import by_variant, measure, new_reports
from eval_pipeline.calibration.recorded.places import Places
from eval_pipeline.calibration.recorded.reference import reference_labels
from eval_pipeline.calibration.recorded.rows import new_rows
from eval_pipeline.calibration.recorded.statements import Kind, Statement
from eval_pipeline.calibration.recorded.vocabulary import Vocabulary
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.tables import JudgeCalibrationReports, RecordedLabels, RecordedVerdicts
from resources.warehouse import PostgresWarehouse
from tests.calibration.recorded.files import jsonl, judged_pairs, judged_sessions

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)
COUNTS = ["n_true_fail", "n_missed_fail", "n_false_fail", "n_true_pass", "n_error", "n_not_applicable"]


def bring(
    warehouse: PostgresWarehouse, path: Path, kind: Kind, values: Sequence[str] = (), now: dt.datetime = NOW
) -> int:
    return import_file(path, kind, "d", Places.of(None), Vocabulary.of(values), warehouse, now).n_added


def measured(warehouse: PostgresWarehouse, raters: Sequence[str] = (), now: dt.datetime = NOW) -> Measured:
    return measure_dataset(warehouse, "d", raters, now)


def statements(values: dict[tuple[str, str], str | None], rater: str = "j") -> list[Statement]:
    """Return statements of one rater: (item, variant) to value."""
    return [
        Statement(f"line {line}", item, "session", "m", rater, None, variant or None, raw)
        for line, ((item, variant), raw) in enumerate(values.items(), start=1)
    ]


def rows(kind: Kind, said: Sequence[Statement]) -> pd.DataFrame:
    table = RecordedVerdicts if kind == "verdicts" else RecordedLabels
    return new_rows(said, kind, "d", Vocabulary.of(["tie=not_applicable"]), table.empty(), NOW)


def test_the_counts_of_two_versions_are_those_by_hand(warehouse: PostgresWarehouse, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s.jsonl", judged_sessions())
    bring(warehouse, path, "labels")
    bring(warehouse, path, "verdicts", ["satisfied=pass"])
    reports = measured(warehouse).reports.set_index("subject_version")
    assert set(reports["subject"]) == {"gpt on d: task_success, by program:reward"}
    # Of 30 failures triage caught 12, of 30 good ones it failed 3; steps 15 and 6 (see `judged_sessions`).
    assert reports.loc["triage", COUNTS].tolist() == [12, 18, 3, 27, 0, 0]
    assert reports.loc["steps", COUNTS].tolist() == [15, 15, 6, 24, 0, 0]
    triage = reports.loc["triage"]
    assert (triage["tpr"], triage["tnr"], triage["agreement"]) == (12 / 30, 27 / 30, 39 / 60)
    assert triage["balanced_accuracy"] == pytest.approx((12 / 30 + 27 / 30) / 2)
    # One verdict an item: the interval is Wilson's.
    assert (triage["tpr_low"], triage["tpr_high"]) == pytest.approx(proportion_confint(12, 30, method="wilson"))
    assert pd.isna(triage["flip_rate"])
    assert set(reports["status"]) == {"measured"}


def test_a_value_without_a_meaning_is_no_wrong_answer(warehouse: PostgresWarehouse, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s.jsonl", judged_sessions())
    bring(warehouse, path, "labels")
    bring(warehouse, path, "verdicts")
    steps = measured(warehouse).reports.set_index("subject_version").loc["steps"]
    # 20 of the 24 that were passed rightly were called `satisfied`: they are in no rate.
    assert steps[COUNTS].tolist() == [15, 15, 6, 4, 20, 0]
    assert (steps["n_labels"], steps["n_human_pass"], steps["agreement"]) == (40, 30, 19 / 40)


def test_both_orders_count_and_their_consistency(warehouse: PostgresWarehouse, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "p.jsonl", judged_pairs())
    for kind in ("labels", "verdicts"):
        bring(warehouse, path, kind, ["A=fail", "B=pass"])
    found = measured(warehouse)
    report = found.reports.iloc[0]
    # 18 of 20 right as they are and 16 of 20 swapped; they differ on the pairs 0, 1, 2, 3, 4 and 10.
    assert report["agreement"] == (18 + 16) / 40
    assert found.variants.set_index("variant")["agreement"].to_dict() == {"as_is": 18 / 20, "swapped": 16 / 20}
    assert (report["flip_rate"], report["n_flip_sessions"], report["n_flip_repeats"]) == (6 / 20, 20, 40)
    assert (report["n_groups"], report["n_labels"]) == (20, 40)
    assert report["status"] == "too_few_to_gate", "10 pairs of a kind, though 20 verdicts on them"


def test_an_order_without_an_answer_leaves_the_pair_out_of_consistency_alone() -> None:
    verdicts = rows(
        "verdicts", statements({("1", "ab"): "fail", ("1", "ba"): None, ("2", "ab"): "tie", ("2", "ba"): "pass"})
    )
    labels = reference_labels(rows("labels", statements({("1", ""): "fail", ("2", ""): "fail"})))
    report = measure("d", verdicts, labels, NOW).iloc[0]
    assert report[COUNTS].tolist() == [1, 1, 0, 0, 1, 1]
    assert (report["n_flip_sessions"], report["n_flip_error"], report["n_flip_not_applicable"]) == (0, 1, 1)
    assert (pd.isna(report["flip_rate"]), report["status"]) == (True, "counts_only")


def test_an_import_again_adds_nothing_and_another_mapping_counts_from_then_on(
    warehouse: PostgresWarehouse, tmp_path: Path
) -> None:
    path = jsonl(tmp_path / "s.jsonl", judged_sessions())
    assert [bring(warehouse, path, "labels") for _ in range(2)] == [60, 0]
    assert [bring(warehouse, path, "verdicts") for _ in range(2)] == [120, 0]
    measured(warehouse)
    measured(warehouse, now=LATER)
    assert len(warehouse.read(JudgeCalibrationReports)) == 2
    # The clock of the second import is behind: what was said last counts all the same.
    assert bring(warehouse, path, "verdicts", ["satisfied=fail"], NOW - dt.timedelta(days=1)) == 20
    counts = measured(warehouse).reports.set_index("subject_version").loc["steps", COUNTS].tolist()
    assert counts == [15, 15, 26, 4, 0, 0]
    assert bring(warehouse, path, "verdicts") == 20, "and back again, nothing is lost"
    measured(warehouse)
    assert len(warehouse.read(JudgeCalibrationReports)) == 4
    assert len(warehouse.read(RecordedVerdicts)) == 160


def test_of_several_raters_the_user_says_who_is_the_reference() -> None:
    labels = pd.concat(
        [
            rows("labels", statements({("1", ""): "fail", ("2", ""): "pass"}, "human:a")),
            rows("labels", statements({("1", ""): "pass"}, "human:b")),
        ]
    )
    with pytest.raises(EvalPipelineError, match=r"human:a \(2\), human:b \(1\)") as error:
        reference_labels(labels)
    assert "--rater" in error.value.mend
    assert reference_labels(labels, ["human:b"])["item_id"].tolist() == ["1"]
    with pytest.raises(EvalPipelineError, match="human:a"):
        reference_labels(labels, ["human:c"])
    # Each label of several raters is a pair with the verdict: one agrees, one does not.
    both = measure("d", rows("verdicts", statements({("1", ""): "fail"})), reference_labels(labels, ["human:*"]), NOW)
    assert both.iloc[0][COUNTS].tolist() == [1, 0, 1, 0, 0, 0]
    assert (both.iloc[0]["n_groups"], both.iloc[0]["subject"]) == (1, "j on d: m, by human:*")


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(
        st.integers(0, 30),
        st.tuples(st.sampled_from(["pass", "fail", "x"]), st.sampled_from(["pass", "fail", "tie", "y"])),
    )
)
def test_every_verdict_on_a_labelled_item_is_counted_once(said: dict[int, tuple[str, str]]) -> None:
    labels = rows("labels", statements({(str(item), ""): label for item, (label, _) in said.items()}))
    verdicts = rows("verdicts", statements({(str(item), ""): verdict for item, (_, verdict) in said.items()}))
    reference = reference_labels(labels)
    reports = measure("d", verdicts, reference, NOW)
    n_known = sum(label in ("pass", "fail") for label, _ in said.values())
    n_right = sum(label == verdict for label, verdict in said.values())
    assert int(reports[COUNTS].to_numpy().sum()) == n_known
    assert int(reports[["n_true_fail", "n_true_pass"]].to_numpy().sum()) == n_right
    assert int(by_variant(verdicts, reference)["n_agree"].sum()) == n_right
    assert new_reports(reports, reports).empty


def test_intervals_over_orders_that_hang_together_cover_the_truth() -> None:
    rng, n_items, runs, covered = np.random.default_rng(6), 80, 30, 0
    items = [str(item) for item in range(n_items)]
    verdicts = rows("verdicts", statements({(item, order): "pass" for item in items for order in ("ab", "ba")}))
    labels = reference_labels(rows("labels", statements({(item, ""): "fail" for item in items})))
    for _ in range(runs):
        # A judge right on 80 % of the items; its two orders agree always: 80 independent answers, not 160.
        said = np.where(rng.random(n_items) < 0.8, "fail", "pass")
        report = measure("d", verdicts.assign(verdict=np.repeat(said, 2)), labels, NOW).iloc[0]
        covered += report["agreement_low"] <= 0.8 <= report["agreement_high"]
    assert covered / runs >= 0.85  # 95 % less two and a half standard errors of the runs
