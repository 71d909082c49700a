"""What corrected rates rest on: the sessions drawn for review lately, what machines and people said of them.

Labels enter that are blind, settled, and of a session that the queue's design drew; a label of the error-analysis sample
belongs to another design. A judge version that is not proven is held against labels of the calibration set alone: a
corrected rate would tell of the held-out ones night after night (`reports/rows.is_looked_at`). Which set a label is in
stands with the label, so the split is not worked out again: held-out labels count as missing, at random as they are.
A label of the session as a whole corrects `flagged` alone, which is about the whole: held against one check or one signal it would
turn each of their rates into that of the session.
Not here: the estimators (`correction.py`), which one a row gets (`corrected.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from eval_pipeline.calibration.labelled import COLUMNS
from eval_pipeline.calibration.predictions import FLAGGED, evaluator_predictions, judge_predictions, signal_predictions
from eval_pipeline.calibration.reports.rows import is_looked_at
from eval_pipeline.calibration.standings import Standing, proven
from eval_pipeline.calibration.traffic import DRAWN_ARMS
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import EvaluatorVerdicts, JudgeVerdicts, SessionSignals
from eval_pipeline.trends.cells import PLACE, cells_of

EVIDENCE_DAYS = 90
"""Labels of older sessions say little of today's verdicts."""

SUBJECT = ["subject_kind", "subject", "subject_version"]
SERIES = [*SUBJECT, *PLACE]

_DRAWN = """
    select f.session_id, f.session_day, f.surface || '/' || f.stratum as stratum, 1 / f.inclusion_probability as weight,
           r.model_version, r.surface, r.slices, r.origin
    from evals.flagged_sessions f join evals.raw_sessions r using (session_id)
    where f.session_day between %(first)s::date and %(last)s::date and f.arm = any(%(arms)s) and r.origin <> 'synthetic'
    order by f.session_id"""

_LABELS = """
    select session_id, target, label, label_set from evals.human_labels
    where session_day between %(first)s::date and %(last)s::date and status = 'settled' and is_blind
      and inclusion_probability is not null and arm is distinct from 'error_analysis'
    order by session_id, target"""


@dataclass(frozen=True)
class Evidence:
    """Drawn sessions with what was said of them, a row for each subject version that passed or failed one, and cell it is in.

    `rows`: `series` (int, see `series_of`), `session_day` (int, proleptic ordinal), `stratum` (int, place in `strata`),
    `weight` (1/probability), `says_fail` (bool) and `label` (1.0 failed, 0.0 good, NaN where nobody may or did say).
    """

    rows: pd.DataFrame
    subjects: Mapping[tuple[str, ...], int]
    places: Mapping[tuple[str, ...], int]
    strata: Sequence[str]

    def series_of(self, rows: pd.DataFrame) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Return the number of each row's series (columns `SERIES`), -1 where it has no evidence."""
        subjects, places = (
            np.array([known.get(key, -1) for key in rows[columns].itertuples(index=False, name=None)], dtype="int64")
            for known, columns in ((self.subjects, SUBJECT), (self.places, PLACE))
        )
        return np.where((subjects < 0) | (places < 0), -1, subjects * len(self.places) + places)


def evidence_until(day: date, warehouse: Warehouse) -> Evidence:
    """Return the evidence of the `EVIDENCE_DAYS` that end with `day`; see `evidence`."""
    window = {"first": day - timedelta(days=EVIDENCE_DAYS - 1), "last": day}
    drawn = warehouse.query(_DRAWN, {**window, "arms": DRAWN_ARMS})
    labels = warehouse.query(_LABELS, window)
    judges, evaluators, signals = (
        warehouse.read(table, columns=COLUMNS[table], session_ids=drawn["session_id"])
        for table in (JudgeVerdicts, EvaluatorVerdicts, SessionSignals)
    )
    return evidence(drawn, labels, judges, evaluators, signals, proven(warehouse))


