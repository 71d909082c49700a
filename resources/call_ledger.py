"""The ledger of paid calls: table `model_calls`.

Not here: when a call is made (`eval_pipeline.judges.asking.asker`), how a lease is held (`call_leases.py`).
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

import pandas as pd

from eval_pipeline.clock import utc_now
from eval_pipeline.judges.asking.batches import BATCH_PRICE_SHARE, SIMULATION_LIVES, UPLOADING, BatchPolicy, CallBatch
from eval_pipeline.judges.asking.prices import Prices
from eval_pipeline.judges.replies import storable
from eval_pipeline.ports import Attempt, CallLeases, JudgeRequest, Sent, Warehouse
from eval_pipeline.tables import ModelCalls, Table
from eval_pipeline.versions import content_hash
from resources.judge_model import SIMULATED_ENDPOINT

_REPLIES = """
SELECT DISTINCT ON (call_key)
       call_key, status, latency_s, reply, finish_reason, n_prompt_tokens, n_completion_tokens
  FROM evals.model_calls
 WHERE status = 'reply' AND call_key = ANY(%(call_keys)s)
 ORDER BY call_key, requested_at, call_id
"""

_LATEST_IN_A_BATCH = """
SELECT DISTINCT ON (call_key)
       call_key, status, latency_s, reply, finish_reason, n_prompt_tokens, n_completion_tokens, error
  FROM evals.model_calls
 WHERE batch_id IS NOT NULL AND requested_at >= %(since)s AND call_key = ANY(%(call_keys)s)
 ORDER BY call_key, requested_at DESC, attempt DESC, call_id
"""

_IN_BATCHES = """
SELECT key
  FROM evals.call_batches CROSS JOIN jsonb_array_elements_text(call_keys) AS key
 WHERE ended_at IS NULL AND key = ANY(%(call_keys)s)
   AND submitted_at >= %(now)s - CASE WHEN endpoint = %(simulated)s THEN %(simulation)s
                                      WHEN status <> %(uploading)s THEN %(batch)s
                                      WHEN input_file_id IS NULL THEN %(upload)s
                                      ELSE %(creation)s END
"""

_HOLDING_UP = {
    "batch": timedelta(hours=26),
    "upload": timedelta(hours=1),
    "creation": timedelta(seconds=BatchPolicy.appear_s),
    "simulation": SIMULATION_LIVES,
}
"""How long a batch that nobody has collected holds up its calls: it has a day, but not when its run, or the simulation's
server, died. The upload of a large file may take long, with its tries."""

_NUMBERS = """
SELECT call_key, max(attempt) AS number
  FROM evals.model_calls
 WHERE batch_id IS DISTINCT FROM %(batch_id)s AND call_key = ANY(%(call_keys)s)
 GROUP BY call_key
