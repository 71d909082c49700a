"""The nightly job without judges at 10,000 and 100,000 simulated sessions: time, sessions per second, peak memory.

Each size runs in a process of its own, over 14 days in a fresh home, on the embedded PostgreSQL. The time of the run
is split into what the assets' own code and their writes take, what the checks take (Great Expectations with its import
among them), and the rest, which is Dagster's. Run by `make bench`.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

DAYS = [date(2026, 1, 5) + timedelta(days=n) for n in range(14)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
        return
    print("| sessions | nightly job s | sessions/s | peak memory MiB | by step, s | checks s | Dagster s (share) |")
    print("|---|---|---|---|---|---|---|")
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory(prefix="bench-nightly-") as home:
            Path(home).chmod(0o755)
            environment = {**os.environ, "EVAL_PIPELINE_HOME": home}
            for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
                environment.pop(name, None)
            command = [sys.executable, __file__, "--one", str(size)]
            found = json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)
        steps = ", ".join(f"{name} {seconds:.0f}" for name, seconds in found["steps"].items())
        print(
            f"| {size:,} | {found['seconds']:.1f} | {size / found['seconds']:.0f} | {found['peak_mib']:.0f} "
            f"| {steps} | {found['checks']:.1f} | {found['dagster']:.1f} ({found['dagster'] / found['seconds']:.1%}) |",
            flush=True,
        )


class StepClock:
    """A progress that remembers when each step had done its last day."""

    def __init__(self) -> None:
        self.done_at: dict[str, float] = {}

    def advance(self, step: str, day: date) -> None:
        self.done_at[step] = time.time()


def seconds_by_step(run_id: str, clock: StepClock) -> tuple[dict[str, float], float]:
    """Return what each asset's own code and writes took, and what all checks took, from Dagster's record of the run."""
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        steps = instance.get_run_step_stats(run_id)
    own = {s.step_key: clock.done_at[s.step_key] - (s.start_time or 0) for s in steps if s.step_key in clock.done_at}
    checks = sum((s.end_time or 0) - (s.start_time or 0) for s in steps if s.step_key not in clock.done_at)
    return own, checks


def measure(size: int) -> dict[str, object]:
    """Run the nightly job over `size` sessions and return what it took."""
    from assets.definitions import build_definitions
    from assets.running import run_job
    from eval_pipeline.clock import utc_now
    from eval_pipeline.settings import Settings
    from eval_pipeline.simulation.traffic import write_traffic
    from resources.dagster_home import prepare
    from resources.embedded_postgres import EmbeddedPostgres, database_url
    from resources.migration import migrate
    from resources.session_files import SessionFiles
    from resources.warehouse import PostgresWarehouse

    settings = Settings.from_env()
    url = database_url(settings)
    migrate(url)
    prepare(settings.home, url)
    files = write_traffic(settings.home / "traffic", DAYS, -(-size // len(DAYS)), seed=7)
    started = time.perf_counter()
    with PostgresWarehouse(url) as warehouse:
        # Registered as production, so that no endpoint is configured and judges are not run.
        for file in files:
            SessionFiles(warehouse).register(file, "sessions_jsonl", None, "production", utc_now())
    registered = time.perf_counter()
    clock = StepClock()
    definitions = build_definitions(settings, progress=clock)
    outcomes = list(run_job(definitions, "nightly_evaluation", DAYS))
    ended = time.perf_counter()
    if not all(outcome.is_success for outcome in outcomes):
        raise SystemExit(f"the run failed: {outcomes}")
    own, checks = seconds_by_step(outcomes[0].run_id, clock)
    EmbeddedPostgres(settings.home).stop()
    return {
        "seconds": ended - registered,
        "steps": {"(register, before)": registered - started, **own},
        "checks": checks,
        "dagster": ended - registered - sum(own.values()) - checks,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
