"""A day's trends from the tables to the sentence: a step after a change of model is found, split and put down to it."""

import datetime as dt
from collections.abc import Iterator

import pandas as pd
import pytest

from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tables import (
    TrendBaselines,
    TrendCandidates,
    TrendDirections,
    TrendRollups,
    TrendVersions,
)
from eval_pipeline.trends.measuring import Measured, measure
from eval_pipeline.trends.policy import load_trends
from resources.warehouse import PostgresWarehouse
from tests.trends.turns import NAMES, day, versions

POLICY = load_trends(PROJECT_ROOT / "catalog" / "trends.yaml")
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
TURN, DAYS = 60, 75
SIZES = {"chat": 40, "mail": 20}


def rollups() -> Iterator[dict[str, object]]:
    """Yield the days of two surfaces: 10 % fail, on chat 40 % from `TURN` on."""
    for number in range(DAYS):
        fails = {"chat": 16 if number >= TURN else 4 + number % 3 - 1, "mail": 2}
        for surface, n in [*SIZES.items(), ("all", 60)]:
            failed = sum(fails.values()) if surface == "all" else fails[surface]
            yield {
                **NAMES,
                "subject_version": "1",
                "session_day": day(number),
                "surface": surface,
                "n": n,
                "n_fail": failed,
            }


def stored(warehouse: PostgresWarehouse) -> None:
    counted = pd.DataFrame(list(rollups()))
    filled = counted.assign(
        **{name: None for name in TrendRollups.to_schema().columns if name not in counted.columns},
    ).assign(model_version="all", slice="all", n_not_applicable=0, n_error=0, n_labels=0)
    filled = filled.assign(fail_rate=filled["n_fail"] / filled["n"], not_corrected_because="no labels")
    warehouse.upsert(TrendRollups, TrendRollups.validate(filled[list(TrendRollups.to_schema().columns)]))
    for surface in ("all", "chat"):
        of_surface = counted[counted["surface"] == surface].sort_values("session_day")
        changes = {"model": TURN, "prompt": TURN - 8}
        days = {
            number: {part: {"v2" if number >= turn else "v1": (n, fails)} for part, turn in changes.items()}
            for number, (n, fails) in enumerate(zip(of_surface["n"], of_surface["n_fail"], strict=True))
        }
        warehouse.upsert(TrendVersions, versions(days, surface=surface))


def measured(warehouse: PostgresWarehouse, number: int) -> Measured:
    found = measure(day(number), warehouse, POLICY, NOW)
    warehouse.append(TrendBaselines, found.baselines)
    return found


def test_a_step_is_found_split_and_put_down_to_the_model(warehouse: PostgresWarehouse) -> None:
    stored(warehouse)
    found = measured(warehouse, DAYS - 1)
    assert found.baselines["name"].tolist() == ["first 60 days"]
    by_surface = found.directions.set_index("surface")
    assert by_surface["level"].to_dict() == {"all": "alert", "chat": "alert", "mail": "none"}
    whole = by_surface.loc["all"]
    # Chat went from 10 to 40 %, and is two thirds of the sessions: 20 points, none of them mix. No anchors were asked.
    assert whole["change"] == pytest.approx(0.2, abs=0.002) and whole["mix_shift"] == pytest.approx(0.0)
    assert whole["mix_shift"] + whole["within_change"] == whole["change"] and pd.isna(whole["judge_shift"])
    assert whole["onset_day"] == day(TURN)
    assert whole["sentence"].startswith(
        "judge relevance fails 30.0 % of 900 sessions of the last 15 days; 10.0 % of 3,600"
    )
    assert whole["sentence"].endswith(
        f"Candidates: model v1 -> v2 (first {day(TURN)}), prompt v1 -> v2 (first {day(52)})."
    )
    assert by_surface.loc["mail", "sentence"].endswith("no move beyond chance.")
    assert list(found.candidates["surface"]) == ["all", "all", "chat", "chat"]
    assert list(found.candidates["component"]) == ["model", "prompt"] * 2


def test_what_is_measured_fits_its_tables_and_the_same_day_says_the_same(warehouse: PostgresWarehouse) -> None:
    stored(warehouse)
    first, again = measured(warehouse, DAYS - 1), measured(warehouse, DAYS - 1)
    assert again.baselines.empty
    pd.testing.assert_frame_equal(first.directions, again.directions)
    warehouse.replace_day(TrendDirections, day(DAYS - 1), [first.directions])
    warehouse.replace_day(TrendCandidates, day(DAYS - 1), [first.candidates])
    assert len(warehouse.read(TrendDirections)) == 3 and len(warehouse.read(TrendCandidates)) == 4


def test_without_a_baseline_or_without_anything_nothing_is_guessed(warehouse: PostgresWarehouse) -> None:
    assert all(frame.empty for frame in measured(warehouse, 30))
    stored(warehouse)
    found = measured(warehouse, 30)
    assert set(found.directions["direction"]) == {"not_enough_data"} and found.candidates.empty
    assert found.directions["sentence"].iloc[0].startswith("judge relevance: not enough data, 31 of 60 days")
