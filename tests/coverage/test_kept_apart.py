"""No session that was made for coverage can enter a rate, a trend, a label, a calibration or a held-out set: the database
refuses it, table by table, whoever writes."""

from urllib.parse import urlsplit

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from pandera.errors import SchemaError
from psycopg import sql
from sqlalchemy import create_engine

from eval_pipeline.errors import WarehouseError
from eval_pipeline.table_model import SYNTHETIC_PREFIX, TrafficTable
from eval_pipeline.tables import TABLES, RawSessions, SessionSignals, SyntheticSessions, Table
from resources.migration import MIGRATIONS, migrate
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for

OWN = ("synthetic_sessions", "coverage_cells", "synthetic_expectations")
OF_ORIGIN = [t for t in TABLES if "origin" in t.to_schema().columns and t.table_name() not in OWN]
OF_SESSIONS = [t for t in TABLES if issubclass(t, TrafficTable)]

MUST_REFUSE = {
    "raw_sessions", "flagged_sessions", "sampling_frame", "human_labels", "judge_calibration_reports", "promotions",
    "heldout_looks", "heldout_retirements", "anchor_sessions", "anchor_verdicts", "alignment_checks", "trend_rollups",
    "trend_windows", "trend_versions", "trend_baselines", "trend_directions", "trend_alerts", "error_analysis_samples",
    "session_sources",
}  # fmt: skip
MUST_REFUSE_ITS_ID = {
    "raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts", "category_predictions", "reviews",
    "human_labels", "flagged_sessions", "sampling_frame", "anchor_sessions", "anchor_verdicts", "session_fingerprints",
    "error_analysis_samples",
}  # fmt: skip


def name(table: type[Table]) -> str:
    return table.table_name()


def test_no_table_that_feeds_or_holds_a_figure_is_left_out() -> None:
    assert set(map(name, OF_ORIGIN)) >= MUST_REFUSE and set(map(name, OF_SESSIONS)) >= MUST_REFUSE_ITS_ID


def refused(warehouse: PostgresWarehouse, table: type[Table], constraint: str, **changed: str) -> bool:
    row = frame_for(table, 1)
    # What a table asks for besides, so that it refuses the session alone.
    row = row.assign(**{name: value for name, value in {"category": "abstain"}.items() if name in row})
    with pytest.raises(WarehouseError) as error:
        warehouse.append(table, row.assign(**changed))
    return constraint in error.value.problem and len(warehouse.read(table)) == 0


def test_every_table_of_figures_refuses_the_origin(warehouse: PostgresWarehouse) -> None:
    taking = [name(t) for t in OF_ORIGIN if not refused(warehouse, t, f"{name(t)}_origin_check", origin="synthetic")]
    assert taking == []


def test_every_table_of_what_happened_refuses_the_id_and_so_does_its_model(warehouse: PostgresWarehouse) -> None:
    made = f"{SYNTHETIC_PREFIX}2026-01-02/0123456789abcdef"
    taking = [name(t) for t in OF_SESSIONS if not refused(warehouse, t, f"{name(t)}_not_synthetic", session_id=made)]
    assert taking == []
    rows = frame_for(SessionSignals, 2).assign(session_id=[made, "real"], outcome="quiet", strength=0.0)
    with pytest.raises(SchemaError, match=r"none_is_made|made for coverage"):
        SessionSignals.validate(rows)


def test_every_constraint_holds_for_all_rows_of_a_fresh_database(warehouse: PostgresWarehouse) -> None:
    open_ones = warehouse.query("SELECT conname FROM pg_constraint WHERE NOT convalidated")
    assert open_ones["conname"].tolist() == []


def test_the_table_of_made_sessions_takes_nothing_else(warehouse: PostgresWarehouse) -> None:
    assert warehouse.append(SyntheticSessions, frame_for(SyntheticSessions, 1)) == 1
    for changed in ({"origin": "production"}, {"synthetic_id": "of-a-real-session"}):
        with pytest.raises(WarehouseError, match="synthetic_sessions"):
            warehouse.append(SyntheticSessions, frame_for(SyntheticSessions, 1).assign(**changed))


@pytest.fixture
def database_of_before(database_url: str) -> str:
    """A database as the release before left it."""
    name = urlsplit(database_url).path.strip("/") + "_before"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    url = urlsplit(database_url)._replace(path=f"/{name}").geturl()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    with engine.connect() as connection_of_it:
        config.attributes["connection"] = connection_of_it
        command.upgrade(config, "0009")
    engine.dispose()
    return url


def test_a_row_of_before_is_kept_and_no_more_is_taken(database_of_before: str) -> None:
    with PostgresWarehouse(database_of_before) as before:
        before.append(RawSessions, frame_for(RawSessions, 1).assign(origin="synthetic"))
    migrate(database_of_before)
    with PostgresWarehouse(database_of_before) as after:
        assert after.read(RawSessions)["origin"].tolist() == ["synthetic"]
        with pytest.raises(WarehouseError, match="raw_sessions_origin_check"):
            after.append(RawSessions, frame_for(RawSessions, 2).iloc[1:].assign(origin="synthetic"))
        open_ones = after.query("SELECT conname FROM pg_constraint WHERE NOT convalidated")
    assert open_ones["conname"].tolist() == ["raw_sessions_origin_check"]
