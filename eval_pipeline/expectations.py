"""Great Expectations watches batches for what is unusual: volume, null rates, value mixes, freshness.

What must never happen is a contract (`contracts.py`); this here warns a person and stops nothing. A batch is the last
day of a run that has rows; what is usual is learnt from the 28 days before it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
STALE_HOURS = 48.0

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
    """Hold the newest non-empty day of `days` (None: of the table) against the days before it, and write Data Docs."""
    columns = [table.day_column() or "", *WATCHED[table]]
    last = max(days) if days else as_of.date()
    first = (min(days) if days else last) - HISTORY
    rows = warehouse.read(table, [first + timedelta(days=n) for n in range((last - first).days + 1)], columns)
    in_scope = rows[rows[columns[0]].isin(days)] if days else rows
    if in_scope.empty:
        return BatchOutcome(
            True, "no rows in this batch: nothing to watch", pd.DataFrame(columns=FINDING_COLUMNS), docs.folder
        )
    day = in_scope[columns[0]].max()
    batch = rows[rows[columns[0]] == day].drop(columns=columns[0])
    before = rows[(rows[columns[0]] < day) & (rows[columns[0]] >= day - HISTORY)]
    if "started_at" in batch:
        batch = batch.assign(hours_old=(as_of - batch["started_at"]).dt.total_seconds() / 3600).drop(
            columns="started_at"
        )
    site = docs.site(table, day)
    findings = _validate(
        table.table_name(), day, batch.reset_index(drop=True), _expectations(table, batch, before), site
    )
    unmet = findings.loc[~findings["is_met"]]
    names = ", ".join(f"{row.expectation} ({row.column}): {row.found}" for row in unmet.itertuples())
    sentence = f"{day}: unusual: {names}" if names else f"{day}: {len(batch)} rows, nothing unusual"
    return BatchOutcome(unmet.empty, sentence, findings, site / "index.html")


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
    if "hours_old" in batch:
        expected.append(gxe.ExpectColumnMinToBeBetween(column="hours_old", min_value=0, max_value=STALE_HOURS))
    if "verdict" in batch:
        fine = ["pass", "fail", "not_applicable"]
        expected.append(gxe.ExpectColumnValuesToBeInSet(column="verdict", value_set=fine, mostly=1 - MOST_ERRORS))
    return expected


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
