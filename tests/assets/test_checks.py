"""The checks of the graph: what blocks a run, what only warns, and what each says of the rows at fault."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from assets.checks import batch_check, intake_is_complete, judges_answer, nothing_set_aside
from eval_pipeline.expectations import BatchDocs, watch_batch
from eval_pipeline.tables import JudgeVerdicts, QuarantinedRecords, RawSessions, Table
from resources.warehouse import PostgresWarehouse
from tests.end_to_end.pipeline import Pipeline
from tests.resources.frames import frame_for

DAYS = [date(2025, 3, 4), date(2025, 3, 5)]
NOW = datetime(2025, 3, 6, 1, 30, tzinfo=UTC)


def sessions(day: date, n: int, surface: str = "chat") -> list[dict[str, Any]]:
    turns = [{"role": "user", "content": "hi", "ts": f"{day}T10:00:00Z"}, {"role": "assistant", "content": "Hello!"}]
    return [
        {
            "session_id": f"{day}-{i}",
            "started_at": f"{day}T10:00:00Z",
            "surface": surface,
            "model": "m-1",
            "turns": turns,
        }
        for i in range(n)
    ]


@pytest.fixture
def pipeline(database_url: str, tmp_path: Path) -> Iterator[Pipeline]:
    """Two evaluated days; the second is unlike the first."""
    made = Pipeline(tmp_path / "home", database_url, "http://127.0.0.1:9/v1", NOW)
    records = [*sessions(DAYS[0], 5), *sessions(DAYS[1], 5, surface="never seen before")]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    made.register(tmp_path / "a.jsonl", "production")
    yield made


class NoJudges:
    """`ports.JudgeModels` without any endpoint."""

    def for_origin(self, origin: str) -> None:
        """Return none."""


def nightly(pipeline: Pipeline, *assets: str) -> dg.ExecuteInProcessResult:
    """Run the nightly job, or some assets of it, in an instance of its own, for what it says of assets and checks."""
    with pipeline.at_home():
        job = pipeline.definitions(judge_models=NoJudges()).resolve_job_def("nightly_evaluation")
        tags = {"dagster/asset_partition_range_start": str(DAYS[0]), "dagster/asset_partition_range_end": str(DAYS[-1])}
        with dg.DagsterInstance.ephemeral() as instance:
            return job.execute_in_process(
                instance=instance,
                tags=tags,
                asset_selection=[dg.AssetKey(name) for name in assets] or None,
                raise_on_error=False,
            )


def evaluations(result: Any) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    found = result.get_asset_check_evaluations()
    return {(evaluation.asset_key.to_user_string(), evaluation.check_name): evaluation for evaluation in found}


def alone(check: dg.AssetChecksDefinition, table: type[Table], **resources: Any) -> dg.AssetCheckEvaluation:
    """Execute one check by itself, over the whole table."""
    result = dg.materialize(
        [dg.AssetSpec(table.table_name()), check],
        resources=resources,
        selection=dg.AssetSelection.checks(check),
        raise_on_error=False,
    )
    [evaluation] = result.get_asset_check_evaluations()
    return evaluation


def broken(url: str) -> None:
    """Make a row break its model, as only somebody with the database's password can."""
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE evals.raw_sessions DROP CONSTRAINT raw_sessions_n_turns_check")
        connection.execute("UPDATE evals.raw_sessions SET n_turns = -3 WHERE session_id = '2025-03-05-2'")


