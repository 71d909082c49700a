"""The findings of a day in plain lines, worst first. Not here: how they are found (`directions.py`)."""

from collections.abc import Iterator

import pandas as pd

_LEVELS = {"alert": 0, "watch": 1, "none": 2}


def lines(directions: pd.DataFrame) -> Iterator[str]:
    """Yield for each day and origin of `directions` (rows of the table) a line of counts, and a line for each series that moved.

    Alerts come first, then worse before better, then the farther move; of series without enough data it says how many lack what.
    """
    for (day, origin), rows in directions.groupby(["as_of_day", "origin"], sort=True):
        counts = rows["direction"].value_counts()
        n_moved = counts.get("worse", 0) + counts.get("better", 0)
        unfed = counts.get("not_enough_data", 0)
        yield f"{day}, {origin}: {n_moved} moved, {counts.get('steady', 0)} steady, {unfed} without enough data"
        moved = worst_first(rows[rows["level"] != "none"])
        for level, sentence in zip(moved["level"], moved["sentence"], strict=True):
            yield f"  {level.upper()} {sentence}"
        for reason, n in rows["not_enough_because"].dropna().value_counts().sort_index().items():
            yield f"  not enough data ({n} series): {reason}"


def worst_first(directions: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in order: alerts, then what got worse, then the smaller p, then the greater change."""
    order = pd.DataFrame(
        {
            "level": directions["level"].map(_LEVELS),
            "is_better": directions["direction"] == "better",
            "p": directions["p_value"],
            "change": -directions["change"].abs(),
        }
    ).sort_values(["level", "is_better", "p", "change"], kind="stable")
    return directions.loc[order.index]
