"""The bench of trends in small: it measures what is shipped, and what it promises holds."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.statistics.direction import direction
from benchmarks.statistics.direction_traffic import BASELINE, SPREAD, Series, traffic
from benchmarks.statistics.direction_watched import episodes, watched
from eval_pipeline.trend_tables import TrendBaselines
from eval_pipeline.trends.baselines import baselines_due
from eval_pipeline.trends.directions import directions
from eval_pipeline.trends.levels import LEVEL_NAMES
from eval_pipeline.trends.overdispersion import dispersed
from tests.trends.daily import CELL_OF_JUDGE, NOW, POLICY, day, promotions


def as_series(made: Series) -> pd.DataFrame:
    """Return the series as rows of `daily_series`: judges j0, j1, ..."""
    rows, days = made.n.shape
    counts = {"n": made.n.ravel().astype(int), "n_fail": made.n_fail.ravel().astype(int)}
    names = {"subject": np.repeat([f"j{number}" for number in range(rows)], days)}
    return pd.DataFrame({**CELL_OF_JUDGE, **names, "session_day": [day(at) for at in range(days)] * rows, **counts})


def test_the_bench_finds_what_directions_finds() -> None:
    rate = np.full((8, BASELINE + 40), 0.08)
    rate[:2, BASELINE + 5 :], rate[2:4, BASELINE + 10 :] = 0.25, 0.15
    made = traffic(rate, 40, "B", np.random.default_rng(4))
    rows = as_series(made)
    due = baselines_due(day(BASELINE), rows, TrendBaselines.empty(), promotions(), POLICY, NOW)
    levels = watched(made, len(rate), POLICY)
    assert set(levels.ravel()) == {0, 1, 2}
    for after in (0, 8, 15, 25, 39):
        found = directions(day(BASELINE + after), rows, due, promotions(), POLICY).set_index("subject")["level"]
        assert [found[f"j{number}"] for number in range(len(rate))] == list(LEVEL_NAMES[levels[:, after]])


def test_the_traffic_is_as_it_says() -> None:
    rng = np.random.default_rng(5)
    for kind, phi, runs in (("A", 1.0, 0.0), ("B", 1 + 39 * SPREAD, 0.0), ("C", 1 + 39 * SPREAD, 0.17)):
        made = traffic(np.full((20, 2000), 0.08), 40, kind, rng)  # type: ignore[arg-type]
        found = dispersed(made.n, made.n_fail, blocks_above=2.0)
        assert made.n.mean() == pytest.approx(40, rel=0.01)
        assert found.rate.mean() == pytest.approx(0.08, abs=0.002)
        assert found.phi.mean() == pytest.approx(phi, abs=0.05)
        # Half of a day's effect goes on; of the variance of a day's share .54 of 1.54 is such effect: .5 x .35.
        assert found.autocorrelation.mean() == pytest.approx(runs, abs=0.02)


def test_episodes_by_hand() -> None:
    # Days 1 and 8 are a week apart: one episode. Day 16 comes after eight days: another.
    is_at = np.zeros((2, 20), dtype=bool)
    is_at[0, [1, 8, 16, 17]] = True
    assert episodes(is_at).tolist() == [2, 0]


def test_short_form_what_is_promised_of_trends_holds() -> None:
    found = list(direction(16, np.random.default_rng(6), is_short=True))
    promised = [each for each in found if each.at_most is not None]
    assert len(promised) == 3 and [each.regime for each in promised if not each.is_kept(slack=3)] == []
    assert all(each.value > 0 for each in promised), "a bench that finds nothing shows nothing"
