"""`ports.Warehouse`: what every warehouse keeps, the real one and the fake alike; then what only PostgreSQL can."""

import math
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from eval_pipeline.errors import WarehouseError
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import (
    TABLES,
    AuditTrail,
    EvaluatorVerdicts,
    JudgeCalibrationReports,
    ModelCalls,
    QuarantinedRecords,
    RawSessions,
    ReviewSlots,
    SessionSignals,
    SourceDays,
    Table,
    TaxonomyCategories,
    TaxonomyMappings,
    TaxonomyVersions,
)
from resources.warehouse import PostgresWarehouse
from tests.fakes import MemoryWarehouse
from tests.resources.frames import DAY, frame_for

NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture(params=["memory", "postgres"])
def any_warehouse(request: pytest.FixtureRequest) -> Warehouse:
    if request.param == "memory":
        return MemoryWarehouse()
    found: PostgresWarehouse = request.getfixturevalue("warehouse")
    return found


def put(warehouse: Warehouse, table: type[Table], frame: pd.DataFrame) -> None:
    if table.day_column() is None or table.is_append_only():
        warehouse.append(table, frame)
    else:
        warehouse.replace_day(table, DAY, [frame])


def signals(session_ids: list[str], day: date = DAY, **values: Any) -> pd.DataFrame:
    frame = frame_for(SessionSignals, len(session_ids), day)
    return frame.assign(session_id=pd.Series(session_ids, dtype="str"), signal="loop", **values)


WRITTEN_BY_ITSELF = (AuditTrail, ReviewSlots)
"""The database itself writes into these, too, as other tables are written."""

OF_THE_TAXONOMY = (TaxonomyVersions, TaxonomyCategories, TaxonomyMappings)
"""These hold the shipped taxonomy, and each other; see tests/taxonomy."""


def test_every_table_comes_back_as_it_went_in(any_warehouse: Warehouse) -> None:
    for table in [table for table in TABLES if table not in (*WRITTEN_BY_ITSELF, *OF_THE_TAXONOMY)]:
        frame = frame_for(table)
        put(any_warehouse, table, frame)
        assert_frame_equal(any_warehouse.read(table), frame)


def test_an_empty_table_has_its_dtypes(any_warehouse: Warehouse) -> None:
    for table in [table for table in TABLES if table not in OF_THE_TAXONOMY]:
        assert_frame_equal(any_warehouse.read(table), frame_for(table).iloc[:0], check_index_type=False)


def test_a_day_replaced_by_the_same_rows_is_unchanged(any_warehouse: Warehouse) -> None:
    frame = frame_for(EvaluatorVerdicts)
    first = any_warehouse.replace_day(EvaluatorVerdicts, DAY, [frame])
    again = any_warehouse.replace_day(EvaluatorVerdicts, DAY, [frame[12:], frame[:12]])
    assert (first.n_rows, first.is_changed) == (20, True)
    assert (again.n_rows, again.is_changed, again.data_version) == (20, False, first.data_version)


def test_a_day_replaced_by_other_rows_has_only_those(any_warehouse: Warehouse) -> None:
    any_warehouse.replace_day(SessionSignals, DAY, [signals(["a", "b"])])
    any_warehouse.replace_day(SessionSignals, NEXT_DAY, [signals(["c"], NEXT_DAY)])
    before = any_warehouse.replace_day(SessionSignals, DAY, [signals(["a", "b"])]).data_version
    stored = any_warehouse.replace_day(SessionSignals, DAY, [signals(["b"]), signals(["d"])])
    assert stored.is_changed and stored.data_version != before
    assert any_warehouse.read(SessionSignals)["session_id"].tolist() == ["b", "c", "d"]
    emptied = any_warehouse.replace_day(SessionSignals, DAY, [])
    assert (emptied.n_rows, emptied.is_changed) == (0, True)
    assert any_warehouse.read(SessionSignals)["session_id"].tolist() == ["c"]


def test_a_day_whose_rows_fail_on_the_way_stays_as_it_was(any_warehouse: Warehouse) -> None:
    def failing() -> Iterator[pd.DataFrame]:
        yield signals(["x"])
        raise RuntimeError("source is gone")

    any_warehouse.replace_day(SessionSignals, DAY, [signals(["a"])])
    with pytest.raises(RuntimeError, match="source is gone"):
        any_warehouse.replace_day(SessionSignals, DAY, failing())
    assert any_warehouse.read(SessionSignals)["session_id"].tolist() == ["a"]


