"""Progress of long work: a bar for a person at a terminal, nothing for Dagster's own processes."""

from datetime import date
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class NoProgress:
    """Shows nothing."""

    def advance(self, step: str, day: date) -> None:
        """Take note that `step` has done `day`."""


class ProgressBar:
    """One line on standard error: step, day, how many of how many; silent when standard error is no terminal."""

    def __init__(self, total: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<44}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not Console(stderr=True).is_terminal,
        )
        self._task = self._progress.add_task("starting", total=total)

    def __enter__(self) -> "ProgressBar":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, step: str, day: date) -> None:
        """Move the bar by one day of one step."""
        self._progress.update(self._task, advance=1, description=f"{step} {day.isoformat()}")
