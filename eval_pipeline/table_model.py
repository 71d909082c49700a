"""What every table model shares: its key, its partition, its name in SQL, the fields and words its columns are made of.

Not here: the tables themselves (`tables.py`).
"""

from typing import Annotated, Any, ClassVar

import pandas as pd
import pandera.pandas as pa

VERDICTS = ["pass", "fail", "not_applicable", "error"]
OUTCOMES = ["fired", "quiet", "not_applicable"]
ARMS = ["flagged", "control", "error_analysis", "double_review"]
TRAFFIC_ORIGINS = ["production", "simulated"]
"""The origins of sessions that a user or a simulated one had. Synthetic sessions are made for coverage, and are in no rate."""

SYNTHETIC_PREFIX = "synthetic/"
"""How the id of a synthetic session begins, and that of no session of the traffic."""

LABELS = ["pass", "fail"]
STAGES = ["blind", "revealed", "adjudication"]
SUBJECT_KINDS = ["evaluator", "judge", "classifier", "signal", "reviewer"]
LABEL_SETS = ["calibration", "held_out"]

Timestamp = Annotated[pd.DatetimeTZDtype, "us", "UTC"]


def column(description: str, *, sql: str | None = None, **checks: Any) -> Any:
    """Return a pandera field with its description; `sql` overrides the SQL type (`jsonb` for Python objects)."""
    return pa.Field(description=description, metadata={"sql": sql} if sql else None, **checks)


def rate(description: str) -> Any:
    """Return a field for a share in [0, 1]; null means no data, never 0."""
    return column(description, nullable=True, ge=0, le=1)


class Table(pa.DataFrameModel):
    """Base of all tables: `key` is the primary key, `day` the partition column, `append` says rows are only added."""

    _key: ClassVar[tuple[str, ...]] = ()
    _day: ClassVar[str | None] = None
    _append: ClassVar[bool] = False

    def __init_subclass__(
        cls, *, key: tuple[str, ...] = (), day: str | None = None, append: bool = False, **kwargs: Any
    ) -> None:
        cls._key, cls._day, cls._append = key, day, append
        super().__init_subclass__(**kwargs)  # type: ignore[no-untyped-call]

    class Config:
        strict = True
        coerce = True

    @classmethod
    def primary_key(cls) -> tuple[str, ...]:
        """Return the columns of the primary key."""
        return cls._key

    @classmethod
    def day_column(cls) -> str | None:
        """Return the partition column, or None when the table is not partitioned by day."""
        return cls._day

    @classmethod
    def is_append_only(cls) -> bool:
        """Return whether rows are only ever added; otherwise a day is replaced as a whole."""
        return cls._append

    @classmethod
    def table_name(cls) -> str:
        """Return the table's name in SQL, which is also its asset key."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")


class TrafficTable(Table):
    """Base of the tables of what happened: they refuse sessions that were made for coverage, and so does the database."""

    @pa.dataframe_check(name="no session that was made for coverage")
    @classmethod
    def _none_is_made(cls, frame: pd.DataFrame) -> pd.Series:
        is_traffic: pd.Series = ~frame["session_id"].astype("str").str.startswith(SYNTHETIC_PREFIX)
        return is_traffic
