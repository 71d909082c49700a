"""A catalog of one's own, and a database in which no taxonomy is registered yet."""

from pathlib import Path

import psycopg
import pytest

from eval_pipeline.taxonomy.categories import Taxonomy
from eval_pipeline.taxonomy.writing import taxonomy_text
from resources.warehouse import PostgresWarehouse
from tests.taxonomy.chains import taxonomy

EMPTIED = """
    ALTER TABLE evals.taxonomy_versions DISABLE TRIGGER USER;
    ALTER TABLE evals.taxonomy_categories DISABLE TRIGGER USER;
    DELETE FROM evals.taxonomy_versions;
    DELETE FROM evals.taxonomy_categories;
    ALTER TABLE evals.taxonomy_versions ENABLE TRIGGER USER;
    ALTER TABLE evals.taxonomy_categories ENABLE TRIGGER USER;
"""


@pytest.fixture
def unregistered(warehouse: PostgresWarehouse, database_url: str) -> PostgresWarehouse:
    """A warehouse that knows no taxonomy."""
    with psycopg.connect(database_url) as connection:
        connection.execute(EMPTIED)
    return warehouse


@pytest.fixture
def first() -> Taxonomy:
    """The taxonomy that the catalog of a test begins with."""
    return taxonomy("loop", "wrong", "rude", "cut")


@pytest.fixture
def catalog(tmp_path: Path, first: Taxonomy) -> Path:
    """A catalog that holds `first` and no migration."""
    folder = tmp_path / "catalog"
    (folder / "taxonomy_migrations").mkdir(parents=True)
    (folder / "taxonomy.yaml").write_text("# Ours.\n" + taxonomy_text(first), encoding="utf-8")
    return folder
