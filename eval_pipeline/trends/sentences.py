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

_VERBS = {"signal": "fires on"}

Row = dict[Any, Any]
"""A row of a table, by column."""


def plain_name(text: object) -> str:
    """Return `text` on one line, cut to `MOST_CHARACTERS`, what is not printable (terminal codes, bidi marks) replaced."""
    shown = "".join(char if char.isprintable() else "�" for char in " ".join(str(text).split()))
    return shown if len(shown) <= MOST_CHARACTERS else shown[: MOST_CHARACTERS - 1] + "…"


def direction_sentence(row: Row, candidates: Sequence[Row]) -> str:
    """Return the sentence of a row of `trend_directions`; `candidates`: its rows of `trend_candidates`, best first."""
    if row["direction"] == "not_enough_data":
        return f"{subject_words(row)}: not enough data, {plain_name(row['not_enough_because'])}."
    if row["direction"] == "steady" or pd.isna(row["window_days"]):
        return f"{_rates(row, _steady_window(row))}: no move beyond chance."
    points = f"{_rates(row, int(row['window_days']))}: {_points(row['change'])} points"
    moved = f"{points}{_since(row['onset_day'])}{_parts(row)}."
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
    alike = f"; cannot be told apart from {_and([plain_name(name) for name in tied])}" if tied else ""
    return f"{change_words(row)} (first {row['first_day']}{side}): {split}{against}{alike}."


def change_words(row: Row) -> str:
    """Return a change of version as `model m1 -> m2`."""
    old: str = "none on record" if pd.isna(row["from_version"]) else plain_name(row["from_version"])
    return f"{plain_name(row['component'])} {old} -> {plain_name(row['to_version'])}"


def subject_words(row: Row) -> str:
    """Return the series' name in words: kind and subject, and what of the cell is held apart."""
    held = [
        f"{words} {plain_name(row[column])}"
        for column, words in (("model_version", "of model"), ("surface", "on"), ("slice", "in"))
        if row[column] != ALL
    ]
    return " ".join([row["subject_kind"], plain_name(row["subject"]), *held])


def _rates(row: Row, window: int) -> str:
    verb = _VERBS.get(row["subject_kind"], "fails")
    origin = "simulated " if row["origin"] == "simulated" else ""
    return (
        f"{subject_words(row)} {verb} {_percent(row[f'rate_{window}'])} of {row[f'n_{window}']:,} {origin}sessions of the "
        f"last {window} days; {_percent(row['baseline_rate'])} of {row['n_baseline']:,} in baseline "
        f"'{plain_name(row['baseline_name'])}'"
    )


def _steady_window(row: Row) -> int:
    return 7 if pd.isna(row["window_days"]) else int(row["window_days"])


def _since(onset: dt.date | None) -> str:
    return "" if pd.isna(onset) else f" since about {onset}"


def _parts(row: Row) -> str:
    """Return the parts that the change is the sum of; what is not known is said to be held by another part."""
    if pd.isna(row["within_change"]):
        return ""
    mix = "mix not counted" if pd.isna(row["mix_shift"]) else f"{_points(row['mix_shift'])} mix of surfaces"
    unknown = pd.isna(row["judge_shift"])
    own = "its judge" if row["subject_kind"] == "judge" else "its own new version"
    shift = (
        f"the part of {own} is not known and stands in 'within'" if unknown else f"{_points(row['judge_shift'])} {own}"
    )
    if not unknown and row["subject_kind"] != "judge":
        return f" ({mix}, {_points(row['within_change'])} within)"
    return f" ({mix}, {_points(row['within_change'])} within, {shift})"


def _candidates(found: Sequence[Row]) -> str:
    told = [row for row in found if row["score"] > 0][:MOST_NAMED]
    if not found:
        return "No version change on record near it"
    if not told:
        return "Candidates: none; the version changes on record near it go the other way"
    ties = [row for row in told if row["is_tied"]]
    names = ", ".join(f"{change_words(row)} (first {row['first_day']})" for row in told)
    alike = f"; {_and([plain_name(row['component']) for row in ties])} cannot be told apart" if len(ties) > 1 else ""
    return f"Candidates: {names}{alike}"


def _percent(share: float | None) -> str:
    return "no share" if pd.isna(share) else f"{100 * float(share or 0):.1f} %"


def _points(change: float) -> str:
    return f"{100 * change:+.1f}"


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