def test_reading_chooses_days_sessions_and_columns(any_warehouse: Warehouse) -> None:
    any_warehouse.replace_day(SessionSignals, DAY, [signals(["a", "b", "é'x"])])
    any_warehouse.replace_day(SessionSignals, NEXT_DAY, [signals(["c"], NEXT_DAY)])

    def ids(**choice: Any) -> list[str]:
        return any_warehouse.read(SessionSignals, **choice)["session_id"].tolist()

    assert ids(days=[DAY]) == ["a", "b", "é'x"]
    assert ids(days=[DAY, NEXT_DAY], session_ids=["c", "é'x", "nobody"]) == ["c", "é'x"]
    assert ids(days=[]) == ids(session_ids=[]) == []
    chosen = any_warehouse.read(SessionSignals, [NEXT_DAY], ["signal", "session_id"])
    assert chosen.to_dict("list") == {"signal": ["loop"], "session_id": ["c"]}


def test_chunks_are_the_day_cut_in_order(any_warehouse: Warehouse) -> None:
    frame = frame_for(EvaluatorVerdicts, 23)
    any_warehouse.replace_day(EvaluatorVerdicts, DAY, [frame])
    chunks = list(any_warehouse.read_chunks(EvaluatorVerdicts, DAY, size=10))
    assert [len(chunk) for chunk in chunks] == [10, 10, 3]
    assert_frame_equal(pd.concat(chunks, ignore_index=True), frame)
    assert list(any_warehouse.read_chunks(EvaluatorVerdicts, NEXT_DAY)) == []


def test_appending_adds_each_key_once_and_changes_none(any_warehouse: Warehouse) -> None:
    calls = frame_for(ModelCalls, 6)
    assert any_warehouse.append(ModelCalls, calls[:4]) == 4
    assert any_warehouse.append(ModelCalls, calls.assign(endpoint="another")) == 2
    assert any_warehouse.append(ModelCalls, calls) == 0
    stored = any_warehouse.read(ModelCalls)
    assert_frame_equal(stored[:4], calls[:4])
    assert stored["endpoint"].tolist()[4:] == ["another", "another"]


def test_upserting_replaces_rows_of_the_same_key(any_warehouse: Warehouse) -> None:
    days = frame_for(SourceDays, 3)
    any_warehouse.upsert(SourceDays, days)
    any_warehouse.upsert(SourceDays, days[1:].assign(n_accepted=pd.array([7, None], dtype="Int64")))
    expected = days.assign(n_accepted=pd.array([days["n_accepted"][0], 7, None], dtype="Int64"))
    assert_frame_equal(any_warehouse.read(SourceDays), expected)


def test_an_unchanged_day_is_not_written(warehouse: PostgresWarehouse) -> None:
    sessions = frame_for(RawSessions)
    warehouse.replace_day(RawSessions, DAY, [sessions])

    def versions() -> dict[str, list[Any]]:
        return warehouse.query(
            "SELECT r.xmin::text AS row, p.xmin::text AS version FROM evals.raw_sessions r, evals.partition_versions p"
        ).to_dict("list")

    before = versions()
    assert not warehouse.replace_day(RawSessions, DAY, [sessions[:7], sessions[7:]]).is_changed
    assert versions() == before
    assert warehouse.replace_day(RawSessions, DAY, [sessions.assign(surface="another")]).is_changed
    assert versions() != before


def test_rows_changed_by_key_are_written_again(warehouse: PostgresWarehouse) -> None:
    days = frame_for(SourceDays, 3)
    warehouse.replace_day(SourceDays, DAY, [days])
    warehouse.upsert(SourceDays, days.assign(n_read=99))
    assert warehouse.replace_day(SourceDays, DAY, [days]).is_changed
    assert_frame_equal(warehouse.read(SourceDays), days)


def test_two_writers_of_one_day_take_turns(warehouse: PostgresWarehouse) -> None:
    contents = {name: signals([f"{name}{i:04d}" for i in range(2000)]) for name in "ab"}
    begin = threading.Barrier(2)
    errors: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for _ in range(3):
                begin.wait(10)
                warehouse.replace_day(SessionSignals, DAY, [contents[name]])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=[name]) for name in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    stored = warehouse.read(SessionSignals)
    assert_frame_equal(stored, contents[stored["session_id"][0][0]])


def test_a_day_may_be_made_from_a_stream_of_the_same_warehouse(warehouse: PostgresWarehouse) -> None:
    warehouse.replace_day(RawSessions, DAY, [frame_for(RawSessions, 30)])
    fired = (
        signals(chunk["session_id"].tolist()) for chunk in warehouse.read_chunks(RawSessions, DAY, ["session_id"], 7)
    )
    assert warehouse.replace_day(SessionSignals, DAY, fired).n_rows == 30


def test_streams_left_half_read_give_their_connection_back(warehouse: PostgresWarehouse) -> None:
    warehouse.replace_day(RawSessions, DAY, [frame_for(RawSessions, 30)])
    for _ in range(20):
        chunks = warehouse.read_chunks(RawSessions, DAY, size=2)
        assert len(next(chunks)) == 2
        del chunks
    assert len(warehouse.read(RawSessions)) == 30


