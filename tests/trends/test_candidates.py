"""A turn is put down to the change that splits it best; what cannot be told apart is said to be so."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from eval_pipeline.trends.candidates import candidates
from tests.trends.turns import Counts, day, series_of, turn, versions

BEFORE, AFTER = (10, 1), (10, 3)


def steps(change_of: dict[str, int], counts: list[Counts]) -> dict[int, dict[str, dict[str, Counts]]]:
    """Return days on which each component goes from version 1 to version 2 on a day of its own."""
    return {
        number: {part: {"2" if number >= change else "1": count} for part, change in change_of.items()}
        for number, count in enumerate(counts)
    }


def found(rows: pd.DataFrame, as_of: dt.date | None = None, **fields: object) -> pd.DataFrame:
    directions = pd.DataFrame([turn(**fields)])
    return candidates(as_of or day(19), directions, rows.sample(frac=1, random_state=2), series_of(rows))


def test_the_score_by_hand() -> None:
    # 10 of 100 fail without it, 30 of 100 with it, 40 of 200 in all. Log likelihoods:
    #   10 ln .1 + 90 ln .9 = -32.508    30 ln .3 + 70 ln .7 = -61.086    40 ln .2 + 160 ln .8 = -100.080
    # The split gains -32.508 - 61.086 + 100.080 = 6.486; with phi = 2 the score is half of it.
    rows = versions(steps({"model": 10}, [BEFORE] * 10 + [AFTER] * 10))
    (row,) = found(rows, phi=2.0).to_dict("records")
    assert row["score"] == pytest.approx(6.486 / 2, abs=0.001)
    assert (row["n_with"], row["rate_with"], row["n_without"], row["rate_without"]) == (100, 0.3, 100, 0.1)
    assert (row["rank"], row["from_version"], row["to_version"], row["first_day"]) == (1, "1", "2", day(10))
    assert row["share_now"] == 1.0 and not row["is_tied"]
    assert row["sentence"] == (
        "model 1 -> 2 (first 2026-03-11): fails 30.0 % of 100 sessions with it and 10.0 % of 100 without, around the turn."
    )


def test_a_partial_roll_out_counts_by_session() -> None:
    # Prompt and model change on the same day, the model for half the sessions: those alone fail more.
    new_model = {"model": {"m1": (20, 2), "m2": (20, 8)}, "prompt": {"p2": (40, 10)}}
    old = {"model": {"m1": (40, 4)}, "prompt": {"p1": (40, 4)}}
    rows = found(versions({number: new_model if number >= 10 else old for number in range(20)}))
    assert list(rows["component"]) == ["model", "prompt"]
    assert rows["share_now"].tolist() == [0.5, 1.0]
    assert not rows["is_tied"].any()
    assert "10 days side by side with it" in rows["sentence"].iloc[0]


def test_two_that_split_alike_are_tied_and_the_sentence_says_so() -> None:
    rows = found(versions(steps({"model": 10, "prompt": 10, "tools": 4}, [BEFORE] * 10 + [AFTER] * 10)))
    assert dict(zip(rows["component"], rows["is_tied"], strict=True)) == {"model": True, "prompt": True, "tools": False}
    assert rows["sentence"].iloc[0].endswith("; cannot be told apart from prompt.")


def test_a_split_against_the_direction_of_the_turn_explains_nothing() -> None:
    (row,) = found(versions(steps({"model": 10}, [AFTER] * 10 + [BEFORE] * 10))).to_dict("records")
    assert row["score"] == 0.0 and "explains nothing of this turn" in row["sentence"]
    better = found(versions(steps({"model": 10}, [AFTER] * 10 + [BEFORE] * 10)), direction="better", level="watch")
    assert better["score"].iloc[0] > 6


def test_only_changes_near_the_turn_of_series_that_moved() -> None:
    rows = versions(steps({"early": 8, "near": 9, "late": 37, "too_late": 38}, [BEFORE] * 30 + [AFTER] * 30))
    assert set(found(rows, day(59), onset_day=day(30))["component"]) == {"near", "late"}
    assert found(rows, day(59), onset_day=day(30), level="none").empty


def test_a_model_is_no_candidate_where_the_series_is_of_one_model() -> None:
    rows = versions(steps({"model": 10, "prompt": 10}, [BEFORE] * 10 + [AFTER] * 10))
    assert list(found(rows, model_version="m1")["component"]) == ["prompt"]


def test_of_several_subject_versions_the_one_that_counts_is_taken() -> None:
    rows = versions(steps({"model": 10}, [BEFORE] * 10 + [AFTER] * 10))
    other = versions(steps({"model": 10}, [AFTER] * 10 + [BEFORE] * 10), subject_version="2")
    directions = pd.DataFrame([turn()])
    both = candidates(day(19), directions, pd.concat([other, rows]), series_of(rows))
    assert both["n_with"].tolist() == [100] and both["score"].iloc[0] > 6


def test_sessions_that_do_not_know_the_component_are_without_it() -> None:
    # Tools are stated from day 10 on, by half of the sessions: 10 of 50 with them fail, of 200 in all 20.
    days = {number: {"model": {"m1": (10, 1)}} for number in range(20)}
    for number in range(10, 20):
        days[number]["tools"] = {"t1": (5, 1)}
    (row,) = found(versions(days)).to_dict("records")
    assert pd.isna(row["from_version"]) and row["sentence"].startswith("tools none on record -> t1 (first 2026-03-11)")
    assert (row["n_with"], row["n_without"], row["rate_with"]) == (50, 150, 0.2)
    assert row["rate_without"] == pytest.approx(10 / 150)


def test_without_versions_on_record_there_is_no_candidate() -> None:
    rows = versions(steps({"model": 10}, [BEFORE] * 10 + [AFTER] * 10))
    directions = pd.DataFrame([turn(), turn(surface="mail")])
    assert candidates(day(19), directions, rows.iloc[:0], series_of(rows)).empty
    assert list(candidates(day(19), directions, rows, series_of(rows))["surface"]) == ["all"]


def test_without_an_onset_the_window_stands_for_it() -> None:
    rows = versions(steps({"model": 13}, [BEFORE] * 13 + [AFTER] * 7))
    assert found(rows, onset_day=None)["first_day"].tolist() == [day(13)]


def test_a_planted_change_comes_out_first() -> None:
    generator = np.random.default_rng(7)
    change_of = {"prompt": 24, "model": 30, "retrieval": 36}
    firsts = 0
    for _ in range(5):
        counts = [(200, int(generator.binomial(200, 0.08 if number < 30 else 0.16))) for number in range(60)]
        rows = found(versions(steps(change_of, counts)), day(59), onset_day=day(30))
        firsts += rows["component"].iloc[0] == "model"
    assert firsts == 5
