"""Does SQL run? It is tried against a copy in memory of an SQLite fixture, with an authorizer and limits.

Nothing outside the copy can be reached: `ATTACH`, `PRAGMA`, virtual tables and loaded extensions are refused, and
writes too unless they are allowed. Limits of one text: 100,000 characters, 1,000 statements, 5 million steps
of SQLite's machine, 5 seconds, 128 MiB of memory (nothing is sorted on disk), 1,000 rows or 8 MiB of result, values of
100,000 bytes, 500 columns. Not here: what a result must look like (`sql_results.py`), other dialects than SQLite's.
"""

import _sqlite3
import ctypes
import resource
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from eval_pipeline.errors import SettingsError
from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.leaves.sql_results import Expected, Result
from eval_pipeline.evaluators.views import Text
from eval_pipeline.versions import content_hash

_CHARACTERS = 100_000
_STATEMENTS = 1_000
_STEPS = 5_000_000
_STEPS_BETWEEN = 200
_SECONDS = 5.0
_ROWS = 1_000
_RESULT_BYTES = 8 * 2**20
_MEMORY_BYTES = 128 * 2**20
_PAGES = 16_384
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 500,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 400_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_NEVER = frozenset(
    {
        sqlite3.SQLITE_ATTACH,
        sqlite3.SQLITE_DETACH,
        sqlite3.SQLITE_PRAGMA,
        sqlite3.SQLITE_CREATE_VTABLE,
        sqlite3.SQLITE_DROP_VTABLE,
    }
)
_FORBIDDEN_NAMES = frozenset({"load_extension", "fts3_tokenizer", "sqlite_dbpage"})
_ACTIONS = {
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_PRAGMA: "PRAGMA",
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_UPDATE: "UPDATE",
    sqlite3.SQLITE_DELETE: "DELETE",
    sqlite3.SQLITE_FUNCTION: "function",
    sqlite3.SQLITE_CREATE_TABLE: "CREATE TABLE",
    sqlite3.SQLITE_DROP_TABLE: "DROP TABLE",
    sqlite3.SQLITE_CREATE_VTABLE: "CREATE VIRTUAL TABLE",
    sqlite3.SQLITE_TRANSACTION: "transaction",
}
"""The refused actions that people meet, in words."""

_REFUSED = (sqlite3.Error, sqlite3.Warning, ValueError)
"""What sqlite3 raises for bad SQL; `ValueError` for lone surrogates and null characters."""


@dataclass(frozen=True)
class SqlRuns(Leaf[Text]):
    """The SQL runs against a fixture, and its last result is as expected."""

    constants = (
        sqlite3.sqlite_version,
        (_CHARACTERS, _STATEMENTS, _STEPS, _SECONDS, _ROWS, _PAGES, _RESULT_BYTES, _MEMORY_BYTES),
        tuple(sorted(_LIMITS.items())),
    )

    fixture: str
    """Hash of the fixture's content."""
    read_only: bool
    returns: Expected | None
    _image: bytes = field(repr=False, compare=False)

    def holds(self, subject: Text) -> bool | None:
        """Return whether it runs; None for an empty text."""
        return None if not subject.text.strip() else _complaint(self, subject.text) is None

    @property
    def words(self) -> str:
        """What is asked."""
        returns = "" if self.returns is None else f" and returns {self.returns.words}"
        return f"is SQL that runs on the fixture{returns}"

    def found(self, subject: Text) -> str | None:
        """Return the complaint of SQLite, or what came back instead."""
        return _complaint(self, subject.text) or subject.text

    def why_not_applicable(self, subject: Text) -> str:
        """Return that there is no text."""
        return "there is no SQL: the text is empty"


