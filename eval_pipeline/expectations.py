"""Great Expectations watches batches for what is unusual: volume, null rates, value mixes, freshness.

What must never happen is a contract (`contracts.py`); this here warns a person and stops nothing. A batch is the last
day of a run; what is usual is learnt from the 28 days before it. Freshness is how long nothing had come when the day
(or, for the day under way, the present) ended.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import EvaluatorVerdicts, RawSessions, Table

HISTORY = timedelta(days=28)
FEWEST_DAYS = 7
"""Volume is judged against history only when that many days have rows."""
VOLUME_FACTOR = 3.0
NULL_SLACK = 0.10
KNOWN_VALUES_MOSTLY = 0.99
MOST_ERRORS = 0.02
QUIET_SLACK_HOURS = 2.0

WATCHED: dict[type[Table], tuple[str, ...]] = {
    RawSessions: ("user_id", "surface", "model_version", "origin", "n_user_turns", "started_at"),
    EvaluatorVerdicts: ("evaluator", "verdict"),
}

FINDING_COLUMNS = ["expectation", "column", "expected", "found", "is_met"]


@dataclass(frozen=True)
class BatchDocs:
    """Where Data Docs, the HTML pages that Great Expectations renders, are kept: a site for each table and day.

    One site for all would hold the last batch only: building it removes pages that its own context does not know.
    """

    folder: Path

    def site(self, table: type[Table], day: date) -> Path:
        """Return the folder of the site of a table's day."""
        return self.folder / table.table_name() / day.isoformat()


@dataclass(frozen=True)
class BatchOutcome:
    """What was found in one batch. `findings` has `FINDING_COLUMNS`, one row an expectation (all str, `is_met` bool)."""

    is_usual: bool
    sentence: str
    findings: pd.DataFrame
    docs_page: Path


def watch_batch(
    warehouse: Warehouse, table: type[Table], days: Sequence[date] | None, docs: BatchDocs, as_of: datetime
) -> BatchOutcome:
    """Hold the last of `days` (None: the last that has rows) against the 28 days before it, and write Data Docs."""
    day_column = table.day_column() or ""
    day = max(days) if days else _last_day(warehouse, table)
    window = [day - timedelta(days=n) for n in range(HISTORY.days + 1)]
    rows = warehouse.read(table, window, [day_column, *WATCHED[table]])
    batch, before = rows[rows[day_column] == day], rows[rows[day_column] < day]
    if batch.empty:
        return _nothing_came(table, day, before.groupby(day_column).size(), docs)
    if "started_at" in batch:
        batch = batch.assign(quiet_hours=hours_to_end(batch["started_at"], min(_end_of(day), as_of)))
    site = docs.site(table, day)
    expectations = _expectations(table, batch, before)
    unused = [day_column, "started_at"]
    findings = _validate(
        table.table_name(), day, batch.drop(columns=unused, errors="ignore").reset_index(drop=True), expectations, site
    )
    unmet = findings.loc[~findings["is_met"]]
    names = ", ".join(f"{row.expectation} ({row.column}): {row.found}" for row in unmet.itertuples())
    sentence = f"{day}: unusual: {names}" if names else f"{day}: {len(batch)} rows, nothing unusual"
    return BatchOutcome(unmet.empty, sentence, findings, site / "index.html")


def _last_day(warehouse: Warehouse, table: type[Table]) -> date:
    day_column = table.day_column() or ""
    return max(warehouse.read(table, columns=[day_column])[day_column], default=date.min + HISTORY)


def _nothing_came(table: type[Table], day: date, volumes: pd.Series, docs: BatchDocs) -> BatchOutcome:
    """Say whether a day without rows is unusual: it is when there were rows on most of the days before."""
    is_usual = len(volumes) < FEWEST_DAYS
    usual = "" if is_usual else f", where the days before had a median of {volumes.median():.0f}"
    sentence = f"{day}: no rows in {table.table_name()}{usual}"
    return BatchOutcome(is_usual, sentence, pd.DataFrame(columns=FINDING_COLUMNS), docs.folder)


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def hours_to_end(started_at: pd.Series, end: datetime) -> pd.Series:
    """Return the hours (float) from each start to `end`; the least of them says for how long nothing has come."""
    hours: pd.Series = (end - started_at).dt.total_seconds() / 3600
    return hours


