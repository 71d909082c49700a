"""The statistics' bench in small: what it counts by hand, that it sees what is broken, and its short form."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import bench_statistics
from benchmarks.bench_statistics import Results, main, measure
from benchmarks.statistics.figures import Figure, binomial
from benchmarks.statistics.findings import PROMISED_COVERAGE, coverage, how_often
from benchmarks.statistics.promotion import right_answers, unstable_share
from benchmarks.statistics.speed import Speed
from benchmarks.statistics.traffic import Product

CONTROLS = ("not printed: unweighted tpr", "not printed: share of failed labels")
"""Begin the names of what stands there as a control, and covers too little."""


@pytest.fixture(scope="module")
def short() -> Results:
    return measure(8, is_short=True)


def test_coverage_by_hand() -> None:
    # Printed are three of four replicates; .5 lies within the first and the third interval. Widths .2, .1 and .4.
    found = coverage("it", "here", [0.5] * 4, [0.4, 0.6, 0.3, np.nan], [0.6, 0.7, 0.7, np.nan])
    assert (found.n, found.value, found.printed) == (3, pytest.approx(2 / 3), 0.75)
    assert found.width == pytest.approx(0.7 / 3)
    # sqrt(2/3 * 1/3 / 3)
    assert found.error == pytest.approx(0.2722, abs=1e-4)


def test_of_a_replicate_with_several_intervals_its_share_counts() -> None:
    found = coverage(
        "it", "here", np.array([[0.5, 0.5], [0.5, 0.5]]), [[0.4, 0.6], [0.4, 0.4]], [[0.6, 0.7], [0.6, 0.6]]
    )
    assert (found.n, found.value) == (2, 0.75)


def test_a_promise_is_broken_by_more_than_its_slack_allows() -> None:
    # 9 of 10: the error is sqrt(.09 / 10) = .095.
    found = how_often("it", "here", [1] * 9 + [0], at_least=PROMISED_COVERAGE)
    assert not found.is_kept()
    assert found.is_kept(slack=1)
    assert not how_often("it", "here", [1, 0], at_most=0.05).is_kept()
    assert not how_often("it", "here", [], at_most=0.05).is_kept(), "nothing simulated proves nothing"


def test_an_interval_that_covers_too_little_is_found_out() -> None:
    # Wald's interval of 20 labels covers .843 (STATISTICS.md section 1).
    rng = np.random.default_rng(3)
    truth = rng.uniform(0.60, 0.99, 4000)
    p = rng.binomial(20, truth) / 20
    half = 1.96 * np.sqrt(p * (1 - p) / 20)
    found = coverage("Wald", "n = 20", truth, p - half, p + half)
    assert found.value == pytest.approx(0.843, abs=0.02)
    assert not found.is_kept(slack=3)


def test_broken_promises_are_named() -> None:
    bad = how_often("an interval", "20 labels", [0] * 100, at_least=PROMISED_COVERAGE)
    found = Results([bad], [], [Figure("a figure", 0.5, 0.7, 0.1)], Speed(10, rates=4.0, shrunk=2.0, groupby=1.0))
    assert found.broken(slack=3) == ["an interval, 20 labels: 0.000", "a figure: 0.700", "10 pairs took 6.0 s"]


def test_the_truth_of_the_judge_by_hand() -> None:
    product = Product(failing=0.2, fires_on_failure=0.5, fires_on_good=0.1, catches=(0.6, 1.0), passes=(1.0, 0.5))
    # Half of the failures are flagged: .5 * .6 + .5 * 1; a tenth of the good ones: .9 * 1 + .1 * .5.
    assert (product.tpr, product.tnr) == pytest.approx((0.8, 0.95))
    # Of 100 sessions it fails 20 * .8 = 16 failures and 80 * .05 = 4 good ones.
    assert product.precision == pytest.approx(16 / 20)


def test_binomial_chances_by_hand() -> None:
    assert binomial(2, np.array([0.5]))[0] == pytest.approx([0.25, 0.5, 0.25])


def test_three_answers_are_not_all_alike_half_again_as_often_as_two_differ() -> None:
    u = np.random.default_rng(5).random(100_000)
    flips = float((2 * u * (1 - u)).mean())
    assert unstable_share(flips) == pytest.approx(float((1 - u**3 - (1 - u) ** 3).mean()))


def test_candidates_that_err_alike_share_their_luck_on_one_set_alone() -> None:
    right = right_answers(0.7, 50, 6, 3, True, 2000, np.random.default_rng(6))
    assert right.mean() == pytest.approx(35, abs=0.3)
    pairs = np.corrcoef(right.T)
    assert pairs[0, 1] > 0.3 > 0.1 > abs(pairs[2, 3]), "the third and the fourth see different sets"


@pytest.mark.slow
def test_short_form_every_interval_covers_what_it_should(short: Results) -> None:
    assert [found for found in short.coverages if not found.is_kept(slack=4)] == []
    promised = {found.what.split(",")[0] for found in short.coverages if found.at_least is not None}
    assert len(promised) >= 15


@pytest.mark.slow
def test_short_form_labels_as_they_stand_flatter_the_judge(short: Results) -> None:
    controls = [found for found in short.coverages if found.what.startswith(CONTROLS)]
    assert len(controls) == 3 and max(found.value for found in controls) < 0.5


@pytest.mark.slow
def test_short_form_the_gate_promotes_the_good_and_hardly_ever_the_bad(short: Results) -> None:
    assert [found for found in short.promotions if not found.is_kept(slack=4)] == []
    shares = {found.what: found.value for found in short.promotions if found.regime == "50 failed and 100 passed"}
    assert shares["one look, good: TPR .95, TNR .97, flips 2 %"] > 0.6


@pytest.mark.slow
def test_short_form_figures_of_the_project_are_found_again(short: Results) -> None:
    assert [figure for figure in short.figures if not figure.is_kept] == []


@pytest.mark.parametrize(("share", "status"), [(1.0, 0), (0.5, 1)])
def test_the_exit_status_and_the_tables_tell_a_broken_promise(
    share: float, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = how_often("an interval", "20 labels", [share] * 400, at_least=PROMISED_COVERAGE)
    none = how_often("any of 20", "50 failed", [0] * 400, at_most=0.05)
    found = Results([replace(one, printed=1.0)], [none], [Figure("a figure", 0.5, 0.5, 0.1)], Speed(10, 1.0, 1.0, 1.0))
    monkeypatch.setattr(bench_statistics, "measure", lambda *_: found)
    assert main([]) == status
    said = capsys.readouterr().out
    assert "Coverage of" in said and "Promotions by" in said and "Figures" in said and "Speed: 10 pairs" in said
    assert ("an interval, 20 labels: 0.500" in said) == bool(status)
