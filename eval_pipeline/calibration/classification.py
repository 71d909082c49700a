"""What a classifier says of the category of a failure, beside what people say, as pairs that `report.py` counts.

Positive, of a category, is a failure of that category: the row's tpr is the share of the failures that people put into it
which the classifier puts there too (its recall), its tnr the share of the failures of other categories that it keeps out;
precision is n_true_fail / (n_true_fail + n_false_fail). Of category `all` a pair is positive always, and right where
both name the same category: its tpr is the accuracy. To abstain is counted as not applicable, and enters no rate: the
share of it is n_not_applicable / all. Only sessions are compared that people fail and give a category, and that the
classifier saw: those that a verdict fails. Both are in today's terms; what has no name today is compared with nothing. Not here: which of two versions is better.
"""

import datetime as dt

import pandas as pd

from eval_pipeline.calibration.reports.rows import ALL, FROM
from eval_pipeline.classifiers.definition import ABSTAIN, ERROR

PAIR_COLUMNS = [
    *("session_id", "subject_kind", "subject", "subject_version", "target", "prediction"),
    *("label", "category", "label_set", "origin", "told", "said"),
]


def category_pairs(as_of_day: dt.date, labels: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs (`PAIR_COLUMNS`): each labelled failure under `all`, and under every category that either names.

    `labels`: rows of `human_labels`; `predicted`: `session_id, classifier, classifier_version, category` of
    `category_predictions`. `told` and `said` are the categories that people and the classifier name; `label` and `prediction` are fail (is of the category) or pass (is not); `prediction` is
    not_applicable where the classifier abstains, error where its reply named none.
    """
    is_counted = (labels["target"] == "session") & (labels["status"] == "settled") & (labels["label"] == "fail")
    is_counted &= labels["category"].notna() & (labels["session_day"] <= as_of_day)
    known = labels.loc[is_counted, ["session_id", "category", "label_set", "origin"]]
    named = {"category": "said", "classifier": "subject", "classifier_version": "subject_version"}
    both = predicted.rename(columns=named).merge(known, on="session_id", validate="many_to_one")
    both = both[both["said"].notna()].assign(subject_kind="classifier", target="session")
    both = both.assign(told=both["category"])
    parts = [both.assign(is_of=True, is_said=both["said"] == both["category"], category=ALL)]
    for category in sorted({*both["category"], *both["said"]} - {ABSTAIN, ERROR}):
        is_of, is_said = both["category"] == category, both["said"] == category
        parts.append(both.assign(is_of=is_of, is_said=is_said, category=category))
    return _in_words(pd.concat(parts, ignore_index=True))


def unlabelled_classifiers(pairs: pd.DataFrame, labels: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Return subject and origin of each classifier without a pair, over the origins that any label has."""
    known = predicted.rename(columns={"classifier": "subject", "classifier_version": "subject_version"})
    subjects = known[["subject", "subject_version"]].drop_duplicates().assign(subject_kind="classifier")
    origins = pd.DataFrame({"origin": sorted(labels["origin"].unique()) or ["production"]}, dtype="str")
    wanted = subjects.merge(origins, how="cross")
    has = pd.MultiIndex.from_frame(pairs[["subject", "subject_version", "origin"]])
    is_missing = ~pd.MultiIndex.from_frame(wanted[["subject", "subject_version", "origin"]]).isin(has)
    return wanted[is_missing].reset_index(drop=True)


def confusions(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return by `rows.FROM` the column `confusion` of `pairs` (of `category_pairs`): a list of {label, said, n}, by label.

    `label` is the category that people name, `said` the classifier's: a category, `abstain` or `error`.
    """
    whole = pairs[pairs["category"] == ALL]
    counts = whole.groupby([*FROM, "told", "said"]).size().rename("n").reset_index()
    named = counts.rename(columns={"told": "label"})
    rows = [(*key, group[["label", "said", "n"]].to_dict("records")) for key, group in named.groupby(FROM)]
    return pd.DataFrame(rows, columns=[*FROM, "confusion"])


def _in_words(pairs: pd.DataFrame) -> pd.DataFrame:
    word = pairs["is_said"].map({True: "fail", False: "pass"}).astype("object")
    word = word.where(pairs["said"] != ABSTAIN, "not_applicable").where(pairs["said"] != ERROR, "error")
    label = pairs["is_of"].map({True: "fail", False: "pass"})
    return pairs.assign(prediction=word, label=label)[PAIR_COLUMNS].astype("str")
