"""Rows of a query as plain records, for pages. Not here: the queries."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from eval_pipeline.ports import Warehouse


def records(warehouse: Warehouse, sql: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return the rows of a read-only statement with bound `parameters`; nulls of any kind are None."""
    return records_of(warehouse.query(sql, parameters))


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of `frame`; nulls of any kind are None."""
    plain = frame.astype("object")
    rows: list[dict[str, Any]] = plain.where(plain.notna(), None).to_dict("records")  # type: ignore[assignment]
    return rows


def production_first(origins: Sequence[str]) -> list[str]:
    """Return the different `origins`, real traffic before all that is simulated."""
    return sorted(set(origins), key=lambda origin: (origin != "production", origin))
