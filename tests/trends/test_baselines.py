"""Baselines are frozen: by rule once, then by a promotion or a person alone."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from eval_pipeline.cli.trends import app
from eval_pipeline.errors import EvalPipelineError, SettingsError
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tables import TrendBaselines, TrendDirections, TrendRollups
from eval_pipeline.trends.baselines import baselines_due, baselines_for, days_to_read
from eval_pipeline.trends.directions import directions
from eval_pipeline.trends.policy import load_trends
from eval_pipeline.trends.series import SERIES_COLUMNS
from eval_pipeline.trends.setting_baselines import Wanted, set_baseline
from resources.warehouse import PostgresWarehouse
from tests.end_to_end.pipeline import Pipeline
from tests.trends.daily import CELL_OF_JUDGE, NOW, POLICY, day, flat, promotions, series, together

CELLS = pd.DataFrame([CELL_OF_JUDGE, {**CELL_OF_JUDGE, "subject": "tone"}])
NONE = TrendBaselines.empty()


def due(as_of: int, rows: pd.DataFrame, there: pd.DataFrame = NONE, acts: pd.DataFrame | None = None) -> pd.DataFrame:
    return baselines_due(day(as_of), rows, there, promotions() if acts is None else acts, POLICY, NOW)


def baseline(name: str, first: int, last: int, set_on: int, **columns: str | None) -> pd.DataFrame:
    row = {
        "baseline_id": name, "name": name, "subject_kind": None, "subject": None, "origin": "production",
        "first_day": day(first), "last_day": day(last), "set_by": "ada",
        "set_at": pd.Timestamp(day(set_on), tz="UTC") + pd.Timedelta(hours=12), "reason": "so", **columns,
    }  # fmt: skip
    return TrendBaselines.validate(pd.DataFrame([row]))


def names_for(as_of: int, there: pd.DataFrame, acts: pd.DataFrame | None = None) -> list[str | None]:
    """Return the names of the baselines of relevance and of tone."""
    found = baselines_for(day(as_of), CELLS, there, promotions() if acts is None else acts)
    return [None if position < 0 else there["name"].iloc[position] for position in found]


def test_the_first_days_become_the_baseline_once_and_for_ever() -> None:
    rows = series(flat(100))
    assert due(58, rows).empty, "59 days are there"
    [first] = due(59, rows).to_dict("records")
    assert (first["name"], first["set_by"], first["first_day"], first["last_day"]) == (
        "first 60 days", "first_days", day(0), day(59),
    )  # fmt: skip
    frozen = due(59, rows)
    assert due(99, rows, frozen).empty and due(20, rows, frozen).empty
    # An older day that comes later moves nothing, nor do days that are run again with other verdicts.
    assert due(99, together(series(flat(5), first=-5), series([9] * 100)), frozen).empty


def test_days_without_data_do_not_count_and_origins_have_their_own() -> None:
    rows = together(series(flat(40)), series(flat(30), first=50), series(flat(60), first=5, origin="simulated"))
    found = due(99, rows)
    assert found[["origin", "first_day", "last_day"]].to_numpy().tolist() == [
        ["production", day(0), day(69)],
        ["simulated", day(5), day(64)],
    ]
    assert found["baseline_id"].nunique() == 2
    silent = series(flat(60)).assign(n=0, n_fail=0)
    assert due(99, silent).empty


def test_the_days_are_frozen_and_their_figures_counted_anew() -> None:
    frozen = due(59, series(flat(70)))
    again = series([*[4] * 60, *flat(10)])
    [before], [after] = (
        directions(day(69), rows, frozen, promotions(), POLICY).to_dict("records") for rows in (series(flat(70)), again)
    )
    assert (before["baseline_rate"], after["baseline_rate"]) == (0.075, 0.1)
    assert before["baseline_id"] == after["baseline_id"]


def test_a_promotion_gives_its_judge_a_baseline_once_there_are_days_enough() -> None:
    acts = promotions([(70, "v2")])
    rows = together(
        series(flat(70)), series(flat(50), first=70, subject_version="v2"), series(flat(120), subject="tone")
    )
    assert due(98, rows, due(59, rows), acts).empty, "29 days of v2"
    [own] = due(99, rows, due(59, rows), acts).to_dict("records")
    assert (own["subject"], own["set_by"], own["first_day"], own["last_day"]) == (
        "relevance",
        "promotion",
        day(70),
        day(99),
    )
    there = pd.concat([due(59, rows), due(99, rows, due(59, rows), acts)], ignore_index=True)
    assert due(119, rows, there, acts).empty
    assert names_for(69, there, acts) == ["first 60 days"] * 2, "as of a day before the promotion"
    assert names_for(90, there, acts) == [None, "first 60 days"], "it waits"
    assert names_for(100, there, acts) == [own["name"], "first 60 days"]
    # Promoted again with no other version between it goes on; with one between it starts anew; refusals are nothing.
    assert names_for(110, there, promotions([(70, "v2"), (105, "v2")])) == [own["name"], "first 60 days"]
    assert names_for(110, there, promotions([(70, "v2"), (101, "v3"), (105, "v2")])) == [None, "first 60 days"]
    refused = pd.concat([acts, promotions([(105, "v3")], decision="refused")])
    assert names_for(110, there, refused) == [own["name"], "first 60 days"]


def test_of_those_that_fit_the_one_set_last_counts() -> None:
    first = baseline("first", 0, 59, 60, set_by="first_days")
    for_all, of_judges = baseline("all", 10, 50, 51), baseline("judges", 20, 60, 70, subject_kind="judge")
    of_tone = baseline("tone", 30, 65, 80, subject_kind="judge", subject="tone")
    there = pd.concat([of_tone, first, of_judges, for_all], ignore_index=True)
    assert names_for(100, there) == ["judges", "tone"]
    assert names_for(65, there) == ["judges", "judges"], "one that has not ended fits no day"
    assert names_for(60, there) == ["all", "all"], "a person's goes before that of the first days, whenever it was set"
    assert names_for(50, there) == [None, None]
    assert names_for(100, baseline("other", 0, 59, 60, origin="simulated")) == [None, None]


def test_after_a_promotion_a_person_may_set_an_earlier_stretch() -> None:
    acts = promotions([(70, "v2")])
    before, after = baseline("before", 0, 59, 69), baseline("after", 0, 59, 71)
    assert names_for(100, before, acts) == [None, "before"]
    assert names_for(100, pd.concat([before, after], ignore_index=True), acts) == ["after", "after"]


def test_the_days_that_are_read_are_all_that_is_needed() -> None:
    acts = promotions([(150, "v2")])
    rows = together(
        series(flat(150)), series(flat(250), first=150, subject_version="v2"), series(flat(390), subject="tone"),
        series(flat(70), first=320, origin="simulated"),
    )  # fmt: skip
    days = rows[["origin", "session_day"]].drop_duplicates()
    known = NONE
    for as_of in (59, 100, 185, 389):
        needed = days_to_read(day(as_of), days, known, acts, POLICY)
        assert needed == sorted(needed) and needed[-1] == day(as_of)
        read = rows[rows["session_day"].isin(needed)]
        new = due(as_of, read, known, acts)
        pd.testing.assert_frame_equal(new, due(as_of, rows, known, acts))
        known = pd.concat([known, new], ignore_index=True) if len(known) else new
        found, full = (directions(day(as_of), part, known, acts, POLICY) for part in (read, rows))
        pd.testing.assert_frame_equal(found, full)
    assert len(needed) == 60 + 30 + 120, "two baselines, and the look back, which holds the third"


def stored(warehouse: PostgresWarehouse, rows: pd.DataFrame) -> None:
    filled = rows[SERIES_COLUMNS].assign(
        **{name: None for name in TrendRollups.to_schema().columns if name not in SERIES_COLUMNS}
    ).assign(n_not_applicable=0, n_error=0, n_labels=0, not_corrected_because="no labels")  # fmt: skip
    filled["fail_rate"] = filled["n_fail"] / filled["n"]
    warehouse.upsert(TrendRollups, TrendRollups.validate(filled[list(TrendRollups.to_schema().columns)]))


def wanted(**changed: object) -> Wanted:
    usual = {"name": "spring", "first": day(0), "last": day(39), "origin": "production", "of": "judge:relevance",
             "by": "ada", "reason": "after the move"}  # fmt: skip
    return Wanted(**{**usual, **changed})  # type: ignore[arg-type]


def test_what_a_person_sets_and_what_is_refused(warehouse: PostgresWarehouse) -> None:
    stored(warehouse, together(series(flat(40)), series(flat(20), subject="tone")))
    for changed, why in (
        ({"last": day(28)}, "29 of these days hold production data of judge:relevance, 30 are needed"),
        ({"of": "judge:tone"}, "20 of these days"),
        ({"of": "evaluator"}, "0 of these days"),
        ({"of": "jugde:tone"}, "no kind of subject"),
        ({"origin": "simulated"}, "0 of these days"),
        ({"origin": "synthetic"}, "no trends of 'synthetic'"),
        ({"last": NOW.date()}, "is not over"),
        ({"first": day(39), "last": day(0)}, "comes after the last"),
        ({"reason": " "}, "needs a reason"),
        ({"by": ""}, "the person will not do"),
        ({"by": "first_days"}, "is a rule"),
        ({"name": "a\nb"}, "the name will not do"),
    ):
        with pytest.raises(EvalPipelineError, match=why):
            set_baseline(wanted(**changed), warehouse, POLICY, NOW)
    assert warehouse.read(TrendBaselines).empty
    assert set_baseline(wanted(), warehouse, POLICY, NOW) == 40
    with pytest.raises(EvalPipelineError, match="'spring' already"):
        set_baseline(wanted(of=None), warehouse, POLICY, NOW)
    assert set_baseline(wanted(name="for all", of=None), warehouse, POLICY, NOW) == 40
    assert set_baseline(wanted(name="for judges", of="judge"), warehouse, POLICY, NOW) == 40
    there = warehouse.read(TrendBaselines)
    assert set(zip(there["name"], there["subject_kind"].fillna(""), there["subject"].fillna(""), strict=True)) == {
        ("spring", "judge", "relevance"), ("for all", "", ""), ("for judges", "judge", ""),
    }  # fmt: skip


def test_baselines_on_the_command_line(database_url: str, warehouse: PostgresWarehouse, tmp_path: Path) -> None:
    stored(warehouse, series(flat(40)))
    environ = Pipeline(tmp_path / "home", database_url, "").environ()

    def trends(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments, env=environ)
        error = result.exception
        return f"{error.problem} {error.mend}" if isinstance(error, EvalPipelineError) else result.output

    assert "no baseline yet" in trends("baselines") and "no trend on record" in trends("show")
    days = ["--from", str(day(0)), "--to", str(day(39))]
    person = ["--by", "ada", "--reason", "after the move"]
    assert "40 days with production data, for judge" in trends(
        "baseline", "spring", *days, "--subject", "judge", *person
    )
    assert "already" in trends("baseline", "spring", *days, *person)
    listed = trends("baselines")
    assert "spring" in listed and "judge" in listed and "after the move" in listed
    rows = series([*flat(70), *[9] * 10])
    parts = {"mix_shift": None, "within_change": None, "judge_shift": None, "sentence": "relevance\x1b[31m moved"}
    found = directions(day(79), rows, warehouse.read(TrendBaselines), promotions(), POLICY).assign(**parts)
    warehouse.replace_day(TrendDirections, day(79), [TrendDirections.validate(found)])
    shown = trends("show")
    assert "production: 1 moved, 0 steady, 0 without enough data" in shown and "ALERT relevance" in shown
    assert "\x1b" not in shown, "a name drives no terminal"
    assert trends("show", "--day", str(day(79)), "--origin", "production") == shown
    assert "no trend on record" in trends("show", "--day", str(day(78)))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("baseline_days: 60", "baseline_days: 20", "least_baseline_days is more than baseline_days"),
        ("  z_28: 3.0", "  z_28: 4.0", "watch asks for more than alert"),
        ("  q: 0.20", "  q: 0.01", "watch asks for more than alert"),
        ("look_back_days: 120", "look_back: 120", "look_back"),
        ("onset_days: 3", "onset_days: 8", "onset_days"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_by_field(tmp_path: Path, old: str, new: str, why: str) -> None:
    shipped = (PROJECT_ROOT / "catalog" / "trends.yaml").read_text(encoding="utf-8")
    assert old in shipped
    path = tmp_path / "trends.yaml"
    path.write_text(shipped.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=why):
        load_trends(path)
