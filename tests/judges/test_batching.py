"""Against the simulation's endpoint over HTTP and against PostgreSQL, as in a real run."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO, Literal

import pandas as pd
import pytest

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.asking.asker import Asker, AskPolicy
from eval_pipeline.judges.asking.batches import BATCH_PENDING, UPLOADING, BatchPolicy, CallBatch, EndpointError
from eval_pipeline.judges.asking.batching import BatchAsker
from eval_pipeline.judges.asking.budget import OVER_BUDGET_DAY, OVER_BUDGET_RUN, dearest_cost
from eval_pipeline.judges.asking.pacing import likely_tokens
from eval_pipeline.judges.asking.prices import Price, Prices
from eval_pipeline.judges.definition import REPLY_SCHEMA
from eval_pipeline.judges.run import judge_sessions
from eval_pipeline.ports import Attempt, JudgeRequest
from eval_pipeline.simulation.batch_jobs import BatchPlan
from eval_pipeline.simulation.cases import case_number
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from eval_pipeline.simulation.judge_protocol import BadRequest, Reply
from eval_pipeline.tables import CallBatches, ModelCalls
from resources.batch_model import OpenAIBatchModel
from resources.call_batches import WarehouseBatchStore
from resources.call_ledger import WarehouseLedger
from resources.daily_spend import PostgresDailySpend
from resources.judge_model import OpenAIJudgeModel, SimulatedJudgeModel
from resources.warehouse import PostgresWarehouse
from tests.fakes import MemoryLedger
from tests.judges.judge_files import judge
from tests.judges.scripted_endpoint import Answer, ScriptedEndpoint, failure
from tests.judges.test_judge_run import sessions

DAY = date(2026, 3, 1)
PRICE = {"m": Price(prompt=1.0, completion=10.0)}
PRICES = Prices(usd_per_million_tokens=PRICE)
SHORT = BatchPolicy(wait_s=10, poll_s=0.05, prices=PRICES)
AT_ONCE = replace(SHORT, wait_s=0)
KEY = "test-key-0123456789"


def request(number: int, model: str = "m", day: date = DAY) -> JudgeRequest:
    system = 'You are the judge "completeness", version 1+abc.\nYou look at one session.'
    user = f"<session>\nYour case number is {case_number(DAY, number)}.\n</session>"
    messages = ({"role": "system", "content": system}, {"role": "user", "content": user})
    return JudgeRequest(f"key-{number}", model, messages, {"max_completion_tokens": 200}, REPLY_SCHEMA, day)


REQUESTS = [request(number) for number in range(6)]


def ask(
    warehouse: PostgresWarehouse,
    endpoint: JudgeEndpoint | ScriptedEndpoint,
    requests: Sequence[JudgeRequest] = REQUESTS,
    policy: BatchPolicy = SHORT,
    api: Literal["auto", "responses", "chat"] = "auto",
) -> dict[str, Attempt]:
    asker = BatchAsker(WarehouseLedger(warehouse, PRICES), WarehouseBatchStore(warehouse), policy)
    with asker:
        return asker.ask(iter(requests), OpenAIJudgeModel(KEY, endpoint.base_url, api=api))


def statuses(settled: dict[str, Attempt]) -> list[str]:
    return [settled[key].status for key in sorted(settled)]


def row_count(warehouse: PostgresWarehouse) -> int:
    return len(warehouse.read(ModelCalls))


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_answers_are_those_of_calls_made_at_once(
    warehouse: PostgresWarehouse, api: Literal["chat", "responses"]
) -> None:
    with JudgeEndpoint() as endpoint, Asker(MemoryLedger(), AskPolicy()) as asker:
        at_once = asker.ask(REQUESTS, OpenAIJudgeModel(KEY, endpoint.base_url))
        batched = ask(warehouse, endpoint, api=api)
        assert endpoint.n_requests == len(endpoint.batched) == len(REQUESTS)
    assert {key: replace(attempt, latency_s=0) for key, attempt in batched.items()} == {
        key: replace(attempt, latency_s=0) for key, attempt in at_once.items()
    }
    assert {attempt.status for attempt in batched.values()} == {"reply"}


def test_judging_by_batch_gives_no_row_until_there_is_an_answer_and_then_the_same_rows(
    warehouse: PostgresWarehouse,
) -> None:
    asked = {"role": "user", "content": "Where is order 7?"}
    said = [[asked, {"role": "assistant", "content": answer}] for answer in ("On its way.", "Lost.")]
    frame = sessions(s1=said[0], s2=said[1])
    with JudgeEndpoint(batches=BatchPlan(n_validating=1)) as endpoint:
        model = OpenAIJudgeModel(KEY, endpoint.base_url)
        with Asker(MemoryLedger(), AskPolicy()) as at_once:
            expected = judge_sessions(frame, [judge()], model, at_once, {})
        by_batch = BatchAsker(WarehouseLedger(warehouse), WarehouseBatchStore(warehouse), AT_ONCE)
        frames = [judge_sessions(frame, [judge()], model, by_batch, {}) for _ in range(3)]
    assert [len(rows) for rows in frames] == [0, 0, 2]
    assert by_batch.left_undone == {("batch_pending", judge().name): 4}
    pd.testing.assert_frame_equal(frames[2], expected)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_ledger_holds_each_call_whole_at_half_the_price(
    warehouse: PostgresWarehouse, api: Literal["chat", "responses"]
) -> None:
    with JudgeEndpoint() as endpoint:
        settled = ask(warehouse, endpoint, api=api)
    rows = warehouse.read(ModelCalls).set_index("call_key")
    [batch] = warehouse.read(CallBatches).to_dict("records")
    assert set(rows["batch_id"]) == {batch["batch_id"]}
    assert (batch["status"], batch["n_calls"], batch["session_days"]) == ("completed", 6, ["2026-03-01"])
    for asked in REQUESTS:
        row, attempt = rows.loc[asked.call_key], settled[asked.call_key]
        assert row["request"] == {
            "messages": list(asked.messages),
            "parameters": asked.parameters,
            "reply_schema": REPLY_SCHEMA,
        }
        cost = PRICES.cost("m", attempt.n_prompt_tokens, attempt.n_completion_tokens)
        assert row["cost_usd"] == pytest.approx((cost or 0) / 2)
        assert row["attempt"] == 1


def test_a_later_run_collects_what_an_earlier_one_asked_and_asks_nothing_again(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint(batches=BatchPlan(n_validating=1, n_working=1)) as endpoint:
        runs = [ask(warehouse, endpoint, policy=AT_ONCE) for _ in range(5)]
        assert [set(settled.values()) == {BATCH_PENDING} for settled in runs] == [True, True, True, False, False]
        assert set(statuses(runs[3])) == {"reply"}
        assert runs[3] == runs[4]
        assert sorted(endpoint.batched) == sorted(asked.call_key for asked in REQUESTS)
    assert row_count(warehouse) == len(REQUESTS)


def test_collecting_tells_the_days_that_are_worth_judging_again(warehouse: PostgresWarehouse) -> None:
    later = date(2026, 3, 2)
    asker = BatchAsker(WarehouseLedger(warehouse), WarehouseBatchStore(warehouse), AT_ONCE)
    with JudgeEndpoint(batches=BatchPlan(n_validating=1)) as endpoint:
        model = OpenAIJudgeModel(KEY, endpoint.base_url)
        asker.ask([request(1), request(2, day=later)], model)
        assert [asker.collect(model) for _ in range(3)] == [set(), {DAY, later}, set()]


SUBMITTING = """
import sys
from eval_pipeline.judges.asking.batches import BatchPolicy
from eval_pipeline.judges.asking.batching import BatchAsker
from resources.call_batches import WarehouseBatchStore
from resources.call_ledger import WarehouseLedger
from resources.judge_model import OpenAIJudgeModel
from resources.warehouse import PostgresWarehouse
from tests.judges.test_batching import REQUESTS
with PostgresWarehouse(sys.argv[1]) as warehouse:
    policy = BatchPolicy(wait_s=600, poll_s=0.1)
    asker = BatchAsker(WarehouseLedger(warehouse), WarehouseBatchStore(warehouse), policy)
    asker.ask(REQUESTS, OpenAIJudgeModel("none", sys.argv[2]))
