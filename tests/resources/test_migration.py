"""The database's tables against the pandera models, and that migrating is safe, repeatable and one-way."""

import re
import threading
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import create_engine

from eval_pipeline.errors import WarehouseError
from eval_pipeline.tables import TABLES, VIEWS, JudgeCalibrationReports, SessionSignals, SignalQuality, Table
from resources.migration import MIGRATIONS, head, is_current, migrate
from resources.warehouse import PostgresWarehouse

SQL_TYPES = {
    "string[pyarrow]": "text",
    "int64": "bigint",
    "Int64": "bigint",
    "float64": "double precision",
    "bool": "boolean",
    "date": "date",
    "datetime64[us, UTC]": "timestamp with time zone",
}


def rows(url: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode(), parameters or None).fetchall()


@pytest.fixture
def empty_database_url(database_url: str) -> str:
    """A database in which nothing was migrated; dropped with the server."""
    name = urlsplit(database_url).path.strip("/") + "_empty"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    return urlsplit(database_url)._replace(path=f"/{name}").geturl()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.table_name())
def test_the_database_has_the_columns_of_the_model(database_url: str, table: type[Table]) -> None:
    found = rows(
        database_url,
        "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns"
        " WHERE table_schema = 'evals' AND table_name = %s ORDER BY ordinal_position",
        table.table_name(),
    )
    assert found == [
        (name, (field.metadata or {}).get("sql") or SQL_TYPES[str(field.dtype)], field.nullable)
        for name, field in table.to_schema().columns.items()
    ]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.table_name())
def test_the_database_has_the_views_of_the_models_with_their_descriptions(database_url: str, view: type[Table]) -> None:
    found = rows(
        database_url,
        "SELECT column_name, data_type, col_description(to_regclass('evals.' || table_name), ordinal_position::int)"
        " FROM information_schema.columns c JOIN information_schema.views v USING (table_schema, table_name)"
        " WHERE table_schema = 'evals' AND table_name = %s ORDER BY ordinal_position",
        view.table_name(),
    )
    columns = view.to_schema().columns.items()
    assert found == [(name, SQL_TYPES[str(f.dtype)], " ".join(f.description.split())) for name, f in columns]
    about = rows(database_url, "SELECT obj_description(%s::regclass)", f"evals.{view.table_name()}")[0][0]
    assert about == " ".join((view.__doc__ or "").split())


def test_no_view_is_there_that_has_no_model(database_url: str) -> None:
    found = rows(database_url, "SELECT viewname FROM pg_views WHERE schemaname = 'evals'")
    assert {name for (name,) in found} == {view.table_name() for view in VIEWS}


def constraints(url: str, table: type[Table], kind: str) -> list[tuple[str, str]]:
    return rows(
        url,
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        # A check over several columns stands in the model as a check of the frame.
        " WHERE conrelid = %s::regclass AND contype = %s AND (contype <> 'c' OR cardinality(conkey) = 1)"
        # What keeps synthetic sessions out of the traffic is tested in tests/coverage/.
        " AND conname NOT LIKE '%%_not_synthetic' ORDER BY conname",
        f"evals.{table.table_name()}",
        kind,
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.table_name())
def test_the_database_has_the_key_and_the_checks_of_the_model(database_url: str, table: type[Table]) -> None:
    name = table.table_name()
    key = f"PRIMARY KEY ({', '.join(table.primary_key())})"
    assert constraints(database_url, table, "p") == [(f"{name}_key", key)]
    found = {
        conname: (re.findall(r"'([^']*)'::text", text), re.findall(r"(>=|<=|>) \(?(\d+)", text))
        for conname, text in constraints(database_url, table, "c")
    }
    expected: dict[str, tuple[list[str], list[tuple[str, str]]]] = {}
    for column, field in table.to_schema().columns.items():
        if not field.checks:
            continue
        words, bounds = expected.setdefault(f"{name}_{column}_check", ([], []))
        for check in field.checks:
            statistics = check.statistics
            words += statistics.get("allowed_values", [])
            sign = {"greater_than_or_equal_to": ">=", "less_than_or_equal_to": "<=", "greater_than": ">"}
            bounds += [(sign[check.name], str(value)) for at, value in statistics.items() if at != "allowed_values"]
    assert found == expected


