"""A database from before versions of the taxonomy were kept: nothing is lost, and it goes on like any other."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from eval_pipeline.taxonomy.categories import load_taxonomy
from resources.migration import MIGRATIONS, migrate
from resources.taxonomy_register import hold_to, migrate_taxonomy
from resources.warehouse import PostgresWarehouse
from tests.taxonomy.chains import migration, split
from tests.taxonomy.stored import label, predict, rows

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
OLD = "1+of_before"


def at_revision(url: str, revision: str) -> None:
    """Bring an empty database to an earlier revision."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_labels_of_before_are_kept_named_and_then_changed(database_url: str, catalog: Path) -> None:
    url = database_url
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA evals CASCADE")
    at_revision(url, "0006")
    label(url, "a", OLD, "wrong", "the price is off")
    label(url, "b", OLD, "loop")
    predict(url, "a", OLD, "wrong")
    predict(url, "b", OLD, "abstain")
    migrate(url)
    with PostgresWarehouse(url) as warehouse:
        hold_to(warehouse, load_taxonomy(catalog / "taxonomy.yaml"), NOW)
        step = split("wrong", ["fact", "topic"], [{"into": "fact", "when": {"note": "price"}}])
        migrate_taxonomy(warehouse, catalog, [migration(step)], None, NOW)
    assert rows(
        url, "SELECT session_id, category, taxonomy_version, current_category FROM evals.label_categories ORDER BY 1"
    ) == [
        ("a", "wrong", OLD, "fact"),
        ("b", "loop", OLD, "loop"),
    ]
    rates = "SELECT category, state, n_labelled, n_predicted FROM evals.category_rates ORDER BY 1"
    assert rows(url, rates) == [("fact", "current", 1, 0), ("loop", "current", 1, 0), ("wrong", "split", 0, 1)]
