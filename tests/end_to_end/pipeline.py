"""The pipeline as the tests run it: the real definitions, jobs, database and judge endpoint, in this process.

Not here: fixtures (`conftest.py`), what is expected (the tests).
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import orjson
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from assets.definitions import build_definitions
from assets.running import RunOutcome, run_job
from eval_pipeline.ports import JudgeModel
from eval_pipeline.sessions import Origin
from eval_pipeline.settings import PROJECT_ROOT, Settings
from resources.dagster_home import URL_VARIABLE, prepare
from resources.judge_model import OpenAIJudgeModel
from resources.session_files import Registration, SessionFiles
from resources.warehouse import PostgresWarehouse

DAYS = [date(2025, 3, 3), date(2025, 3, 4), date(2025, 3, 5)]
PER_DAY = 12
NIGHT = datetime(2025, 3, 6, 1, 30, tzinfo=UTC)
"""When the first run happens: the night after the three days."""

REDACTION_KEY = "the redaction key of the end-to-end tests"

RUN_BOUND = {
    "session_sources": {"registered_at"},
    "flagged_sessions": {"drawn_at"},
    "sampling_frame": {"drawn_at"},
    "judge_calibration_reports": {"measured_at"},
    "model_calls": {"call_id", "requested_at", "latency_s", "endpoint"},
    "partition_versions": {"stored_at", "data_version"},
}
"""Columns that say when and how a run happened, rather than what it found; `data_version` hashes such a column too."""

Row = dict[str, Any]


class EndpointModels:
    """`ports.JudgeModels` that sends every origin to one endpoint, so that its requests can be counted."""

    def __init__(self, base_url: str) -> None:
        self._model = OpenAIJudgeModel("none", base_url, is_proxied=False)

    def for_origin(self, origin: str) -> JudgeModel | None:
        """Return the one endpoint."""
        return self._model


@dataclass
class Pipeline:
    """A deployment of its own: a home, a database, and where its judges are asked."""

    home: Path
    url: str
    judge_url: str
    now: datetime = NIGHT

    def environ(self) -> dict[str, str]:
        """Return the environment that a process of this deployment has."""
        return {
            "EVAL_PIPELINE_HOME": str(self.home),
            "EVAL_PIPELINE_CATALOG": str(PROJECT_ROOT / "catalog"),
            "EVAL_PIPELINE_DATABASE_URL": self.url,
            "EVAL_PIPELINE_REDACTION_KEY": REDACTION_KEY,
            "OPENAI_BASE_URL": self.judge_url,
            "OPENAI_API_KEY": "",
        }

    @cached_property
    def settings(self) -> Settings:
        """Return the settings that follow from the environment."""
        return Settings.from_env(self.environ())

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """Make this process one of the deployment's, Dagster's instance included."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("DAGSTER_HOME", URL_VARIABLE):
                patch.setenv(name, os.environ.get(name, ""))
            for name, value in self.environ().items():
                patch.setenv(name, value)
            prepare(self.home, self.url)
            yield

    def definitions(self, **overrides: Any) -> dg.Definitions:
        """Return the code location as it is, with the tests' clock and endpoint."""
        known = {"clock": lambda: self.now, "judge_models": EndpointModels(self.judge_url)}
        return build_definitions(self.settings, **{**known, **overrides})

    def run(self, job: str, days: Sequence[date] | None = None, **overrides: Any) -> list[RunOutcome]:
        """Run `job` over `days`, or all that the sources cover, and return what each stretch came to."""
        with self.at_home():
            return list(run_job(self.definitions(**overrides), job, self.source_days() if days is None else days))

    def succeed(self, job: str, days: Sequence[date] | None = None, **overrides: Any) -> None:
        """Run `job`, which must succeed."""
        for outcome in self.run(job, days, **overrides):
            assert outcome.is_success, outcome.failures

    def source_days(self) -> list[date]:
        """Return the days that the registered sources cover."""
        with PostgresWarehouse(self.url) as warehouse:
            return SessionFiles(warehouse).days()

    def register(self, path: Path, origin: Origin = "simulated") -> Registration:
        """Register a file of sessions as of `now`."""
        with PostgresWarehouse(self.url) as warehouse:
            return SessionFiles(warehouse).register(path, None, None, origin, self.now)

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Row]]:
        """Connect to the database, outside of the pipeline's own pool."""
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            yield connection

    def rows(self, statement: str, *parameters: Any) -> list[Row]:
        """Return the rows of a statement."""
        with self.connection() as connection:
            return connection.execute(statement.encode(), parameters or None).fetchall()

    def value(self, statement: str, *parameters: Any) -> Any:
        """Return the first value of the first row."""
        return next(iter(self.rows(statement, *parameters)[0].values()))

    def tables(self) -> list[str]:
        """Return the names of our tables."""
        return [row["name"] for row in self.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'evals'")]

    def row_versions(self) -> dict[str, set[tuple[str, str]]]:
        """Return for each table its rows' identities: a row that was written again, even alike, has another."""
        return {name: {(row["xmin"], row["ctid"]) for row in self._identities(name)} for name in self.tables()}

    def _identities(self, table: str) -> list[Row]:
        statement = sql.SQL("SELECT xmin::text, ctid::text FROM evals.{}").format(sql.Identifier(table))
        with self.connection() as connection:
            return connection.execute(statement).fetchall()

    def content(self, table: str, without: Iterable[str] = ()) -> list[str]:
        """Return the rows of a table as sorted JSON texts, columns that are bound to a run left out."""
        left_out = {*RUN_BOUND.get(table, ()), *without}
        statement = sql.SQL("SELECT to_jsonb(t) - %s::text[] AS row FROM evals.{} t").format(sql.Identifier(table))
        with self.connection() as connection:
            found = connection.execute(statement, [list(left_out)]).fetchall()
        return sorted(orjson.dumps(row["row"], option=orjson.OPT_SORT_KEYS).decode() for row in found)


NewPipeline = Callable[..., Pipeline]
"""Makes a deployment with an empty database, or with `copy_of` another deployment's."""
