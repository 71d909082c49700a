"""Against a real HTTP server that misbehaves by a script; the ledger is the fake of `tests/fakes.py`."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from benchmarks.judge_endpoint import PASSING, STAYING, running_endpoint, word_of
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.asking.asker import Asker, AskPolicy, Progress
from eval_pipeline.judges.asking.budget import dearest_cost
from eval_pipeline.judges.asking.endpoints import Endpoints, Limits
from eval_pipeline.judges.asking.pacing import wait_before_retry
from eval_pipeline.judges.asking.prices import Price, Prices
from eval_pipeline.judges.asking.undone import left_undone_in_words
from eval_pipeline.judges.replies import parse_reply
from eval_pipeline.ports import Attempt, JudgeRequest, Sent
from resources.judge_model import OpenAIJudgeModel
from tests.fakes import MemoryLedger
from tests.judges.scripted_endpoint import Answer, Script, ScriptedEndpoint, failure, verdict

LIMITS = Limits(concurrency=8, attempt_timeout_s=5, deadline_s=20)
FAST = AskPolicy(Endpoints(default=LIMITS), backoff_s=0.001, max_backoff_s=0.002, poll_s=0.01)
DAY = date(2026, 3, 1)
ERRORS = {
    *("refusal", "off_vocabulary", "two_verdicts", "invalid_json", "truncated", "html", "empty"),
    *("http_429", "http_500", "http_503", "connection", "bad_body", "timeout"),
}
"""What `PASSING` and `STAYING` faults may come to."""
KEY = "test-key-0123456789"
PRICES = Prices(usd_per_million_tokens={"m": Price(prompt=1.0, completion=10.0)})
COST_OF_ONE = PRICES.cost("m", 1000, 100) or 0.0


def fast(prices: Prices | None = None, failures_to_open: int = 16, **limits: Any) -> AskPolicy:
    """Return `FAST` with other limits of its endpoints."""
    endpoints = Endpoints(default=LIMITS.model_copy(update=limits))
    return replace(FAST, endpoints=endpoints, prices=prices or Prices(), failures_to_open=failures_to_open)


def prices_with(per_run: float | None = None, per_day: float | None = None) -> Prices:
    return PRICES.model_copy(update={"budget_usd_per_run": per_run, "budget_usd_per_day": per_day})


def request(number: int, **parameters: Any) -> JudgeRequest:
    messages = ({"role": "system", "content": "Judge."}, {"role": "user", "content": f"{'word ' * 210} {number}"})
    return JudgeRequest(f"key-{number}", "m", messages, parameters)


def number_of(body: Mapping[str, Any]) -> int:
    return int(body["messages"][1]["content"].split()[-1])


def ask(
    endpoint: ScriptedEndpoint,
    requests: Iterable[JudgeRequest],
    ledger: MemoryLedger,
    policy: AskPolicy,
    progress: Progress | None = None,
) -> dict[str, Attempt]:
    with Asker(ledger, policy) as asker:
        return asker.ask(requests, OpenAIJudgeModel(KEY, endpoint.base_url), progress)


class MemoryDailySpend:
    """`ports.DailySpend` in a dict."""

    def __init__(self) -> None:
        self.usd: dict[date, float] = {}
        self._lock = threading.Lock()

    def reserve(self, day: date, usd: float, limit_usd: float) -> bool:
        with self._lock:
            is_held = self.spent(day) + usd <= limit_usd
            if is_held:
                self.usd[day] = self.spent(day) + usd
        return is_held

    def settle(self, day: date, reserved_usd: float, spent_usd: float) -> None:
        with self._lock:
            self.usd[day] += spent_usd - reserved_usd

    def spent(self, day: date) -> float:
        return self.usd.get(day, 0.0)


class Run:
    def __init__(self, script: Script, n: int, policy: AskPolicy = FAST, ledger: MemoryLedger | None = None) -> None:
        self.ledger = ledger or MemoryLedger()
        self.progress: list[int] = []
        requests = (request(i, max_completion_tokens=100) for i in range(n))
        with ScriptedEndpoint(script) as endpoint:
            self.settled = ask(endpoint, requests, self.ledger, policy, self.progress.append)
            self.n_asked = len(endpoint.requests)

    @property
    def statuses(self) -> list[str]:
        return [self.settled[key].status for key in sorted(self.settled)]


def test_every_call_gets_its_own_reply_and_one_row_in_the_ledger() -> None:
    def script(_: int, body: Mapping[str, Any]) -> Answer:
        return verdict("pass" if number_of(body) % 2 else "fail")

    run = Run(script, 300)
    assert len(run.settled) == run.n_asked == len(run.ledger.rows) == 300
    verdicts = {int(key.split("-")[1]): parse_reply(attempt).verdict for key, attempt in run.settled.items()}
    assert all(word == ("pass" if number % 2 else "fail") for number, word in verdicts.items())
    assert run.progress == list(range(1, 301))


def test_a_second_run_makes_no_call() -> None:
    first = Run(lambda _, body: verdict(), 250)
    second = Run(lambda _, body: failure(500), 250, ledger=first.ledger)
    assert second.n_asked == 0
    assert second.settled == first.settled
    assert len(first.ledger.rows) == 250


def test_what_comes_twice_is_asked_once() -> None:
    ledger = MemoryLedger()
    with ScriptedEndpoint(lambda _, body: verdict()) as endpoint:
        # The last one comes again in the next chunk, while it is still under way.
        requests = [request(1), *(request(number) for number in range(1, 200)), request(199)]
        settled = ask(endpoint, requests, ledger, FAST)
        assert len(settled) == len(endpoint.requests) == 199


@pytest.mark.parametrize("fault", [failure(500), failure(429), failure(408), None, Answer(200, b"\xff{")])
def test_a_passing_fault_is_tried_again_and_each_attempt_is_kept(fault: Answer | None) -> None:
    run = Run(lambda number, _: verdict() if number > 2 else fault, 1)
    assert run.statuses == ["reply"]
    assert [(number, attempt.is_reply) for _, attempt, number in run.ledger.rows] == [(1, False), (2, False), (3, True)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_fault_that_stays_is_not_tried_again(status: int) -> None:
    run = Run(lambda *_: failure(status), 1)
    assert (run.statuses, len(run.ledger.rows)) == ([f"http_{status}"], 1)


@pytest.mark.parametrize(
    ("body", "n_attempts"),
    [
        (b'{"choices": []}', 1),
        (b'{"choices": [{"message": {"content": [1]}}], "error": null}', 1),
        (b'{"choices": null, "error": {"message": "overloaded"}}', LIMITS.max_attempts),
        (b"[]", LIMITS.max_attempts),
        (b'{"choices": [', LIMITS.max_attempts),
    ],
)
def test_a_body_that_is_no_completion_is_asked_for_again_only_if_it_is_no_whole_answer(
    body: bytes, n_attempts: int
) -> None:
    run = Run(lambda *_: Answer(200, body), 1)
    assert (run.statuses, run.n_asked) == (["bad_body"], n_attempts)


def test_attempts_end_at_their_limit() -> None:
    run = Run(lambda *_: failure(503), 1)
    assert (run.statuses, run.n_asked, len(run.ledger.rows)) == (["http_503"], LIMITS.max_attempts, LIMITS.max_attempts)


def test_one_in_ten_failing_loses_nothing() -> None:
    faults, seen = [failure(429), failure(500), None, Answer(200, b"garbage")], Counter[int]()

    def script(_: int, body: Mapping[str, Any]) -> Answer | None:
        seen[number := number_of(body)] += 1
        return faults[number // 10 % 4] if number % 10 == 0 and seen[number] == 1 else verdict()

    run = Run(script, 400)
    assert set(run.statuses) == {"reply"}
    assert len(run.settled) == 400
    assert len(run.ledger.rows) == run.n_asked == 440


def test_an_attempt_that_takes_too_long_is_cut_off() -> None:
    hold = threading.Event()

    def script(*_: Any) -> Answer:
        hold.wait(5)
        return verdict()

    policy = fast(max_attempts=1, attempt_timeout_s=0.05)
    with ScriptedEndpoint(script) as endpoint:
        settled = ask(endpoint, [request(1)], MemoryLedger(), policy)
        hold.set()
    assert settled["key-1"].status == "timeout"


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    run = Run(lambda *_: failure(429, headers={"Retry-After": "3600"}), 1)
    assert (run.statuses, run.n_asked) == (["http_429"], 1)


def test_a_dead_endpoint_gets_fewer_than_20_attempts_and_the_rest_is_not_asked() -> None:
    policy = fast(concurrency=64)
    run = Run(lambda *_: failure(500), 500, policy)
    assert run.n_asked == len(run.ledger.rows) == 17
    assert len(run.settled) == 500
    assert set(run.statuses) == {"circuit_open", "http_500"} or set(run.statuses) == {"circuit_open"}


def test_successes_in_between_keep_the_circuit_closed() -> None:
    run = Run(lambda number, _: failure(400) if number % 2 else verdict(), 200)
    assert "circuit_open" not in run.statuses


def test_a_burst_of_429_is_one_failure() -> None:
    burst = threading.Barrier(16)

    def script(number: int, _: Mapping[str, Any]) -> Answer:
        if number > 16:
            return verdict()
        burst.wait(5)
        return failure(429)

    policy = replace(fast(concurrency=16), failures_to_open=16, backoff_s=0.05)
    assert set(Run(script, 40, policy).statuses) == {"reply"}


def test_the_budget_stops_before_it_is_passed() -> None:
    cost_of_one = PRICES.cost("m", 1000, 100) or 0.0
    policy = fast(prices_with(per_run=10.5 * cost_of_one))
    run = Run(lambda *_: verdict(), 100, policy)
    assert run.n_asked == 10
    assert run.statuses.count("over_budget_run") == 90
    assert len(run.ledger.rows) == 10


@pytest.mark.parametrize("period", ["per_run", "per_day"])
def test_calls_wait_for_money_that_may_come_free_before_they_are_given_up(period: str) -> None:
    dearest = dearest_cost(request(1, max_completion_tokens=1000), PRICES)
    policy = fast(prices_with(**{period: dearest + 5.5 * COST_OF_ONE}))
    requests = [request(number, max_completion_tokens=1000) for number in range(20)]
    with (
        ScriptedEndpoint(lambda *_: verdict()) as endpoint,
        Asker(MemoryLedger(), policy, MemoryDailySpend(), lambda: DAY) as asker,
    ):
        settled = asker.ask(requests, OpenAIJudgeModel(KEY, endpoint.base_url))
        assert len(endpoint.requests) == 6
    assert Counter(attempt.status for attempt in settled.values()) == {"reply": 6, f"over_budget_{period[4:]}": 14}


def test_money_of_the_day_is_set_aside_for_several_calls_at_a_time() -> None:
    class Slow(MemoryDailySpend):
        both = threading.Barrier(2)

        def reserve(self, day: date, usd: float, limit_usd: float) -> bool:
            self.both.wait(5)
            return super().reserve(day, usd, limit_usd)

    policy = fast(prices_with(per_run=1.0, per_day=1.0))
    with (
        ScriptedEndpoint(lambda *_: verdict()) as endpoint,
        Asker(MemoryLedger(), policy, Slow(), lambda: DAY) as asker,
    ):
        requests = [request(number, max_completion_tokens=100) for number in range(2)]
        settled = asker.ask(requests, OpenAIJudgeModel(KEY, endpoint.base_url))
    assert [attempt.status for attempt in settled.values()] == ["reply", "reply"]


def test_a_budget_without_a_price_or_a_limit_is_refused() -> None:
    with pytest.raises(SettingsError, match="no price for m"):
        dearest_cost(request(1, max_tokens=5), Prices())
    with pytest.raises(SettingsError, match="max_completion_tokens"):
        dearest_cost(request(1), PRICES)


def test_a_ledger_that_cannot_write_ends_the_run() -> None:
    class FullDisk(MemoryLedger):
        def record(self, sent: Sequence[Sent]) -> None:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Run(lambda *_: verdict(), 1000, ledger=FullDisk())


def answers_once_all_are_under_way(n: int) -> Script:
    together = threading.Barrier(n)

    def script(*_: Any) -> Answer:
        together.wait(5)
        return verdict()

    return script


def test_replies_under_way_are_kept_when_the_budget_s_place_fails() -> None:
    class Failing(MemoryDailySpend):
        def settle(self, day: date, reserved_usd: float, spent_usd: float) -> None:
            raise ConnectionError("down")

    ledger, n, policy = MemoryLedger(), LIMITS.concurrency, fast(prices_with(per_day=1.0))
    requests = [request(i, max_completion_tokens=100) for i in range(n)]
    with (
        ScriptedEndpoint(answers_once_all_are_under_way(n)) as endpoint,
        Asker(ledger, policy, Failing(), lambda: DAY) as asker,
        pytest.raises(ConnectionError, match="down"),
    ):
        asker.ask(requests, OpenAIJudgeModel(KEY, endpoint.base_url))
    assert len(ledger.replies([request.call_key for request in requests])) == n


def test_replies_under_way_are_kept_when_a_prompt_cannot_be_made() -> None:
    ledger, is_asked = MemoryLedger(), threading.Event()

    def requests() -> Iterator[JudgeRequest]:
        # The first chunk is under way when the second fails.
        yield from map(request, range(32))
        is_asked.wait(5)
        raise ValueError("no such template")

    def script(*_: Any) -> Answer:
        is_asked.set()
        time.sleep(0.1)
        return verdict()

    with ScriptedEndpoint(script) as endpoint, pytest.raises(ValueError, match="no such template"):
        ask(endpoint, requests(), ledger, FAST)
    assert 0 < len(endpoint.requests) == len(ledger.rows)


def test_prompts_are_drawn_as_room_appears() -> None:
    drawn: list[int] = []

    def requests() -> Iterator[JudgeRequest]:
        for number in range(700):
            drawn.append(number)
            yield request(number)

    ahead: list[int] = []

    def script(number: int, _: Mapping[str, Any]) -> Answer:
        ahead.append(len(drawn) - number)
        return verdict()

    with ScriptedEndpoint(script) as endpoint:
        ask(endpoint, requests(), MemoryLedger(), FAST)
    assert max(ahead) <= 300


def test_waits_grow_keep_to_their_limit_and_are_the_same_everywhere() -> None:
    waits = [wait_before_retry("k", number, Attempt("http_500", 0.1), 1.0, 30.0) for number in range(1, 9)]
    assert all(0.5 * 2**i <= wait <= 2**i for i, wait in enumerate(waits[:5]))
    assert max(waits) <= 30
    assert waits[0] == pytest.approx(0.8207592965150903)
    assert waits[0] != wait_before_retry("other", 1, Attempt("http_500", 0.1), 1.0, 30.0)


def test_the_endpoint_s_retry_after_is_the_least_wait() -> None:
    throttled = Attempt("http_429", 0.1, retry_after_s=7.0)
    waits = [wait_before_retry(f"k{i}", 1, throttled, 1.0, 30.0) for i in range(50)]
    assert 7 <= min(waits) < max(waits) <= 8


def test_two_runs_at_once_pay_each_call_once() -> None:
    ledger, n = MemoryLedger(), 450
    both_ask = threading.Barrier(2)

    def script(number: int, _: Mapping[str, Any]) -> Answer:
        if number <= 2:
            # The first call of either run, whichever it is, waits for the other's.
            both_ask.wait(5)
        return verdict()

    with ScriptedEndpoint(script) as endpoint, ThreadPoolExecutor(2) as threads:
        policy = fast(concurrency=1)
        runs = [threads.submit(ask, endpoint, map(request, range(n)), ledger, policy) for _ in range(2)]
        settled = [run.result() for run in runs]
        assert settled[0] == settled[1]
        assert {attempt.status for attempt in settled[0].values()} == {"reply"}
        assert len(endpoint.requests) == len(ledger.rows) == len(settled[0]) == n


def test_what_another_run_leaves_without_a_reply_is_asked_here() -> None:
    ledger = MemoryLedger()
    with ScriptedEndpoint(lambda *_: verdict()) as endpoint, ThreadPoolExecutor(1) as threads:
        with ledger.leases() as others:
            others.take(["key-0", "key-1"])
            run = threads.submit(ask, endpoint, map(request, range(3)), ledger, FAST)
            ledger.record([Sent(request(0), Attempt("reply", 0.1, "by the other run"), 1, "other")])
            others.give_back(["key-0"])
            while len(ledger.rows) < 2:
                time.sleep(0.01)
            assert not run.done()
        settled = run.result()
        assert len(endpoint.requests) == 2
    assert (settled["key-0"].reply, settled["key-1"].status) == ("by the other run", "reply")


def test_what_another_run_never_ends_is_left_to_it() -> None:
    ledger = MemoryLedger()
    with ScriptedEndpoint(lambda *_: verdict()) as endpoint, ledger.leases() as others:
        others.take(["key-0", "key-1"])
        settled = ask(endpoint, map(request, range(3)), ledger, fast(deadline_s=1))
    assert [settled[f"key-{i}"].status for i in range(3)] == ["asked_elsewhere", "asked_elsewhere", "reply"]
    assert len(endpoint.requests) == 1
    prices = Prices()
    assert left_undone_in_words({("asked_elsewhere", "tone"): 2}, prices) == [
        "2 calls of tone not answered: another run was asking them and did not come to an end"
    ]


def test_what_is_collected_from_a_batch_between_two_looks_is_not_asked_again() -> None:
    class Collected(MemoryLedger):
        """Another run stores what its batch brought after the first of the two looks that are taken under a lease."""

        n_looks = 0

        def replies(self, call_keys: Sequence[str]) -> dict[str, Attempt]:
            found = super().replies(call_keys)
            self._looked()
            return found

        def in_batches(self, call_keys: Sequence[str]) -> set[str]:
            found = super().in_batches(call_keys)
            self._looked()
            return found

        def _looked(self) -> None:
            self.n_looks += 1
            if self.n_looks == 2:
                self.record([Sent(request(0), Attempt("reply", 0.1, "from the batch"), 1, "h")])
                self.batched.clear()

    ledger = Collected()
    ledger.batched = {"key-0"}
    with ScriptedEndpoint(lambda *_: verdict()) as endpoint:
        settled = ask(endpoint, [request(0)], ledger, FAST)
        assert len(endpoint.requests) == 0
    assert settled["key-0"].reply == "from the batch"


def test_what_stands_in_a_batch_is_left_to_it() -> None:
    ledger = MemoryLedger()
    ledger.batched = {"key-0"}
    with ScriptedEndpoint(lambda *_: verdict()) as endpoint:
        settled = ask(endpoint, map(request, range(2)), ledger, FAST)
    assert [settled[f"key-{i}"].status for i in range(2)] == ["batch_pending", "reply"]


def test_without_an_endpoint_the_ledger_answers_what_it_knows() -> None:
    first = Run(lambda *_: verdict(), 250)
    with Asker(first.ledger, FAST) as asker:
        settled = asker.ask((request(i) for i in range(300)), None)
    assert settled == first.settled


def test_the_budget_is_one_for_everything_that_a_run_asks() -> None:
    policy = fast(prices_with(per_run=10.5 * (PRICES.cost("m", 1000, 100) or 0.0)))
    with (
        ScriptedEndpoint(lambda *_: verdict()) as one,
        ScriptedEndpoint(lambda *_: verdict()) as other,
        Asker(MemoryLedger(), policy) as asker,
    ):
        for start, endpoint in ((0, one), (6, other), (12, one)):
            requests = [request(i, max_completion_tokens=100) for i in range(start, start + 6)]
            asker.ask(requests, OpenAIJudgeModel(KEY, endpoint.base_url))
        assert len(one.requests) + len(other.requests) == 10


def test_a_circuit_stays_open_for_the_run_and_is_one_for_each_endpoint() -> None:
    with (
        ScriptedEndpoint(lambda *_: failure(500)) as dead,
        ScriptedEndpoint(lambda *_: verdict()) as alive,
        Asker(MemoryLedger(), FAST) as asker,
    ):
        for start in (0, 100, 200):
            asker.ask(map(request, range(start, start + 50)), OpenAIJudgeModel(KEY, dead.base_url))
            settled = asker.ask(map(request, range(start + 50, start + 100)), OpenAIJudgeModel(KEY, alive.base_url))
            assert {attempt.status for attempt in settled.values()} == {"reply"}
        assert len(dead.requests) == 17


def test_a_retry_that_may_not_go_out_leaves_the_call_with_what_its_last_attempt_came_to() -> None:
    run = Run(lambda *_: failure(500), 1, fast(failures_to_open=1))
    assert (run.statuses, run.n_asked) == (["http_500"], 2)


def test_the_simulation_costs_no_budget() -> None:
    class Simulation:
        endpoint, is_simulated = "simulated", True

        async def ask(self, request: JudgeRequest, timeout_s: float) -> Attempt:
            return Attempt("reply", 0.0, "{}", "stop", 1000, 100)

        async def close(self) -> None:
            return None

    with Asker(MemoryLedger(), fast(prices_with(per_run=0.0))) as asker:
        assert asker.ask([request(1)], Simulation())["key-1"].is_reply


def test_the_day_s_budget_is_one_for_all_runs_and_the_next_day_has_its_own() -> None:
    spend, days = MemoryDailySpend(), [DAY]
    policy = fast(prices_with(per_day=10.5 * COST_OF_ONE))
    with ScriptedEndpoint(lambda *_: verdict()) as endpoint:
        for start in (0, 6, 12):
            with Asker(MemoryLedger(), policy, spend, lambda: days[-1]) as asker:
                requests = [request(i, max_completion_tokens=100) for i in range(start, start + 6)]
                settled = asker.ask(requests, OpenAIJudgeModel(KEY, endpoint.base_url))
        assert len(endpoint.requests) == 10
        assert [attempt.status for attempt in settled.values()] == ["over_budget_day"] * 6
        assert spend.spent(DAY) == pytest.approx(10 * COST_OF_ONE)
        days.append(DAY + timedelta(days=1))
        with Asker(MemoryLedger(), policy, spend, lambda: days[-1]) as asker:
            assert asker.ask(requests, OpenAIJudgeModel(KEY, endpoint.base_url))["key-12"].is_reply


def test_what_may_have_been_paid_stays_counted_for_the_day_and_what_was_refused_does_not() -> None:
    policy = fast(prices_with(per_day=1.0), max_attempts=1)
    one = request(1, max_completion_tokens=100)
    dearest, no_completion = (
        dearest_cost(one, PRICES),
        Answer(200, b'{"usage": {"prompt_tokens": 9, "completion_tokens": 1}}'),
    )
    answers = [(None, dearest), *((failure(status), dearest) for status in (408, 502, 504))]
    for answer, counted in (*answers, (failure(503), 0.0), (no_completion, 19e-6)):
        spend = MemoryDailySpend()
        with (
            ScriptedEndpoint(lambda *_, answer=answer: answer) as endpoint,
            Asker(MemoryLedger(), policy, spend, lambda: DAY) as asker,
        ):
            asker.ask([one], OpenAIJudgeModel(KEY, endpoint.base_url))
        assert spend.spent(DAY) == pytest.approx(counted)


def test_a_budget_per_day_needs_a_place_that_all_runs_share() -> None:
    with pytest.raises(ValueError, match="DailySpend"):
        Asker(MemoryLedger(), fast(prices_with(per_day=1.0)))


def test_an_endpoint_is_asked_no_more_often_than_its_limits_say() -> None:
    with ScriptedEndpoint(lambda *_: verdict()) as endpoint:
        model = OpenAIJudgeModel(KEY, endpoint.base_url)
        own = LIMITS.model_copy(update={"requests_per_minute": 600})
        policy = replace(FAST, endpoints=Endpoints(default=LIMITS, endpoints={model.endpoint: own}))
        started = time.monotonic()
        with Asker(MemoryLedger(), policy) as asker:
            # The second half comes in another ask: the rate is the run's.
            for start in (0, 35):
                asker.ask(map(request, range(start, start + 35)), model)
        assert len(endpoint.requests) == 70
    # 60 may go out at once, and 9 a second after that.
    assert time.monotonic() - started >= 10 / 9


def test_waiting_for_a_turn_is_no_part_of_the_deadline() -> None:
    run = Run(lambda *_: verdict(), 70, fast(requests_per_minute=600, deadline_s=0.5, attempt_timeout_s=0.5))
    assert set(run.statuses) <= {"reply", "timeout"}
    assert len(run.settled) == 70


@pytest.mark.parametrize("share", [0.05, 0.2, 0.35, 0.5])
def test_under_any_faults_each_call_ends_in_its_own_verdict_or_a_named_error(share: float) -> None:
    n, ledger = 500, MemoryLedger()
    policy = fast(concurrency=32, attempt_timeout_s=0.4, failures_to_open=400)
    requests = [
        replace(request(i), messages=({"role": "user", "content": f"This is case number {i}."},)) for i in range(n)
    ]
    with running_endpoint(0.0, share, PASSING + STAYING) as base_url, Asker(ledger, policy) as asker:
        settled = asker.ask(requests, OpenAIJudgeModel(KEY, base_url, is_proxied=False))
    parsed = {int(key.split("-")[1]): parse_reply(attempt) for key, attempt in settled.items()}
    assert sorted(parsed) == list(range(n))
    verdicts = {case: found.verdict for case, found in parsed.items() if found.verdict != "error"}
    assert all(word == word_of(case) for case, word in verdicts.items())
    assert {found.error_reason for found in parsed.values() if found.verdict == "error"} <= ERRORS
    attempts = Counter(request.call_key for request, _, _ in ledger.rows)
    assert all(attempts[request.call_key] >= number for request, _, number in ledger.rows)
    assert max(attempts.values()) <= LIMITS.max_attempts
    assert len(verdicts) >= n * (1 - share)
