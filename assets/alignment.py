"""Dagster asset checks on `alignment_checks`: one for each kind of finding, so that each can be alerted on by itself.

None blocks. A judge that drifted is an error, all else a warning. Not here: the findings (`eval_pipeline/calibration/alignment/`).
"""

from assets.finding_checks import Finding, finding_check
from eval_pipeline.calibration.alignment.health import MOST_ERRORS, MOST_OFF_VOCABULARY
from eval_pipeline.tables import AlignmentChecks

SHOWN = ["as_of_day", "subject_kind", "subject", "subject_version", "origin", "status", "severity", "sentence"]


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


alignment_finding_checks = [finding_check(AlignmentChecks, finding, SHOWN) for finding in FINDINGS]