"""


@pytest.mark.parametrize("moment", ["before the endpoint answers", "while it waits"])
def test_what_a_killed_process_has_submitted_another_one_collects(
    warehouse: PostgresWarehouse, database_url: str, moment: str
) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def plan(number: int) -> BatchPlan:
        if moment == "before the endpoint answers":
            processes[0].send_signal(signal.SIGKILL)
            processes[0].wait()
        return BatchPlan(seconds=1)

    def is_known() -> bool:
        return bool(warehouse.read(CallBatches)["remote_id"].notna().any())

    with JudgeEndpoint(batches=plan) as endpoint:
        processes.append(subprocess.Popen([sys.executable, "-c", SUBMITTING, database_url, endpoint.base_url]))
        while processes[0].poll() is None and not is_known():
            time.sleep(0.02)
        processes[0].kill()
        assert processes[0].wait() == -signal.SIGKILL
        assert is_known() == (moment == "while it waits")
        assert set(statuses(ask(warehouse, endpoint))) == {"reply"}
        assert len(endpoint.batched) == len(REQUESTS) == row_count(warehouse)


def test_a_batch_whose_creation_was_never_confirmed_is_found_by_its_mark(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint(batches=BatchPlan(hides_creation=True)) as endpoint:
        ask(warehouse, endpoint, [request(7)])
        assert set(statuses(ask(warehouse, endpoint, policy=AT_ONCE))) == {"batch_pending"}
        assert warehouse.read(CallBatches)["status"].tolist().count(UPLOADING) == 1
        assert set(statuses(ask(warehouse, endpoint))) == {"reply"}
        assert len(endpoint.batched) == len(set(endpoint.batched)) == len(REQUESTS) + 1


def cut_short(warehouse: PostgresWarehouse, endpoint: JudgeEndpoint, age: timedelta, held_usd: float = 0.0) -> None:
    """Leave what a run leaves that died before the endpoint heard of its batch."""
    name = OpenAIJudgeModel(KEY, endpoint.base_url).endpoint
    keys = tuple(asked.call_key for asked in REQUESTS)
    batch = CallBatch("eval-pipeline-x", name, "m", UPLOADING, keys, (DAY,), datetime.now(UTC) - age, held_usd=held_usd)
    WarehouseBatchStore(warehouse).put(batch)


def test_a_batch_that_never_reached_the_endpoint_is_given_up_after_a_while(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint() as endpoint:
        cut_short(warehouse, endpoint, timedelta(seconds=1))
        assert set(ask(warehouse, endpoint, policy=AT_ONCE).values()) == {BATCH_PENDING}
        assert endpoint.batched == []
        cut_short(warehouse, endpoint, timedelta(hours=1))
        assert set(statuses(ask(warehouse, endpoint))) == {"reply"}
    assert sorted(warehouse.read(CallBatches)["status"]) == ["abandoned", "completed"]


def test_collecting_that_died_midway_is_finished_and_nothing_stands_twice(warehouse: PostgresWarehouse) -> None:
    class Dying(WarehouseLedger):
        def record_batch(self, batch: CallBatch, calls: Sequence[tuple[JudgeRequest, Attempt]]) -> None:
            super().record_batch(batch, calls[:2])
            raise ConnectionError("killed")

    with JudgeEndpoint() as endpoint:
        asker = BatchAsker(Dying(warehouse, PRICES), WarehouseBatchStore(warehouse), SHORT)
        with pytest.raises(ConnectionError):
            asker.ask(REQUESTS, OpenAIJudgeModel(KEY, endpoint.base_url))
        assert row_count(warehouse) == 2
        assert set(statuses(ask(warehouse, endpoint))) == {"reply"}
        assert len(endpoint.batched) == len(REQUESTS) == row_count(warehouse)


def test_runs_at_the_same_time_put_no_call_in_two_batches(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint(batches=BatchPlan(seconds=0.3)) as endpoint, ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda _: ask(warehouse, endpoint), range(4)))
        assert len(endpoint.batched) == len(REQUESTS)
    assert all(settled == runs[0] for settled in runs)
    assert set(statuses(runs[0])) == {"reply"}
    assert row_count(warehouse) == len(REQUESTS)


def test_what_an_asker_is_asking_at_this_moment_is_put_in_no_batch(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint() as endpoint, WarehouseLedger(warehouse).leases() as leases:
        leases.take(["key-0"])
        assert statuses(ask(warehouse, endpoint, policy=replace(SHORT, wait_s=1))) == ["batch_pending"] + ["reply"] * 5
        assert "key-0" not in endpoint.batched


def test_what_stands_in_a_batch_is_not_asked_at_once_too_until_the_batch_has_had_its_day(
    warehouse: PostgresWarehouse,
) -> None:
    with JudgeEndpoint(batches=BatchPlan(n_validating=1)) as endpoint:
        ask(warehouse, endpoint, REQUESTS[:4], AT_ONCE)
        model = OpenAIJudgeModel(KEY, endpoint.base_url)
        with Asker(WarehouseLedger(warehouse, PRICES), AskPolicy()) as at_once:
            settled = at_once.ask(REQUESTS, model)
        assert statuses(settled) == ["batch_pending"] * 4 + ["reply"] * 2
        assert endpoint.n_requests == 2
        two_days_on = WarehouseLedger(warehouse, PRICES, lambda: datetime.now(UTC) + timedelta(days=2))
        with Asker(two_days_on, AskPolicy()) as at_once:
            assert statuses(at_once.ask(REQUESTS, model)) == ["reply"] * 6


def test_a_line_with_an_error_is_a_named_error_and_is_not_asked_again_for_a_while(
    warehouse: PostgresWarehouse,
) -> None:
    def plan(number: int) -> BatchPlan:
        return BatchPlan(errors={2: 400, 3: 500} if number == 1 else {})

    with JudgeEndpoint(batches=plan) as endpoint:
        first = ask(warehouse, endpoint)
        assert statuses(first) == ["reply", "http_400", "http_500", "reply", "reply", "reply"]
        assert "could not be processed" in (first["key-1"].error or "")
        # An error that passes is asked again, one that stays only after its time.
        assert statuses(ask(warehouse, endpoint)) == ["reply", "http_400", "reply", "reply", "reply", "reply"]
        assert set(statuses(ask(warehouse, endpoint, policy=replace(SHORT, failure_holds_s=0)))) == {"reply"}
        assert len(endpoint.batched) == len(set(endpoint.batched)) == len(REQUESTS)
    rows = warehouse.read(ModelCalls)
    assert sorted(rows.loc[rows["call_key"] == "key-1", "attempt"]) == [1, 2]


def test_calls_that_expired_are_free_to_be_asked_again(warehouse: PostgresWarehouse) -> None:
    def plan(number: int) -> BatchPlan:
        return BatchPlan(outcome="expired", n_answered=2) if number == 1 else BatchPlan()

    with JudgeEndpoint(batches=plan) as endpoint:
        assert (
            statuses(ask(warehouse, endpoint, policy=replace(SHORT, wait_s=1))) == ["reply"] * 2 + ["batch_pending"] * 4
        )
        assert set(statuses(ask(warehouse, endpoint))) == {"reply"}
        assert len(endpoint.batched) == len(set(endpoint.batched)) == len(REQUESTS)


def test_a_batch_that_was_cancelled_frees_its_calls(warehouse: PostgresWarehouse) -> None:
    def plan(number: int) -> BatchPlan:
        return BatchPlan(seconds=600) if number == 1 else BatchPlan()

    with JudgeEndpoint(batches=plan) as endpoint:
        ask(warehouse, endpoint, policy=AT_ONCE)
        endpoint.jobs.cancel(warehouse.read(CallBatches)["remote_id"].iloc[0])
        assert set(statuses(ask(warehouse, endpoint))) == {"reply"}


def test_a_batch_that_fails_as_a_whole_is_told_and_its_calls_are_free(warehouse: PostgresWarehouse) -> None:
    def plan(number: int) -> BatchPlan:
        return BatchPlan(outcome="failed") if number == 1 else BatchPlan()

    with JudgeEndpoint(batches=plan) as endpoint:
        with pytest.raises(EndpointError, match="token_limit_exceeded"):
            ask(warehouse, endpoint)
        assert "token_limit_exceeded" in warehouse.read(CallBatches)["error"].iloc[0]
        # From now on half as many wait at a time.
        assert statuses(ask(warehouse, endpoint)) == ["reply"] * 3 + ["batch_pending"] * 3
        assert set(statuses(ask(warehouse, endpoint))) == {"reply"}


def test_what_failed_of_one_day_fails_no_run_of_another(warehouse: PostgresWarehouse) -> None:
    def plan(number: int) -> BatchPlan:
        return BatchPlan(outcome="failed") if number == 1 else BatchPlan()

    with JudgeEndpoint(batches=plan) as endpoint:
        ask(warehouse, endpoint, policy=AT_ONCE)
        assert statuses(ask(warehouse, endpoint, [request(9, day=date(2026, 3, 2))])) == ["reply"]


def test_what_failed_earlier_is_submitted_again_before_it_is_told(warehouse: PostgresWarehouse) -> None:
    def plan(number: int) -> BatchPlan:
        return BatchPlan(outcome="failed") if number == 1 else BatchPlan()

    with JudgeEndpoint(batches=plan) as endpoint:
        ask(warehouse, endpoint, policy=AT_ONCE)
        with pytest.raises(EndpointError, match="token_limit_exceeded"):
            ask(warehouse, endpoint, policy=AT_ONCE)
        assert sorted(warehouse.read(CallBatches)["n_calls"]) == [3, 6]


def test_a_batch_that_the_endpoint_does_not_know_is_told_and_asked_again_after_two_days(
    warehouse: PostgresWarehouse,
) -> None:
    with JudgeEndpoint(batches=BatchPlan(n_working=9)) as endpoint:
        ask(warehouse, endpoint, policy=AT_ONCE)
        port = int(endpoint.base_url.split(":")[2].split("/")[0])
        name = OpenAIJudgeModel(KEY, endpoint.base_url).endpoint
    with JudgeEndpoint(port=port) as endpoint:
        with pytest.raises(EndpointError, match=r"batch batch_\d+, which it does not know\n.*is this the key"):
            ask(warehouse, endpoint)
        assert endpoint.batched == []
        age(warehouse, name, timedelta(hours=49))
        assert set(statuses(ask(warehouse, endpoint))) == {"reply"}
    assert sorted(warehouse.read(CallBatches)["status"]) == ["completed", "lost"]


def age(warehouse: PostgresWarehouse, endpoint: str, by: timedelta) -> None:
    """Make the one open batch of `endpoint` older."""
    store = WarehouseBatchStore(warehouse)
    [batch] = store.open(endpoint)
    store.put(replace(batch, submitted_at=batch.submitted_at - by))


def test_a_batch_of_another_simulation_is_not_taken_for_ours(warehouse: PostgresWarehouse) -> None:
    keys = tuple(asked.call_key for asked in REQUESTS)
    other = CallBatch("eval-pipeline-x", "simulated", "m", "in_progress", keys, (), datetime.now(UTC), "batch_000002")
    WarehouseBatchStore(warehouse).put(other)
    asker = BatchAsker(WarehouseLedger(warehouse), WarehouseBatchStore(warehouse), SHORT)
    asker.ask([request(8)], SimulatedJudgeModel())
    assert WarehouseBatchStore(warehouse).get("eval-pipeline-x") == other
    WarehouseBatchStore(warehouse).put(replace(other, submitted_at=other.submitted_at - timedelta(minutes=6)))
    asker = BatchAsker(WarehouseLedger(warehouse), WarehouseBatchStore(warehouse), SHORT)
    assert set(statuses(asker.ask(REQUESTS, SimulatedJudgeModel()))) == {"reply"}
    assert WarehouseBatchStore(warehouse).get("eval-pipeline-x").status == "lost"


def test_answers_whose_file_is_not_there_are_told_and_not_paid_again(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint(batches=BatchPlan(loses_answers=True)) as endpoint:
        for _ in range(2):
            with pytest.raises(EndpointError, match=r"does not know its file file-\d+"):
                ask(warehouse, endpoint)
        assert len(endpoint.batched) == len(REQUESTS)


def test_a_completed_batch_with_fewer_answers_than_calls_says_so(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint(batches=BatchPlan(omitted=(2, 3))) as endpoint:
        ask(warehouse, endpoint, policy=replace(SHORT, wait_s=1))
    assert warehouse.read(CallBatches)["error"].tolist() == ["2 of 6 calls have no line in its files"]
    assert row_count(warehouse) == 4


def test_what_stands_in_a_batch_of_another_endpoint_is_put_in_none_here(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint(batches=BatchPlan(n_working=9)) as renamed, JudgeEndpoint() as endpoint:
        ask(warehouse, renamed, REQUESTS[:4], AT_ONCE)
        settled = ask(warehouse, endpoint, policy=replace(SHORT, wait_s=1))
        assert statuses(settled) == ["batch_pending"] * 4 + ["reply"] * 2
        assert len(endpoint.batched) == 2


@pytest.mark.parametrize("moment", [1, 2])
def test_an_asker_and_a_batch_that_meet_pay_once(warehouse: PostgresWarehouse, moment: int) -> None:
    """The asker comes by just before the row of the batch is stored: at first, or reduced."""

    class Interrupted(WarehouseBatchStore):
        n_puts = 0

        def put(self, batch: CallBatch) -> None:
            self.n_puts += 1
            if self.n_puts == moment:
                with Asker(WarehouseLedger(warehouse, PRICES), AskPolicy()) as at_once:
                    at_once.ask(REQUESTS, OpenAIJudgeModel(KEY, endpoint.base_url))
            super().put(batch)

    with JudgeEndpoint() as endpoint:
        asker = BatchAsker(WarehouseLedger(warehouse, PRICES), Interrupted(warehouse), SHORT)
        assert set(statuses(asker.ask(REQUESTS, OpenAIJudgeModel(KEY, endpoint.base_url)))) == {"reply"}
        assert endpoint.n_requests + len(endpoint.batched) == len(REQUESTS) == row_count(warehouse)


def test_a_batch_is_waited_for_from_its_creation_not_from_its_upload(warehouse: PostgresWarehouse) -> None:
    uploaded_at: list[datetime] = []

    class Uploading(OpenAIBatchModel):
        def upload(self, name: str, lines: BinaryIO) -> str:
            file_id = super().upload(name, lines)
            uploaded_at.append(datetime.now(UTC))
            return file_id

    class Model(OpenAIJudgeModel):
        def batches(self, endpoint: str | None = None) -> OpenAIBatchModel:
            return Uploading(KEY, running.base_url, self.endpoint, "chat")

    with JudgeEndpoint(batches=BatchPlan(hides_creation=True)) as running:
        asker = BatchAsker(WarehouseLedger(warehouse), WarehouseBatchStore(warehouse), AT_ONCE)
        asker.ask(REQUESTS, Model(KEY, running.base_url))
    [row] = warehouse.read(CallBatches).to_dict("records")
    assert (row["status"], row["submitted_at"].date()) == (UPLOADING, uploaded_at[0].date())
    assert row["submitted_at"] >= uploaded_at[0]
    assert row["input_file_id"] is not None


def test_a_file_holds_no_more_tokens_than_allowed(warehouse: PostgresWarehouse) -> None:
    most = sum(likely_tokens(asked) for asked in REQUESTS[:2])
    with JudgeEndpoint() as endpoint:
        assert set(statuses(ask(warehouse, endpoint, policy=replace(SHORT, max_tokens=most)))) == {"reply"}
    assert warehouse.read(CallBatches)["n_calls"].tolist() == [2, 2, 2]


def test_files_keep_to_their_limits_and_to_one_model(warehouse: PostgresWarehouse) -> None:
    mixed = [request(number, "m" if number % 2 else "n") for number in range(9)]
    with JudgeEndpoint() as endpoint:
        assert set(statuses(ask(warehouse, endpoint, mixed, replace(SHORT, max_requests=2)))) == {"reply"}
    sent = warehouse.read(CallBatches)
    assert sorted(zip(sent["model"], sent["n_calls"], strict=True)) == [
        *[("m", 2)] * 2,
        ("n", 1),
        *[("n", 2)] * 2,
    ]


def test_a_file_holds_no_more_bytes_than_allowed(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint() as endpoint:
        assert set(statuses(ask(warehouse, endpoint, policy=replace(SHORT, max_bytes=3_000)))) == {"reply"}
        n_bytes = [endpoint.jobs.file(file_id)[0]["bytes"] for file_id in warehouse.read(CallBatches)["input_file_id"]]
    assert len(n_bytes) > 1
    assert max(n_bytes) <= 3_000


def test_the_run_s_budget_counts_half_of_the_dearest_outcome(warehouse: PostgresWarehouse) -> None:
    room = 3.5 * dearest_cost(REQUESTS[0], PRICES) / 2
    policy = replace(SHORT, prices=Prices(usd_per_million_tokens=PRICE, budget_usd_per_run=room))
    with JudgeEndpoint() as endpoint:
        settled = ask(warehouse, endpoint, policy=policy)
    assert statuses(settled) == ["reply"] * 3 + ["over_budget_run"] * 3
    assert settled["key-5"] == OVER_BUDGET_RUN


def test_the_day_s_budget_is_shared_and_settled_when_the_batch_is_collected(warehouse: PostgresWarehouse) -> None:
    room = 6.5 * dearest_cost(REQUESTS[0], PRICES) / 2
    policy = replace(AT_ONCE, prices=Prices(usd_per_million_tokens=PRICE, budget_usd_per_day=room))
    daily, today = PostgresDailySpend(warehouse), datetime.now(UTC).date()

    def ask_within(endpoint: JudgeEndpoint, requests: Sequence[JudgeRequest]) -> dict[str, Attempt]:
        asker = BatchAsker(WarehouseLedger(warehouse, PRICES), WarehouseBatchStore(warehouse), policy, daily)
        return asker.ask(requests, OpenAIJudgeModel(KEY, endpoint.base_url))

    with JudgeEndpoint(batches=BatchPlan(n_validating=1)) as endpoint:
        ask_within(endpoint, REQUESTS)
        assert daily.spent(today) == pytest.approx(sum(dearest_cost(asked, PRICES) for asked in REQUESTS) / 2)
        assert ask_within(endpoint, [request(8)]) == {"key-8": OVER_BUDGET_DAY}
        # What is still open is collected first, at what it did cost: now there is room.
        assert ask_within(endpoint, [request(8)]) == {"key-8": BATCH_PENDING}
    cost = warehouse.read(ModelCalls)["cost_usd"].sum()
    assert 0 < daily.spent(today) == pytest.approx(cost + dearest_cost(request(8), PRICES) / 2)


def within_the_day(
    warehouse: PostgresWarehouse, endpoint: JudgeEndpoint, policy: BatchPolicy, budget: float, prompt: float = 1.0
) -> dict[str, Attempt]:
    """Ask within a day's budget, at a price of the prompt."""
    prices = Prices(usd_per_million_tokens={"m": Price(prompt=prompt, completion=10.0)}, budget_usd_per_day=budget)
    daily = PostgresDailySpend(warehouse)
    policy = replace(policy, prices=prices)
    asker = BatchAsker(WarehouseLedger(warehouse, prices), WarehouseBatchStore(warehouse), policy, daily)
    return asker.ask(REQUESTS, OpenAIJudgeModel(KEY, endpoint.base_url))


