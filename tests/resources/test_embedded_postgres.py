"""The embedded server: started once, shared, detached, and well again after any kill, under root and otherwise."""

import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from eval_pipeline.errors import WarehouseError
from eval_pipeline.settings import Settings
from eval_pipeline.tables import SessionSources
from resources.embedded_postgres import EmbeddedPostgres, database_url
from resources.migration import migrate
from resources.postgres_placement import SYSTEM_STATE, place, socket_folder
from resources.warehouse import PostgresWarehouse

PACKAGE = Path(str(importlib.metadata.distribution("embedded-postgres").locate_file("embedded_postgres")))
ROOT = Path(__file__).resolve().parents[2]
START = "import sys; from pathlib import Path; from resources.embedded_postgres import EmbeddedPostgres as E;"
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account may enter; whatever was started below it is stopped and removed."""
    path = Path(tempfile.mkdtemp(prefix="eval-pipeline-tests-"))
    path.chmod(0o755)
    yield path
    for home in {lock.parent for lock in path.rglob("postgres.lock")}:
        storage = EmbeddedPostgres(home).status().data
        EmbeddedPostgres(home).stop()
        if storage is not None and storage.is_relative_to(SYSTEM_STATE):
            shutil.rmtree(storage.parents[1])
    shutil.rmtree(path)


@pytest.fixture
def server(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "home")


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def pid_of(server: EmbeddedPostgres) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def run_as(account: int, action: Callable[[], None]) -> int:
    """Run `action` in a child process under `account`, which need not be able to read this Python; return its status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if IS_ROOT:
                os.setgroups([])
                os.setgid(account)
                os.setuid(account)
            action()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_start_a_stop_and_what_the_status_says(server: EmbeddedPostgres, folder: Path) -> None:
    assert not server.is_running() and server.status().data is None
    url = server.start()
    status = server.status()
    assert (status.is_running, status.url, status.note) == (True, url, None)
    assert status.data == folder / "home/postgres/data"
    assert (setting(url, "fsync"), setting(url, "synchronous_commit")) == ("on", "on")
    assert setting(url, "listen_addresses") == ""
    assert setting(url, "server_version_num") >= "180000"
    assert server.start() == url and pid_of(server) == status.pid
    assert database_url(Settings(home=folder / "home", catalog=folder)) == url
    placement = place(folder / "home")
    assert placement.account.uid != 0
    for private in (placement.storage, placement.data, socket_folder(placement)):
        found = private.stat()
        assert (found.st_uid, found.st_mode & 0o077) == (placement.account.uid, 0)
    server.stop()
    server.stop()
    assert not server.is_running() and server.status().pid is None
    assert server.start() == url


def test_many_may_start_it_at_once(folder: Path) -> None:
    urls: list[str] = []
    threads = [
        threading.Thread(target=lambda: urls.append(EmbeddedPostgres(folder / "home").start())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(urls) == 4 and len(set(urls)) == 1


def test_it_outlives_the_process_that_started_it(server: EmbeddedPostgres, folder: Path) -> None:
    code = f"{START} print(E(Path({str(folder / 'home')!r})).start(), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip()
        os.killpg(starter.pid, signal.SIGINT)
        os.killpg(starter.pid, signal.SIGKILL)
    assert server.is_running() and server.status().url == url


def test_a_killed_server_recovers_what_was_committed(server: EmbeddedPostgres) -> None:
    url = server.start()
    migrate(url)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT n FROM generate_series(1, 1000) AS n")
    with PostgresWarehouse(url) as warehouse:
        assert len(warehouse.read(SessionSources)) == 0
        os.kill(pid_of(server), signal.SIGKILL)
        assert server.start() == url
        assert warehouse.query("SELECT sum(n) AS total FROM kept")["total"].tolist() == [500500]


def test_orphans_of_a_killed_server_are_waited_for(server: EmbeddedPostgres) -> None:
    url = server.start()
    ready = threading.Event()
    # A loop does not look whether the postmaster lives, so this backend stays at the data for its two seconds.
    busy_loop = """DO $$ DECLARE ends timestamptz := clock_timestamp() + interval '2 s';
        BEGIN WHILE clock_timestamp() < ends LOOP END LOOP; END $$"""

    def stay() -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(url) as busy:
            ready.set()
            busy.execute(busy_loop)

    orphan = threading.Thread(target=stay)
    orphan.start()
    assert ready.wait(30)
    time.sleep(0.2)
    os.kill(pid_of(server), signal.SIGKILL)
    assert setting(server.start(), "fsync") == "on"
    orphan.join()


def test_a_process_number_taken_by_another_process_does_not_stop_it(server: EmbeddedPostgres) -> None:
    server.start()
    data = server.status().data
    assert data is not None
    os.kill(pid_of(server), signal.SIGKILL)
    server.start()
    kept = (data / "postmaster.pid").read_text().splitlines()
    server.stop()
    (data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *kept[1:]]) + "\n")
    assert not server.is_running()
    assert server.start()


