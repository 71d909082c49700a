"""The finding of a series in one plain sentence: what moved, by how much, since when, with which candidates for the cause.

Names come from sessions and from people, and are taken for hostile: cut, on one line, without control characters. The
sentence is plain text; what shows it still escapes it. Not here: what is found (`directions.py`, `candidates.py`,
`decomposition.py`).
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from eval_pipeline.trends.cells import ALL

MOST_CHARACTERS = 48
MOST_NAMED = 3
"""Candidates that the sentence names; all are in `trend_candidates`."""

OWN_VERSION = "its own version"
"""What the component `subject` is called: the evaluator, judge or signal itself."""

_VERBS = {"signal": "fires on"}

Row = dict[Any, Any]
"""A row of a table, by column."""


def plain_name(text: object) -> str:
    """Return `text` on one line, cut to `MOST_CHARACTERS`, what is not printable (terminal codes, bidi marks) replaced."""
    shown = "".join(char if char.isprintable() else "�" for char in " ".join(str(text).split()))
    return shown if len(shown) <= MOST_CHARACTERS else shown[: MOST_CHARACTERS - 1] + "…"


def direction_sentence(row: Row, candidates: Sequence[Row], baseline_ends: dt.date | None = None) -> str:
    """Return the sentence of a row of `trend_directions`; `candidates`: its rows of `trend_candidates`, best first.

    `baseline_ends`: last day of the baseline, after which the windows begin.
    """
    if row["direction"] == "not_enough_data":
        return f"{subject_words(row)}: not enough data, {plain_name(row['not_enough_because'])}."
    window: int = 7 if pd.isna(row["window_days"]) else int(row["window_days"])
    rates = _rates(row, window, baseline_ends)
    if row["direction"] == "steady":
        return f"{rates}: no move beyond chance."
    moved = f"{rates}: {_points(row['change'])} points{_since(row['onset_day'])}{_parts(row)}."
    return moved if row["level"] == "none" else f"{moved} {_candidates(candidates)}."


def candidate_sentence(row: Row, tied: Sequence[str], turn: Row) -> str:
    """Return a candidate in words: the change, how the series splits by it, and what cannot be told apart from it.

    `row`: of `trend_candidates`, with `side_by_side_days`; `tied`: components of its ties; `turn`: the row of
    `trend_directions` that it is a candidate for.
    """
    verb = _VERBS.get(turn["subject_kind"], "fails")
    side = f", {row['side_by_side_days']} days side by side with it" if row["side_by_side_days"] else ""
    scope = "" if turn["slice"] == ALL and turn["model_version"] == ALL else " (sessions of all models and slices)"
    split = (
        f"{verb} {_percent(row['rate_with'])} of {row['n_with']:,} sessions with it and "
        f"{_percent(row['rate_without'])} of {row['n_without']:,} without, around the turn{scope}"
    )
    against = "" if row["score"] > 0 else "; that explains nothing of this turn"
    alike = f"; cannot be told apart from {_and([component_words(name) for name in tied])}" if tied else ""
    return f"{change_words(row)} (first {row['first_day']}{side}): {split}{against}{alike}."


def change_words(row: Row) -> str:
    """Return a change of version as `model m1 -> m2`."""
    old: str = "none on record" if pd.isna(row["from_version"]) else plain_name(row["from_version"])
    return f"{component_words(row['component'])} {old} -> {plain_name(row['to_version'])}"


def component_words(component: object) -> str:
    """Return what a component of `trend_versions` is called."""
    return OWN_VERSION if component == "subject" else plain_name(component)


def subject_words(row: Row) -> str:
    """Return the series' name in words: kind and subject, and what of the cell is held apart."""
    held = [
        f"{words} {plain_name(row[column])}"
        for column, words in (("model_version", "of model"), ("surface", "on"), ("slice", "in"))
        if row[column] != ALL
    ]
    return " ".join([row["subject_kind"], plain_name(row["subject"]), *held])


def _rates(row: Row, window: int, baseline_ends: dt.date | None) -> str:
    verb = _VERBS.get(row["subject_kind"], "fails")
    origin = "simulated " if row["origin"] == "simulated" else ""
    days = window if baseline_ends is None else min(window, (row["as_of_day"] - baseline_ends).days)
    return (
        f"{subject_words(row)} {verb} {_percent(row[f'rate_{window}'])} of {row[f'n_{window}']:,} {origin}sessions of the "
        f"last {days} days; {_percent(row['baseline_rate'])} of {row['n_baseline']:,} in baseline "
        f"'{plain_name(row['baseline_name'])}'"
    )


def _since(onset: dt.date | None) -> str:
    return "" if pd.isna(onset) else f" since about {onset}"


def _parts(row: Row) -> str:
    """Return the parts that the change is the sum of; of a part that is not known, in which other it stands."""
    if pd.isna(row["within_change"]):
        return ""
    is_judge = row["subject_kind"] == "judge"
    parts = [f"{_points(row['mix_shift'])} from another mix of surfaces"] if pd.notna(row["mix_shift"]) else []
    rest = f"{_points(row['within_change'])} {'within them' if parts else 'from the rest'}"
    if pd.isna(row["judge_shift"]):
        own = "what the judge itself changed" if is_judge else "what its own new version changed"
        parts = [*parts, rest, f"{own} included"] if parts else [f"{own} is not known"]
    elif is_judge:
        parts = [*parts, rest, f"{_points(row['judge_shift'])} from the judge itself"]
    elif parts:
        parts = [*parts, rest]
    return f" ({', '.join(parts)})" if parts else ""


def _candidates(found: Sequence[Row]) -> str:
    told = [row for row in found if row["score"] > 0][:MOST_NAMED]
    if not found:
        return "No version change on record near it"
    if not told:
        return "Candidates: none; the version changes on record near it go the other way"
    ties = [row for row in told if row["is_tied"]]
    names = ", ".join(f"{change_words(row)} (first {row['first_day']})" for row in told)
    alike = (
        f"; {_and([component_words(row['component']) for row in ties])} cannot be told apart" if len(ties) > 1 else ""
    )
    return f"Candidates: {names}{alike}"


def _percent(share: float | None) -> str:
    return "no share" if pd.isna(share) else f"{100 * float(share or 0):.1f} %"


def _points(change: float) -> str:
    return f"{round(100 * change, 1) + 0.0:+.1f}"  # no "-0.0"


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
