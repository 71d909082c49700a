"""The command that serves Dagster's UI and the review app together. Not here: the review app alone (`review.py`)."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from eval_pipeline.cli.review import REVIEW_PORT, print_link, review_server
from eval_pipeline.cli.terminal import err, out
from eval_pipeline.errors import SettingsError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from eval_pipeline.review.app.serving import ReviewServer

_HOST = "127.0.0.1"
_SECONDS_TO_END = 30


def dev(port: int = 3000, review_port: int = REVIEW_PORT) -> None:
    """Serve Dagster's UI, with all that `workspace.yaml` names, and the review app, on loopback; Ctrl-C ends both."""
    from resources.dagster_home import prepare
    from resources.embedded_postgres import database_url

    _refuse_taken(port, "PORT")
    _refuse_taken(review_port, "REVIEW_PORT")
    settings = Settings.from_env()
    up = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, _interrupt)
    with review_server(settings, _HOST, review_port, lambda _: up.set()) as server:
        prepare(settings.home, database_url(settings))
        with _dagster(port) as dagster:
            threading.Thread(target=_watch, args=(dagster, port, server, up), daemon=True).start()
            with suppress(KeyboardInterrupt):
                server.serve_until_ended()
            status = dagster.poll()
    if status is not None:
        err.print(f"Dagster ended by itself with status {status}, so the review app was ended, too")
        raise typer.Exit(1)


def _refuse_taken(port: int, name: str) -> None:
    """Refuse a port that is taken, before anything starts: Dagster would start a second daemon and serve elsewhere."""
    try:
        socket.create_server((_HOST, port)).close()
    except OSError as error:
        raise SettingsError(
            f"{_HOST} port {port} cannot be served: {error.strerror or error}",
            f"end the program that holds it (another `make dev`?), or take another port: make dev {name}=...",
        ) from error


@contextmanager
def _dagster(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `dagster dev` in a process group of its own, all of which is ended at last, however this process comes to end."""
    executable = Path(sys.executable).with_name("dagster")
    command: list[str | Path] = [executable, "dev", "-w", "workspace.yaml", "-h", _HOST, "-p", str(port)]
    process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own virtual environment's dagster
    try:
        yield process
    finally:
        process.terminate()
        # A second Ctrl-C asks for an end at once.
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(_SECONDS_TO_END)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _watch(dagster: subprocess.Popen[bytes], port: int, server: "ReviewServer", up: threading.Event) -> None:
    """Print both addresses once both answer, and end the review app when Dagster ends."""
    while dagster.poll() is None and not (up.is_set() and _answers(port)):
        time.sleep(0.2)
    if dagster.poll() is None:
        out.print(f"Dagster: http://{_HOST}:{port}", highlight=False)
        print_link(server.link)
    dagster.wait()
    server.should_exit = True


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection((_HOST, port), timeout=1):
        return True
    return False


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that nothing is left running."""
    raise KeyboardInterrupt
