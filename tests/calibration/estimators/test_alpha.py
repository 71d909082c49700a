"""Krippendorff's alpha by hand, as published, against the reference implementation, and its laws."""

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.calibration.estimators.agreement import Coefficient, Pairs, kappa
from eval_pipeline.calibration.estimators.alpha import krippendorff_alpha

COLUMNS = ["unit", "rater", "value"]
words = st.sampled_from(["pass", "fail", "unsure", None])
tables = st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(words, min_size=n, max_size=n), min_size=1, max_size=25))


def _answers(table: list[list[str | None]]) -> pd.DataFrame:
    """Answers of a table with a row a unit and a place a rater."""
    rows = [(unit, rater, value) for unit, row in enumerate(table) for rater, value in enumerate(row)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _reference(table: list[list[str | None]]) -> float | None:
    """Alpha by the reference implementation; None where it has no pairs or only one word."""
    used = [row for row in table if sum(value is not None for value in row) >= 2]
    if len({value for row in used for value in row if value is not None}) < 2:
        return None
    codes = {"pass": 0.0, "fail": 1.0, "unsure": 2.0, None: np.nan}
    coded = np.array([[codes[value] for value in row] for row in table]).T
    return float(krippendorff.alpha(reliability_data=coded, level_of_measurement="nominal"))


def test_by_hand() -> None:
    # Four units: fail fail, pass pass, pass pass, fail pass. Of 8 answers 3 are fails; one unit differs, 2 of 8 ordered
    # pairs: observed 2/8. Expected 2 x 3 x 5 / (8 x 7) = 30/56. Alpha = 1 - (1/4)(56/30) = 8/15.
    table = [["fail", "fail"], ["pass", "pass"], ["pass", "pass"], ["fail", "pass"]]
    assert krippendorff_alpha(_answers(table)).value == pytest.approx(8 / 15)
    # Who answers alone says nothing of agreement.
    assert krippendorff_alpha(_answers([*table, ["fail", None]])).value == pytest.approx(8 / 15)


def test_as_published() -> None:
    """Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: 4 observers, 12 units, some missing."""
    table = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    by_unit = [
        [None if value == "." else value for value in unit]
        for unit in zip(*(row.split() for row in table), strict=True)
    ]
    assert krippendorff_alpha(_answers(by_unit)).value == pytest.approx(0.743, abs=5e-4)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_it_is_that_of_the_reference_implementation(table: list[list[str | None]]) -> None:
    got, expected = krippendorff_alpha(_answers(table)).value, _reference(table)
    assert got == (None if expected is None else pytest.approx(expected, abs=1e-9))


@settings(max_examples=30, deadline=None)
@given(tables)
def test_names_and_order_do_not_matter_and_one_is_the_most(table: list[list[str | None]]) -> None:
    answers = _answers(table)
    got = krippendorff_alpha(answers)
    renamed = answers.sample(frac=1, random_state=1).replace({"value": {"pass": "fail", "fail": "pass"}})
    assert krippendorff_alpha(renamed).value == (None if got.value is None else pytest.approx(got.value))
    assert got.value is None or got.value <= 1 + 1e-12


def test_of_two_who_answer_everything_it_is_the_pi_of_scott_but_for_a_finite_sample() -> None:
    pairs = Pairs(300, 90, 110, 1500)
    words_of = [("fail", "fail"), ("fail", "pass"), ("pass", "fail"), ("pass", "pass")]
    table = [list(said) for said, n in zip(words_of, pairs.cells, strict=True) for _ in range(int(n))]
    assert krippendorff_alpha(_answers(table)).value == pytest.approx(kappa(pairs.either_way), abs=1e-3)


def test_what_cannot_differ_has_no_alpha() -> None:
    assert krippendorff_alpha(pd.DataFrame(columns=COLUMNS)) == Coefficient()
    assert krippendorff_alpha(_answers([["pass", "pass"]] * 20)) == Coefficient()
    assert krippendorff_alpha(_answers([["pass", None], [None, "fail"]])) == Coefficient()
    with pytest.raises(ValueError, match="a rater answers a unit once"):
        krippendorff_alpha(pd.DataFrame([("a", "x", "pass"), ("a", "x", "fail")], columns=COLUMNS))


@pytest.mark.parametrize(("n", "failing", "least"), [(100, 0.30, 0.88), (200, 0.10, 0.88)])
def test_its_interval_holds(n: int, failing: float, least: float) -> None:
    """Two of three people read each session, each failing .85 of the failures and passing .97 of the good ones."""
    rng = np.random.default_rng(9)
    fail, good = np.outer([0.85, 0.15], [0.85, 0.15]).ravel(), np.outer([0.03, 0.97], [0.03, 0.97]).ravel()
    truth = kappa(Pairs(*(failing * fail + (1 - failing) * good)).either_way)
    covered = 0
    for _ in range(50):
        chance = np.where(rng.random((n, 1)) < failing, 0.85, 0.03)
        said = np.where(rng.random((n, 3)) < chance, "fail", "pass").astype(object)
        said[np.arange(n), rng.integers(0, 3, n)] = None
        found = krippendorff_alpha(_answers(said.tolist()))
        covered += found.low <= truth <= found.high
    assert covered / 50 >= least
