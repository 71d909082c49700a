"""Bringing a taxonomy into force in a database: the first one by itself, later ones by their migrations, all or nothing.

Not here: what a migration does (`eval_pipeline/taxonomy/`), the tables (`eval_pipeline/taxonomy_tables.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from eval_pipeline.errors import SettingsError
from eval_pipeline.tables import TaxonomyVersions
from eval_pipeline.taxonomy.applying import Step
from eval_pipeline.taxonomy.catalog_file import bring_to
from eval_pipeline.taxonomy.categories import Taxonomy, load_taxonomy
from eval_pipeline.taxonomy.changes import Migration
from eval_pipeline.taxonomy.history import Ask, History, read_history
from eval_pipeline.taxonomy.in_force import refuse_outdated, version_in_force
from eval_pipeline.taxonomy.planning import Plan, plan_of
from eval_pipeline.taxonomy.problems import refuse_problems
from resources.warehouse import PostgresWarehouse

Connection = psycopg.Connection[Any]

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1635020911)"
"""Any fixed number: one change of the taxonomy at a time in a database."""

# Nothing is labelled between the reading of all labels and the end of the change.
_LABELS_STAND_STILL = "LOCK TABLE evals.reviews, evals.human_labels IN SHARE MODE"

_VERSION = """
    INSERT INTO evals.taxonomy_versions
        (taxonomy_version, declared_version, number, tie_rule, migration, registered_by, registered_at)
    VALUES (%(version)s, %(declared)s, 1 + (SELECT coalesce(max(number), 0) FROM evals.taxonomy_versions), %(tie_rule)s,
            %(migration)s, %(by)s, %(at)s)"""

# A category that labels of before were found to name has no words yet.
_CATEGORY = """
    INSERT INTO evals.taxonomy_categories AS known
        (taxonomy_version, category, position, title, definition, includes, excludes, examples, owner)
    VALUES (%(version)s, %(id)s, %(position)s, %(title)s, %(definition)s, %(includes)s, %(excludes)s, %(examples)s, %(owner)s)
    ON CONFLICT (taxonomy_version, category) DO UPDATE
    SET position = EXCLUDED.position, title = EXCLUDED.title, definition = EXCLUDED.definition,
        includes = EXCLUDED.includes, excludes = EXCLUDED.excludes, examples = EXCLUDED.examples, owner = EXCLUDED.owner
    WHERE known.definition IS NULL"""

_STEP = """
    INSERT INTO evals.taxonomy_mappings (from_version, from_category, to_version, to_category, kind, rule)
    VALUES (%s, %s, %s, %s, %s, %s)"""

_LABEL = """
    INSERT INTO evals.label_mappings
        (session_id, from_version, from_category, to_version, to_category, state, rule, is_by_machine, mapped_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""


def hold_to(warehouse: PostgresWarehouse, taxonomy: Taxonomy, now: datetime) -> None:
    """See that `taxonomy`, the catalog's, is the one in force; the first of a database is registered by this.

    Any number of processes may do so at the same time. Raises `SettingsError` with the mend when another is in force, or when
    labels of before name a category that the first taxonomy has not.
    """
    if version_in_force(warehouse) is None:
        with warehouse.writing(TaxonomyVersions) as connection:
            _register_first(connection, taxonomy, now)
    refuse_outdated(warehouse, taxonomy)


def migrate_taxonomy(
    warehouse: PostgresWarehouse, catalog: Path, migrations: Sequence[Migration], by: str | None, now: datetime
) -> tuple[Plan, bool]:
    """Bring the migrations that wait into force, and `catalog/taxonomy.yaml` with them; return what was done, and whether
    the file was written. All or nothing; when nothing waits, labels that came since the last change are mapped.

    Raises `SettingsError` with the mend, and changes nothing, when a migration or the catalog does not fit.
    """
    file = catalog / "taxonomy.yaml"
    with warehouse.writing(TaxonomyVersions) as connection:
        _register_first(connection, load_taxonomy(file), now)
        connection.execute(_LABELS_STAND_STILL)
        ask = asking_within(connection)
        plan = plan_of(read_history(ask), load_taxonomy(file), migrations, ask)
        refuse_problems(plan, catalog)
        for applied in plan.applied:
            _register(connection, applied.after, applied.migration.name, by, now)
            _steps(connection, applied.before.version, applied.after.version, applied.steps)
        _labels(connection, plan, now)
        # Last: a file that cannot be written takes all back. Written and not committed, it is taken as it is next time.
        is_written = bring_to(file, plan.after) if plan.applied else False
    return plan, is_written


def map_late_labels(warehouse: PostgresWarehouse, taxonomy: Taxonomy, now: datetime) -> None:
    """Map labels that came in words of an earlier version since the last change, as an import of old reviews brings them.

    `taxonomy`: the catalog's, which is in force (`hold_to`).
    """
    with warehouse.writing(TaxonomyVersions) as connection:
        connection.execute(_ONE_AT_A_TIME)
        connection.execute(_LABELS_STAND_STILL)
        ask = asking_within(connection)
        _labels(connection, plan_of(read_history(ask), taxonomy, (), ask), now)


def asking_within(connection: Connection) -> Ask:
    """Return the way to ask within the transaction of `connection`."""

    def ask(statement: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement.encode(), parameters or None).fetchall()

    return ask


def _register_first(connection: Connection, taxonomy: Taxonomy, now: datetime) -> None:
    """Register `taxonomy` unless one is registered: what labels of before name must be in it, and is the same there."""
    connection.execute(_ONE_AT_A_TIME)
    history = read_history(asking_within(connection))
    if history.newest is not None:
        return
    _refuse_strangers(history, taxonomy)
    _register(connection, taxonomy, None, None, now)
    for version in history.unregistered:
        if version != taxonomy.version:
            same = [Step(name, name, "same") for name in history.ids(version)]
            _steps(connection, version, taxonomy.version, same)


def _refuse_strangers(history: History, taxonomy: Taxonomy) -> None:
    for version in history.unregistered:
        if strange := [name for name in history.ids(version) if name not in taxonomy.ids]:
            raise SettingsError(
                f"labels of taxonomy {version} name `{strange[0]}`, which catalog/taxonomy.yaml has not",
                "put the category back and register that: eval-pipeline taxonomy migrate; then take it out by a migration, "
                "which says what becomes of its labels (docs/taxonomy.md)",
            )


def _register(connection: Connection, taxonomy: Taxonomy, migration: str | None, by: str | None, now: datetime) -> None:
    row = {"version": taxonomy.version, "declared": taxonomy.declared_version, "tie_rule": taxonomy.tie_rule}
    connection.execute(_VERSION, {**row, "migration": migration, "by": by, "at": now})
    words = [
        {
            **category.model_dump(),
            **{name: Jsonb(list(getattr(category, name))) for name in ("includes", "excludes", "examples")},
        }
        for category in taxonomy.categories
    ]
    with connection.cursor() as cursor:
        rows = [{**each, "version": taxonomy.version, "position": n} for n, each in enumerate(words, 1)]
        cursor.executemany(_CATEGORY, rows)


def _steps(connection: Connection, version: str, to_version: str, steps: Sequence[Step]) -> None:
    rows = [
        (version, s.category, to_version, s.to_category, s.kind, None if s.rule is None else Jsonb(s.rule))
        for s in steps
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_STEP, rows)


def _labels(connection: Connection, plan: Plan, now: datetime) -> None:
    version, news = plan.after.version, [(m, m.now) for m in plan.labels if m.is_news]
    rows = [
        (m.session_id, m.version, m.category, version, to.category, to.state, to.rule, to.is_by_machine, now)
        for m, to in news
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_LABEL, rows)