def test_no_table_is_there_that_has_no_model(database_url: str) -> None:
    found = rows(database_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'evals'")
    internal = {"alembic_version", "partition_versions"}
    assert {name for (name,) in found} == {table.table_name() for table in TABLES} | internal


def test_every_table_and_column_is_described_and_days_are_indexed(database_url: str) -> None:
    for table in TABLES:
        name = f"evals.{table.table_name()}"
        found = rows(
            database_url,
            "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0",
            name,
        )
        assert dict(found) == {c: " ".join(f.description.split()) for c, f in table.to_schema().columns.items()}
        about = rows(database_url, "SELECT obj_description(%s::regclass)", name)[0][0]
        assert about == " ".join((table.__doc__ or "").split())
        leading = rows(
            database_url,
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
            " WHERE indrelid = %s::regclass",
            name,
        )
        assert table.day_column() is None or (table.day_column(),) in leading


def test_descriptions_that_are_out_of_date_are_written_again(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("COMMENT ON TABLE evals.reviews IS 'old words'; COMMENT ON SCHEMA evals IS 'old'")
    assert not is_current(database_url)
    migrate(database_url)
    assert is_current(database_url)
    assert rows(database_url, "SELECT obj_description('evals.reviews'::regclass)")[0][0].startswith("One submitted")


def test_many_processes_may_migrate_at_once(empty_database_url: str) -> None:
    assert not is_current(empty_database_url)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            migrate(empty_database_url)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert is_current(empty_database_url)
    assert rows(empty_database_url, "SELECT version_num FROM evals.alembic_version") == [(head(),)]


AS_OF_0001 = """
    INSERT INTO evals.session_signals VALUES
        ('s1', '2026-01-02', 'tool_error', '1+ab', 'fired', 0.5, 3, 'words', 'a tool failed');
    INSERT INTO evals.judge_calibration_reports (report_id, as_of_day, subject_kind, subject, subject_version, origin,
        label_set, category, n_labels, n_true_fail, n_missed_fail, n_false_fail, n_true_pass, n_error, n_not_applicable,
        tpr_weighted, n_weighted, status, labels_hash, measured_at)
    VALUES ('r1', '2026-01-02', 'signal', 'tool_error', '1+ab', 'production', 'held_out', 'all', 30, 10, 5, 5, 10, 0, 0,
        0.4, 30, 'too_few_to_gate', 'ff', '2026-01-03T01:00Z');
"""


def test_rows_of_the_first_release_survive_the_upgrade(empty_database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(empty_database_url))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with psycopg.connect(empty_database_url) as database:
        database.execute(AS_OF_0001)
    migrate(empty_database_url)
    assert is_current(empty_database_url)
    with PostgresWarehouse(empty_database_url) as warehouse:
        signal = warehouse.read(SessionSignals).iloc[0]
        report = warehouse.read(JudgeCalibrationReports).iloc[0]
        assert warehouse.read(SignalQuality).empty
    assert (signal["session_id"], signal["turn_index"], signal["reason"]) == ("s1", 3, "a tool failed")
    assert signal["is_counting"]
    assert (report["tpr_weighted"], report["n_weighted"], report["label_set"]) == (0.4, 30, "held_out")
    assert report[["precision_weighted", "recall_weighted", "n_control", "n_control_needed"]].isna().all()


def test_a_current_database_is_not_touched(database_url: str) -> None:
    def state() -> list[tuple[Any, ...]]:
        statement = "SELECT xmin::text, (SELECT max(xmin::text::bigint) FROM pg_description) FROM evals.alembic_version"
        return rows(database_url, statement)

    before = state()
    migrate(database_url)
    assert state() == before


def test_a_newer_database_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE evals.alembic_version SET version_num = '9999'")
    with pytest.raises(WarehouseError, match="9999") as raised:
        migrate(database_url)
    assert "upgrade eval-pipeline" in raised.value.mend


def test_a_downgrade_is_refused(database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database_url))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        with pytest.raises(WarehouseError, match="cannot be undone"):
            command.downgrade(config, "base")
    engine.dispose()
    assert is_current(database_url)


def test_a_database_that_is_not_there_is_told_with_the_mend() -> None:
    with pytest.raises(WarehouseError, match="could not be migrated") as raised:
        migrate("postgresql://nobody@/nothing?host=/nonexistent")
    assert "EVAL_PIPELINE_DATABASE_URL" in raised.value.mend


@pytest.mark.parametrize("table", [t for t in TABLES if t.is_append_only()], ids=lambda table: table.table_name())
@pytest.mark.parametrize(
    "statement", ["DELETE FROM evals.{}", "TRUNCATE evals.{}", "UPDATE evals.{0} SET {1} = {1}"], ids=lambda s: s[:6]
)
def test_what_is_only_added_to_refuses_all_else(database_url: str, table: type[Table], statement: str) -> None:
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="only ever added"):
        rows(database_url, statement.format(table.table_name(), table.primary_key()[0]))
