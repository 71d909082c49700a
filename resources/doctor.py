"""What this machine has and lacks for the pipeline, each with its mend. Changes nothing but what a start-up would."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from eval_pipeline.deployment import Deployment
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.settings import Settings

PACKAGES = ["dagster", "dagster-postgres", "pandas", "pandera", "pydantic", "openai", "great-expectations", "psycopg"]
LEAST_FREE_GIB = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is fine, what was found, and what to do when it is not."""

    what: str
    found: str
    is_fine: bool
    mend: str = ""
    is_optional: bool = False


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield one finding after the other, cheap ones first; never raises for what it finds."""
    yield Finding("Python", sys.version.split()[0], sys.version_info >= (3, 11), "install Python 3.11 or newer")
    yield from map(_package, PACKAGES)
    yield _same_version("dagster", "dagster-webserver")
    yield _writable(settings)
    yield _space(settings)
    yield _guarded("catalog", lambda: _catalog(settings), "mend the file that is named")
    yield _guarded("PostgreSQL", lambda: _database(settings), "see the message; `eval-pipeline up` tries again")
    # Only the review app needs it.
    yield replace(_guarded("review role", lambda: _review_role(settings), "see the message"), is_optional=True)
    yield _judges(settings)


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name), True)
    except PackageNotFoundError:
        return Finding(name, "not installed", False, "run `make install`")


def _same_version(core: str, other: str) -> Finding:
    try:
        found = version(other)
    except PackageNotFoundError:
        return Finding(other, "not installed", False, "`make install` brings it; only `make dev` needs it", True)
    return Finding(other, found, found == version(core), f"install {other}=={version(core)}: their versions must agree")


def _writable(settings: Settings) -> Finding:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    is_fine = os.access(folder, os.W_OK)
    return Finding("home", str(settings.home), is_fine, "point EVAL_PIPELINE_HOME at a folder that you can write to")


def _space(settings: Settings) -> Finding:
    folder = settings.home if settings.home.exists() else settings.home.parent
    free = shutil.disk_usage(folder if folder.exists() else "/").free / 2**30
    return Finding(
        "free disk",
        f"{free:.1f} GiB",
        free >= LEAST_FREE_GIB,
        f"free {LEAST_FREE_GIB:.0f} GiB or move EVAL_PIPELINE_HOME",
    )


def _guarded(what: str, look: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding(what, look(), True)
    except EvalPipelineError as error:
        return Finding(what, error.problem, False, error.mend)
    except OSError as error:
        return Finding(what, f"{type(error).__name__}: {error}", False, mend)


def _catalog(settings: Settings) -> str:
    loaded = Deployment.load(settings)
    parts = [f"{len(loaded.signals)} signals", f"{len(loaded.evaluators)} evaluators", f"{len(loaded.judges)} judges"]
    return f"{settings.catalog}: {', '.join(parts)}, taxonomy {loaded.taxonomy.version}"


def _database(settings: Settings) -> str:
    from resources.dagster_home import without_password
    from resources.embedded_postgres import database_url
    from resources.migration import migrate
    from resources.warehouse import PostgresWarehouse

    url = database_url(settings)
    migrate(url)
    with PostgresWarehouse(url) as warehouse:
        server = warehouse.query("select current_setting('server_version') as version")["version"].iloc[0]
    return f"{server} at {without_password(url)}"


def _review_role(settings: Settings) -> str:
    from resources.dagster_home import without_password
    from resources.review_role import refuse_powerful, review_database_url

    url = review_database_url(settings)
    refuse_powerful(url)
    return f"can change neither reviews nor the audit trail, at {without_password(url)}"


def _judges(settings: Settings) -> Finding:
    if settings.openai_api_key is None and settings.openai_base_url is None:
        mend = "set OPENAI_API_KEY, or OPENAI_BASE_URL for any compatible endpoint; everything else works without"
        return Finding("judge endpoint", "none: judges are not run on real sessions", False, mend, True)
    host = urlsplit(settings.openai_base_url).hostname if settings.openai_base_url else None
    return Finding("judge endpoint", host or "the OpenAI API", True)
