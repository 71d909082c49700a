"""Dagster asset checks on a table of findings: one for each kind of finding, so that each can be alerted on by itself.

None blocks. Of several days the last one counts: what was found before may be mended. Not here: which kinds there are
(`alignment.py`, `trend_findings.py`), how a finding is made (`eval_pipeline/`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

from assets.partitions import checked_days
from eval_pipeline.markdown import markdown_table
from eval_pipeline.tables import Table


@dataclass(frozen=True)
class Finding:
    """A kind of finding: the check's name, which rows have it, and what is said where none has. `is_error`: else a warning."""

    name: str
    description: str
    has_it: Callable[[pd.DataFrame], "pd.Series[Any]"]
    fine: str
    is_error: bool = False


def finding_check(table: type[Table], finding: Finding, shown: Sequence[str]) -> dg.AssetChecksDefinition:
    """Make the check for one kind of finding in `table`, which has as_of_day and sentence.

    Its description is the first sentence found; the columns `shown` of the first rows are in the metadata.
    """

    @dg.asset_check(
        asset=dg.AssetKey(table.table_name()),
        name=finding.name,
        description=finding.description,
        required_resource_keys={"warehouse"},
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        rows = context.resources.warehouse.read(table, checked_days(context))
        rows = rows[rows["as_of_day"] == rows["as_of_day"].max()]
        found = rows[finding.has_it(rows).astype("bool")]
        if found.empty:
            return dg.AssetCheckResult(passed=True, description=finding.fine)
        others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return dg.AssetCheckResult(
            passed=False,
            severity=dg.AssetCheckSeverity.ERROR if finding.is_error else dg.AssetCheckSeverity.WARN,
            description=f"{found['sentence'].iloc[0]}{others}",
            metadata={"found": dg.MetadataValue.md(markdown_table(found[list(shown)].head(20)))},
        )

    return check