def test_ten_megabytes_in_one_value(warehouse: PostgresWarehouse) -> None:
    long = ("x" * 96 + 'ä"\\\n') * 100_000
    sessions = frame_for(RawSessions, 2).assign(user_id=long)
    sessions["turns"] = pd.Series([[{"role": "user", "content": long}], []], dtype=object)
    warehouse.replace_day(RawSessions, DAY, [sessions])
    assert_frame_equal(next(warehouse.read_chunks(RawSessions, DAY)), sessions)
    calls = frame_for(ModelCalls, 1).assign(reply=long)
    warehouse.append(ModelCalls, calls)
    assert_frame_equal(warehouse.read(ModelCalls), calls)


def test_what_a_database_cannot_hold_is_replaced(warehouse: PostgresWarehouse) -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    hostile = {
        "nul\x00": "a\x00b",
        "half": "\ud83d!",
        "escaped": "\\u0000",
        "nan": float("nan"),
        "infinite": float("inf"),
        "big": 10**30,
        "huge": 10**5000,
        "deep": deep,
    }
    sessions = frame_for(RawSessions, 1)
    sessions["meta"] = pd.Series([hostile], dtype=object)
    sessions["surface"] = pd.Series(["x\x00\udc00y"], dtype=object)
    warehouse.replace_day(RawSessions, DAY, [sessions])
    stored = warehouse.read(RawSessions)
    meta = stored["meta"][0]
    assert stored["surface"][0] == "x\ufffd\ufffdy"
    assert (meta["nul\ufffd"], meta["half"], meta["escaped"]) == ("a\ufffdb", "\ufffd!", "\\u0000")
    assert (meta["nan"], meta["infinite"], meta["big"]) == (None, None, "1" + "0" * 30)
    assert int(meta["huge"], 16) == 10**5000
    assert "\ufffd" in str(meta["deep"])
    assert not warehouse.replace_day(RawSessions, DAY, [sessions]).is_changed


TEXTS = st.text(st.characters(codec=None, exclude_categories=(), exclude_characters="\ufffd"), max_size=20)
KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
# Beyond 2**53 a float comes back as the integer that its decimal digits say.
FLOATS = st.floats(-(2.0**53), 2.0**53) | st.sampled_from([math.nan, math.inf, -math.inf])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


def storable(value: Any) -> Any:
    """Say what is kept of a text or a JSON value, as the docstrings promise it."""
    if isinstance(value, str):
        return "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    return {key: storable(item) for key, item in value.items()} if isinstance(value, dict) else value


@settings(
    max_examples=40,
    deadline=None,
    # Shrinking takes minutes over a database.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(TEXTS, min_size=1, max_size=3), value=st.dictionaries(KEYS, JSON, max_size=4))
def test_any_text_and_json_can_be_stored_and_read(
    warehouse: PostgresWarehouse, texts: list[str], value: dict[str, Any]
) -> None:
    frame = frame_for(RawSessions, len(texts))
    frame["source_position"] = pd.Series(texts, dtype=object)
    frame["meta"] = pd.Series([value] * len(texts), dtype=object)
    warehouse.replace_day(RawSessions, DAY, [frame])
    stored = warehouse.read(RawSessions)
    assert stored["source_position"].tolist() == storable(texts)
    assert stored["meta"].tolist() == [storable(value)] * len(texts)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"session_id": "a"}, ["session_signals_key", "(a, loop)", "once"]),
        ({"outcome": "secret"}, ["session_signals_outcome_check", "row 1", "tables.py"]),
        ({"strength": 1.5}, ["session_signals_strength_check"]),
        ({"signal_version": None}, ["session_signals.signal_version", "null"]),
        ({"session_day": NEXT_DAY}, ["session_signals", "another day"]),
        ({"turn_index": "secret"}, ["session_signals.turn_index", "bigint"]),
        ({"unheard": 1}, ["session_signals", "unheard"]),
    ],
)
def test_a_refused_row_is_named_and_not_shown(
    warehouse: PostgresWarehouse, change: dict[str, Any], words: list[str]
) -> None:
    warehouse.replace_day(SessionSignals, DAY, [signals(["z"])])
    with pytest.raises(WarehouseError) as raised:
        warehouse.replace_day(SessionSignals, DAY, [signals(["a", "b"], quote="confidential").assign(**change)])
    for word in words:
        assert word in str(raised.value)
    assert "secret" not in str(raised.value) and "confidential" not in str(raised.value)
    assert warehouse.read(SessionSignals)["session_id"].tolist() == ["z"]


def test_a_session_stored_on_another_day_is_refused_by_name(warehouse: PostgresWarehouse) -> None:
    warehouse.replace_day(RawSessions, DAY, [frame_for(RawSessions, 1)])
    with pytest.raises(WarehouseError, match=r"raw_sessions_key.*session_id.*=\(000\)"):
        warehouse.replace_day(RawSessions, NEXT_DAY, [frame_for(RawSessions, 1, NEXT_DAY)])


