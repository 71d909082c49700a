"""The session score: noisy-or over what counts, the same for a batch as for one session."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.signals.contract import combined_strength
from eval_pipeline.signals.score import session_scores

COUNTING = {"refusal", "frustration", "tool_error"}
strengths = st.lists(st.floats(0.001, 1), max_size=6)


def rows(*found: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(found, columns=["session_id", "signal", "outcome", "strength"])


def test_by_hand() -> None:
    found = rows(
        ("b", "refusal", "fired", 0.5),
        ("a", "refusal", "fired", 0.5),
        ("a", "frustration", "fired", 0.4),
        ("a", "tool_error", "quiet", 0.0),
        ("c", "refusal", "not_applicable", 0.0),
    )
    assert session_scores(found, COUNTING).to_dict() == {"a": pytest.approx(0.7), "b": 0.5, "c": 0.0}


def test_a_signal_that_does_not_count_changes_nothing_but_its_session_has_a_score() -> None:
    found = rows(("a", "refusal", "fired", 0.5), ("a", "handover", "fired", 0.9), ("b", "handover", "fired", 0.9))
    assert session_scores(found, COUNTING).to_dict() == {"a": 0.5, "b": 0.0}


def test_sure_evidence_makes_the_score_1_and_nothing_makes_no_scores() -> None:
    assert session_scores(rows(("a", "refusal", "fired", 1.0)), COUNTING)["a"] == 1.0
    assert session_scores(rows(), COUNTING).empty


@given(st.lists(strengths, min_size=1, max_size=5), st.floats(0.001, 1))
def test_it_is_the_combined_strength_of_each_session_in_any_order_and_more_never_lowers_it(
    sessions: list[list[float]], more: float
) -> None:
    found = [(str(i), "refusal", "fired", s) for i, pieces in enumerate(sessions) for s in [*pieces, more]]
    scores = session_scores(rows(*found), COUNTING)
    assert scores.equals(session_scores(rows(*reversed(found)), COUNTING))
    for i, pieces in enumerate(sessions):
        assert scores[str(i)] == pytest.approx(combined_strength([*pieces, more]), abs=2e-9)
        assert scores[str(i)] >= combined_strength(pieces) - 1e-9
