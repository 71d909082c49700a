"""The error analysis sample: strata, probabilities, reproducibility."""

import datetime as dt
from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.error_analysis.gathering import with_news
from eval_pipeline.error_analysis.sampling import SHARES, allocate, draw_sample
from eval_pipeline.tables import ErrorAnalysisSamples, RawSessions
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for

DAY = dt.date(2026, 3, 10)


def session_frame(n: int, origin: str = "production", prefix: str = "s") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session_id": [f"{prefix}{i:03}" for i in range(n)],
            "session_day": DAY,
            "origin": origin,
            "is_new_version": False,
            "is_new_surface": False,
        },
    )


def draw(sessions: pd.DataFrame, size: int, fired: int = 0, failed: int = 0, seed: int = 1) -> pd.DataFrame:
    """Draw where a signal fires on the first `fired` sessions and a verdict fails the first `failed`."""
    ids = sessions["session_id"].tolist()
    signals = pd.DataFrame({"session_id": ids, "outcome": ["fired" if i < fired else "quiet" for i in range(len(ids))]})
    verdicts = pd.DataFrame({"session_id": ids, "verdict": ["fail" if i < failed else "pass" for i in range(len(ids))]})
    frame = draw_sample(DAY, sessions, signals, verdicts, size, seed)
    assert list(frame.columns) == list(ErrorAnalysisSamples.to_schema().columns)
    return frame


def test_strata_and_probabilities_by_hand() -> None:
    # 100 sessions: 20 flagged, the next 10 failed without a signal, 5 of a new version, 5 of a new surface, 60 quiet.
    # 10 seats by the shares 4 : 2 : 2 : 1 : 1.
    sessions = session_frame(100)
    sessions.loc[30:34, "is_new_version"] = True
    sessions.loc[35:39, "is_new_surface"] = True
    frame = draw(sessions, size=10, fired=20, failed=30)
    expected = {"unexplained_failure": 4, "new_version": 2, "new_surface": 2, "flagged": 1, "quiet": 1}
    assert Counter(frame["stratum"]) == expected
    there = {"unexplained_failure": 10, "new_version": 5, "new_surface": 5, "flagged": 20, "quiet": 60}
    probability = frame.groupby("stratum")["inclusion_probability"].first()
    assert probability.to_dict() == {stratum: n / there[stratum] for stratum, n in expected.items()}
    assert set(frame.loc[frame["stratum"] == "unexplained_failure", "session_id"]) <= {
        f"s{i:03}" for i in range(20, 30)
    }


def test_seats_that_a_stratum_cannot_fill_go_to_the_others() -> None:
    there = {"unexplained_failure": 1, "new_version": 0, "new_surface": 0, "flagged": 0, "quiet": 50}
    assert allocate(8, there) == {**there, "quiet": 7}


def test_a_new_version_stands_beside_old_ones_or_is_no_stratum(warehouse: PostgresWarehouse) -> None:
    rows = [("old", "m1", 40), ("a", "m1", 0), ("b", "m2", 0), ("c", "m3", 13)]
    for name, version, ago in rows:
        day = DAY - dt.timedelta(days=ago)
        row = frame_for(RawSessions, 1, day).assign(session_id=name, model_version=version, surface="chat")
        warehouse.upsert(RawSessions, row.assign(origin="production"))
    sessions = warehouse.read(RawSessions).sort_values("session_id", ignore_index=True)
    week = sessions[sessions["session_id"] != "old"]
    found = with_news(week, warehouse, DAY)
    assert dict(zip(found["session_id"], found["is_new_version"], strict=True)) == {"a": False, "b": True, "c": True}
    assert not found["is_new_surface"].any()
    all_new = week[week["session_id"] == "b"]
    assert not with_news(all_new, warehouse, DAY)["is_new_version"].any()


def test_synthetic_sessions_are_never_drawn_and_origins_are_drawn_apart() -> None:
    sessions = pd.concat(
        [session_frame(30), session_frame(30, "simulated", "x"), session_frame(30, "synthetic", "y")], ignore_index=True
    )
    assert Counter(draw(sessions, size=5)["origin"]) == {"production": 5, "simulated": 5}


@pytest.mark.parametrize("sessions", [session_frame(0), session_frame(5, "synthetic")])
def test_nothing_to_draw_from_is_an_empty_sample(sessions: pd.DataFrame) -> None:
    assert draw(sessions, size=5).empty


def test_a_session_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        draw(pd.concat([session_frame(3), session_frame(1)]), size=2)


def test_every_session_of_a_stratum_is_drawn_as_often_as_its_probability_says() -> None:
    times = Counter(s for seed in range(200) for s in draw(session_frame(10), size=3, seed=seed)["session_id"])
    assert len(times) == 10
    # binomial(200, .3): mean 60, standard deviation 6.5
    assert all(35 < n < 85 for n in times.values())


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 30), st.integers(0, 40), st.integers(0, 15), st.integers(0, 15), st.randoms(use_true_random=False)
)
def test_laws(n: int, size: int, fired: int, failed: int, rng: Any) -> None:
    sessions = session_frame(n)
    frame = draw(sessions, size, fired, failed)
    assert len(frame) == min(size, n)
    assert set(frame["session_id"]) <= set(draw(sessions, size + 1, fired, failed)["session_id"])
    order = list(range(n))
    rng.shuffle(order)
    ids = sessions["session_id"].tolist()
    shuffled = sessions.iloc[order].reset_index(drop=True)
    signals = pd.DataFrame({"session_id": ids[:fired], "outcome": "fired"}, columns=["session_id", "outcome"])
    verdicts = pd.DataFrame({"session_id": ids[:failed], "verdict": "fail"}, columns=["session_id", "verdict"])
    pd.testing.assert_frame_equal(draw_sample(DAY, shuffled, signals[::-1], verdicts, size, 1), frame)


@given(st.integers(0, 60), st.tuples(*[st.integers(0, 20)] * len(SHARES)))
def test_allocation_fills_the_sample_and_never_overdraws(size: int, there: tuple[int, ...]) -> None:
    available = dict(zip(SHARES, there, strict=True))
    seats = allocate(size, available)
    assert sum(seats.values()) == min(size, sum(there))
    assert all(seats[s] <= available[s] for s in SHARES)