def test_as_many_calls_go_out_as_the_day_s_budget_holds(warehouse: PostgresWarehouse) -> None:
    with JudgeEndpoint() as endpoint:
        settled = within_the_day(warehouse, endpoint, SHORT, 3.5 * dearest_cost(REQUESTS[0], PRICES) / 2)
    assert statuses(settled) == ["reply"] * 3 + ["over_budget_day"] * 3


def test_what_was_held_is_given_back_whatever_the_price_is_by_then(warehouse: PostgresWarehouse) -> None:
    daily, today = PostgresDailySpend(warehouse), datetime.now(UTC).date()
    assert daily.reserve(today, 1.0, 10.0)
    with JudgeEndpoint(batches=BatchPlan(n_validating=1)) as endpoint:
        within_the_day(warehouse, endpoint, AT_ONCE, 10.0)
        [held] = warehouse.read(CallBatches)["held_usd"]
        assert daily.spent(today) == pytest.approx(1.0 + held)
        within_the_day(warehouse, endpoint, SHORT, 10.0, prompt=5.0)
    cost = warehouse.read(ModelCalls)["cost_usd"].sum()
    assert 0 < daily.spent(today) - 1.0 == pytest.approx(cost)


def test_the_money_of_a_batch_that_never_reached_the_endpoint_is_given_back(warehouse: PostgresWarehouse) -> None:
    daily, now = PostgresDailySpend(warehouse), datetime.now(UTC)
    day = (now - timedelta(hours=1)).date()
    assert daily.reserve(day, 3.0, 10.0)
    with JudgeEndpoint() as endpoint:
        cut_short(warehouse, endpoint, timedelta(hours=1), held_usd=2.0)
        within_the_day(warehouse, endpoint, AT_ONCE, 0.0)
    assert daily.spent(day) == pytest.approx(1.0)


