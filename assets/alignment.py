"""Dagster asset checks on `alignment_checks`: one for each kind of finding, so that each can be alerted on by itself.

None blocks. A judge that drifted is an error, all else a warning. Not here: the findings (`eval_pipeline/calibration/alignment/`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

from assets.partitions import checked_days
from eval_pipeline.calibration.alignment.health import MOST_ERRORS, MOST_OFF_VOCABULARY
from eval_pipeline.markdown import markdown_table
from eval_pipeline.tables import AlignmentChecks

SHOWN = ["as_of_day", "subject_kind", "subject", "subject_version", "origin", "status", "severity", "sentence"]


@dataclass(frozen=True)
class Finding:
    """A kind of finding: the check's name, which rows have it, and what is said where none has. `is_error`: else a warning."""

    name: str
    description: str
    has_it: Callable[[pd.DataFrame], "pd.Series[Any]"]
    fine: str
    is_error: bool = False


FINDINGS = [
    Finding(
        "no_judge_drifted",
        "An error where agreement on fresh labels fell since the promotion (z > 2.5).",
        lambda rows: rows["status"] == "drifted",
        "no judge and no classifier agrees less with people than before",
        is_error=True,
    ),
    Finding(
        "judges_stand_still",
        "Warns of a judge that says otherwise of its anchor sessions than at its promotion.",
        lambda rows: rows["judge_moved"] == "yes",
        "no judge moved on its anchors",
    ),
    Finding(
        "product_stands_still",
        "Warns where people fail another share of the traffic than before the promotion.",
        lambda rows: rows["product_moved"] == "yes",
        "people fail as much as before",
    ),
    Finding(
        "traffic_stands_still",
        "Warns where the mix of surfaces, product models or slices is another one than before the promotion.",
        lambda rows: rows["traffic_moved"] == "yes",
        "the mix is as before",
    ),
    Finding(
        "judges_are_measured",
        "Warns of what is in production without enough fresh labels, and of labels older than 90 days.",
        lambda rows: (rows["status"] == "unmeasured") | rows["is_stale"].astype("bool"),
        "fresh labels stand behind every judge in production",
    ),
    Finding(
        "judges_are_proven",
        "Warns of a judge of the catalog whose version was not promoted.",
        lambda rows: rows["status"] == "unproven",
        "every judge of the catalog is proven",
    ),
    Finding(
        "judges_answer_in_words_they_know",
        f"Warns where over {MOST_ERRORS:.0%} of a month's verdicts are errors, or over {MOST_OFF_VOCABULARY:.0%} named no verdict.",
        lambda rows: (rows["error_share"] > MOST_ERRORS) | (rows["off_vocabulary_share"] > MOST_OFF_VOCABULARY),
        "judges and classifiers answer, in words they know",
    ),
]


def alignment_check_of(finding: Finding) -> dg.AssetChecksDefinition:
    """Make the non-blocking check for one kind of finding; its description is the first sentence found.

    Of several days the last one counts: what was found before may be mended.
    """

    @dg.asset_check(
        asset=dg.AssetKey(AlignmentChecks.table_name()),
        name=finding.name,
        description=finding.description,
        required_resource_keys={"warehouse"},
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        rows = context.resources.warehouse.read(AlignmentChecks, checked_days(context))
        rows = rows[rows["as_of_day"] == rows["as_of_day"].max()]
        found = rows[finding.has_it(rows).astype("bool")]
        if found.empty:
            return dg.AssetCheckResult(passed=True, description=finding.fine)
        others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return dg.AssetCheckResult(
            passed=False,
            severity=dg.AssetCheckSeverity.ERROR if finding.is_error else dg.AssetCheckSeverity.WARN,
            description=f"{found['sentence'].iloc[0]}{others}",
            metadata={"found": dg.MetadataValue.md(markdown_table(found[SHOWN].head(20)))},
        )

    return check


alignment_finding_checks = [alignment_check_of(finding) for finding in FINDINGS]