def test_a_home_that_the_server_may_not_enter(folder: Path) -> None:
    hidden = folder / "private"
    hidden.mkdir(mode=0o700)
    # The wheel, too, is where only the caller may go.
    (hidden / "site").mkdir()
    for name in (PACKAGE.name, f"{PACKAGE.name}.libs"):
        (hidden / "site" / name).symlink_to(PACKAGE.with_name(name))
    home = hidden / "home"
    subprocess.run(
        [sys.executable, "-c", f"{START} E(Path({str(home)!r})).start()"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(hidden / "site")},
        check=True,
    )
    server = EmbeddedPostgres(home)
    status = server.status()
    assert status.is_running and status.data is not None
    assert hidden.stat().st_mode & 0o777 == 0o700
    if not IS_ROOT:
        assert status.data == home / "postgres/data"
        return
    assert Path((home / "postgres.location").read_text().strip()) == status.data.parent
    assert status.data.is_relative_to(SYSTEM_STATE)
    assert status.note is not None and str(status.data.parent) in status.note
    assert list(status.data.parents[1].glob("binaries-*/embedded_postgres/pginstall/bin/postgres"))
    os.kill(pid_of(server), signal.SIGKILL)
    assert server.start() == status.url


def test_an_ordinary_user_runs_it_as_himself(folder: Path) -> None:
    account = 65534 if IS_ROOT else os.geteuid()
    home, site = folder / "home", folder / "site"
    home.mkdir()
    if IS_ROOT:
        os.chown(home, account, account)
    for name in (PACKAGE.name, f"{PACKAGE.name}.libs"):
        shutil.copytree(PACKAGE.with_name(name), site / name, ignore=shutil.ignore_patterns("include", "*.a"))

    def start() -> None:
        sys.path.insert(0, str(site))
        EmbeddedPostgres(home).start()

    assert run_as(account, start) == 0
    server = EmbeddedPostgres(home)
    assert (home / "postgres/data").stat().st_uid == account
    url = server.status().url
    assert url is not None and server.is_running()
    # Root, coming later, goes on with the same server under the same account.
    server.stop()
    assert server.start() == url
    assert (home / "postgres/data/postmaster.pid").stat().st_uid == account


def test_a_server_that_cannot_start_shows_its_log_and_the_mend(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    data = server.status().data
    assert data is not None
    with (data / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(WarehouseError, match="no_such_setting") as raised:
        server.start()
    assert "server.log" in raised.value.mend


def test_unsafe_settings_are_refused(server: EmbeddedPostgres) -> None:
    url = server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER ROLE eval_pipeline SET synchronous_commit = off")
    with pytest.raises(WarehouseError, match="synchronous_commit=off"):
        server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER ROLE eval_pipeline RESET synchronous_commit")


def test_a_socket_folder_made_by_somebody_else_is_refused(server: EmbeddedPostgres, folder: Path) -> None:
    server.start()
    server.stop()
    taken = socket_folder(place(folder / "home"))
    taken.chmod(0o777)
    with pytest.raises(WarehouseError, match="somebody else") as raised:
        server.start()
    assert str(taken) in raised.value.mend
    taken.rmdir()
    assert server.start()


def test_lost_data_is_not_taken_for_an_empty_database(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    (home / "postgres.location").write_text(f"{folder}/gone\n")
    with pytest.raises(WarehouseError, match="it is not there"):
        EmbeddedPostgres(home).start()
    (home / "postgres.location").unlink()


def test_the_server_of_the_user_comes_first(folder: Path) -> None:
    own = Settings(home=folder / "home", catalog=folder, database_url="postgresql://mine/db")
    assert database_url(own) == "postgresql://mine/db"
    assert not (folder / "home").exists()


def test_what_is_asked_through_the_database_reaches_no_file_and_no_program(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.start(), autocommit=True) as connection:
        for statement in ("COPY (SELECT 1) TO PROGRAM 'cat'", "SELECT pg_read_file('/etc/hostname')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.skipif(not IS_ROOT, reason="only root keeps data outside the home")
def test_what_a_deleted_home_left_behind_is_named_and_can_be_deleted(folder: Path) -> None:
    hidden = folder / "hidden"
    hidden.mkdir(mode=0o700)
    server = EmbeddedPostgres(hidden / "home")
    server.start()
    server.stop()
    storage = Path((hidden / "home" / "postgres.location").read_text().strip())
    shutil.rmtree(hidden / "home")
    with pytest.raises(WarehouseError, match=str(storage)) as raised:
        server.start()
    assert "down --delete" in raised.value.mend
    server.delete()
    assert not storage.exists()
    server.start()
    server.delete()


def test_deleting_leaves_nothing_and_begins_anew(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept ()")
    server.delete()
    assert server.status().data is None
    with psycopg.connect(server.start(), autocommit=True) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
