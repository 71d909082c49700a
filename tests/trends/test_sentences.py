"""The one sentence: what moved, by how much, since when, with which candidates; no name can break out of it."""

from typing import Any

import pytest

from eval_pipeline.trends.sentences import direction_sentence, plain_name
from tests.trends.turns import day, turn

MODEL = {"component": "model", "from_version": "m1", "to_version": "m2", "first_day": day(9)}


def candidate(**fields: Any) -> dict[str, Any]:
    return {**MODEL, "score": 9.0, "is_tied": False, **fields}


def test_what_moved_by_how_much_since_when_and_why() -> None:
    row = turn(rate_7=0.1243, baseline_rate=0.081, change=0.0433, n_baseline=2400, mix_shift=0.002, judge_shift=0.01)
    row["within_change"] = 0.0313
    assert direction_sentence(row, [candidate()]) == (
        "judge relevance fails 12.4 % of 280 sessions of the last 7 days; 8.1 % of 2,400 in baseline 'first 60 days': "
        "+4.3 points since about 2026-03-11 (+0.2 from another mix of surfaces, +3.1 within them, +1.0 from the judge itself). "
        "Candidates: model m1 -> m2 (first 2026-03-10)."
    )


def test_the_window_that_moved_the_cell_and_the_origin_are_named() -> None:
    said = direction_sentence(
        turn(window_days=28, surface="chat", slice="plan=free", origin="simulated", subject_kind="signal"), []
    )
    assert said.startswith(
        "signal relevance on chat in plan=free fires on 20.0 % of 1,000 simulated sessions of the last 28"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"mix_shift": 0.05}, " (+5.0 from another mix of surfaces, +15.0 within them, what the judge itself changed included)"),
        ({}, " (what the judge itself changed is not known)"),
        ({"judge_shift": 0.05}, " (+15.0 from the rest, +5.0 from the judge itself)"),
        ({"judge_shift": 0.0, "subject_kind": "evaluator"}, ""),
        ({"subject_kind": "evaluator"}, " (what its own new version changed is not known)"),
    ],
)  # fmt: skip
def test_a_part_that_is_not_known_is_said_to_stand_in_another(fields: dict[str, Any], said: str) -> None:
    sentence = direction_sentence(turn(within_change=0.15, **fields), [])
    assert f"+20.0 points since about 2026-03-11{said}. " in sentence


def test_a_window_begins_after_its_baseline_and_the_sentence_says_how_long_it_is() -> None:
    assert " of 1,000 sessions of the last 12 days;" in direction_sentence(turn(window_days=28), [], day(7))


def test_a_new_version_of_the_evaluator_itself_is_called_so() -> None:
    assert "Candidates: its own version m1 -> m2 (first" in direction_sentence(turn(), [candidate(component="subject")])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "No version change on record near it."),
        ([candidate(score=0.0)], "Candidates: none; the version changes on record near it go the other way."),
        (
            [candidate(is_tied=True), candidate(component="prompt", is_tied=True)],
            "prompt m1 -> m2 (first 2026-03-10); model and prompt cannot be told apart.",
        ),
    ],
)
def test_what_is_said_of_candidates(found: list[dict[str, Any]], said: str) -> None:
    assert direction_sentence(turn(), found).endswith(said)


def test_steady_and_too_little_data_are_said_as_such() -> None:
    steady = direction_sentence(turn(direction="steady", level="none", window_days=7), [])
    assert steady.endswith("in baseline 'first 60 days': no move beyond chance.")
    few = turn(direction="not_enough_data", level="none", not_enough_because="12 of 30 days")
    assert direction_sentence(few, []) == "judge relevance: not enough data, 12 of 30 days."


def test_hostile_names_are_cut_and_printable() -> None:
    hostile = "x\n\x1b[31m\u202e" + "y" * 500
    said = direction_sentence(
        turn(subject=hostile, surface=hostile, baseline_name=hostile), [candidate(to_version=hostile)]
    )
    assert said.isprintable() and len(said) < 600
    assert plain_name("a \n b") == "a b" and len(plain_name("y" * 500)) == 48
