"""Bringing taxonomies into force on a real PostgreSQL: the first, migrations of every kind, twice, at once, and not at all."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from eval_pipeline.errors import SettingsError, WarehouseError
from eval_pipeline.tables import CategoryPredictions
from eval_pipeline.taxonomy.categories import Taxonomy, load_taxonomy
from eval_pipeline.taxonomy.changes import load_migrations
from eval_pipeline.taxonomy.writing import taxonomy_text
from resources.taxonomy_register import hold_to, map_late_labels, migrate_taxonomy
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for
from tests.taxonomy.chains import category, split, taxonomy
from tests.taxonomy.stored import fail, label, predict, rows

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
RULES = [{"into": "fact", "when": {"note": "price"}}, {"into": "topic", "when": {"fails": "evaluator:on_topic"}}]
SPLIT = split("wrong", ["fact", "topic"], RULES)
ALL = "SELECT session_id, category, current_category, state FROM evals.label_categories ORDER BY 1"


def write(catalog: Path, number: int, *changes: dict[str, Any], **more: Any) -> None:
    """Put a migration from version `number` to the next into the catalog."""
    fields = {"from": str(number), "to": str(number + 1), "changes": list(changes), **more}
    (catalog / "taxonomy_migrations" / f"{number:04}_step.yaml").write_text(yaml.safe_dump(fields))


def migrated(warehouse: PostgresWarehouse, catalog: Path, by: str | None = "lea") -> bool:
    """Bring what waits into force; return whether the file was written."""
    return migrate_taxonomy(warehouse, catalog, load_migrations(catalog), by, NOW)[1]


@pytest.fixture
def registered(unregistered: PostgresWarehouse, first: Taxonomy) -> PostgresWarehouse:
    """A warehouse in which `first` is in force."""
    hold_to(unregistered, first, NOW)
    return unregistered


def test_a_split_carries_each_label_by_its_first_rule_and_leaves_its_words(
    registered: PostgresWarehouse, database_url: str, catalog: Path, first: Taxonomy
) -> None:
    label(database_url, "a", first.version, "wrong", "the price is off")
    label(database_url, "b", first.version, "wrong")
    fail(database_url, "b", "on_topic")
    label(database_url, "c", first.version, "wrong", "no idea")
    label(database_url, "d", first.version, "loop")
    write(catalog, 1, SPLIT)
    assert migrated(registered, catalog)
    assert rows(database_url, ALL) == [
        ("a", "wrong", "fact", "split"),
        ("b", "wrong", "topic", "split"),
        ("c", "wrong", None, "split"),
        ("d", "loop", "loop", "same"),
    ]
    assert load_taxonomy(catalog / "taxonomy.yaml").ids == ("loop", "fact", "topic", "rude", "cut")
    assert (catalog / "taxonomy.yaml").read_text().startswith("# Ours.\n")
    why = rows(database_url, "SELECT rule FROM evals.label_mappings WHERE from_category = 'wrong' ORDER BY session_id")
    assert why == [("the note matches price",), ("evaluator:on_topic fails",), ("no rule decides",)]


def test_trends_join_over_three_versions_and_show_the_split(
    registered: PostgresWarehouse, database_url: str, catalog: Path, first: Taxonomy
) -> None:
    for session, name, note in (("a", "wrong", "price"), ("b", "wrong", None), ("c", "cut", None), ("d", "loop", None)):
        label(database_url, session, first.version, name, note)
    predict(database_url, "a", first.version, "wrong")
    predict(database_url, "c", first.version, "cut")
    write(catalog, 1, SPLIT)
    write(
        catalog,
        2,
        {"rename": {"from": "fact", "to": "false_fact"}},
        {"merge": {"categories": ["rude", "cut"], "into": category("form")}},
        {"retire": {"category": "loop", "successor": None}},
    )
    migrated(registered, catalog)
    third = load_taxonomy(catalog / "taxonomy.yaml").version
    label(database_url, "e", third, "false_fact")
    predict(database_url, "e", third, "false_fact")
    found = rows(
        database_url,
        "SELECT category, state, n_labelled, n_labelled_all, n_predicted, n_predicted_all FROM evals.category_rates ORDER BY 1",
    )
    assert found == [
        ("false_fact", "current", 2, 5, 1, 3),
        ("form", "current", 1, 5, 1, 3),
        ("loop", "retired", 1, 5, 0, 3),
        ("wrong", "split", 1, 5, 1, 3),
    ]


def test_to_migrate_again_does_nothing_but_for_labels_that_came_since(
    registered: PostgresWarehouse, database_url: str, catalog: Path, first: Taxonomy
) -> None:
    write(catalog, 1, SPLIT)
    migrated(registered, catalog)
    text = (catalog / "taxonomy.yaml").read_text()
    assert not migrated(registered, catalog)
    assert (catalog / "taxonomy.yaml").read_text() == text
    label(database_url, "late", first.version, "wrong", "the price")  # as an import of old reviews brings it
    assert rows(database_url, ALL) == [("late", "wrong", None, "split")]
    map_late_labels(registered, load_taxonomy(catalog / "taxonomy.yaml"), NOW)
    assert rows(database_url, ALL) == [("late", "wrong", "fact", "split")]
    assert not migrated(registered, catalog)
    assert rows(database_url, "SELECT count(*) FROM evals.taxonomy_versions") == [(2,)]


def test_two_at_once_make_one_version(registered: PostgresWarehouse, database_url: str, catalog: Path) -> None:
    write(catalog, 1, SPLIT)
    problems: list[BaseException] = []

    def run() -> None:
        try:
            with PostgresWarehouse(database_url) as own:
                migrated(own, catalog)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert rows(database_url, "SELECT count(*) FROM evals.taxonomy_versions") == [(2,)]


@pytest.mark.parametrize("broken", ["second migration", "file", "classifier"])
def test_what_cannot_be_done_as_a_whole_changes_nothing(
    registered: PostgresWarehouse, database_url: str, catalog: Path, broken: str
) -> None:
    write(catalog, 1, SPLIT)
    if broken == "second migration":
        write(catalog, 2, {"rename": {"from": "gone", "to": "here"}})
    elif broken == "file":
        (catalog / "taxonomy.yaml").write_text(taxonomy_text(taxonomy("other")))
    else:
        rule = {"failed": "evaluator:on_topic", "category": "wrong"}
        words = {"name": "kind", "version": "1", "owner": "us", "rules": [rule]}
        (catalog / "classifier.yaml").write_text(yaml.safe_dump(words))
    text = (catalog / "taxonomy.yaml").read_text()
    with pytest.raises(SettingsError):
        migrated(registered, catalog)
    assert rows(database_url, "SELECT count(*) FROM evals.taxonomy_versions") == [(1,)]
    assert rows(database_url, "SELECT count(*) FROM evals.taxonomy_mappings") == [(0,)]
    assert (catalog / "taxonomy.yaml").read_text() == text


def test_a_catalog_that_is_ahead_is_refused_until_the_database_follows(
    registered: PostgresWarehouse, catalog: Path, first: Taxonomy
) -> None:
    write(catalog, 1, SPLIT)
    after = taxonomy("loop", "fact", "topic", "rude", "cut", version="2")
    (catalog / "taxonomy.yaml").write_text(taxonomy_text(after))
    with pytest.raises(SettingsError, match=r"in force in the database is 1\+") as refused:
        hold_to(registered, after, NOW)
    assert "eval-pipeline taxonomy migrate" in refused.value.mend
    assert not migrated(registered, catalog), "the file reads as the result already"
    hold_to(registered, after, NOW)
    with pytest.raises(SettingsError):
        hold_to(registered, first, NOW)


def test_labels_of_before_are_taken_over_as_they_are(
    unregistered: PostgresWarehouse, database_url: str, catalog: Path, first: Taxonomy
) -> None:
    known = "INSERT INTO evals.taxonomy_categories (taxonomy_version, category, position) VALUES ('1+old', %s, 0) RETURNING 1"
    rows(database_url, known, "loop")
    label(database_url, "a", "1+old", "loop")
    hold_to(unregistered, first, NOW)
    assert rows(database_url, ALL) == [("a", "loop", "loop", "same")]
    write(catalog, 1, {"rename": {"from": "loop", "to": "circle"}})
    migrated(unregistered, catalog)
    assert rows(database_url, ALL) == [("a", "loop", "circle", "renamed")]


def test_a_first_taxonomy_that_loses_a_label_is_refused(
    unregistered: PostgresWarehouse, database_url: str, first: Taxonomy
) -> None:
    rows(
        database_url,
        "INSERT INTO evals.taxonomy_categories (taxonomy_version, category, position) VALUES ('0+a', 'gone', 0) RETURNING 1",
    )
    with pytest.raises(SettingsError, match="name `gone`"):
        hold_to(unregistered, first, NOW)
    assert rows(database_url, "SELECT count(*) FROM evals.taxonomy_versions") == [(0,)]


def test_nothing_writes_a_category_that_its_taxonomy_has_not(
    registered: PostgresWarehouse, database_url: str, first: Taxonomy
) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="reviews_category_fkey"):
        label(database_url, "a", first.version, "sadness")
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="category sadness is not in taxonomy"):
        predict(database_url, "a", first.version, "sadness")
    for word in ("abstain", "error"):
        predict(database_url, word, first.version, word)
    prediction = frame_for(CategoryPredictions, 1).assign(category="loop", taxonomy_version="9+z")
    with pytest.raises(WarehouseError, match="its taxonomy has not") as refused:
        registered.replace_day(CategoryPredictions, prediction["session_day"].iloc[0], [prediction])
    assert "taxonomy migrate" in refused.value.mend


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evals.taxonomy_categories SET definition = 'other' RETURNING 1",
        "DELETE FROM evals.taxonomy_categories RETURNING 1",
        "UPDATE evals.taxonomy_versions SET tie_rule = 'other' RETURNING 1",
    ],
)
def test_what_a_version_says_is_kept(registered: PostgresWarehouse, database_url: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        rows(database_url, statement)