"""


class LeasingWarehouse(Warehouse, Protocol):
    """A warehouse that can also hold leases of calls, and takes rows without a frame."""

    def append_rows(self, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> int:
        """Add rows of Python values; those whose key is there already are left as they are."""
        ...

    def leases(self) -> AbstractContextManager[CallLeases]:
        """Return leases of their own, none of which is taken yet."""
        ...


class WarehouseLedger:
    """`ports.CallLedger` over a warehouse. All methods may be called from any number of threads."""

    def __init__(
        self, warehouse: LeasingWarehouse, prices: Prices | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Without `prices` the cost of every call but the simulation's is null."""
        self._warehouse = warehouse
        self._prices = prices or Prices()
        self._clock = clock

    def leases(self) -> AbstractContextManager[CallLeases]:
        """Return one run's leases."""
        return self._warehouse.leases()

    def replies(self, call_keys: Sequence[str]) -> dict[str, Attempt]:
        """Return the earliest stored reply of each key that has one. Raises `WarehouseError`."""
        if not call_keys:
            return {}
        return _attempts(self._warehouse.query(_REPLIES, {"call_keys": list(call_keys)}))

    def failures(self, call_keys: Sequence[str], since: datetime) -> dict[str, Attempt]:
        """Return for each key its latest attempt in a batch submitted at or after `since`, if that got no reply.

        Raises `WarehouseError`.
        """
        if not call_keys:
            return {}
        parameters = {"call_keys": list(call_keys), "since": since}
        latest = _attempts(self._warehouse.query(_LATEST_IN_A_BATCH, parameters))
        return {key: attempt for key, attempt in latest.items() if not attempt.is_reply}

    def in_batches(self, call_keys: Sequence[str]) -> set[str]:
        """Return those of `call_keys` that stand in a batch under way. Raises `WarehouseError`."""
        named = {"simulated": SIMULATED_ENDPOINT, "uploading": UPLOADING}
        parameters = {"call_keys": list(call_keys), "now": self._clock(), **named, **_HOLDING_UP}
        return set(self._warehouse.query(_IN_BATCHES, parameters)["key"])

    def record(self, sent: Sequence[Sent]) -> None:
        """Store attempts in one transaction; returns when it is committed. Raises `WarehouseError` when it could not be."""
        rows = [self._row(one.request, one.attempt, one.number, one.endpoint) for one in sent]
        self._warehouse.append_rows(ModelCalls, rows)

    def record_batch(self, batch: CallBatch, calls: Sequence[tuple[JudgeRequest, Attempt]]) -> None:
        """Store attempts made in `batch`, each once however often it comes, at the price of batches.

        Each is numbered on from what the ledger holds of its call. Raises `WarehouseError`.
        """
        if not calls:
            return
        parameters = {"batch_id": batch.batch_id, "call_keys": [request.call_key for request, _ in calls]}
        before = dict(self._warehouse.query(_NUMBERS, parameters).itertuples(index=False, name=None))
        rows = [self._batch_row(batch, request, attempt, before) for request, attempt in calls]
        self._warehouse.append_rows(ModelCalls, rows)

    def _batch_row(
        self, batch: CallBatch, request: JudgeRequest, attempt: Attempt, before: dict[str, int]
    ) -> dict[str, Any]:
        row = self._row(request, attempt, int(before.get(request.call_key, 0)) + 1, batch.endpoint)
        return {
            **row,
            # The same line of the same batch is the same row: whoever stores it again changes nothing.
            "call_id": content_hash([batch.batch_id, request.call_key], 32),
            "requested_at": batch.submitted_at,
            "cost_usd": None if row["cost_usd"] is None else BATCH_PRICE_SHARE * row["cost_usd"],
            "batch_id": batch.batch_id,
        }

    def _row(self, request: JudgeRequest, attempt: Attempt, number: int, endpoint: str) -> dict[str, Any]:
        return {
            "call_id": uuid.uuid4().hex,
            "call_key": request.call_key,
            "attempt": number,
            "status": attempt.status,
            "requested_at": self._clock() - timedelta(seconds=attempt.latency_s),
            "latency_s": attempt.latency_s,
            "endpoint": endpoint,
            "model": request.model,
            "request": {
                "messages": [dict(message) for message in request.messages],
                "parameters": dict(request.parameters),
                "reply_schema": request.reply_schema,
            },
            "reply": None if attempt.reply is None else storable(attempt.reply),
            "finish_reason": attempt.finish_reason,
            "n_prompt_tokens": attempt.n_prompt_tokens,
            "n_completion_tokens": attempt.n_completion_tokens,
            "cost_usd": self._cost(request, attempt, endpoint),
            "error": None if attempt.error is None else storable(attempt.error),
            "batch_id": None,
        }

    def _cost(self, request: JudgeRequest, attempt: Attempt, endpoint: str) -> float | None:
        if endpoint == SIMULATED_ENDPOINT:
            return 0.0
        return self._prices.cost(request.model, attempt.n_prompt_tokens, attempt.n_completion_tokens)


def _attempts(found: pd.DataFrame) -> dict[str, Attempt]:
    rows = found.astype("object").where(found.notna(), None).itertuples(index=False, name=None)
    return {key: Attempt(*values) for key, *values in rows}
