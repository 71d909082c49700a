"""The story of the account: how long which judge is how good, who reads, and what happens on which day.

Not here: how it is run (`deployment.py`), what is found (`findings.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from eval_pipeline.simulation.judging import JUDGE_SKILLS, JudgeSkill
from eval_pipeline.simulation.reviewers import Reviewer
from eval_pipeline.simulation.truth import DEMO_SEED

READERS = (
    Reviewer("sim-dora", miss_rate=0.03, false_alarm_rate=0.003, category_error_rate=0.08),
    Reviewer("sim-emil", miss_rate=0.04, false_alarm_rate=0.004, category_error_rate=0.10),
    Reviewer("sim-fritz", miss_rate=0.05, false_alarm_rate=0.005, category_error_rate=0.12),
)
"""Careful people. Of labels with the error rates of the demo's reviewers a faultless judge would not pass the gate: one good
session in thirty called a failure makes a quarter of all failures false."""

GOOD, BAD, WORSE = JudgeSkill(tpr=0.95, tnr=0.97), JudgeSkill(tpr=0.70, tnr=0.97), JudgeSkill(tpr=0.75, tnr=0.85)

HASTY = "hasty"
"""Declared version of the bad candidate, by which the endpoint knows it."""


@dataclass(frozen=True)
class Scenario:
    """What is simulated. Positive = a failure: `tpr` of a skill is the share of true failures that the judge fails.

    `judge` is the one the story is about: `skill` until the day `changes_on`, `worse` from then on, the same version.
    `bad` is the skill of its candidate. All other judges are as the simulation knows them, throughout.
    """

    first_day: date = date(2025, 1, 6)
    days_before_promotion: int = 21
    days_before_change: int = 21
    days_after_change: int = 7
    days_between_checks: int = 7
    sessions_per_day: int = 120
    judge: str = "completeness"
    skill: JudgeSkill = GOOD
    bad: JudgeSkill = BAD
    worse: JudgeSkill = WORSE
    readers: tuple[Reviewer, ...] = READERS
    seed: int = field(default=DEMO_SEED, init=False)

    @property
    def promoted_on(self) -> date:
        """The day of the promotion: the first after the days before it."""
        return self.first_day + timedelta(days=self.days_before_promotion)

    @property
    def changes_on(self) -> date:
        """The first day on which the judge is worse."""
        return self.promoted_on + timedelta(days=self.days_before_change)

    @property
    def ends_on(self) -> date:
        """The day after the last."""
        return self.changes_on + timedelta(days=self.days_after_change)

    @property
    def first_check_after_change(self) -> date:
        """The last of the days before the first check that sees the worse judge."""
        return self.changes_on + timedelta(days=self.days_between_checks - 1)

    def stretches(self) -> Iterator[list[date]]:
        """Yield the days from the promotion on, cut after each day of a check."""
        days = days_between(self.promoted_on, self.ends_on)
        for start in range(0, len(days), self.days_between_checks):
            yield days[start : start + self.days_between_checks]

    def skills_on(self, day: date) -> dict[str, JudgeSkill]:
        """Return how good each judge is that is asked on `day`, by name, or by name and declared version."""
        of_story = self.skill if day < self.changes_on else self.worse
        return {**JUDGE_SKILLS, self.judge: of_story, f"{self.judge}@{HASTY}": self.bad}


def days_between(first: date, end: date) -> list[date]:
    """Return the days from `first` up to `end`, which is not among them."""
    return [first + timedelta(days=n) for n in range((end - first).days)]
