"""SQL against a fixture: what runs, what it must return, and what no SQL may do."""

import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.errors import SettingsError
from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.evaluators.leaves.sql_execution_checks import sql_runs
from eval_pipeline.evaluators.leaves.sql_results import Expected, returns_columns, returns_exactly, returns_rows
from eval_pipeline.evaluators.selectors import LAST_ANSWER
from tests.evaluators.conversations import message, outcome

ORDERS = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, total REAL);
INSERT INTO orders VALUES (1, 'ada', 10.5), (2, 'bob', 3), (3, 'ada', 4);
"""
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "


def complaint(sql: str, *, read_only: bool = True, returns: Expected | None = None) -> str:
    finding = sql_runs(ORDERS, read_only=read_only, returns=returns).judge(message(sql))
    assert finding.outcome == "fail"
    return finding.found() or ""


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT customer, sum(total) FROM orders GROUP BY customer", "pass"),
        ("SELECT ';'; -- two; statements\nSELECT 2", "pass"),
        (ENDLESS + "SELECT x FROM n", "pass"),  # its first 1,000 rows are enough
        ("SELECT price FROM orders", "fail"),
        ("SELEC 1", "fail"),
        ("SELECT * FROM orders WHERE id = ?", "fail"),
        ("-- I cannot write that query", "fail"),
        ("  \n", "not_applicable"),
    ],
)
def test_sql_that_runs_and_sql_that_does_not(sql: str, expected: str) -> None:
    assert outcome(sql_runs(ORDERS), sql) == expected


def test_the_complaint_is_that_of_sqlite() -> None:
    assert complaint("SELECT price FROM orders") == "no such column: price"
    assert complaint("SELECT 1 FROM order_lines") == "no such table: order_lines"


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        (returns_rows(), "pass"),
        (returns_rows(2, 2), "pass"),
        (returns_rows(3), "fail"),
        (returns_rows(0, 1), "fail"),
        (returns_columns("Customer", "paid"), "pass"),
        (returns_columns("paid", "customer"), "fail"),
        (returns_exactly([("bob", 3), ("ada", 14.5)]), "pass"),
        (returns_exactly([("bob", 3), ("ada", 14.5)], in_order=True), "fail"),
        (returns_exactly([("ada", 14.5), ("bob", 3.0)], in_order=True), "pass"),
        (returns_exactly([("ada", 14.5)]), "fail"),
        (returns_exactly([("ada", 14.5), ("bob", "3")]), "fail"),
    ],
)
def test_what_must_come_back(returns: Expected, expected: str) -> None:
    sql = "SELECT customer, sum(total) AS paid FROM orders GROUP BY customer ORDER BY customer"
    assert outcome(sql_runs(ORDERS, returns=returns), sql) == expected


def test_the_result_counts_that_comes_last_and_the_complaint_shows_it() -> None:
    assert complaint("SELECT 7; SELECT 1, 'x'", returns=returns_exactly([(7,)])) == "1 row came back: (1, 'x')"
    assert complaint("DELETE FROM orders", read_only=False, returns=returns_rows(0)) == "no statement returns rows"
    assert complaint(ENDLESS + "SELECT x FROM n", returns=returns_rows(1, 1000)) == "more than 1000 rows came back"


def test_writes_are_refused_unless_allowed_and_never_outlive_the_text() -> None:
    assert "INSERT orders" in complaint("INSERT INTO orders VALUES (4, 'eve', 1)")
    changing = sql_runs(ORDERS, read_only=False, returns=returns_exactly([(2,)]))
    for _ in range(2):
        assert outcome(changing, "DELETE FROM orders WHERE id = 1; SELECT count(*) FROM orders") == "pass"
        assert outcome(changing, "SELECT count(*) - 1 FROM orders") == "pass"


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    "attack",
    [
        "ATTACH DATABASE '{path}' AS other",
        "VACUUM INTO '{path}'",
        "PRAGMA writable_schema = 1",
        "SELECT * FROM pragma_database_list",
        "SELECT load_extension('{path}')",
        "CREATE VIRTUAL TABLE words USING fts5(word)",
        "DELETE FROM sqlite_master",
    ],
)
def test_nothing_outside_the_copy_can_be_reached(attack: str, read_only: bool, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.sqlite"
    said = complaint(attack.format(path=path), read_only=read_only)
    assert "authorized" in said or "authorization denied" in said or "may not be modified" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (ENDLESS + "SELECT count(*) FROM n", "stopped after"),
        ("SELECT zeroblob(1000000)", "too big"),
        ("SELECT 1" + " + 1" * 20_000, "too large"),
        ("SELECT 1;" * 2_000, "more than 1000 statements"),
        ("SELECT '" + "x" * 100_000 + "'", "more than 100000"),
        ("SELECT '\ud800'", "surrogates"),
        ("SELECT '\0'", "null character"),
    ],
)
def test_what_has_no_end_or_no_measure_is_stopped(sql: str, said: str) -> None:
    assert said in complaint(sql)


WIDE = ENDLESS + "SELECT " + ", ".join(f"hex(randomblob(40000)) AS c{n}" for n in range(10)) + " FROM n "


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS + "SELECT hex(randomblob(40000)) AS c FROM n ORDER BY c",
        ENDLESS + "SELECT DISTINCT hex(randomblob(40000)) AS c FROM n ORDER BY c",
        ENDLESS + ", wide AS MATERIALIZED (SELECT hex(randomblob(40000)) FROM n) SELECT count(*) FROM wide",
        "CREATE TEMP TABLE wide AS " + ENDLESS + "SELECT hex(randomblob(40000)) FROM n",
    ],
)
def test_what_fills_the_memory_is_stopped_and_nothing_goes_to_the_disk(sql: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    assert "128 MiB of memory" in complaint(sql, read_only=False)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_maxrss - before.ru_maxrss < 400 * 1024
    assert after.ru_oublock - before.ru_oublock < 10_000


def test_a_result_is_read_no_further_than_its_limit_of_bytes() -> None:
    said = complaint(WIDE, returns=returns_rows(0, 0))
    assert said == "more than 11 rows came back"
    assert "too many columns" in complaint("SELECT " + ", ".join(["1"] * 501))


def test_a_table_that_grows_without_end_is_stopped() -> None:
    growing = ENDLESS + "INSERT INTO orders (customer) SELECT hex(zeroblob(40000)) FROM n"
    assert complaint(growing, read_only=False) == "database or disk is full"


def test_fixtures_from_files(tmp_path: Path) -> None:
    script, database = tmp_path / "orders.sql", tmp_path / "orders.sqlite"
    script.write_text(ORDERS)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(ORDERS)
    before = database.read_bytes()
    for path in (script, database):
        check = sql_runs(path, read_only=False, returns=returns_exactly([(3,)]))
        assert outcome(check, "SELECT count(*) FROM orders") == "pass"
        assert outcome(check, "DROP TABLE orders; SELECT 3") == "pass"
    assert database.read_bytes() == before


def test_a_fixture_that_is_none_is_refused_with_its_name(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_text("not a database")
    for fixture, named in ((broken, "broken.sqlite"), (tmp_path / "no.sql", "no.sql"), ("fixtures/orders.sql", "text")):
        with pytest.raises(SettingsError, match=named):
            sql_runs(fixture)


def test_the_version_follows_the_content_of_the_fixture_not_its_place(tmp_path: Path) -> None:
    def version(*args: object, **options: object) -> str:
        check = sql_runs(*args, **options)  # type: ignore[arg-type]
        return Evaluator("e", LAST_ANSWER, check, "").version

    path = tmp_path / "orders.sql"
    path.write_text(ORDERS)
    same = version(ORDERS)
    assert version(path) == same
    assert version(ORDERS, returns=returns_exactly([(1,), (2,)])) == version(
        ORDERS, returns=returns_exactly([(2.0,), (1,)])
    )
    path.write_text(ORDERS + "DELETE FROM orders;")
    others = [
        version(path),
        version(ORDERS, read_only=False),
        version(ORDERS, returns=returns_rows()),
        version(ORDERS, returns=returns_rows(2)),
        version(ORDERS, returns=returns_columns("id")),
    ]
    assert len({same, *others}) == 6


@given(st.text(max_size=200) | st.text(alphabet="SELECT 1;'\"()-*,/\n", max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_gets_a_verdict(text: str) -> None:
    assert outcome(sql_runs(ORDERS), text) in ("pass", "fail", "not_applicable")
