"""What the result of an SQL statement must look like: how many rows, which columns, exactly which rows.

Not here: how the statement is run (`sql_execution_checks.py`).
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Value = str | int | float | None

_SHOWN_ROWS = 5


class Result(NamedTuple):
    """Column names and rows as SQLite gave them; `is_cut` says that there were more rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool


class Expected(ABC):
    """What a result must look like. Subclasses are frozen dataclasses."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What must come back, said after "returns"."""

    @abstractmethod
    def complaint_of(self, result: Result) -> str | None:
        """Return what is wrong with `result`; None when it is as expected."""

    @abstractmethod
    def canonical(self) -> Any:
        """Return everything that decides, as JSON."""

    def complaint(self, result: Result | None) -> str | None:
        """Return what is wrong with `result`, which is None when no statement returned anything."""
        return "no statement returns rows" if result is None else self.complaint_of(result)


@dataclass(frozen=True)
class RowCount(Expected):
    """The number of rows lies within limits (included)."""

    at_least: int
    at_most: int | None

    def complaint_of(self, result: Result) -> str | None:
        """Return the number of rows when it is outside the limits."""
        count = len(result.rows)
        too_many = self.at_most is not None and (result.is_cut or count > self.at_most)
        return f"{_counted(result)} came back" if too_many or count < self.at_least else None

    @property
    def words(self) -> str:
        """The limits."""
        return f"at least {self.at_least} rows" + ("" if self.at_most is None else f" and at most {self.at_most}")

    def canonical(self) -> Any:
        """Return the limits."""
        return ["RowCount", self.at_least, self.at_most]


@dataclass(frozen=True)
class Columns(Expected):
    """The columns have these names, in this order, whatever their case."""

    names: tuple[str, ...]

    def complaint_of(self, result: Result) -> str | None:
        """Return the columns when they are others."""
        same = tuple(name.casefold() for name in result.columns) == self.names
        return None if same else f"the columns are {', '.join(result.columns)}"

    @property
    def words(self) -> str:
        """The names."""
        return f"the columns {', '.join(self.names)}"

    def canonical(self) -> Any:
        """Return the names."""
        return ["Columns", list(self.names)]


@dataclass(frozen=True)
class Rows(Expected):
    """Exactly these rows come back, in any order unless `in_order`."""

    rows: tuple[tuple[str, ...], ...]
    in_order: bool

    def complaint_of(self, result: Result) -> str | None:
        """Return the rows when they are others."""
        rows = tuple(_key(row) for row in result.rows)
        same = rows == self.rows if self.in_order else Counter(rows) == Counter(self.rows)
        if same and not result.is_cut:
            return None
        shown = "; ".join(_shown(row) for row in result.rows[:_SHOWN_ROWS])
        return f"{_counted(result)} came back" + (f": {shown}" if shown else "")

    @property
    def words(self) -> str:
        """The first rows."""
        shown = "; ".join(f"({', '.join(row)})" for row in self.rows[:_SHOWN_ROWS])
        return f"exactly {len(self.rows)} rows{' in this order' if self.in_order else ''}: {shown or 'none'}"

    def canonical(self) -> Any:
        """Return the rows, sorted where the order does not decide."""
        return ["Rows", [list(row) for row in (self.rows if self.in_order else sorted(self.rows))], self.in_order]


def returns_rows(at_least: int = 1, at_most: int | None = None) -> Expected:
    """Between `at_least` and `at_most` rows come back. Raises `ValueError` when no number lies between."""
    if at_least < 0 or (at_most is not None and at_most < at_least):
        raise ValueError(f"no number of rows lies between {at_least} and {at_most}")
    return RowCount(at_least, at_most)


def returns_columns(*names: str) -> Expected:
    """The columns are named `names`, in this order; case does not matter. Raises `ValueError` for no name."""
    if not names:
        raise ValueError("give at least one column")
    return Columns(tuple(name.casefold() for name in names))


def returns_exactly(rows: Sequence[Sequence[Value]], *, in_order: bool = False) -> Expected:
    """Exactly `rows` come back, as many times each. Numbers are equal when their first 12 digits are (1 is 1.0)."""
    return Rows(tuple(_key(row) for row in rows), in_order)


def _key(row: Sequence[Any]) -> tuple[str, ...]:
    return tuple(_comparable(value) for value in row)


def _comparable(value: Any) -> str:
    """Return text that is equal for equal values; a number and the same digits as text are not equal."""
    if isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) < 1e12 else value
    return f"{value:.12g}" if isinstance(value, float) else repr(value)


def _counted(result: Result) -> str:
    count = len(result.rows)
    return f"more than {count} rows" if result.is_cut else f"{count} row{'' if count == 1 else 's'}"


def _shown(row: Sequence[Any]) -> str:
    return f"({', '.join(_comparable(value) for value in row)})"
