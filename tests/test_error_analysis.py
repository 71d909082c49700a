"""The error analysis sample: strata, probabilities, reproducibility."""

import datetime as dt
from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.error_analysis import SHARES, allocate, draw_sample
from eval_pipeline.tables import ErrorAnalysisSamples

DAY = dt.date(2026, 3, 10)


def session_frame(n: int, origin: str = "production", prefix: str = "s") -> pd.DataFrame:
    return pd.DataFrame(
        {"session_id": [f"{prefix}{i:03}" for i in range(n)], "session_day": DAY, "origin": origin},
        columns=["session_id", "session_day", "origin"],
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
    # 100 sessions: 20 flagged, the next 10 failed without a signal, 70 quiet; 8 seats: 4 + 2 + 2
    frame = draw(session_frame(100), size=8, fired=20, failed=30)
    assert Counter(frame["stratum"]) == {"unexplained_failure": 4, "flagged": 2, "quiet": 2}
    probability = frame.groupby("stratum")["inclusion_probability"].first()
    assert probability.to_dict() == {"flagged": 2 / 20, "quiet": 2 / 70, "unexplained_failure": 4 / 10}
    assert set(frame.loc[frame["stratum"] == "unexplained_failure", "session_id"]) <= {
        f"s{i:03}" for i in range(20, 30)
    }


def test_seats_that_a_stratum_cannot_fill_go_to_the_others() -> None:
    assert allocate(8, {"unexplained_failure": 1, "flagged": 0, "quiet": 50}) == {
        "unexplained_failure": 1,
        "flagged": 0,
        "quiet": 7,
    }


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
