import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from eval_pipeline.judges.asking.asker import Asker, AskPolicy
from eval_pipeline.judges.asking.prices import Price, Prices
from eval_pipeline.ports import Attempt, CallLeases, CallLedger, JudgeRequest, Sent
from eval_pipeline.tables import ModelCalls, Table
from resources.call_leases import LEASE_OPTIONS
from resources.call_ledger import WarehouseLedger
from resources.judge_model import OpenAIJudgeModel
from resources.warehouse import PostgresWarehouse
from tests.fakes import MemoryLedger, MemoryWarehouse, typed
from tests.judges.scripted_endpoint import Answer, ScriptedEndpoint, verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRICES = Prices(usd_per_million_tokens={"m": Price(prompt=1.0, completion=10.0)})
REPLY = Attempt("reply", 2.0, '{"verdict": "pass"}', "stop", 1000, 100)


class LedgerWarehouse(MemoryWarehouse):
    """The fake, with the one statement that the ledger makes; the SQL itself is tested against PostgreSQL."""

    def leases(self) -> AbstractContextManager[CallLeases]:
        return MemoryLedger().leases()

    def append_rows(self, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> int:
        return self.append(table, typed(table, pd.DataFrame(rows)))

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        assert isinstance(parameters, Mapping)
        calls = self.read(ModelCalls)
        wanted = calls[(calls["status"] == "reply") & calls["call_key"].isin(parameters["call_keys"])]
        first = wanted.sort_values("requested_at").drop_duplicates("call_key")
        return first[
            ["call_key", "status", "latency_s", "reply", "finish_reason", "n_prompt_tokens", "n_completion_tokens"]
        ]


def request(key: str, model: str = "m") -> JudgeRequest:
    return JudgeRequest(key, model, ({"role": "user", "content": "session"},), {"temperature": 0.0}, {"type": "object"})


def ledger_of(warehouse: LedgerWarehouse, clock: datetime = NOW) -> WarehouseLedger:
    return WarehouseLedger(warehouse, PRICES, lambda: clock)


def check_that_replies_come_back_and_failures_do_not(warehouse: Any) -> None:
    ledger = ledger_of(warehouse)
    ledger.record(
        [Sent(request("a"), Attempt("http_429", 0.1, error="RateLimitError", retry_after_s=1.0), 1, "host/v1")]
    )
    ledger.record([Sent(request("a"), REPLY, 2, "host/v1")])
    later = ledger_of(warehouse, datetime(2026, 3, 2, tzinfo=UTC))
    later.record([Sent(request("a"), Attempt("reply", 1.0, "later"), 1, "host/v1")])
    ledger.record([Sent(request("b"), Attempt("timeout", 60.0), 1, "host/v1")])
    ledger.record([Sent(request("c"), Attempt("reply", 1.0, "it's \x00 \ud800 'q'", None), 1, "host/v1")])
    found = ledger_of(warehouse).replies(["a", "b", "c", "d'; DROP TABLE model_calls"])
    assert found == {"a": REPLY, "c": Attempt("reply", 1.0, "it's \ufffd \ufffd 'q'", None)}
    assert ledger.replies([]) == {}


def test_replies_come_back_and_failures_do_not() -> None:
    check_that_replies_come_back_and_failures_do_not(LedgerWarehouse())


def test_replies_come_back_from_postgresql(warehouse: PostgresWarehouse) -> None:
    check_that_replies_come_back_and_failures_do_not(warehouse)


def test_a_call_that_was_paid_twice_is_two_rows_and_the_earlier_reply_counts(warehouse: PostgresWarehouse) -> None:
    for hours, said in ((2, "later"), (0, "earlier"), (1, "between")):
        ledger = WarehouseLedger(warehouse, PRICES, lambda at=NOW + timedelta(hours=hours): at)
        ledger.record([Sent(request("a"), replace(REPLY, reply=said), 1, "host/v1")])
    rows = warehouse.read(ModelCalls)
    assert rows["cost_usd"].sum() == pytest.approx(3 * 0.002)
    assert WarehouseLedger(warehouse).replies(["a"])["a"].reply == "earlier"


def test_a_row_says_what_was_asked_when_where_and_at_what_cost() -> None:
    warehouse = LedgerWarehouse()
    ledger_of(warehouse).record([Sent(request("a"), REPLY, 3, "host/v1")])
    row = warehouse.read(ModelCalls).iloc[0]
    assert (row["call_key"], row["attempt"], row["endpoint"], row["model"]) == ("a", 3, "host/v1", "m")
    assert row["requested_at"] == pd.Timestamp("2026-03-01 11:59:58", tz="UTC")
    assert row["request"]["messages"] == [{"role": "user", "content": "session"}]
    assert row["request"]["parameters"] == {"temperature": 0.0}
    assert row["cost_usd"] == pytest.approx(0.002)


def test_an_unknown_model_costs_null_and_the_simulation_nothing() -> None:
    warehouse = LedgerWarehouse()
    ledger_of(warehouse).record([Sent(request("a", model="unknown"), REPLY, 1, "host/v1")])
    ledger_of(warehouse).record([Sent(request("b"), REPLY, 1, "simulated")])
    costs = warehouse.read(ModelCalls).set_index("call_key")["cost_usd"]
    assert pd.isna(costs["a"])
    assert costs["b"] == 0


@pytest.fixture(params=["memory", "postgres"])
def any_ledger(request: pytest.FixtureRequest) -> CallLedger:
    if request.param == "memory":
        return MemoryLedger()
    return WarehouseLedger(request.getfixturevalue("warehouse"))


def test_a_call_is_leased_to_one_run_at_a_time(any_ledger: CallLedger) -> None:
    with any_ledger.leases() as one, any_ledger.leases() as other:
        assert one.take(["a", "b"]) == {"a", "b"}
        assert other.take(["a", "b", "c"]) == {"c"}
        assert one.take(["c"]) == set()
        one.give_back(["a"])
        assert other.take(["a", "b"]) == {"a"}


def test_leases_end_with_their_holder(any_ledger: CallLedger) -> None:
    with any_ledger.leases() as other:
        with pytest.raises(ValueError, match="crash"), any_ledger.leases() as one:
            one.take(["a"])
            raise ValueError("crash")
        assert taken_soon(other, "a")


def taken_soon(leases: CallLeases, key: str) -> bool:
    """Whether `key` can be taken within seconds: the server learns of a connection's end a moment after it."""
    give_up_at = time.monotonic() + 20
    while not leases.take([key]) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    return time.monotonic() < give_up_at


HOLDER = """
import sys, time
from resources.warehouse import PostgresWarehouse
with PostgresWarehouse(sys.argv[1]).leases() as leases:
    print(leases.take(["a"]), flush=True)
    time.sleep(600)
"""


def test_a_killed_process_leaves_no_lease(warehouse: PostgresWarehouse, database_url: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, database_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as output, warehouse.leases() as leases:
        try:
            assert output.readline() == "{'a'}\n"
            assert leases.take(["a"]) == set()
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert taken_soon(leases, "a")


ASKING = """
import sys
from resources.call_ledger import WarehouseLedger
from resources.warehouse import PostgresWarehouse
from tests.resources.test_call_ledger import ask_many
with PostgresWarehouse(sys.argv[1]) as warehouse:
    print(ask_many(WarehouseLedger(warehouse), sys.argv[2]))
"""
N_CALLS = 250


def ask_many(ledger: CallLedger, base_url: str) -> int:
    """Ask `N_CALLS` calls and return how many have a reply."""
    with Asker(ledger, AskPolicy(poll_s=0.05)) as asker:
        settled = asker.ask([request(f"k{i}") for i in range(N_CALLS)], OpenAIJudgeModel("none", base_url))
    return sum(attempt.is_reply for attempt in settled.values())


def test_two_processes_that_ask_the_same_at_once_pay_once(warehouse: PostgresWarehouse, database_url: str) -> None:
    both_have_asked_for_leases = threading.Event()

    def script(*_: Any) -> Answer:
        both_have_asked_for_leases.wait(60)
        return verdict()

    with ScriptedEndpoint(script) as endpoint:
        command = [sys.executable, "-c", ASKING, database_url, endpoint.base_url]
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        while n_lease_connections(warehouse) < 2:
            assert all(run.poll() is None for run in runs)
            time.sleep(0.01)
        both_have_asked_for_leases.set()
        assert [run.communicate(timeout=60)[0] for run in runs] == [f"{N_CALLS}\n"] * 2
        assert len(endpoint.requests) == N_CALLS
    assert len(warehouse.read(ModelCalls)) == N_CALLS


def n_lease_connections(warehouse: PostgresWarehouse) -> int:
    name = LEASE_OPTIONS["application_name"]
    found = warehouse.query(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s",
        [name],
    )
    return int(found["n"][0])
