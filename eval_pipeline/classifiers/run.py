"""Classifying the sessions that a verdict fails: rules first, then the model, into rows of `category_predictions`.

Not here: the classifier's words (`prompt.py`), how calls are made (`judges/asking/`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from eval_pipeline.classifiers.definition import ABSTAIN, ERROR, Classifier
from eval_pipeline.classifiers.prompt import request_of
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.replies import read_word
from eval_pipeline.judges.run import UNANSWERED
from eval_pipeline.ports import Attempt, JudgeModel, JudgeModels, JudgeRequest
from eval_pipeline.tables import CategoryPredictions
from eval_pipeline.taxonomy.categories import Taxonomy
from eval_pipeline.versions import verdict_versions

MODEL = "model"

_USED = ["session_id", "session_day", "turns", "versions", "model_version", "redaction_version"]


class Prediction(NamedTuple):
    """The columns of `category_predictions` that the classifier decides."""

    category: str
    decided_by: str
    turn_index: int | None
    explanation: str | None


def classify(
    sessions: pd.DataFrame,
    failed: pd.DataFrame,
    classifier: Classifier,
    taxonomy: Taxonomy,
    models: JudgeModels,
    asker: Asks,
    versions: Mapping[str, str],
) -> Iterator[pd.DataFrame]:
    """Yield rows of `category_predictions` for those of `sessions` that a verdict fails, a frame for each origin.

    `sessions`: rows of `raw_sessions`; `failed`: see `failed_verdicts.py`; `versions`: the evaluation's own. The first rule
    whose verdict failed decides; else the model does, through the ledger. A session that no rule decides has no row
    while no call about it could be made (no endpoint, the budget): a later run asks. Without a model it abstains.
    """
    head = {
        "classifier": classifier.name,
        "classifier_version": classifier.version(taxonomy),
        "taxonomy_version": taxonomy.version,
    }
    by_session: dict[str, dict[str, Any]] = {}
    for row in failed.sort_values(["session_id", "failed", "turn_index"], kind="stable").to_dict("records"):
        by_session.setdefault(row["session_id"], {}).setdefault(row["failed"], row)
    is_failed = sessions["session_id"].isin(by_session) & sessions["is_closed"].astype(bool)
    for origin, batch in sessions[is_failed].groupby("origin", sort=True):
        rows: list[dict[Any, Any]] = batch[_USED].to_dict("records")
        ruled = {row["session_id"]: _by_rule(classifier, by_session[row["session_id"]]) for row in rows}
        open_ = [row for row in rows if ruled[row["session_id"]] is None]
        asked = _by_model(open_, classifier, taxonomy, models.for_origin(str(origin)), asker)
        decided = {**asked, **{name: found for name, found in ruled.items() if found is not None}}
        named = [row for row in rows if row["session_id"] in decided]
        yield _frame([_row(row, decided[row["session_id"]], head, versions) for row in named])


def _by_rule(classifier: Classifier, failed: Mapping[str, Mapping[str, Any]]) -> Prediction | None:
    for rule in classifier.rules:
        if rule.failed in failed:
            verdict = failed[rule.failed]
            turn_index = None if pd.isna(verdict["turn_index"]) else int(verdict["turn_index"])
            return Prediction(rule.category, rule.failed, turn_index, verdict["explanation"])
    return None


def _by_model(
    rows: Sequence[Mapping[str, Any]],
    classifier: Classifier,
    taxonomy: Taxonomy,
    model: JudgeModel | None,
    asker: Asks,
) -> dict[str, Prediction]:
    """Return the model's prediction for each session that a call could be made about."""
    if classifier.model is None:
        nobody = Prediction(ABSTAIN, MODEL, None, "No rule decides, and the catalog names no model.")
        return {str(row["session_id"]): nobody for row in rows}
    answered_by = model.endpoint if model is not None and model.is_simulated else classifier.model
    keys: dict[str, str] = {}

    def requests() -> Iterator[JudgeRequest]:
        for row in rows:
            request = request_of(classifier, taxonomy, row, answered_by)
            keys[str(row["session_id"])] = request.call_key
            yield request

    attempts = asker.ask(requests(), model)
    silent = {key for key in keys.values() if attempts.get(key) in UNANSWERED}
    asker.left_undone.update((attempts[key].status, classifier.name) for key in silent)
    made = {name: attempts[key] for name, key in keys.items() if key in attempts and attempts[key] not in UNANSWERED}
    return {name: _read(attempt, taxonomy) for name, attempt in made.items()}


def _read(attempt: Attempt, taxonomy: Taxonomy) -> Prediction:
    word = read_word(attempt, "category", (*taxonomy.ids, ABSTAIN))
    if word.value is None:
        return Prediction(ERROR, MODEL, None, f"The reply names no category: {word.error_reason}.")
    return Prediction(word.value, MODEL, None, word.critique)


def _row(
    row: Mapping[str, Any],
    prediction: Prediction,
    head: Mapping[str, str],
    versions: Mapping[str, str],
) -> dict[str, Any]:
    """Return one row; `head` holds the columns that are the same in all."""
    model_version = row["model_version"] if isinstance(row["model_version"], str) else None
    ours = {**versions, "classifier": head["classifier_version"], "redaction": row["redaction_version"]}
    return {
        "session_id": row["session_id"],
        "session_day": row["session_day"],
        **head,
        **prediction._asdict(),
        "versions": verdict_versions(row["versions"] or {}, model_version, ours),
    }


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return CategoryPredictions.validate(pd.DataFrame(rows, columns=list(CategoryPredictions.to_schema().columns)))
