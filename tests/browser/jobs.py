"""Runs a job of the pipeline on a test's database. Not here: what the job does (`tests/end_to_end`)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.browser.seeding import DAY
from tests.end_to_end.pipeline import Pipeline


def refresh_labels(database_url: str, home: Path) -> None:
    """Run the job over `DAY`, in a thread of its own: playwright's loop runs in this one."""
    pipeline = Pipeline(home, database_url, "http://127.0.0.1:9")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(pipeline.succeed, "refresh_labels", [DAY]).result()
