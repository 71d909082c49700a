"""Fixtures of the end-to-end tests: databases that are copies of one another, and three evaluated days to start from."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
import psycopg
import pytest
from psycopg import sql

from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from eval_pipeline.simulation.traffic import write_traffic
from eval_pipeline.simulation.truth import DEMO_SEED
from resources.embedded_postgres import ADMINISTRATOR, ROLE
from tests.end_to_end.pipeline import DAYS, PER_DAY, NewPipeline, Pipeline

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[JudgeEndpoint]:
    """The judges' endpoint, which counts its requests."""
    with JudgeEndpoint() as running:
        yield running


@pytest.fixture(scope="session")
def new_pipeline(
    server_url: str, endpoint: JudgeEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewPipeline]:
    """Make a deployment with a home and a database of its own: an empty one, or a copy of another deployment's."""
    made: list[str] = []

    def make(copy_of: Pipeline | None = None) -> Pipeline:
        name = f"end_to_end_{next(_numbers)}"
        _on_server(
            server_url,
            "CREATE DATABASE {} TEMPLATE {} OWNER {}",
            name,
            _database(copy_of.url if copy_of else blank_url),
            ROLE,
        )
        made.append(name)
        url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
        return Pipeline(tmp_path_factory.mktemp(name), url, endpoint.base_url)

    # Dagster takes seconds to make its tables: once, in a database that the others are copies of.
    blank_url = server_url
    blank = make()
    with blank.at_home(), dg.DagsterInstance.get():
        blank_url = blank.url
    yield make
    for name in made:
        _on_server(server_url, "DROP DATABASE {} WITH (FORCE)", name)


def _database(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _on_server(server_url: str, statement: str, *names: str) -> None:
    url = urlsplit(server_url)._replace(path="/postgres").geturl()
    with psycopg.connect(url, user=ADMINISTRATOR, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One file of simulated sessions a day, four records of each damaged."""
    return write_traffic(tmp_path_factory.mktemp("traffic"), DAYS, PER_DAY, DEMO_SEED, malformed=4)


@pytest.fixture(scope="session")
def evaluated(new_pipeline: NewPipeline, traffic: list[Path]) -> Pipeline:
    """Three days that the nightly job has evaluated. To be read only: a test that goes on works on a copy."""
    pipeline = new_pipeline()
    for path in traffic:
        pipeline.register(path)
    pipeline.succeed("nightly_evaluation")
    return pipeline