class _Guard:
    """Decides what a statement may do; remembers what was asked and what was refused."""

    def __init__(self, is_read_only: bool) -> None:
        self._is_read_only = is_read_only
        self.has_been_asked = False
        self.refused: str | None = None

    def authorize(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        """Answer SQLite's authorizer callback."""
        self.has_been_asked = True
        if self._allows(action) and not _FORBIDDEN_NAMES & {(first or "").lower(), (second or "").lower()}:
            return sqlite3.SQLITE_OK
        self.refused = self.refused or " ".join(filter(None, (_ACTIONS.get(action, "action"), first, second)))
        return sqlite3.SQLITE_DENY

    def _allows(self, action: int) -> bool:
        return action in _READS if self._is_read_only else action not in _NEVER


def sql_runs(fixture: Path | str, *, read_only: bool = True, returns: Expected | None = None) -> Check[Text]:
    """The text is SQL that SQLite runs against `fixture`; its last result (1,000 rows at most) is as in `returns`.

    `fixture` is SQL text (schema and rows), or the `Path` of a file of it (`.sql`) or of an SQLite database, which
    is only read. Each text gets a fresh copy; with `read_only` any write is refused. Not applicable to an empty text.
    What depends on the clock or on chance (`date('now')`, `random()`) is decided anew each time. Raises
    `SettingsError` when the fixture cannot be read.
    """
    name = str(fixture) if isinstance(fixture, Path) else "the SQL text given to sql_runs"
    try:
        content, image = _loaded(fixture)
    except (OSError, *_REFUSED) as error:
        raise SettingsError(
            f"{name} is no fixture: {error}", "give SQL text, or the Path of a .sql file or of an SQLite database"
        ) from error
    return SqlRuns(content_hash(content), read_only, returns, image)


def _loaded(fixture: Path | str) -> tuple[str, bytes]:
    """Return what stands for the content in the version, and the database as bytes."""
    if isinstance(fixture, Path) and fixture.suffix != ".sql":
        return fixture.read_bytes().hex(), _image_of_file(fixture)
    script = fixture.read_text(encoding="utf-8") if isinstance(fixture, Path) else fixture
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.executescript(script)
        return script, database.serialize()


def _image_of_file(path: Path) -> bytes:
    with (
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as source,
        closing(sqlite3.connect(":memory:")) as database,
    ):
        source.backup(database)
        image = database.serialize()
    return image[:18] + b"\x01\x01" + image[20:]  # a copy in memory cannot be in the write-ahead mode its file was in


@lru_cache(maxsize=256)
def _complaint(check: SqlRuns, text: str) -> str | None:
    """Return what is wrong with `text`, None when nothing is. Kept, so that explaining a fail does not run it again."""
    if len(text) > _CHARACTERS:
        return f"{len(text)} characters: more than {_CHARACTERS} are not tried"
    guard = _Guard(check.read_only)
    with closing(_opened(check._image, guard)) as database:
        try:
            result = _last_result(database, text)
        except _REFUSED as error:
            return _in_words(error, guard)
    if not guard.has_been_asked:
        return "no statement in it"
    return None if check.returns is None else check.returns.complaint(result)


def _in_words(error: Exception, guard: _Guard) -> str:
    if str(error) == "interrupted":
        return f"stopped after {_STEPS:,} steps, {_SECONDS:g} seconds or {_MEMORY_BYTES // 2**20} MiB of memory"
    return f"{error} ({guard.refused})" if guard.refused else str(error)


def _opened(image: bytes, guard: _Guard) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None, cached_statements=0)
    database.deserialize(image)
    database.execute(f"PRAGMA max_page_count = {_PAGES}")
    database.execute("PRAGMA temp_store = MEMORY")  # a large sort must not fill the disk; the stopper sees to memory
    for limit, value in _LIMITS.items():
        database.setlimit(limit, value)
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    database.set_authorizer(guard.authorize)
    database.set_progress_handler(_stopper(), _STEPS_BETWEEN)
    return database


def _stopper() -> Callable[[], bool]:
    """Return a progress handler that stops after so many steps, so many seconds or with so much memory taken."""
    until = time.monotonic() + _SECONDS
    left = _STEPS // _STEPS_BETWEEN
    memory_used = _memory_gauge()
    most = memory_used() + _MEMORY_BYTES

    def stops() -> bool:
        nonlocal left
        left -= 1
        return left < 0 or time.monotonic() > until or memory_used() > most

    return stops


@cache
def _memory_gauge() -> Callable[[], int]:
    """Return what tells the bytes that SQLite holds in this process; the process's peak where SQLite does not tell.

    SQLite's own limits of memory are no choice: they hold for the whole process and cannot be raised again.
    """
    try:
        used = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    except (AttributeError, OSError):  # SQLite is part of the interpreter, or hides its names
        return _peak_memory
    used.argtypes, used.restype = (), ctypes.c_int64
    return used if used() > 0 else _peak_memory


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _last_result(database: sqlite3.Connection, text: str) -> Result | None:
    """Run all statements; return the result of the last one that gives any, None when none does."""
    result: Result | None = None
    for statement in _statements(text):
        with closing(database.execute(statement)) as cursor:
            if cursor.description is not None:
                result = _read(cursor)
    return result


def _read(cursor: sqlite3.Cursor) -> Result:
    """Read row by row, so that no more is held than the limits of rows and of bytes allow."""
    rows: list[tuple[Any, ...]] = []
    left, is_cut = _RESULT_BYTES, False
    for row in cursor:
        is_cut = len(rows) == _ROWS or left < 0
        if is_cut:
            break
        rows.append(row)
        left -= sum(len(value) if isinstance(value, str | bytes) else 8 for value in row)
    return Result(tuple(column[0] for column in cursor.description), tuple(rows), is_cut)


def _statements(text: str) -> Iterator[str]:
    """Yield the statements: a semicolon ends one unless it stands in a string, a comment or a trigger."""
    pieces = text.split(";", _STATEMENTS)
    if len(pieces) > _STATEMENTS:
        raise ValueError(f"more than {_STATEMENTS} statements are not tried")
    pending = ""
    for piece in pieces[:-1]:
        pending += f"{piece};"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if (pending + pieces[-1]).strip():
        yield pending + pieces[-1]
