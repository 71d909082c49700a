"""kill -9 in the middle of a run, and run again: the tables are those of a run that nobody disturbed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eval_pipeline.judges.asking.endpoints import Limits
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from tests.end_to_end.pipeline import DAYS, NewPipeline, Pipeline

pytestmark = pytest.mark.slow

SEED = 20250303
STEP_S = 0.02


@contextmanager
def slow(endpoint: JudgeEndpoint, latency_s: float) -> Iterator[None]:
    endpoint.latency_s = latency_s
    try:
        yield
    finally:
        endpoint.latency_s = 0.0


def moments(n_calls: int) -> list[tuple[str, int]]:
    """Where to strike: when a table has that many rows. Later ones lie further on, as work that is done stays done."""
    amid_the_calls = random.Random(SEED).randrange(1, n_calls - Limits().concurrency)
    return [("raw_sessions", 1), ("model_calls", amid_the_calls), ("trend_rollups", 1)]


def kill_at(pipeline: Pipeline, table: str, n_rows: int, log: Path) -> None:
    """Start the nightly job in a process group of its own and kill the group once `table` has `n_rows`."""
    program = str(Path(sys.executable).with_name("eval-pipeline"))
    command = [program, "run", "nightly_evaluation", "--from", str(DAYS[0]), "--to", str(DAYS[-1])]
    environ = {**os.environ, **pipeline.environ()}
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=output, start_new_session=True)
    try:
        while pipeline.value(f"SELECT count(*) FROM evals.{table}") < n_rows:
            assert process.poll() is None, f"it ended before {table} had {n_rows} rows: {log.read_text()}"
            time.sleep(STEP_S)
        assert process.poll() is None
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_run_killed_at_any_moment_and_run_again_gives_the_same_tables(
    new_pipeline: NewPipeline, traffic: list[Path], endpoint: JudgeEndpoint, tmp_path: Path
) -> None:
    undisturbed, killed = new_pipeline(), new_pipeline()
    for pipeline in (undisturbed, killed):
        for path in traffic:
            pipeline.register(path, "production")
    before = endpoint.n_requests
    undisturbed.succeed("nightly_evaluation", DAYS)
    n_calls = endpoint.n_requests - before
    strikes = moments(n_calls)

    with slow(endpoint, 0.1):
        for table, n_rows in strikes:
            kill_at(killed, table, n_rows, tmp_path / "output.txt")
    assert (
        killed.value("SELECT count(*) FROM evals.source_days WHERE n_accepted IS NULL AND session_day = ANY(%s)", DAYS)
        == 0
    )
    killed.succeed("nightly_evaluation", DAYS)

    for table in undisturbed.tables():
        assert killed.content(table) == undisturbed.content(table), table
    repeated = endpoint.n_requests - before - 2 * n_calls
    assert 0 <= repeated <= len(strikes) * Limits().concurrency
