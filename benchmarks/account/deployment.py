"""A deployment that lives through the story: the real jobs, gate and database, with a clock and a judge of its own.

Not here: what happens when (`story.py`), what is read off it (`findings.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from assets.definitions import build_definitions
from assets.running import run_job
from benchmarks.account.scenario import HASTY, Scenario
from eval_pipeline.calibration.gathering import Asking, Candidacy
from eval_pipeline.calibration.promoting import Outcome, promote
from eval_pipeline.deployment import Deployment
from eval_pipeline.judges.asking.asker import Asker
from eval_pipeline.judges.definition import Judge
from eval_pipeline.ports import JudgeModel
from eval_pipeline.sessions import Origin
from eval_pipeline.settings import Settings
from eval_pipeline.simulation.demo import simulate_queue_reviews
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from eval_pipeline.simulation.traffic import write_traffic
from resources.call_ledger import WarehouseLedger
from resources.daily_spend import PostgresDailySpend
from resources.embedded_postgres import database_url
from resources.judge_model import SIMULATED_ENDPOINT, OpenAIJudgeModel
from resources.session_files import SessionFiles
from resources.warehouse import PostgresWarehouse

ORIGIN: Origin = "simulated"
PERSON = "sim-lead"


class SimulatedModel(OpenAIJudgeModel):
    """A client of the endpoint that says of itself what the demo's judge says: it is simulated, and costs nothing."""

    def __init__(self, base_url: str) -> None:
        super().__init__("none", base_url, is_proxied=False)

    @property
    def endpoint(self) -> str:
        return SIMULATED_ENDPOINT

    @property
    def is_simulated(self) -> bool:
        return True


class OneModel:
    """`ports.JudgeModels` that asks one endpoint about everything."""

    def __init__(self, model: JudgeModel) -> None:
        self._model = model

    def for_origin(self, origin: str) -> JudgeModel | None:
        return self._model


class LivedDeployment:
    """A deployment whose home, catalog and database are those of `settings`; Dagster's home must be prepared.

    `now` is what its clock says.
    """

    def __init__(self, settings: Settings, scenario: Scenario, endpoint: JudgeEndpoint) -> None:
        self.settings = settings
        self.scenario = scenario
        self.now = _evening(scenario.first_day)
        self._endpoint = endpoint
        self._models = OneModel(SimulatedModel(endpoint.base_url))

    def live(self, days: list[date]) -> None:
        """Let `days` pass: traffic, the nightly job, people's answers to the queue, and the labels that come of them.

        The judges are as good as they are on the first of `days`. The clock then stands on the evening after the last.
        """
        scenario = self.scenario
        self._endpoint.skills = scenario.skills_on(days[0])
        self.now = _evening(days[-1] + timedelta(days=1))
        files = write_traffic(self.settings.home / "traffic", days, scenario.sessions_per_day, scenario.seed)
        with self.warehouse() as warehouse:
            for file in files:
                SessionFiles(warehouse).register(file, "sessions_jsonl", None, ORIGIN, self.now)
        self.run("nightly_evaluation", days)
        with self.warehouse() as warehouse:
            simulate_queue_reviews(warehouse, self.settings.catalog, None, scenario.readers)
        self.run("refresh_labels", days)

    def run(self, job: str, days: list[date]) -> None:
        """Run `job` over `days`. Raises `RuntimeError` when a step or an error check of it fails."""
        resources: dict[str, Any] = {"clock": lambda: self.now, "judge_models": self._models}
        for outcome in run_job(build_definitions(self.settings, **resources), job, days):
            if not outcome.is_success:
                raise RuntimeError(f"{job} {days[0]} to {days[-1]}: {outcome.failures}")

    def promote(self, judge: Judge) -> Outcome:
        """Run the gate for `judge`, as `judges promote` does."""
        deployment = Deployment.load(self.settings)
        policy = deployment.ask_policy
        with self.warehouse() as warehouse:
            ledger, daily = WarehouseLedger(warehouse, policy.prices), PostgresDailySpend(warehouse)
            with Asker(ledger, policy, daily) as asker:
                case = Candidacy(judge, ORIGIN, PERSON, deployment.gates.of(judge.name))
                how = Asking(self._models, asker, deployment.evaluation_versions)
                return promote(case, how, warehouse, self.now)

    @contextmanager
    def warehouse(self) -> Iterator[PostgresWarehouse]:
        """Yield the tables."""
        with PostgresWarehouse(database_url(self.settings)) as warehouse:
            yield warehouse


def write_candidate(folder: Path, judge: Judge) -> None:
    """Write the bad candidate beside the judge: the same words, another declared version."""
    source = (folder / f"{judge.name}.yaml").read_text(encoding="utf-8")
    text = source.replace(f"version: {judge.declared_version}", f"version: {HASTY}", 1)
    (folder / f"{judge.name}.candidate.yaml").write_text(text, encoding="utf-8")


def _evening(day: date) -> datetime:
    """Return a moment after the simulated people have gone home: they read on the day after a session."""
    return datetime.combine(day, time(19), UTC)
