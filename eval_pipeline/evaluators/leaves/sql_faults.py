"""What is wrong with a text as SQL: sqlglot's complaint, or a kind of statement that was not asked for.

A parser that goes back and tries again can take time exponential in the depth of brackets, so its steps are counted
and limited. Nothing is run. sqlglot is loaded on first use. Not here: the check (`format_checks.py`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Literal, get_args

SqlKind = Literal["select", "insert", "update", "delete", "merge", "create", "drop", "alter", "truncate", "other"]

_MAX_CHARACTERS = 20_000
_MAX_STEPS = 20_000
_SHOWN = 300
_KINDS: dict[str, SqlKind] = {
    **dict.fromkeys(("select", "union", "intersect", "except", "subquery", "values"), "select"),
    "insert": "insert",
    "update": "update",
    "delete": "delete",
    "merge": "merge",
    "create": "create",
    "into": "create",
    "drop": "drop",
    "alter": "alter",
    "truncatetable": "truncate",
    **dict.fromkeys(
        ("analyze", "attach", "comment", "commit", "copy", "describe", "detach", "grant", "pragma", "revoke"), "other"
    ),
    **dict.fromkeys(("rollback", "set", "transaction", "use"), "other"),
}
"""Kinds by the name of sqlglot's node; any other node is an expression, not a statement."""

_NOISE = re.compile(r"<class '[\w.]*?(\w+)'>| but got <Token .*", re.DOTALL)
_WRITERS = frozenset({"insert", "update", "delete", "merge", "create", "into", "drop", "alter", "truncatetable"})

_SLIPS = (IndexError, KeyError, TypeError, AttributeError, ValueError)
"""What the parser lets slip on text that it did not foresee, instead of its own complaint."""

SQL_CONSTANTS = (
    version("sqlglot"),
    _MAX_CHARACTERS,
    _MAX_STEPS,
    tuple(_KINDS.items()),
    tuple(sorted(_WRITERS)),
    tuple(slip.__name__ for slip in _SLIPS),
)
"""What decides, for the version of a check."""


class _TooMuchWorkError(Exception):
    """The parser took more steps than it may."""


def known_dialect(name: str) -> str:
    """Return `name`. Raises `ValueError` when sqlglot knows no such dialect."""
    if name:
        _parser_class(name)
    return name


def known_kinds(kinds: tuple[SqlKind, ...]) -> tuple[SqlKind, ...]:
    """Return `kinds` in order, each once. Raises `ValueError` for an unknown one."""
    unknown = sorted(set(kinds) - set(get_args(SqlKind)))
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no kind of statement; there are {', '.join(get_args(SqlKind))}")
    return tuple(sorted(set(kinds)))


def sql_fault(text: str, dialect: str, only: tuple[SqlKind, ...]) -> str | None:
    """Return the first thing wrong with `text` as SQL of `dialect` (of the kinds `only`, if any), or None."""
    if len(text) > _MAX_CHARACTERS:
        return f"longer than {_MAX_CHARACTERS} characters"
    try:
        statements = _parsed(text, dialect)
    except _complaints() as error:
        return _told(error)
    except _SLIPS:
        return "cannot be parsed"
    except RecursionError:
        return "too deeply nested to be parsed"
    except _TooMuchWorkError:
        return "too intricate to be parsed"
    return _kind_fault(statements, only) if statements else "no statement"


def _kind_fault(statements: list[Any], only: tuple[SqlKind, ...]) -> str | None:
    for statement in statements:
        if statement.key not in _KINDS:
            return f"no statement that can be checked ({statement.key})"
        for kind in _kinds(statement) if only else ():
            if kind not in only:
                return f"a statement of kind {kind}"
    return None


def _kinds(statement: Any) -> Iterator[SqlKind]:
    """Yield the kind of `statement`, and of what writes inside it; the branches of a MERGE are its own."""
    yield _KINDS[statement.key]
    if statement.key != "merge":
        yield from (_KINDS[node.key] for node in statement.walk() if node is not statement and node.key in _WRITERS)


def _parsed(text: str, dialect: str) -> list[Any]:
    parser_class, dialect_ = _parser_class(dialect)
    found = parser_class(dialect=dialect_).parse(dialect_.tokenize(text), text)
    return [statement for statement in found if statement is not None]


@lru_cache(maxsize=32)
def _parser_class(name: str) -> tuple[Any, Any]:
    """Return the parser of a dialect, made to count its steps and to say nothing, and the dialect."""
    from sqlglot.dialects.dialect import Dialect

    dialect = Dialect.get_or_raise(name)
    base: Any = dialect.parser_class

    class Counting(base):  # type: ignore[misc]
        _n_steps = 0

        def _advance(self, times: int = 1) -> None:
            self._n_steps += 1
            if self._n_steps > _MAX_STEPS:
                raise _TooMuchWorkError
            super()._advance(times)

        def _warn_unsupported(self) -> None:
            """Keep the text out of the log."""

    return Counting, dialect


def _complaints() -> tuple[type[Exception], ...]:
    from sqlglot.errors import SqlglotError

    return (SqlglotError,)


def _told(error: Exception) -> str:
    details = getattr(error, "errors", None)
    if not details:
        return str(error).splitlines()[0]
    description = _NOISE.sub(r"\1", details[0]["description"][:_SHOWN])
    at = details[0]["highlight"]
    return f"line {details[0]['line']}: {description}" + (f" at {at}" if at else "")
