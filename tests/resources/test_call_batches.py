"""Batches as PostgreSQL remembers them, and their calls in the ledger."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from eval_pipeline.errors import WarehouseError
from eval_pipeline.judges.asking.batches import CallBatch
from eval_pipeline.judges.asking.prices import Price, Prices
from eval_pipeline.ports import Attempt, JudgeRequest, Sent
from eval_pipeline.tables import ModelCalls
from resources.call_batches import WarehouseBatchStore
from resources.call_ledger import WarehouseLedger
from resources.warehouse import PostgresWarehouse

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DAYS = (date(2026, 2, 27), date(2026, 2, 28))
BATCH = CallBatch("eval-pipeline-1", "host/v1", "m", "uploading", ("a", "b'; --"), DAYS, NOW)
REMOTE = {"status": "in_progress", "remote_id": "batch_9"}
PRICES = Prices(usd_per_million_tokens={"m": Price(prompt=1.0, completion=10.0)})
REPLY = Attempt("reply", 30.0, '{"verdict": "pass"}', "stop", 1000, 100)
FAILED = Attempt("http_400", 30.0, error="in a batch: no")


def request(key: str) -> JudgeRequest:
    return JudgeRequest(key, "m", ({"role": "user", "content": "session"},), {"temperature": 0.0}, {"type": "object"})


def test_a_batch_comes_back_as_it_was_put_and_is_open_until_it_has_ended(warehouse: PostgresWarehouse) -> None:
    store = WarehouseBatchStore(warehouse)
    older = replace(BATCH, batch_id="eval-pipeline-0", submitted_at=NOW - timedelta(hours=1), session_days=())
    elsewhere = replace(BATCH, batch_id="eval-pipeline-2", endpoint="other/v1")
    for batch in (BATCH, older, elsewhere):
        store.put(batch)
    assert store.open("host/v1") == [older, BATCH]
    known = replace(BATCH, remote_id="batch_9", input_file_id="file-9", status="in_progress")
    store.put(known)
    assert store.open("host/v1") == [older, known]
    ended = replace(known, status="expired", ended_at=NOW + timedelta(days=1), error="late \x00 \ud800")
    store.put(ended)
    assert store.open("host/v1") == [older]
    assert store.get("eval-pipeline-1") == replace(ended, error="late \ufffd \ufffd")


def test_a_batch_that_is_not_there_is_named(warehouse: PostgresWarehouse) -> None:
    with pytest.raises(WarehouseError, match="eval-pipeline-7 is not there"):
        WarehouseBatchStore(warehouse).get("eval-pipeline-7")


@pytest.mark.parametrize(
    ("batch", "holds_for"),
    [
        (replace(BATCH, **REMOTE), timedelta(hours=26)),
        (BATCH, timedelta(hours=1)),
        (replace(BATCH, input_file_id="file-9"), timedelta(minutes=5)),
        (replace(BATCH, endpoint="simulated", **REMOTE), timedelta(minutes=5)),
    ],
)
def test_a_batch_that_nobody_collects_holds_up_its_calls_for_a_time(
    warehouse: PostgresWarehouse, batch: CallBatch, holds_for: timedelta
) -> None:
    WarehouseBatchStore(warehouse).put(batch)

    def held_up(after: timedelta) -> set[str]:
        return WarehouseLedger(warehouse, clock=lambda: NOW + after).in_batches(["a", "c"])

    assert held_up(holds_for - timedelta(seconds=1)) == {"a"}
    assert held_up(holds_for + timedelta(seconds=1)) == set()


def test_the_smallest_batch_that_was_too_much_is_remembered(warehouse: PostgresWarehouse) -> None:
    store = WarehouseBatchStore(warehouse)
    failed = replace(BATCH, status="failed", ended_at=NOW, error="token_limit_exceeded: no")
    store.put(failed)
    store.put(replace(failed, batch_id="eval-pipeline-2", call_keys=("a",), error="invalid_json_line: no"))
    store.put(replace(failed, batch_id="eval-pipeline-3", call_keys=("a", "b", "c")))
    assert store.fewest_over_limit("host/v1", "m", NOW) == 2
    assert store.fewest_over_limit("host/v1", "m", NOW + timedelta(seconds=1)) is None
    assert store.fewest_over_limit("host/v1", "other", NOW) is None


def test_calls_of_a_batch_are_stored_once_and_numbered_on(warehouse: PostgresWarehouse) -> None:
    ledger = WarehouseLedger(warehouse, PRICES)
    ledger.record([Sent(request("a"), Attempt("http_500", 0.1), 1, "host/v1")])
    for _ in range(2):
        ledger.record_batch(BATCH, [(request("a"), REPLY), (request("b"), FAILED)])
    ledger.record_batch(replace(BATCH, batch_id="eval-pipeline-2"), [(request("b"), REPLY)])
    ledger.record_batch(BATCH, [])
    rows = warehouse.read(ModelCalls).sort_values(["call_key", "attempt"])
    assert list(zip(rows["call_key"], rows["attempt"], rows["status"], strict=True)) == [
        ("a", 1, "http_500"),
        ("a", 2, "reply"),
        ("b", 1, "http_400"),
        ("b", 2, "reply"),
    ]
    assert rows["batch_id"].astype("object").where(rows["batch_id"].notna(), None).tolist() == [
        None,
        "eval-pipeline-1",
        "eval-pipeline-1",
        "eval-pipeline-2",
    ]
    assert rows["cost_usd"].iloc[1] == pytest.approx(0.001)
    assert rows["requested_at"].iloc[1] == NOW
    assert ledger.replies(["a", "b"]) == {"a": REPLY, "b": REPLY}


def test_a_call_in_a_batch_of_the_simulation_costs_nothing_and_one_without_a_price_null(
    warehouse: PostgresWarehouse,
) -> None:
    ledger = WarehouseLedger(warehouse, PRICES)
    ledger.record_batch(replace(BATCH, endpoint="simulated"), [(request("a"), REPLY)])
    ledger.record_batch(BATCH, [(replace(request("b"), model="unknown"), REPLY)])
    costs = warehouse.read(ModelCalls).set_index("call_key")["cost_usd"]
    assert costs["a"] == 0
    assert costs.isna()["b"]


def test_the_latest_attempt_in_a_batch_says_what_failed(warehouse: PostgresWarehouse) -> None:
    ledger = WarehouseLedger(warehouse, PRICES)
    later = replace(BATCH, batch_id="eval-pipeline-2", submitted_at=NOW + timedelta(hours=1))
    ledger.record_batch(BATCH, [(request("a"), FAILED), (request("b"), FAILED), (request("c"), FAILED)])
    ledger.record_batch(later, [(request("b"), REPLY), (request("c"), replace(FAILED, status="http_500"))])
    ledger.record([Sent(request("d"), FAILED, 1, "host/v1")])
    keys = ["a", "b", "c", "d"]
    assert ledger.failures(keys, NOW) == {"a": FAILED, "c": replace(FAILED, status="http_500")}
    assert set(ledger.failures(keys, NOW + timedelta(minutes=1))) == {"c"}
    assert ledger.failures([], NOW) == {}
