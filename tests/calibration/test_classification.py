"""A classifier against people's categories: recall and keeping out per category, accuracy, and abstention apart."""

from typing import Any

import pandas as pd

from eval_pipeline.calibration.report import calibrate
from eval_pipeline.calibration.traffic import DRAWN_COLUMNS
from tests.calibration.frames import DAY, LABELLED_AT, label, label_frame, prediction_frame


def measured(pairs: list[tuple[str | None, str]], **changes: Any) -> pd.DataFrame:
    """The rows of the report, by category, for pairs of people's category and the classifier's word."""
    labels = [
        label(f"s{i}", "pass" if told is None else "fail", target="session", category=told, **changes)
        for i, (told, _) in enumerate(pairs)
    ]
    said = [(f"s{i}", "failure_category", "1+aa", word) for i, (_, word) in enumerate(pairs)]
    predicted = pd.DataFrame(said, columns=["session_id", "classifier", "classifier_version", "category"])
    report = calibrate(DAY, label_frame(labels), prediction_frame([]), NONE_DRAWN, LABELLED_AT, predicted)
    return report[report["subject_kind"] == "classifier"].set_index("category")


NONE_DRAWN = pd.DataFrame(columns=DRAWN_COLUMNS)
PAIRS = [*[("loop", "loop")] * 12, *[("loop", "refusal")] * 4, *[("refusal", "refusal")] * 9, ("refusal", "loop")]


def test_of_a_category_tpr_is_the_recall_and_tnr_what_is_kept_out() -> None:
    rows = measured(PAIRS)
    loop = rows.loc["loop"]
    counts = loop[["n_true_fail", "n_missed_fail", "n_false_fail", "n_true_pass"]].tolist()
    assert counts == [12, 4, 1, 9]
    assert (loop["tpr"], loop["tnr"]) == (12 / 16, 9 / 10)
    assert loop["tpr_low"] < 12 / 16 < loop["tpr_high"]


def test_over_all_categories_tpr_is_the_accuracy() -> None:
    whole = measured(PAIRS).loc["all"]
    assert (whole["n_labels"], whole["tpr"]) == (26, 21 / 26)
    assert pd.isna(whole["tnr"])
    assert pd.isna(whole["tpr_weighted"])


def test_to_abstain_is_neither_right_nor_wrong_and_is_counted_apart_from_errors() -> None:
    whole = measured([*PAIRS, ("loop", "abstain"), ("loop", "abstain"), ("refusal", "error")]).loc["all"]
    assert (whole["n_labels"], whole["tpr"]) == (26, 21 / 26)
    assert (whole["n_not_applicable"], whole["n_error"]) == (2, 1)


def test_a_category_that_only_the_classifier_names_has_nothing_but_false_alarms() -> None:
    row = measured([*[("loop", "loop")] * 10, *[("loop", "truncated")] * 2]).loc["truncated"]
    assert (row["n_true_fail"], row["n_missed_fail"], row["n_false_fail"], row["n_true_pass"]) == (0, 0, 2, 10)
    assert pd.isna(row["tpr"])


def test_sessions_that_people_pass_or_have_no_word_on_are_not_compared() -> None:
    rows = measured([(None, "loop")] * 20)
    assert rows.index.tolist() == ["all"]
    assert (rows.loc["all", "n_labels"], rows.loc["all", "status"]) == (0, "no_labels")
    assert measured([*PAIRS, (None, "loop")]).loc["all", "n_labels"] == 26
    assert measured(PAIRS, status="disputed").loc["all", "n_labels"] == 0


def test_the_two_label_sets_are_never_mixed() -> None:
    rows = measured(PAIRS, label_set="calibration")
    assert set(rows["label_set"]) == {"calibration"}


def test_the_confusion_lists_every_pair_of_words_abstentions_too() -> None:
    whole = measured([*PAIRS, ("loop", "abstain")]).loc["all"]
    assert whole["confusion"] == [
        {"label": "loop", "said": "abstain", "n": 1},
        {"label": "loop", "said": "loop", "n": 12},
        {"label": "loop", "said": "refusal", "n": 4},
        {"label": "refusal", "said": "loop", "n": 1},
        {"label": "refusal", "said": "refusal", "n": 9},
    ]