class WithoutSchemas(JudgeEndpoint):
    """Knows only one form of asking for JSON, or none."""

    def __init__(self, known: str) -> None:
        super().__init__()
        self._unknown = {b'"json_schema"', b'"json_object"'} - {f'"{known}"'.encode()}

    def reply_to(self, path: str, body: bytes) -> Reply:
        if any(form in body for form in self._unknown):
            raise BadRequest("This response_format is not supported.", "response_format")
        return super().reply_to(path, body)


@pytest.mark.parametrize(("known", "n_runs"), [("json_object", 2), ("plain", 3)])
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_an_endpoint_that_knows_no_schema_is_asked_in_another_form_by_the_next_run(
    warehouse: PostgresWarehouse, api: Literal["chat", "responses"], known: str, n_runs: int
) -> None:
    with WithoutSchemas(known) as endpoint:
        brief = replace(SHORT, wait_s=0.5)
        runs = [ask(warehouse, endpoint, REQUESTS[:2], brief, api) for _ in range(n_runs)]
    assert [statuses(run) for run in runs] == [["batch_pending"] * 2] * (n_runs - 1) + [["reply"] * 2]


def test_an_answer_that_is_no_document_is_named(warehouse: PostgresWarehouse) -> None:
    page = Answer(200, b"<html>Log in.</html>", {"Content-Type": "text/html"})
    with (
        ScriptedEndpoint(lambda *_: page) as endpoint,
        pytest.raises(EndpointError, match=r"did not upload a file of calls: bad_body: .*Log in"),
    ):
        ask(warehouse, endpoint)


