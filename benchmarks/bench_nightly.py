"""The nightly job without judges at 10,000 and 100,000 simulated sessions: time, sessions per second, peak memory.

Each size runs in a process of its own, over 14 days in a fresh home, on the embedded PostgreSQL. Beside it, in the same
process, the same core functions over the same files without Dagster and without a database: what remains of the time
is Dagster's share and the database's. Run by `make bench`.
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
    print("| sessions | nightly job s | sessions/s | peak memory MiB | by step | Dagster and checks' share |")
    print("|---|---|---|---|---|---|")
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
            f"| {steps} | {found['other']:.0%} |",
            flush=True,
        )


class StepClock:
    """A progress that adds up the time between its calls, by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def start(self) -> None:
        self._last = time.perf_counter()

    def advance(self, step: str, day: date) -> None:
        now = time.perf_counter()
        self.seconds[step] = self.seconds.get(step, 0.0) + now - self._last
        self._last = now


def measure(size: int) -> dict[str, object]:
    """Run the nightly job over `size` sessions and return what it took."""
    from assets.definitions import build_definitions
    from assets.running import run_job
    from eval_pipeline.settings import Settings
    from eval_pipeline.simulation.traffic import write_traffic
    from resources.configured import utc_now
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
    clock.start()
    outcomes = list(run_job(definitions, "nightly_evaluation", DAYS))
    ended = time.perf_counter()
    if not all(outcome.is_success for outcome in outcomes):
        raise SystemExit(f"the run failed: {outcomes}")
    EmbeddedPostgres(settings.home).stop()
    steps = sum(clock.seconds.values())
    return {
        "seconds": ended - registered,
        "steps": {"(register)": registered - started, **clock.seconds},
        "other": (ended - registered - steps) / (ended - registered),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
