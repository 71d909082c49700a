"""Rows of any table, of which a test says only what it looks at.

Not here: rows that are full of hostile text (`tests/resources/frames.py`), sessions and the queue (`stored_sessions.py`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import Table
from tests.fakes import typed
from tests.resources.frames import frame_for


def store_rows(warehouse: Warehouse, table: type[Table], day: date, *rows: Mapping[str, Any]) -> None:
    """Store rows of `day`; what is not given is null where it may be, else made up."""
    (plain,) = frame_for(table, 1, day).to_dict("records")
    nulls = {name: None for name, column in table.to_schema().columns.items() if column.nullable}
    frame = typed(table, pd.DataFrame([plain | nulls | row for row in rows]).astype("object"))
    checked = table.validate(frame.sort_values(list(table.primary_key()), ignore_index=True))
    warehouse.append(table, checked) if table.is_append_only() else warehouse.upsert(table, checked)
