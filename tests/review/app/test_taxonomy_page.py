"""The review app over a change of the taxonomy: one that runs on refuses to label, and old answers are read as of today."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tables import Reviews
from eval_pipeline.taxonomy.changes import load_migrations
from resources.taxonomy_register import migrate_taxonomy
from resources.warehouse import PostgresWarehouse
from tests.browser.seeding import failing, store
from tests.review.app.conftest import AppClient
from tests.review.app.test_session_page import lock, page


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """The shipped taxonomy, and a migration that renames one category and retires another."""
    folder = tmp_path / "catalog"
    (folder / "taxonomy_migrations").mkdir(parents=True)
    shutil.copy(PROJECT_ROOT / "catalog" / "taxonomy.yaml", folder)
    changes = [
        {"rename": {"from": "loop", "to": "circle", "title": "Circle"}},
        {"retire": {"category": "refusal", "successor": None}},
    ]
    step = {"from": "1", "to": "2", "changes": changes}
    (folder / "taxonomy_migrations" / "0001_circle.yaml").write_text(yaml.safe_dump(step))
    return folder


def test_an_app_that_offers_the_old_categories_stores_no_more_answers(
    warehouse: PostgresWarehouse, database_url: str, app_client: AppClient, catalog: Path
) -> None:
    store(warehouse, [failing("s1"), failing("s2"), failing("s3")])
    client = app_client()
    assert lock(client, "s1", answer="fail", category="loop", first_bad_turn="1").status_code == 303
    assert lock(client, "s2", answer="fail", category="refusal", first_bad_turn="1").status_code == 303
    with PostgresWarehouse(database_url) as own:
        migrate_taxonomy(own, catalog, load_migrations(catalog), None, datetime.now(UTC))
    refused = lock(client, "s3", answer="fail", category="loop", first_bad_turn="1")
    assert refused.status_code == 503
    assert "start it again" in refused.text
    assert len(warehouse.read(Reviews)) == 2
    for session, words in (("s1", "loop (now circle)"), ("s2", "refusal (retired since)")):
        text = page(client, session)
        assert words in text
        assert not re.search(r'<details id="mind"[^>]* open', text), "nobody has changed his mind"