def evidence(
    drawn: pd.DataFrame,
    labels: pd.DataFrame,
    judge_verdicts: pd.DataFrame,
    evaluator_verdicts: pd.DataFrame,
    session_signals: pd.DataFrame,
    standings: Collection[Standing],
) -> Evidence:
    """Return what the verdicts and labels of drawn sessions are evidence of.

    `drawn`: session_id, session_day, stratum, weight (1/probability), model_version, surface, slices, origin. `labels`:
    session_id, target, label, label_set of labels that may enter. The verdict frames: `calibration/labelled.COLUMNS`, and
    may hold sessions that were not drawn. `standings`: the proven ones.
    """
    said = pd.concat(
        [
            judge_predictions(judge_verdicts),
            evaluator_predictions(evaluator_verdicts, labels),
            signal_predictions(session_signals),
        ],
        ignore_index=True,
    )
    answered = said[said["prediction"].isin(["pass", "fail"])].merge(labels, on=["session_id", "target"], how="left")
    session = pd.Index(drawn["session_id"]).get_indexer(answered["session_id"])
    kept, session = answered[session >= 0], session[session >= 0]
    strata, stratum_names = pd.factorize(drawn["stratum"], sort=True)
    subject = kept.groupby(SUBJECT, sort=True).ngroup().to_numpy()
    of_session = {
        "session_day": np.array([day.toordinal() for day in drawn["session_day"]], dtype="int64"),
        "stratum": strata.astype("int64"),
        "weight": drawn["weight"].to_numpy(dtype="float64"),
    }
    label = kept["label"].map({"fail": 1.0, "pass": 0.0}).to_numpy(dtype="float64")
    withheld = _is_withheld(kept, drawn["origin"].to_numpy(dtype=object)[session], standings)
    rows = pd.DataFrame(
        {
            "session": session,
            "subject": subject,
            **{name: values[session] for name, values in of_session.items()},
            "says_fail": (kept["prediction"] == "fail").to_numpy(dtype=bool),
            "label": np.where(withheld | _is_of_the_whole(kept), np.nan, label),
        }
    )
    cells = cells_of(drawn)
    place = cells.groupby(PLACE, sort=True).ngroup()
    placed = pd.DataFrame(
        {"session": pd.Index(drawn["session_id"]).get_indexer(cells["session_id"]), "place": place.to_numpy()}
    )
    subjects, places = _numbers(kept[SUBJECT], subject), _numbers(cells[PLACE], place.to_numpy())
    every = rows.merge(placed, on="session")
    every["series"] = every["subject"] * len(places) + every["place"]
    columns = ["series", "session_day", "stratum", "weight", "says_fail", "label"]
    return Evidence(every[columns], subjects, places, [str(name) for name in stratum_names])


def _numbers(keys: pd.DataFrame, codes: Any) -> dict[tuple[str, ...], int]:
    """Return the number of each key."""
    first = keys.assign(code=codes).drop_duplicates("code")
    return {key[:-1]: int(key[-1]) for key in first.itertuples(index=False, name=None)}


def _is_of_the_whole(said: pd.DataFrame) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return which predictions stand beside a label of the session as a whole, though they are about a part of it."""
    return ((said["target"] == "session") & (said["subject"] != FLAGGED)).to_numpy(dtype=bool)


def _is_withheld(
    said: pd.DataFrame, origins: "np.ndarray[Any, Any]", standings: Collection[Standing]
) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return which labels may not be held against the subject every night: held-out ones against a judge not proven."""
    withheld = ((said["subject_kind"] == "judge") & (said["label_set"] == "held_out")).to_numpy(dtype=bool, copy=True)
    asked = zip(*(said.loc[withheld, name] for name in SUBJECT), origins[withheld], strict=True)
    withheld[withheld] = [not is_looked_at((*key, "held_out"), standings) for key in asked]
    return withheld
