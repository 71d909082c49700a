"""The database of the tests: one embedded server for each process that runs tests, and a fresh migrated database for each
test. And how tests are shared out, where several processes run them.

Not here: fakes (`fakes.py`).
"""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from xdist.scheduler import LoadScopeScheduling

from resources.embedded_postgres import ADMINISTRATOR, ROLE, EmbeddedPostgres
from resources.migration import migrate
from resources.taxonomy_register import hold_to
from resources.warehouse import PostgresWarehouse
from tests.known_categories import SHIPPED

_TEMPLATE = "eval_pipeline"
_MEMORY = Path("/dev/shm")
_ROOM = 6 * 2**30
"""What a server may take: its log of changes keeps to 2 GiB, and each test's database is dropped with the test."""

_numbers = itertools.count(1)


class _ByFile(LoadScopeScheduling):
    """Gives a file of tests to one process as a whole, and all of `end_to_end`: its evaluated days take a minute to make."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return "end_to_end" if "/end_to_end/" in path else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile:
    return _ByFile(config, log)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The URL of a migrated database that tests copy, and never connect to."""
    home = Path(tempfile.mkdtemp(prefix="eval-pipeline-tests-", dir=_in_memory()))
    home.chmod(0o755)  # under root the server's account must be able to enter
    server = EmbeddedPostgres(home)
    try:
        url = server.start()
        migrate(url)
        with PostgresWarehouse(url) as template:
            hold_to(template, SHIPPED, datetime.now(UTC))
        yield url
    finally:
        server.stop()
        shutil.rmtree(home)


def _in_memory() -> Path | None:
    """Return a folder in memory, if the machine has one with room: a database is made and dropped for each test, and the
    embedded server, which is as durable here as anywhere, would wait for the disk each time. None: the usual place."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if has_room else None


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """The URL of a database of the test's own, with all tables, and no rows but the shipped taxonomy's."""
    name = f"test_{next(_numbers)}"
    # As the superuser, who may end what still looks at a database: the server itself, cleaning up.
    with psycopg.connect(_with_database(server_url, "postgres"), user=ADMINISTRATOR, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(_TEMPLATE), sql.Identifier(ROLE)
            )
        )
        yield _with_database(server_url, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def warehouse(database_url: str) -> Iterator[PostgresWarehouse]:
    """A warehouse on the test's own database."""
    with PostgresWarehouse(database_url) as opened:
        yield opened


def _with_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()