def test_an_endpoint_without_batches_is_told_and_nothing_stays_open(warehouse: PostgresWarehouse) -> None:
    with (
        ScriptedEndpoint(lambda *_: failure(404, "no such path")) as endpoint,
        pytest.raises(EndpointError, match="did not upload a file of calls: http_404"),
    ):
        ask(warehouse, endpoint)
    assert warehouse.read(CallBatches)["status"].tolist() == ["refused"]
    assert WarehouseBatchStore(warehouse).open(OpenAIJudgeModel(KEY, endpoint.base_url).endpoint) == []


def test_a_model_that_takes_no_batches_is_named(warehouse: PostgresWarehouse) -> None:
    class AtOnceOnly:
        endpoint, is_simulated = "judge.example/v1", False

        async def ask(self, request: JudgeRequest, timeout_s: float) -> Attempt:
            raise AssertionError("not asked at once")

        async def close(self) -> None:
            pass

    asker = BatchAsker(WarehouseLedger(warehouse), WarehouseBatchStore(warehouse), SHORT)
    with pytest.raises(SettingsError, match=r"judge\.example/v1 takes no batches"):
        asker.ask(REQUESTS, AtOnceOnly())


def test_without_a_model_the_ledger_alone_answers(warehouse: PostgresWarehouse) -> None:
    asker = BatchAsker(WarehouseLedger(warehouse), WarehouseBatchStore(warehouse), SHORT)
    with JudgeEndpoint() as endpoint:
        known = ask(warehouse, endpoint, REQUESTS[:2])
    counts: list[int] = []
    assert asker.ask(REQUESTS, None, counts.append) == known
    assert counts == [1, 2]


def test_the_simulation_answers_within_the_run(warehouse: PostgresWarehouse) -> None:
    asker = BatchAsker(WarehouseLedger(warehouse), WarehouseBatchStore(warehouse), SHORT)
    settled: dict[str, Any] = asker.ask(REQUESTS, SimulatedJudgeModel())
    assert set(statuses(settled)) == {"reply"}
    rows = warehouse.read(ModelCalls)
    assert set(rows["endpoint"]) == {"simulated"}
    assert set(rows["cost_usd"]) == {0.0}
