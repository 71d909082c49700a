"""The account as a page: every figure comes from the run, and what does not hold is said first.

Not here: the run (`story.py`), the figures (`findings.py`).
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pandas as pd

from benchmarks.account.findings import Account
from benchmarks.account.scenario import Scenario
from eval_pipeline.calibration.promoting import Outcome
from eval_pipeline.markdown import markdown_table
from eval_pipeline.simulation.judging import JUDGE_SKILLS, JudgeSkill


def page(scenario: Scenario, account: Account) -> str:
    """Return the account as Markdown."""
    parts = [
        "# Calibration account: one simulated story, told from known truth",
        "Written by `make calibration-account`; no figure here is typed by hand. Positive = a failure: the catch rate (TPR) "
        "is the share of failures that a judge fails, the TNR the share of good sessions that it passes. The alignment "
        f"check runs every {scenario.days_between_checks} days.",
        _holds(scenario, account),
        _story(scenario),
        "## What the nightly job found, beside what is known",
        "Estimates are the weighted rates of `judge_calibration_reports` with their 95 % intervals: of all traffic, from the "
        "labels that the queue drew. **By labels** is what they estimate: the rate against people's answers, had people read "
        "every session. **By truth** is the rate against what the simulation knows; the gap between the two is people's "
        "error, and no number of labels closes it. `n`: labels of that class.",
        markdown_table(_measured(account.measured)),
        "## The gate",
        *_decision("The bad candidate", scenario.bad, account.refused),
        *_decision("The judge", scenario.skill, account.promoted),
        "## The alignment checks",
        markdown_table(_checks(scenario, account.checks)),
        "What the last check before the change and the first after it say:",
        *_sentences(scenario, account.checks),
        "## What this does not show",
        "One story, one seed: coverage over many is what `make bench-statistics` measures. The simulated judges do not read "
        "their prompt, so examples and wording change nothing here (`judges suggest` finds a difference of exactly 0), and "
        "the bad candidate is bad because the endpoint knows its version.",
    ]
    return "\n\n".join(parts) + "\n"


def claims(scenario: Scenario, account: Account) -> list[tuple[str, bool]]:
    """Return what must be true of the story, and whether it is."""
    first_check = scenario.first_check_after_change
    before = [day for day in account.alarms() if day < scenario.changes_on]
    n, n_covered = len(account.measured), int(account.measured["is_covered"].sum())
    refused, promoted = account.refused.decision, account.promoted.decision
    return [
        (
            f"{n_covered} of {n} intervals hold the known rate (95 % of them should: {_fewest(n)} or more)",
            n_covered >= _fewest(n),
        ),
        (f"the bad candidate is refused: {refused.decision}", refused.decision == "refused"),
        (f"the judge is promoted: {promoted.decision}", promoted.is_promoted),
        (f"no alarm before the change: {len(before)}", not before and len(account.checks) > 0),
        (f"an alarm at the first check after it, {first_check}", first_check in account.alarms()),
    ]


def _fewest(n: int) -> int:
    """Return the 1 % quantile of how many of `n` independent 95 % intervals cover: fewer is no chance."""
    total, chance = 0.0, 0.05**n
    for k in range(n + 1):
        total += chance
        if total > 0.01:
            return k
        chance *= (n - k) / (k + 1) * 0.95 / 0.05
    return n


def _holds(scenario: Scenario, account: Account) -> str:
    return "\n".join(
        f"- {'holds' if is_true else 'DOES NOT HOLD'}: {claim}" for claim, is_true in claims(scenario, account)
    )


def _story(scenario: Scenario) -> str:
    readers = "; ".join(
        f"{reader.name} misses {reader.miss_rate:.1%} of failures and fails {reader.false_alarm_rate:.1%} of good sessions"
        for reader in scenario.readers
    )
    return "\n".join(
        [
            "## The story",
            "",
            f"- {scenario.first_day} to {scenario.ends_on - timedelta(days=1)}, {scenario.sessions_per_day} sessions a day, "
            f"seed {scenario.seed}; the queue draws, people read blind.",
            f"- Readers: {readers}.",
            f"- {scenario.promoted_on}: the candidate ({_skill(scenario.bad)}) and the judge `{scenario.judge}` "
            f"({_skill(scenario.skill)}) ask for promotion.",
            f"- {scenario.changes_on}: the endpoint's `{scenario.judge}` silently becomes worse ({_skill(scenario.worse)}), under "
            "the same name and version. Nobody is told.",
            f"- The other judges: {'; '.join(f'{name} {_skill(JUDGE_SKILLS[name])}' for name in JUDGE_SKILLS if name != scenario.judge)}.",
        ]
    )


def _skill(skill: JudgeSkill) -> str:
    return f"true TPR {skill.tpr:.2f}, true TNR {skill.tnr:.2f}"


def _measured(found: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "as of": found["as_of_day"],
            "judge": found["judge"],
            "labels": found["label_set"],
            "rate": found["rate"],
            "n": found["n"],
            "estimate": [_share(value) for value in found["estimate"]],
            "95 % interval": [
                f"{_share(low)} to {_share(high)}" for low, high in zip(found["low"], found["high"], strict=True)
            ],
            "by labels": [_share(value) for value in found["by_labels"]],
            "covered": ["yes" if is_covered else "NO" for is_covered in found["is_covered"]],
            "by truth": [_share(value) for value in found["by_truth"]],
        }
    )


def _decision(name: str, skill: JudgeSkill, outcome: Outcome) -> Iterator[str]:
    decision = outcome.decision
    yield f"**{name}** ({_skill(skill)}): **{decision.decision}**, {decision.reason}."
    rows: list[dict[str, Any]] = [
        {
            "demand": condition.name,
            "found": _share(condition.figure),
            "bound": _share(condition.bound),
            "limit": _share(condition.limit),
            "holds": {True: "yes", False: "no", None: "not reached"}[condition.holds],
            "of": condition.note,
        }
        for condition in decision.conditions
    ]
    yield markdown_table(pd.DataFrame(rows))
    if outcome.ceiling is not None and {"tpr", "tnr"} <= set(outcome.ceiling):
        tpr, tnr = outcome.ceiling["tpr"], outcome.ceiling["tnr"]
        yield f"A faultless judge would show a TPR of {tpr:.3f} and a TNR of {tnr:.3f} by these people's labels (from double readings)."


def _checks(scenario: Scenario, checks: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": checks["as_of_day"],
            "judge": ["as promoted" if day < scenario.changes_on else "WORSE" for day in checks["as_of_day"]],
            "agreement": [
                f"{_share(row['agreement'])} of {row['n_fresh_labels']}" for row in checks.to_dict("records")
            ],
            "at promotion": [_share(value) for value in checks["baseline_agreement"]],
            "z": [_number(value) for value in checks["z"]],
            "anchors z": [_number(value) for value in checks["anchor_z"]],
            "judge moved": checks["judge_moved"],
            "product moved": checks["product_moved"],
            "traffic moved": checks["traffic_moved"],
            "status": checks["status"],
            "severity": checks["severity"],
        }
    )


def _sentences(scenario: Scenario, checks: pd.DataFrame) -> Iterator[str]:
    for checked_on in (scenario.changes_on - timedelta(days=1), scenario.first_check_after_change):
        for sentence in checks.loc[checks["as_of_day"] == checked_on, "sentence"]:
            yield f"> {checked_on}: {sentence}"


def _share(value: Any) -> str:
    if value is None or pd.isna(value):
        return ""
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _number(value: Any) -> str:
    return "" if value is None or pd.isna(value) else f"{value:.1f}"
