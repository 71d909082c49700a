"""The audit trail and the role of the review app: what is written is told, and what was written stays."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from eval_pipeline.errors import SettingsError, WarehouseError
from eval_pipeline.review.ports import Wanted
from eval_pipeline.settings import Settings
from eval_pipeline.tables import TABLES, VIEWS
from resources.embedded_postgres import ADMINISTRATOR, DATABASE, EmbeddedPostgres
from resources.migration import is_current, migrate
from resources.review_people import PostgresPeople
from resources.review_role import REVIEW_ROLE, as_review_role, refuse_powerful, review_database_url
from resources.review_store import PostgresReviewStore
from tests.resources.review_queue import answer, fill, run


@pytest.fixture
def app_url(database_url: str) -> str:
    return as_review_role(database_url)


@pytest.fixture
def trail(database_url: str, app_url: str) -> str:
    """A database in which a whole reading, a draft and a sign-in left their trail; its URL as the owner."""
    run(database_url, "INSERT INTO evals.reviewer_accounts VALUES ('ann', 'lead', '$argon2id$hash', true, now())")
    first, second = fill(database_url, 2)
    with PostgresReviewStore(app_url) as store, PostgresPeople(app_url) as people:
        token, _ = people.open_session("ann", "lead", timedelta(hours=1))
        store.claim_next("ann", Wanted())
        store.claim(first, "ann")
        store.save_draft(first, "ann", {"note": "words of a draft"}, 0)
        store.submit(answer(first, "ann", note="the note"))
        store.submit(answer(first, "ann", "revealed", 1, answers={}))
        store.claim_next("ann", Wanted())
        store.set_aside(second, "ann", "why", timedelta(hours=1))
        store.look(second, "bob")
        people.end_session(token)
    return database_url


def test_every_act_is_in_the_trail_with_the_person_behind_it(trail: str) -> None:
    found = run(
        trail,
        "SELECT written_table, operation, actor, count(*) FROM evals.audit_trail WHERE database_role = %(role)s"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2",
        role=REVIEW_ROLE,
    )
    assert found == [
        ("review_drafts", "DELETE", "ann", 1),
        ("review_drafts", "INSERT", "ann", 1),
        ("review_reveals", "INSERT", "bob", 1),
        ("review_set_asides", "INSERT", "ann", 1),
        ("review_slots", "UPDATE", "ann", 4),  # claimed, done; claimed, given back: not that a page renewed its lease
        ("reviewer_sessions", "INSERT", "ann", 1),
        ("reviewer_sessions", "UPDATE", "ann", 1),
        ("reviews", "INSERT", "ann", 2),
    ]
    owners = run(
        trail, "SELECT written_table, actor FROM evals.audit_trail WHERE database_role <> %(role)s", role=REVIEW_ROLE
    )
    assert owners == [("reviewer_accounts", None)]


def test_the_trail_tells_the_review_and_no_secret(trail: str) -> None:
    rows = run(trail, "SELECT to_jsonb(audit_trail) FROM evals.audit_trail")
    text = json.dumps(rows, default=str)
    assert "the note" in text
    secrets = run(trail, "SELECT token_hash, csrf_token FROM evals.reviewer_sessions")[0]
    for secret in ("$argon2id$hash", "words of a draft", *secrets):
        assert secret not in text


REFUSED = [
    "INSERT INTO evals.audit_trail (audited_at, database_role, written_table, operation) VALUES (now(), 'x', 'x', 'INSERT')",
    *(
        f"{change} evals.{table}{rest}"
        for table, column in [("audit_trail", "actor"), ("reviews", "note"), ("review_set_asides", "reason")]
        for change, rest in [("UPDATE", f" SET {column} = 'x'"), ("DELETE FROM", ""), ("TRUNCATE", "")]
    ),
    "DELETE FROM evals.review_slots",
    "DELETE FROM evals.reviewer_sessions",
    "INSERT INTO evals.reviewer_accounts VALUES ('eve', 'lead', 'x', true, now())",
    "UPDATE evals.reviewer_accounts SET role = 'lead'",
    "UPDATE evals.flagged_sessions SET arm = 'control'",
    "UPDATE evals.raw_sessions SET turns = '[]'",
    "INSERT INTO evals.human_labels SELECT * FROM evals.human_labels",
    "ALTER TABLE evals.audit_trail DISABLE TRIGGER ALL",
    "DROP TABLE evals.audit_trail",
    "CREATE TABLE evals.mine (i int)",
    "CREATE TABLE public.mine (i int)",
    "CREATE OR REPLACE FUNCTION evals.audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "SET ROLE eval_pipeline",
    "SELECT evals.ask_for_readings(drawn) FROM evals.flagged_sessions AS drawn",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_refuses_the_app_all_else(trail: str, statement: str) -> None:
    with psycopg.connect(as_review_role(trail)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_no_line_is_forged_through_a_table_of_ones_own(database_url: str, app_url: str) -> None:
    with psycopg.connect(database_url, user=ADMINISTRATOR, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC").format(name)
        )  # as on a server of one's own
    trigger = "CREATE TRIGGER forged AFTER INSERT ON pg_temp.reviews FOR EACH ROW EXECUTE FUNCTION evals.audit()"
    with psycopg.connect(app_url) as connection:
        connection.execute("CREATE TEMP TABLE reviews (session_id text)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(trigger.encode())


def test_the_app_may_read_everything_and_make_no_temporary_table(app_url: str) -> None:
    with psycopg.connect(app_url) as connection:
        for table in (*TABLES, *VIEWS):
            connection.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier("evals", table.table_name())))
        # Rights on a database are not copied with it; the deployment's own is the template of all.
        asked = connection.execute("SELECT has_database_privilege(%s, %s, 'TEMP')", [REVIEW_ROLE, DATABASE]).fetchone()
    assert asked == (False,)


def settings(tmp_path: Path, database_url: str | None = None, review_url: str | None = None) -> Settings:
    return Settings(
        home=tmp_path,
        catalog=tmp_path,
        database_url=SecretStr(database_url) if database_url else None,
        review_database_url=SecretStr(review_url) if review_url else None,
    )


def test_on_ones_own_server_the_app_needs_a_role_of_its_own(tmp_path: Path, database_url: str, app_url: str) -> None:
    assert review_database_url(settings(tmp_path, database_url, app_url)) == app_url
    with pytest.raises(SettingsError, match="EVAL_PIPELINE_REVIEW_DATABASE_URL is not set") as raised:
        review_database_url(settings(tmp_path, database_url))
    assert f"CREATE ROLE {REVIEW_ROLE}" in raised.value.mend
    with pytest.raises(SettingsError, match="could change reviews"):
        review_database_url(settings(tmp_path, database_url, database_url))


@pytest.fixture
def as_administrator(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, user=ADMINISTRATOR, autocommit=True) as connection:
        yield connection
        connection.execute("DROP OWNED BY other_app; DROP ROLE other_app")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE ROLE other_app LOGIN SUPERUSER", "could change"),
        ("CREATE ROLE other_app LOGIN NOINHERIT; GRANT eval_pipeline TO other_app", "could change"),
        ("CREATE ROLE other_app LOGIN; GRANT UPDATE (note) ON evals.reviews TO other_app", "could change"),
        ("CREATE ROLE other_app LOGIN; GRANT DELETE ON evals.audit_trail TO other_app", "could change"),
        ("CREATE ROLE other_app LOGIN; GRANT INSERT ON evals.audit_trail TO other_app", "could change"),
        ("CREATE ROLE other_app LOGIN", "may not write reviews"),
    ],
)
def test_a_role_that_may_too_much_or_too_little_is_refused(
    as_administrator: psycopg.Connection, app_url: str, statement: str, message: str
) -> None:
    as_administrator.execute(statement.encode())
    with pytest.raises(SettingsError, match=message):
        refuse_powerful(app_url.replace(REVIEW_ROLE, "other_app"))
    refuse_powerful(app_url)


def test_a_database_without_tables_or_answer_is_told(tmp_path: Path, app_url: str) -> None:
    with pytest.raises(WarehouseError, match="no tables"):
        refuse_powerful(urlsplit(app_url)._replace(path="/postgres").geturl())
    with pytest.raises(WarehouseError, match="cannot be reached") as raised:
        refuse_powerful("postgresql://app:hidden@/nothing?host=/nonexistent")
    assert "hidden" not in str(raised.value)


def test_rights_that_are_missing_are_given_by_a_migration(database_url: str, app_url: str) -> None:
    run(database_url, f"REVOKE ALL ON ALL TABLES IN SCHEMA evals FROM {REVIEW_ROLE}")
    assert not is_current(database_url)
    migrate(database_url)
    assert is_current(database_url)
    refuse_powerful(app_url)


def test_a_home_of_an_earlier_release_gets_the_role_while_its_server_runs() -> None:
    home = Path(tempfile.mkdtemp(prefix="eval-pipeline-tests-"))
    home.chmod(0o755)  # under root the server's account must be able to enter
    server = EmbeddedPostgres(home)
    try:
        url = server.start()
        with psycopg.connect(url, user=ADMINISTRATOR, autocommit=True) as connection:
            connection.execute(f"DROP ROLE {REVIEW_ROLE}".encode())
        migrate(url)
        with pytest.raises(WarehouseError, match="cannot be reached"):
            refuse_powerful(as_review_role(url))
        assert server.start() == url
        migrate(url)
        assert review_database_url(settings(home)) == as_review_role(url)
        refuse_powerful(as_review_role(url))
    finally:
        server.delete()
        shutil.rmtree(home)
