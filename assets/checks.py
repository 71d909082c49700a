"""Dagster asset checks.

Blocking: every table keeps the contract of its pandera model, and the intake accounts for every record.
Not blocking: Great Expectations watches the batches for what is unusual rather than wrong; records set aside and judges
that do not answer are warned of.
"""

from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg
import pandas as pd

from assets.alignment import alignment_finding_checks
from assets.partitions import checked_days
from assets.promotion_checks import judges_are_proven
from assets.synthetic import evaluators_notice
from assets.trend_findings import trend_finding_checks
from eval_pipeline.contracts import broken_rows
from eval_pipeline.expectations import MOST_ERRORS, WATCHED, BatchDocs, watch_batch
from eval_pipeline.intake_accounting import unaccounted
from eval_pipeline.markdown import markdown_table
from eval_pipeline.tables import JudgeVerdicts, QuarantinedRecords, Table

SHOWN_ROWS = 20


def contract_check(table: type[Table]) -> dg.AssetChecksDefinition:
    """Make the blocking check that the stored rows keep the table's pandera model; failing rows are in the metadata."""

    @dg.asset_check(
        asset=dg.AssetKey(table.table_name()),
        name="contract",
        blocking=True,
        description=f"Every stored row keeps the pandera model of {table.table_name()}.",
        required_resource_keys={"warehouse"},
    )
    def contract(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        n_rows, broken = broken_rows(context.resources.warehouse, table, checked_days(context))
        return _result(broken, f"{n_rows} rows keep the contract", "rows break the contract")

    return contract


@dg.asset_check(
    asset=dg.AssetKey("raw_sessions"),
    name="intake_is_complete",
    blocking=True,
    description="For every source and day: records read = accepted + quarantined + duplicate.",
    required_resource_keys={"warehouse"},
)
def intake_is_complete(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Count again, from the stored rows, what became of every record that was read."""
    n_sources, lost = unaccounted(context.resources.warehouse, checked_days(context))
    return _result(lost, f"{n_sources} source days are accounted for, record by record", "source days do not add up")


@dg.asset_check(
    asset=dg.AssetKey("quarantined_records"),
    name="nothing_set_aside",
    description="Warns of records that could not be taken in, with the reasons and their mends.",
    required_resource_keys={"warehouse"},
)
def nothing_set_aside(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Say how many records went to quarantine, and what to do about the commonest reason."""
    rows = context.resources.warehouse.read(QuarantinedRecords, checked_days(context), ["reason", "mend"])
    counts = rows.value_counts().rename("records").reset_index()
    return _warning(
        counts,
        "no record was set aside",
        lambda first: f"{len(rows)} records set aside, most often {first.reason}. Mend: {first.mend}",
    )


@dg.asset_check(
    asset=dg.AssetKey("judge_verdicts"),
    name="judges_answer",
    description=f"Warns of a judge that gives no verdict on more than {MOST_ERRORS:.0%} of the sessions it was asked.",
    required_resource_keys={"warehouse"},
)
def judges_answer(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Say which judge failed to answer, how often and why."""
    columns = ["judge", "verdict", "error_reason"]
    rows = context.resources.warehouse.read(JudgeVerdicts, checked_days(context), columns)
    n_asked = rows["judge"].value_counts()
    # A contested session has been answered; that its pass does not count is no fault of the judge's.
    errors = rows[(rows["verdict"] == "error") & (rows["error_reason"] != "contested")]
    counts = errors[["judge", "error_reason"]].value_counts().rename("errors").reset_index()
    counts["asked"] = counts["judge"].map(n_asked)
    share = errors["judge"].value_counts().reindex(n_asked.index, fill_value=0) / n_asked
    silent = set(share.index[share > MOST_ERRORS])
    return _warning(
        counts[counts["judge"].isin(silent)],
        "every judge answers",
        lambda first: (
            f"judge {first.judge}: {first.errors} of {first.asked} sessions end in {first.error_reason}. "
            "Mend: check the endpoint, its key and its model; evals.model_calls holds each attempt"
        ),
    )


def _warning(found: pd.DataFrame, fine: str, say: Callable[[Any], str]) -> dg.AssetCheckResult:
    """Return a check that warns when `found` has rows, the first of which `say` puts into words."""
    if found.empty:
        return dg.AssetCheckResult(passed=True, description=fine)
    return dg.AssetCheckResult(
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=say(next(found.itertuples(index=False))),
        metadata={"found": dg.MetadataValue.md(markdown_table(found.head(SHOWN_ROWS)))},
    )


def batch_check(table: type[Table]) -> dg.AssetChecksDefinition:
    """Make the non-blocking check by Great Expectations; Data Docs are written as HTML beside."""

    @dg.asset_check(
        asset=dg.AssetKey(table.table_name()),
        name="batch_expectations",
        description="Great Expectations: volume, null rates, value mixes and freshness against the days before.",
        required_resource_keys={"warehouse", "data_docs", "clock"},
    )
    def batch_expectations(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        docs: BatchDocs = context.resources.data_docs
        try:
            outcome = watch_batch(
                context.resources.warehouse, table, checked_days(context), docs, as_of=context.resources.clock()
            )
        except Exception as error:
            # A check that raises fails the whole run, and this one must stop nothing.
            return dg.AssetCheckResult(
                passed=False,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"the batch was not watched: {type(error).__name__} in Great Expectations",
            )
        return dg.AssetCheckResult(
            passed=outcome.is_usual,
            severity=dg.AssetCheckSeverity.WARN,
            description=outcome.sentence,
            metadata={
                "expectations": dg.MetadataValue.md(markdown_table(outcome.findings)),
                "data_docs": dg.MetadataValue.path(str(outcome.docs_page)),
            },
        )

    return batch_expectations


def _result(broken: pd.DataFrame, fine: str, wrong: str) -> dg.AssetCheckResult:
    passed = broken.empty
    metadata: dict[str, Any] = {"failing rows": len(broken)}
    if not passed:
        metadata["first failing rows"] = dg.MetadataValue.md(markdown_table(broken.head(SHOWN_ROWS)))
    return dg.AssetCheckResult(
        passed=passed, description=fine if passed else f"{len(broken)} {wrong}", metadata=metadata
    )


def all_checks(tables: Iterable[type[Table]]) -> list[dg.AssetChecksDefinition]:
    """Return every check: one contract a table, the intake's accounting, the watched batches, and what was found."""
    watched = [*map(batch_check, WATCHED), nothing_set_aside, judges_answer, judges_are_proven]
    return [
        *map(contract_check, tables),
        intake_is_complete,
        *watched,
        *alignment_finding_checks,
        *trend_finding_checks,
        evaluators_notice,
    ]
