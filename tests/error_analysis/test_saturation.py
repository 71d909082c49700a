"""Saturation by hand."""

import datetime as dt

import pandas as pd

from eval_pipeline.error_analysis.saturation import saturation

DAY = dt.date(2026, 3, 10)


def reviewed(categories: list[str | None]) -> pd.DataFrame:
    """Return sessions reviewed a minute apart, the last one at noon."""
    noon = pd.Timestamp(DAY, tz="UTC") + pd.Timedelta(hours=12)
    n = len(categories)
    return pd.DataFrame(
        {
            "session_id": [f"s{i:03}" for i in range(n)],
            "origin": "simulated",
            "category": pd.Series(categories, dtype="object"),
            "labelled_at": [noon - pd.Timedelta(minutes=n - 1 - i) for i in range(n)],
        }
    )


def decided(*minutes_before_noon: int) -> pd.DataFrame:
    noon = pd.Timestamp(DAY, tz="UTC") + pd.Timedelta(hours=12)
    rows = [("simulated", f"gift_{m}", noon - pd.Timedelta(minutes=m)) for m in minutes_before_noon]
    return pd.DataFrame(rows, columns=["origin", "category_id", "decided_at"])


def test_new_kinds_of_the_last_sessions_by_hand() -> None:
    # 60 sessions: a loop first of all, a refusal as the 25th, another loop and a refusal near the end.
    categories: list[str | None] = [None] * 60
    categories[0], categories[24], categories[55], categories[58] = "loop", "refusal", "loop", "refusal"
    # One proposal accepted 5 minutes before noon, one an hour and a half before.
    found = saturation(DAY, reviewed(categories), decided(5, 90)).set_index("last_n")
    # Of the last 20 (41st to 60th) only the proposal is new; the last 50 (11th to 60th) brought the refusal as well.
    assert found.loc[20, "kinds"] == ["gift_5"] and found.loc[20, "n_new_kinds"] == 1
    assert found.loc[50, "kinds"] == ["gift_5", "refusal"]
    # There are no 100: not enough data, and no count.
    assert found.loc[100, "n_reviewed"] == 60 and pd.isna(found.loc[100, "n_new_kinds"])


def test_an_accepted_proposal_whose_category_is_given_counts_once() -> None:
    categories: list[str | None] = [None] * 20
    categories[19] = "gift_5"
    found = saturation(DAY, reviewed(categories), decided(5)).set_index("last_n")
    assert found.loc[20, "n_new_kinds"] == 1


def test_without_a_review_there_is_no_row() -> None:
    assert saturation(DAY, reviewed([]), decided()).empty
