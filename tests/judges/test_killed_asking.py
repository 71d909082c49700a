"""kill -9 again and again, over a real database and a real endpoint: nothing is lost, next to nothing paid twice."""

import json
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

from resources.warehouse import PostgresWarehouse
from tests.judges.killed_asking import CONCURRENCY, ask_all, key_of
from tests.judges.scripted_endpoint import Answer, ScriptedEndpoint, completion

N_KILLS = 25
N_CALLS = 25 * 20
SEED = 20250303
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.judges.killed_asking"])


def case_of(body: Mapping[str, Any]) -> int:
    return int(body["messages"][0]["content"].split()[-1])


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    def script(number: int, body: Mapping[str, Any]) -> Answer:
        time.sleep(random.Random(number).random() * 0.02)
        return completion(json.dumps({"critique": f"Case {case_of(body)}", "verdict": "pass"}))

    with ScriptedEndpoint(script) as running:
        yield running


def started(database_url: str, endpoint: ScriptedEndpoint) -> BaseProcess:
    process = PROCESSES.Process(target=ask_all, args=(database_url, endpoint.base_url, N_CALLS))
    process.start()
    return process


def kill_after(process: BaseProcess, n_requests: int, endpoint: ScriptedEndpoint) -> None:
    """Kill `process` once the endpoint has had `n_requests` in all."""
    while len(endpoint.requests) < n_requests:
        assert process.is_alive(), f"it ended with {process.exitcode} after {len(endpoint.requests)} requests"
        time.sleep(0.001)
    process.kill()
    process.join()


def finish(database_url: str, endpoint: ScriptedEndpoint) -> None:
    process = started(database_url, endpoint)
    process.join(60)
    assert process.exitcode == 0


def stored(warehouse: PostgresWarehouse) -> dict[str, str]:
    """Return the reply of each key that has one; a key that has two is a failure."""
    rows = warehouse.query("SELECT call_key, reply FROM evals.model_calls WHERE status = 'reply'")
    assert rows["call_key"].is_unique
    return dict(zip(rows["call_key"], rows["reply"], strict=True))


def test_25_kills_lose_nothing_and_repeat_no_more_than_was_under_way(
    warehouse: PostgresWarehouse, database_url: str, endpoint: ScriptedEndpoint
) -> None:
    draw = random.Random(SEED)
    for _ in range(N_KILLS):
        paid, before = stored(warehouse), len(endpoint.requests)
        kill_after(started(database_url, endpoint), before + draw.randint(1, 20), endpoint)
        asked_again = {key_of(case_of(body)) for body in endpoint.requests[before:]} & set(paid)
        assert not asked_again, "what was stored before the start was asked again"
    finish(database_url, endpoint)

    replies = {case: json.loads(stored(warehouse)[key_of(case)])["critique"] for case in range(N_CALLS)}
    assert replies == {case: f"Case {case}" for case in range(N_CALLS)}
    times = Counter(case_of(body) for body in endpoint.requests)
    assert 0 <= sum(times.values()) - N_CALLS <= N_KILLS * CONCURRENCY

    finish(database_url, endpoint)
    assert sum(times.values()) == len(endpoint.requests), "a run with nothing new to ask made a call"


def test_two_processes_at_once_pay_each_call_once(
    warehouse: PostgresWarehouse, database_url: str, endpoint: ScriptedEndpoint
) -> None:
    both = [started(database_url, endpoint) for _ in range(2)]
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert len(stored(warehouse)) == len(endpoint.requests) == N_CALLS
