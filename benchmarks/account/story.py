"""The story, lived through day by day: weeks unproven, two runs of the gate, weeks before and after a change.

Not here: its terms (`scenario.py`), what is written of it (`page.py`).
"""

from collections.abc import Callable
from datetime import date, timedelta

import pandas as pd

from benchmarks.account.deployment import LivedDeployment, write_candidate
from benchmarks.account.findings import Account, alignment, measured
from benchmarks.account.known import known_rates
from benchmarks.account.scenario import Scenario, days_between
from eval_pipeline.judges.definition import load_candidate, load_judges
from eval_pipeline.settings import Settings
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint


def lived(scenario: Scenario, settings: Settings, tell: Callable[[str], None] = lambda _: None) -> Account:
    """Live through `scenario` in the deployment of `settings` and return what came of it; `tell` hears how far it is.

    The catalog of `settings` gets a candidate; the database must be migrated, and Dagster's home prepared.
    """
    folder = settings.catalog / "judges"
    [judge] = [each for each in load_judges(folder) if each.name == scenario.judge]
    write_candidate(folder, judge)
    with JudgeEndpoint(scenario.seed) as endpoint:
        deployment = LivedDeployment(settings, scenario, endpoint)
        deployment.live(days_between(scenario.first_day, scenario.promoted_on))
        found = [_measured(deployment, scenario.promoted_on - timedelta(days=1))]
        tell(f"measured until {scenario.promoted_on}")
        refused = deployment.promote(load_candidate(folder, judge.name))
        promoted = deployment.promote(judge)
        tell(f"candidate: {refused.decision.decision}; judge: {promoted.decision.decision}, {promoted.decision.reason}")
        for days in scenario.stretches():
            deployment.live(days)
            deployment.run("alignment_check", days[-1:])
            tell(f"checked on {days[-1]}")
            if days[-1] + timedelta(days=1) == scenario.changes_on:
                found.append(_measured(deployment, days[-1]))
        with deployment.warehouse() as warehouse:
            checks = alignment(warehouse, judge.name, judge.version)
    return Account(pd.concat(found, ignore_index=True), refused, promoted, checks)


def _measured(deployment: LivedDeployment, day: date) -> pd.DataFrame:
    with deployment.warehouse() as warehouse:
        return measured(warehouse, day, known_rates(deployment.scenario, warehouse, day))
