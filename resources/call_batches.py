"""Batches of judge calls as they are remembered: table `call_batches`.

Not here: when a batch is changed (`eval_pipeline.judges.asking.batching`), the endpoint's side (`batch_model.py`).
"""

from datetime import date, datetime
from typing import Any

import pandas as pd

from eval_pipeline.errors import WarehouseError
from eval_pipeline.judges.asking.batches import CallBatch
from eval_pipeline.judges.replies import storable
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import CallBatches

_ONE = "SELECT * FROM evals.call_batches WHERE batch_id = %(batch_id)s"
_OPEN = """
SELECT * FROM evals.call_batches
 WHERE endpoint = %(endpoint)s AND ended_at IS NULL
 ORDER BY submitted_at, batch_id
"""

_FEWEST_OVER_LIMIT = """
SELECT min(n_calls) AS n_calls FROM evals.call_batches
 WHERE endpoint = %(endpoint)s AND model = %(model)s AND status = 'failed' AND ended_at >= %(since)s
   AND error LIKE '%%token_limit_exceeded%%'
"""


class WarehouseBatchStore:
    """`batches.BatchStore` over a warehouse. All methods raise `WarehouseError` when the database fails."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def put(self, batch: CallBatch) -> None:
        """Store a batch, new or changed."""
        row = {
            "batch_id": batch.batch_id,
            "endpoint": batch.endpoint,
            "model": batch.model,
            "remote_id": batch.remote_id,
            "input_file_id": batch.input_file_id,
            "status": batch.status,
            "call_keys": list(batch.call_keys),
            "session_days": [day.isoformat() for day in batch.session_days],
            "n_calls": len(batch.call_keys),
            "submitted_at": batch.submitted_at,
            "ended_at": batch.ended_at,
            "error": None if batch.error is None else storable(batch.error),
            "held_usd": batch.held_usd,
        }
        self._warehouse.upsert(CallBatches, CallBatches.validate(pd.DataFrame([row])))

    def get(self, batch_id: str) -> CallBatch:
        """Return a batch as it is stored now. Raises `WarehouseError` when there is none."""
        found = self._batches(_ONE, {"batch_id": batch_id})
        if not found:
            raise WarehouseError(f"call_batches: {batch_id} is not there", "restore the row, or run the job again")
        return found[0]

    def open(self, endpoint: str) -> list[CallBatch]:
        """Return the batches of `endpoint` that have not ended, oldest first."""
        return self._batches(_OPEN, {"endpoint": endpoint})

    def fewest_over_limit(self, endpoint: str, model: str, since: datetime) -> int | None:
        """Return how many calls the smallest batch had that failed after `since` for too many waiting tokens."""
        parameters = {"endpoint": endpoint, "model": model, "since": since}
        found = self._warehouse.query(_FEWEST_OVER_LIMIT, parameters)["n_calls"].dropna()
        return int(found.iloc[0]) if len(found) else None

    def _batches(self, statement: str, parameters: dict[str, Any]) -> list[CallBatch]:
        found = self._warehouse.query(statement, parameters)
        rows = found.astype("object").where(found.notna(), None).to_dict("records")
        return [_batch(row) for row in rows]


def _batch(row: dict[Any, Any]) -> CallBatch:
    return CallBatch(
        batch_id=row["batch_id"],
        endpoint=row["endpoint"],
        model=row["model"],
        status=row["status"],
        call_keys=tuple(row["call_keys"]),
        session_days=tuple(date.fromisoformat(day) for day in row["session_days"]),
        submitted_at=_time(row["submitted_at"]),
        remote_id=row["remote_id"],
        input_file_id=row["input_file_id"],
        ended_at=None if row["ended_at"] is None else _time(row["ended_at"]),
        error=row["error"],
        held_usd=row["held_usd"],
    )


def _time(value: Any) -> Any:
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