def test_append_only_rows_cannot_be_changed(warehouse: PostgresWarehouse) -> None:
    reports = frame_for(JudgeCalibrationReports, 2)
    warehouse.append(JudgeCalibrationReports, reports)
    with pytest.raises(WarehouseError, match="only ever added"):
        warehouse.replace_day(JudgeCalibrationReports, DAY, [reports[:1]])
    with pytest.raises(WarehouseError, match="only ever added"):
        warehouse.upsert(JudgeCalibrationReports, reports)
    assert_frame_equal(warehouse.read(JudgeCalibrationReports), reports)


def test_a_query_has_bound_parameters_and_typed_columns(warehouse: PostgresWarehouse) -> None:
    frame = warehouse.query(
        "SELECT n, n::text AS word, NULLIF(n, 1) AS gap, n / 2.0 AS half, '{\"a\": [1]}'::jsonb AS value,"
        " DATE '2026-01-02' AS day, TIMESTAMPTZ '2026-01-02 03:04:05+02' AS at, n > 1 AS is_big"
        " FROM generate_series(1, %s) AS n WHERE 'x%%' LIKE %s",
        [2, "%%"],
    )
    assert frame["half"].tolist() == [0.5, 1.0]
    assert frame["value"].tolist() == [{"a": [1]}] * 2
    assert frame["day"].tolist() == [DAY] * 2
    assert frame["at"][0] == pd.Timestamp("2026-01-02T01:04:05Z")
    assert frame["gap"].isna().tolist() == [True, False]
    assert [str(frame[c].dtype) for c in ["n", "word", "gap", "is_big"]] == ["int64", "str", "Int64", "bool"]
    assert warehouse.query("SELECT 1 AS one WHERE 'x' LIKE '%'")["one"].tolist() == [1]
    assert warehouse.query("SELECT %(a)s::int AS a", {"a": 3})["a"].tolist() == [3]
    assert list(warehouse.query("SELECT session_id FROM evals.verdicts").columns) == ["session_id"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM evals.reviews",
        "CREATE TABLE evals.mine (n int)",
        "COMMIT; DROP TABLE evals.reviews",
        "SELECT nothing FROM evals.nowhere",
    ],
)
def test_a_query_only_reads(warehouse: PostgresWarehouse, statement: str) -> None:
    with pytest.raises(WarehouseError, match="query failed"):
        warehouse.query(statement)
    assert warehouse.query("SELECT count(*) AS n FROM evals.reviews")["n"].tolist() == [0]


def test_a_query_that_takes_too_long_is_stopped(database_url: str) -> None:
    warehouse = PostgresWarehouse(database_url, query_timeout_s=0.05)
    with warehouse, pytest.raises(WarehouseError, match="timeout"):
        warehouse.query("SELECT pg_sleep(60)")


def test_the_view_of_verdicts_unites_the_three_kinds(warehouse: PostgresWarehouse) -> None:
    warehouse.replace_day(SessionSignals, DAY, [signals(["a", "b"], outcome=["fired", "quiet"])])
    warehouse.replace_day(EvaluatorVerdicts, DAY, [frame_for(EvaluatorVerdicts, 1).assign(verdict="error")])
    found = warehouse.query("SELECT subject_kind, verdict FROM evals.verdicts ORDER BY subject_kind, verdict")
    assert found.to_dict("list") == {
        "subject_kind": ["evaluator", "signal", "signal"],
        "verdict": ["error", "fail", "pass"],
    }


def test_a_database_that_is_not_there_is_told_with_the_mend() -> None:
    with PostgresWarehouse("postgresql://nobody@/nothing?host=/nonexistent") as warehouse:
        with pytest.raises(WarehouseError, match="cannot be reached") as raised:
            warehouse.read(RawSessions)
        assert "EVAL_PIPELINE_DATABASE_URL" in raised.value.mend
        with pytest.raises(WarehouseError, match="cannot be reached"):
            warehouse.replace_day(QuarantinedRecords, DAY, [])


def test_frames_of_other_dtypes_are_taken_if_their_values_fit(warehouse: PostgresWarehouse) -> None:
    loose = frame_for(SessionSignals, 4).astype(object)
    loose["session_day"] = pd.to_datetime(loose["session_day"])
    loose["turn_index"] = np.array([np.nan, 1.0, 2.0, 3.0])
    loose["signal"] = loose["signal"].astype("category")
    expected = frame_for(SessionSignals, 4).assign(turn_index=pd.array([None, 1, 2, 3], dtype="Int64"))
    warehouse.upsert(SessionSignals, loose)
    assert_frame_equal(warehouse.read(SessionSignals), expected)
