"""How far the very version that spoke was measured against people, in one sentence: the trust behind a machine word.

Positive is a FAILURE, as in `calibration/report.py`, which makes the figures. Not here: the words themselves
(`machine_words.py`), how a judge comes to count in production (`calibration/gate.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, Rate, rate
from eval_pipeline.calibration.reports.rows import quoted
from eval_pipeline.ports import Warehouse

NEVER = "never measured"
ANOTHER = "another version was measured, not this one"
STILL_IN_FORCE_DAYS = 7
"""A night measures every subject anew, so what is in force stands within these days of the newest measurement."""

_SETS = ("held_out", "calibration", "all")
_SET_WORDS = {"held_out": "held-out", "calibration": "calibration", "all": "blind"}
_CALIBRATION = ", which it may have been tuned on"

Row = Mapping[str, Any]
"""A row of `judge_calibration_reports`, nulls as None."""


@dataclass(frozen=True)
class Trust:
    """The figures of one version of a subject. Rates and their 95 % intervals are None where too little is labelled.

    `n`: labels behind them, of `label_set`. `is_weighted`: whether the rates are those of the traffic, by the sampling
    design, or those of the labels as they stand. `status` as in the reports, or `another_version`. `standing`: of a judge,
    whether it counts in production: proven, superseded, demoted or unproven.
    """

    sentence: str
    status: str
    n: int = 0
    label_set: str | None = None
    is_weighted: bool = False
    tpr: float | None = None
    tpr_low: float | None = None
    tpr_high: float | None = None
    tnr: float | None = None
    tnr_low: float | None = None
    tnr_high: float | None = None
    standing: str | None = None


class Measured:
    """The newest figures of the subjects that spoke on a session, as `measured_of` reads them."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._by_subject: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            if row["n_seen"]:
                self._by_subject.setdefault((row["subject_kind"], row["subject"]), []).append(row)

    def trust(self, kind: str, name: str, version: str, category: str | None = None) -> Trust:
        """Return the trust in `version` of a subject; of a classifier in its word `category`."""
        rows = self._by_subject.get((kind, name), [])
        mine = [row for row in rows if row["subject_version"] == version]
        if not mine:
            return Trust(ANOTHER, "another_version") if rows else Trust(NEVER, "no_labels")
        row = _preferred(mine, category or "all")
        return Trust(NEVER, "no_labels") if row is None else _trust(row)


def measured_of(warehouse: Warehouse, session_id: str, targets: Iterable[str]) -> Measured:
    """Return the figures of `targets` (`judge:NAME`, ...), all versions, over sessions of the same origin as this one."""
    rows = warehouse.query(
        """
        select distinct on (subject_kind, subject, subject_version, label_set, category)
               to_jsonb(r) || jsonb_build_object('n_seen', n_labels + n_error + n_not_applicable,
                                                 'standing', coalesce(s.standing, 'unproven')) as report
        from evals.judge_calibration_reports r
        left join evals.judge_standings s using (subject_kind, subject, subject_version, origin)
        where as_of_day > (select max(as_of_day) from evals.judge_calibration_reports) - %(days)s::int
          and origin = (select origin from evals.raw_sessions where session_id = %(session)s)
          and subject_kind || ':' || subject = any(%(targets)s::text[])
          and surface = 'all' and (category = 'all' or subject_kind = 'classifier')
        order by subject_kind, subject, subject_version, label_set, category, as_of_day desc, measured_at desc""",
        {"session": session_id, "targets": sorted(targets), "days": STILL_IN_FORCE_DAYS},
    )
    return Measured(rows["report"].tolist())


def _preferred(rows: Sequence[Row], category: str) -> Row | None:
    """Return the held-out row of the category, unless only another set has enough labels for a rate; None without one."""
    found = {row["label_set"]: row for row in rows if row["category"] == category}
    in_order = [found[name] for name in _SETS if name in found]
    return next((row for row in in_order if _has_figures(row)), next(iter(in_order), None))


def _has_figures(row: Row) -> bool:
    if row["subject_kind"] in ("signal", "classifier"):
        return row["precision_weighted"] is not None or row["n_true_fail"] + row["n_false_fail"] >= MIN_FOR_RATE
    return row["tpr"] is not None or row["tnr"] is not None


def _trust(row: Row) -> Trust:
    is_weighted = quoted(row, "tpr") != "tpr"
    parts = [f"{quoted(row, name)}{end}" for name in ("tpr", "tnr") for end in ("", "_low", "_high")]
    figures = dict(zip(("tpr", "tpr_low", "tpr_high", "tnr", "tnr_low", "tnr_high"), map(row.get, parts), strict=True))
    by_kind = {"signal": _of_signal, "classifier": _of_classifier}
    sentence = by_kind.get(row["subject_kind"], _of_verdict)(row)
    standing = row["standing"] if row["subject_kind"] == "judge" else None
    said = f"{standing}; {sentence}" if standing else sentence
    return Trust(said, row["status"], row["n_labels"], row["label_set"], is_weighted, **figures, standing=standing)


def _of_verdict(row: Row) -> str:
    """Return what a judge or evaluator catches and lets pass."""
    of = "in the traffic" if quoted(row, "tpr") != "tpr" else "of the labelled sessions"
    catches, passes = (_share(row, quoted(row, name)) for name in ("tpr", "tnr"))
    if catches is None and passes is None:
        return f"{_labels(row)}: too few to say"
    caught = f"catches {catches} of confirmed failures" if catches else "too few failures to say what it catches"
    passed = f"passes {passes} of good ones" if passes else "too few good ones to say what it passes"
    return f"{caught}, {passed}, {of}; {_labels(row)}"


def _of_signal(row: Row) -> str:
    """Return how much of what a signal fires on failed, and how much of all failures it fires on."""
    precision = _share(row, "precision_weighted")
    fired = row["n_true_fail"] + row["n_false_fail"]
    if precision is not None:
        right = f"where it fires, {precision} failed, in the traffic"
    elif fired:
        right = f"it fired on {fired} labelled sessions, of which {row['n_true_fail']} failed"
    else:
        return f"{_labels(row)}, and it fired on none of them"
    recall = _share(row, "recall_weighted")
    return f"{right}; {f'catches {recall} of all failures; ' if recall else ''}{_labels(row)}"


def _of_classifier(row: Row) -> str:
    """Return the precision of one predicted category (Wilson), or the accuracy over all of them."""
    said, right = row["n_true_fail"] + row["n_false_fail"], row["n_true_fail"]
    if row["category"] == "all":
        said = row["n_true_fail"] + row["n_missed_fail"]
        words = f"names the category that people name in {right} of {said}"
    else:
        words = f"of {said} labelled failures that it put here, people put {right} here too"
    return f"{words}{_interval(rate(right, said, MIN_FOR_RATE))}; {_set(row)} labels"


def _interval(found: Rate) -> str:
    if found.value is None or found.low is None or found.high is None:
        return ", too few to say more"
    return f" ({_percent(found.value, found.low, found.high)})"


def _share(row: Row, name: str) -> str | None:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return None if value is None else _percent(value, low, high)


def _percent(value: float, low: float | None, high: float | None) -> str:
    interval = "" if low is None or high is None else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * value:.0f} %{interval}"


def _labels(row: Row) -> str:
    n = row["n_labels"]
    return f"{n} {_set(row)} label{'' if n == 1 else 's'}" + (_CALIBRATION if row["label_set"] == "calibration" else "")


def _set(row: Row) -> str:
    return _SET_WORDS[row["label_set"]]
