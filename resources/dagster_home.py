"""Dagster's own instance: its folder, its storage in the same PostgreSQL, its settings. Imports no Dagster.

The settings are the conventions that keep an instance healthy: runs that died are ended and free their slots, few
runs at a time as each opens its own connections, sensors keep only what is worth keeping.
"""

import os
from pathlib import Path

import psycopg
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo

URL_VARIABLE = "EVAL_PIPELINE_DAGSTER_URL"


def prepare(home: Path, database_url: str) -> Path:
    """Write `home/dagster/dagster.yaml`, point this process's environment at it, and return the folder."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    text = yaml.safe_dump(_settings(), sort_keys=False)
    if not settings.exists() or settings.read_text(encoding="utf-8") != text:
        partial = folder / f"dagster.yaml.{os.getpid()}"
        partial.write_text(text, encoding="utf-8")
        partial.replace(settings)
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ[URL_VARIABLE] = sqlalchemy_url(database_url)
    return folder


def sqlalchemy_url(database_url: str) -> str:
    """Return the URL with an explicit psycopg2 driver: with SQLAlchemy 2.1 a bare `postgresql://` means psycopg 3."""
    scheme, _, rest = database_url.partition("://")
    if scheme not in {"postgres", "postgresql"}:
        return database_url
    return f"postgresql+psycopg2://{rest}"


def without_password(database_url: str) -> str:
    """Return the connection as it may be shown: no password, wherever in the URL or DSN it stood."""
    try:
        parts = conninfo_to_dict(database_url)
    except psycopg.ProgrammingError:
        return "a connection string that cannot be read"
    return make_conninfo(**{name: str(value) for name, value in parts.items() if "pass" not in name})


def _settings() -> dict[str, object]:
    return {
        "storage": {"postgres": {"postgres_url": {"env": URL_VARIABLE}}},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "run_monitoring": {
            "enabled": True,
            "free_slots_after_run_end_seconds": 60,
            "max_runtime_seconds": 7200,
        },
        "run_retries": {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False},
        "concurrency": {"runs": {"max_concurrent_runs": 2}},
        "retention": {
            "schedule": {"purge_after_days": 90},
            "sensor": {"purge_after_days": {"skipped": 7, "failure": 30, "success": -1}},
        },
    }
