"""The queue at a glance: strata with their populations and probabilities, reasons, and how far it has been read."""

import pandas as pd
import pytest

from eval_pipeline.review.design import Design
from eval_pipeline.review.overview import newest_day, progress, reasons, strata
from eval_pipeline.tables import RawSessions
from resources.warehouse import PostgresWarehouse
from tests.signals.conversations import talk
from tests.stored_sessions import DAY, store_queue, store_review, store_sessions

QUIET = talk("user: What are your opening hours?", "assistant: We open at nine every day.", "user: Thanks, bye!")
DESIGN = Design.model_validate({"default": {"sessions_per_day": 10, "double_review_share": 0.5}})


@pytest.fixture
def drawn(warehouse: PostgresWarehouse) -> pd.DataFrame:
    """A queue of two surfaces: 20 quiet sessions of which 3 are drawn, and 2 that a signal and a judge fail."""
    ids = [f"quiet{i:02d}" for i in range(20)] + ["bad1", "bad2"]
    sessions = store_sessions(warehouse, dict.fromkeys(ids, QUIET), surface=["bot"] * 2 + ["chat"] * 20)
    signals = pd.DataFrame(
        {"session_id": ["bad1", "bad2"], "signal": "tool_error", "outcome": "fired", "strength": [0.5, 0.9]}
    )
    return store_queue(warehouse, sessions, signals, {"bad1": ["judge:relevance"], "bad2": []}, DESIGN)


def test_strata_show_their_population_and_probability(warehouse: PostgresWarehouse, drawn: pd.DataFrame) -> None:
    shown = strata(warehouse, DAY).set_index("stratum")
    assert shown.loc["quiet", ["surface", "arm", "queued", "of_about", "probability"]].tolist() == [
        "chat", "control", 3, 20, "0.150",
    ]  # fmt: skip
    assert shown.loc["both", ["surface", "arm", "queued", "of_about", "probability"]].tolist() == [
        "bot", "flagged", 2, 2, "1.000",
    ]  # fmt: skip
    assert strata(warehouse, DAY, "bot")["stratum"].tolist() == ["both"]
    assert strata(warehouse, None).equals(strata(warehouse, DAY))


def test_progress_counts_reviewers_not_reviews(warehouse: PostgresWarehouse, drawn: pd.DataFrame) -> None:
    n_double = int(drawn["is_double_review"].sum())
    assert 0 < n_double < 5
    twice = drawn.loc[drawn["is_double_review"], "session_id"].iloc[0]
    once = drawn.loc[~drawn["is_double_review"], "session_id"].iloc[0]
    assert progress(strata(warehouse, DAY)) == f"0 of 5 reviewed, 0 of {n_double} double reviews done, 5 waiting"
    for session_id in (twice, once):
        store_review(warehouse, session_id, "ada")
        store_review(warehouse, session_id, "ada", number=2)
    assert progress(strata(warehouse, DAY)) == f"2 of 5 reviewed, 0 of {n_double} double reviews done, 4 waiting"
    store_review(warehouse, twice, "ben")
    assert progress(strata(warehouse, DAY)) == f"2 of 5 reviewed, 1 of {n_double} double reviews done, 3 waiting"


def test_reasons_are_counted_over_the_queue(warehouse: PostgresWarehouse, drawn: pd.DataFrame) -> None:
    store_review(warehouse, "bad1", "ada")
    counted = reasons(warehouse, DAY).set_index("reason")[["queued", "reviewed"]]
    assert counted.T.to_dict("list") == {"tool_error": [2, 1], "judge:relevance": [1, 1]}
    assert reasons(warehouse, DAY, "chat").empty


def test_withdrawn_sessions_leave_and_the_newest_day_is_that_of_a_surface(
    warehouse: PostgresWarehouse, drawn: pd.DataFrame
) -> None:
    assert (newest_day(warehouse), newest_day(warehouse, "chat"), newest_day(warehouse, "phone")) == (DAY, DAY, None)
    left = warehouse.read(RawSessions)
    warehouse.replace_day(RawSessions, DAY, [left[left["surface"] == "bot"]])
    assert strata(warehouse, DAY)["surface"].tolist() == ["bot"]
    assert newest_day(warehouse, "chat") is None