def _expectations(table: type[Table], batch: pd.DataFrame, before: pd.DataFrame) -> list[Any]:
    import great_expectations.expectations as gxe

    day_column = table.day_column() or ""
    volumes = before.groupby(day_column).size()
    expected: list[Any] = [gxe.ExpectTableRowCountToBeBetween(**_volume(volumes))]
    for column in ("surface", "model_version", "evaluator"):
        if column in batch and before[column].notna().any():
            known = sorted(before[column].dropna().unique())
            expected.append(gxe.ExpectColumnValuesToBeInSet(column=column, value_set=known, mostly=KNOWN_VALUES_MOSTLY))
    for column in ("user_id", "model_version"):
        if column in batch and len(before):
            share = max(0.0, float(before[column].notna().mean()) - NULL_SLACK)
            expected.append(gxe.ExpectColumnValuesToNotBeNull(column=column, mostly=share))
    if "n_user_turns" in batch:
        expected.append(gxe.ExpectColumnValuesToBeBetween(column="n_user_turns", min_value=1, mostly=0.95))
    if "quiet_hours" in batch:
        longest = _longest_quiet(before, day_column)
        expected.append(gxe.ExpectColumnMinToBeBetween(column="quiet_hours", min_value=0, max_value=longest))
    if "verdict" in batch:
        fine = ["pass", "fail", "not_applicable"]
        expected.append(gxe.ExpectColumnValuesToBeInSet(column="verdict", value_set=fine, mostly=1 - MOST_ERRORS))
    return expected


def _longest_quiet(before: pd.DataFrame, day_column: str) -> float:
    """Return for how many hours a day may be quiet at its end: half as long again as any day before was."""
    last: dict[Any, datetime] = before.groupby(day_column)["started_at"].max().to_dict()
    if len(last) < FEWEST_DAYS:
        return 24.0
    quiet = [(_end_of(day) - start).total_seconds() / 3600 for day, start in last.items()]
    return float(max(quiet)) * 1.5 + QUIET_SLACK_HOURS


def _volume(volumes: pd.Series) -> dict[str, int]:
    if len(volumes) < FEWEST_DAYS:
        return {"min_value": 1}
    usual = float(volumes.median())
    return {"min_value": max(1, int(usual / VOLUME_FACTOR)), "max_value": int(usual * VOLUME_FACTOR) + 1}


def _validate(name: str, day: date, batch: pd.DataFrame, expectations: list[Any], site: Path) -> pd.DataFrame:
    # Great Expectations takes seconds to import, so only the check that uses it pays for it; it must not phone home.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.checkpoint import UpdateDataDocsAction
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.add_data_docs_site("local", _site(site))
    source = context.data_sources.add_pandas("evals").add_dataframe_asset(name)
    suite = context.suites.add(gx.ExpectationSuite(name, expectations=expectations))
    data = source.add_batch_definition_whole_dataframe("day")
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=data, suite=suite))
    actions = [UpdateDataDocsAction(name="data_docs", site_names=["local"])]
    checkpoint = context.checkpoints.add(gx.Checkpoint(name=name, validation_definitions=[definition], actions=actions))
    outcome = checkpoint.run(
        batch_parameters={"dataframe": batch}, run_id=gx.RunIdentifier(run_name=f"{name} {day.isoformat()}")
    )
    results = [result for validation in outcome.run_results.values() for result in validation.results]
    return pd.DataFrame([_finding(result) for result in results], columns=FINDING_COLUMNS).astype({"is_met": "bool"})


def _site(folder: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }


def _finding(result: Any) -> tuple[str, str, str, str, bool]:
    wanted = {k: v for k, v in result.expectation_config.kwargs.items() if k not in {"column", "batch_id"}}
    found = result.result.get("observed_value")
    if found is None and result.result.get("unexpected_percent") is not None:
        strange = list(dict.fromkeys(map(str, result.result.get("partial_unexpected_list", []))))[:5]
        found = f"{result.result['unexpected_percent']:.1f} % outside" + (
            f", e.g. {', '.join(strange)}" if strange else ""
        )
    kind = result.expectation_config.type.removeprefix("expect_").replace("_", " ")
    column = result.expectation_config.kwargs.get("column", "table")
    return (
        kind,
        column,
        ", ".join(f"{k} {v}" for k, v in wanted.items()),
        f"{found:.1f}" if isinstance(found, float) else str(found),
        bool(result.success),
    )