def test_an_unusual_day_warns_and_stops_nothing_and_a_broken_row_stops_what_follows(pipeline: Pipeline) -> None:
    first = nightly(pipeline)
    found = evaluations(first)
    unusual = found["raw_sessions", "batch_expectations"]
    assert first.success
    assert {name for name, evaluation in found.items() if not evaluation.passed} == {
        ("raw_sessions", "batch_expectations")
    }
    assert (unusual.severity, unusual.blocking) == (dg.AssetCheckSeverity.WARN, False)
    assert "surface" in str(unusual.description) and "never seen before" in str(unusual.description)
    page = Path(str(unusual.metadata["data_docs"].value))
    assert "raw_sessions" in page.read_text(encoding="utf-8")
    assert list(page.parent.glob("validations/**/*.html"))
    assert list((pipeline.home / "data_docs" / "evaluator_verdicts").rglob("*.html"))

    broken(pipeline.url)
    second = nightly(pipeline)
    contract = evaluations(second)["raw_sessions", "contract"]
    assert not second.success
    assert not contract.passed
    shown = str(contract.metadata["first failing rows"].value)
    assert "2025-03-05-2" in shown and "n_turns" in shown and "-3" in shown and "2025-03-05-1" not in shown
    written = {
        event.asset_key.to_user_string() for event in second.get_asset_materialization_events() if event.asset_key
    }
    assert written == {"raw_sessions", "quarantined_records"}


def test_a_lost_session_is_missed(pipeline: Pipeline, warehouse: PostgresWarehouse) -> None:
    assert nightly(pipeline, "raw_sessions", "quarantined_records").success
    assert alone(intake_is_complete, RawSessions, warehouse=warehouse).passed
    with psycopg.connect(pipeline.url) as connection:
        connection.execute("DELETE FROM evals.raw_sessions WHERE session_id = '2025-03-05-2'")
    lost = alone(intake_is_complete, RawSessions, warehouse=warehouse)
    assert not lost.passed
    assert "2025-03-05" in str(lost.metadata["first failing rows"].value)
    assert "2025-03-04" not in str(lost.metadata["first failing rows"].value)


def test_a_batch_that_cannot_be_watched_warns_and_stops_nothing(
    pipeline: Pipeline, warehouse: PostgresWarehouse, tmp_path: Path
) -> None:
    assert nightly(pipeline, "raw_sessions", "quarantined_records").success
    in_the_way = tmp_path / "a file where the folder should be"
    in_the_way.write_text("")
    resources = {"warehouse": warehouse, "data_docs": BatchDocs(in_the_way), "clock": lambda: NOW}
    unwatched = alone(batch_check(RawSessions), RawSessions, **resources)
    assert (unwatched.passed, unwatched.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "not watched" in str(unwatched.description)


def test_a_day_on_which_nothing_came_is_unusual_where_there_was_traffic(warehouse: PostgresWarehouse) -> None:
    docs = BatchDocs(Path("unused"))
    for n in range(1, 11):
        day = date(2025, 3, n)
        rows = frame_for(RawSessions, 3, day).assign(session_id=[f"{day}-{i}" for i in range(3)])
        warehouse.replace_day(RawSessions, day, [rows])
    silent = watch_batch(warehouse, RawSessions, [date(2025, 3, 11)], docs, as_of=NOW)
    assert not silent.is_usual and "median of 3" in silent.sentence
    first = watch_batch(warehouse, RawSessions, [date(2024, 3, 11)], docs, as_of=NOW)
    assert first.is_usual


def test_judges_that_do_not_answer_and_records_set_aside_are_warned_of(warehouse: PostgresWarehouse) -> None:
    day = DAYS[0]
    rows = frame_for(JudgeVerdicts, 20, day).assign(judge="relevance", verdict="pass", error_reason=None)
    warehouse.replace_day(JudgeVerdicts, day, [rows])
    assert alone(judges_answer, JudgeVerdicts, warehouse=warehouse).passed
    rows.loc[:4, ["verdict", "error_reason"]] = ["error", "http_401"]
    warehouse.replace_day(JudgeVerdicts, day, [rows])
    silent = alone(judges_answer, JudgeVerdicts, warehouse=warehouse)
    assert (silent.passed, silent.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "judge relevance: 5 of 20 sessions end in http_401" in str(silent.description)

    assert alone(nothing_set_aside, QuarantinedRecords, warehouse=warehouse).passed
    aside = frame_for(QuarantinedRecords, 3, day).assign(reason="bad_time", mend="map a time")
    warehouse.replace_day(QuarantinedRecords, day, [aside])
    warned = alone(nothing_set_aside, QuarantinedRecords, warehouse=warehouse)
    assert (warned.passed, warned.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "3 records set aside, most often bad_time. Mend: map a time" in str(warned.description)
