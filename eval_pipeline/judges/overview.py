"""The judges of a deployment at a glance: what each asks, of which part of a session, and how far it can be trusted.

Not here: the words a judge is asked in (`rendering.py`), how the figures are made (`calibration/`).
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import Judge, View
from eval_pipeline.ports import Warehouse

_PARTS = {
    "transcript": "whole transcript",
    "last_exchange": "last exchange",
    "answer_and_context": "answer and what was retrieved for it",
}
_CUTS = {"drop_oldest": "oldest", "drop_middle": "middle"}

# A version that is looked at no longer has a newer row without labels.
_FIGURES = """
WITH newest AS (
    SELECT DISTINCT ON (subject, subject_version, origin, label_set) *,
           tpr_weighted IS NOT NULL AND tnr_weighted IS NOT NULL AS is_weighted
      FROM evals.judge_calibration_reports
     WHERE subject_kind = 'judge' AND category = 'all' AND surface = 'all'
     ORDER BY subject, subject_version, origin, label_set, as_of_day DESC, measured_at DESC)
SELECT subject, subject_version, origin, label_set, as_of_day,
       CASE WHEN is_weighted THEN tpr_weighted ELSE tpr END AS tpr,
       CASE WHEN is_weighted THEN tnr_weighted ELSE tnr END AS tnr,
       n_true_fail + n_missed_fail AS n_bad, n_true_pass + n_false_fail AS n_good
  FROM newest WHERE n_labels > 0
 ORDER BY subject, subject_version, origin, label_set
"""

_STANDINGS = """
SELECT subject, subject_version, origin, standing FROM evals.judge_standings
 WHERE subject_kind = 'judge' AND standing <> 'unproven' ORDER BY subject, subject_version, origin
"""


def chosen(judges: Sequence[Judge], name: str) -> Judge:
    """Return the judge called `name`. Raises `SettingsError` naming the ones there are."""
    for judge in judges:
        if judge.name == name:
            return judge
    known = ", ".join(judge.name for judge in judges) or "none"
    raise SettingsError(f"there is no judge {name!r}", f"take one of catalog/judges: {known}")


def view_in_words(view: View) -> str:
    """Return what a judge sees of a session, in words."""
    results = "with" if view.with_tool_results else "without"
    other = " other" if view.turns == "answer_and_context" else ""
    return (
        f"{_PARTS[view.turns]}, {results}{other} tool results; "
        f"{view.max_tokens} tokens, beyond them the {_CUTS[view.cut]} turns go"
    )


def facts(judge: Judge) -> Iterator[tuple[str, str]]:
    """Yield what a judge's file says beside the words that it is asked in: name and value."""
    yield "judge", f"{judge.name} {judge.version}"
    yield "owner", judge.owner
    yield "about", judge.description
    yield "sees", view_in_words(judge.view)
    yield "model", judge.model
    yield "parameters", ", ".join(f"{key} {value}" for key, value in judge.sent_parameters(0).items()) or "none"
    yield "without an answer", f"{judge.no_answer}, and no model is asked"
    yield "examples from", ", ".join(example.origin for example in judge.examples) or "nowhere: it has none"


def listed(judges: Sequence[Judge], warehouse: Warehouse) -> pd.DataFrame:
    """Return one row per judge: judge, version, standing, question, sees, model, owner, tpr, tnr (with their n), measured_on.

    `standing`: whether this version counts in production, by origin; unproven where it was never promoted. The figures are the newest of this version, else of an earlier one, which `measured_on` then names; real sessions
    before simulated ones, held-out labels before calibration; of the traffic where that is known, as labels come mostly
    from sessions that something points at. They are empty where nothing was measured.
    """
    figures, standings = warehouse.query(_FIGURES), warehouse.query(_STANDINGS)
    rows = [
        {
            "judge": judge.name,
            "version": judge.version,
            "standing": _standing(standings, judge),
            "question": judge.question,
            "sees": view_in_words(judge.view),
            "model": judge.model,
            "owner": judge.owner,
            **_newest(figures[figures["subject"] == judge.name], judge.version),
        }
        for judge in judges
    ]
    return pd.DataFrame(rows)


def _standing(standings: pd.DataFrame, judge: Judge) -> str:
    is_this = (standings["subject"] == judge.name) & (standings["subject_version"] == judge.version)
    rows = standings[is_this]
    return ", ".join(f"{row.standing} ({row.origin})" for row in rows.itertuples()) or "unproven"


def _newest(figures: pd.DataFrame, version: str) -> dict[str, str]:
    if figures.empty:
        return {"tpr": "", "tnr": "", "measured_on": "nothing yet"}
    ranked = figures.assign(
        is_other=figures["subject_version"] != version, rank=figures["label_set"].map({"held_out": 0, "calibration": 1})
    ).sort_values(["is_other", "origin", "rank", "as_of_day"], ascending=[True, True, True, False], kind="stable")
    row = ranked.iloc[0]
    older = f", version {row['subject_version']}" if row["is_other"] else ""
    return {
        "tpr": _figure(row["tpr"], int(row["n_bad"])),
        "tnr": _figure(row["tnr"], int(row["n_good"])),
        "measured_on": f"{row['label_set']}, {row['origin']}, {row['as_of_day']}{older}",
    }


def _figure(value: float | None, n: int) -> str:
    return f"n {n}" if value is None or pd.isna(value) else f"{value:.2f} (n {n})"
