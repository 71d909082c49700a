"""A planted failure: from its day on, in its share, known by its case number, unknown to the taxonomy."""

from datetime import date

import pytest

from eval_pipeline.simulation.cases import case_of_turns
from eval_pipeline.simulation.classifying import classifier_reply
from eval_pipeline.simulation.novel import MODES, Plant
from eval_pipeline.simulation.traffic import simulate_day
from eval_pipeline.simulation.truth import truth

DAY, SEED = date(2026, 3, 10), 7


def cases(day: date, n: int, plant: Plant | None) -> list[str]:
    return [case_of_turns(session["turns"]) or "" for session in simulate_day(day, n, SEED, plant=plant)]


@pytest.mark.parametrize("mode", MODES)
def test_it_takes_the_place_of_its_share_from_its_day_on(mode: str) -> None:
    plant = Plant(mode, DAY, 0.1)
    ordinary, mixed = cases(DAY, 400, None), cases(DAY, 400, plant)
    planted = [case for case in mixed if truth(case, SEED).planted == mode]
    # binomial(400, .1): mean 40, standard deviation 6
    assert 22 <= len(planted) <= 58
    assert [case for case in mixed if case not in planted] == [
        case for case, other in zip(ordinary, mixed, strict=True) if other not in planted
    ]
    assert cases(DAY, 100, plant) == mixed[:100]
    assert cases(date(2026, 3, 9), 50, plant) == cases(date(2026, 3, 9), 50, None)


def test_it_fails_without_a_category_and_the_classifier_mostly_abstains() -> None:
    planted = cases(DAY, 300, Plant("promised_gift", DAY, 1.0))
    known = [truth(case, SEED) for case in planted]
    assert all(one.is_failure and one.category is None and one.first_bad_turn for one in known)
    said = [classifier_reply(case, SEED)["category"] for case in planted]
    # binomial(300, .9): mean 270, standard deviation 5
    assert 250 <= said.count("abstain") <= 288


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="plant one of"):
        Plant("nothing", DAY, 0.03)
