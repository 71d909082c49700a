"""Laws of the waits and rates, over times that the tests make up."""

import asyncio
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.asking.breaker import Breaker, Entry
from eval_pipeline.judges.asking.endpoints import Endpoints, Limits
from eval_pipeline.judges.asking.pacing import Bucket, Rates, likely_tokens, wait_before_retry
from eval_pipeline.ports import Attempt, JudgeRequest
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tokens import estimated_tokens

Result = TypeVar("Result")
REPLY = Attempt("reply", 0.1, "{}", "stop", 100, 20)


def gone_out(bucket: Bucket, asked: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return when each amount goes out, for amounts asked for after pauses."""
    now, out = 0.0, []
    for pause, amount in asked:
        now += pause
        at = bucket.ready_at(amount, now)
        bucket.take(amount, at)
        out.append((at, amount))
    return out


amounts = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 400)), min_size=1, max_size=80)


@given(st.integers(10, 4000), amounts)
def test_no_minute_holds_more_than_allowed_and_nobody_overtakes(
    per_minute: int, asked: list[tuple[float, float]]
) -> None:
    out = gone_out(Bucket(per_minute, 0.0), asked)
    times = [at for at, _ in out]
    assert times == sorted(times)
    largest = max(amount for _, amount in out)
    for first, (start, _) in enumerate(out):
        within = sum(amount for at, amount in out[first:] if at < start + 60)
        assert within <= per_minute * (1 + 1e-6) + max(0.0, largest - per_minute / 10)


@given(st.integers(1, 9))
def test_a_low_rate_is_kept_too_and_begins_at_once(per_minute: int) -> None:
    times = [at for at, _ in gone_out(Bucket(per_minute, 0.0), [(0.0, 1)] * 30)]
    assert times[0] == 0
    assert all(later - earlier > 60 for earlier, later in zip(times, times[per_minute:], strict=False))


def test_what_was_not_used_goes_to_those_who_come_after() -> None:
    wasteful, corrected = Bucket(600, 0.0), Bucket(600, 0.0)
    for bucket in (wasteful, corrected):
        bucket.take(60, bucket.ready_at(60, 0.0))
    corrected.give_back(50)
    assert corrected.ready_at(50, 0.0) == 0.0
    assert wasteful.ready_at(50, 0.0) == pytest.approx(50 / 9)
    corrected.give_back(-60)
    assert corrected.ready_at(50, 0.0) == pytest.approx(60 / 9)


def test_a_turn_waits_for_requests_and_tokens_alike_and_is_not_given_when_it_comes_too_late() -> None:
    rates = Rates(Limits(requests_per_minute=600, tokens_per_minute=6000), 0.0)
    assert rates.take_turn(600, 0.0, 100.0) == 0.0
    assert rates.take_turn(90, 0.0, 100.0) == pytest.approx(1.0)
    assert rates.take_turn(600, 0.0, 5.0) is None
    assert rates.take_turn(90, 0.0, 100.0) == pytest.approx(2.0), "a turn that was not given costs nothing"


def test_a_reply_s_own_count_takes_the_place_of_the_estimate() -> None:
    rates = Rates(Limits(tokens_per_minute=6000), 0.0)
    rates.take_turn(600, 0.0, 100.0)
    rates.correct(600, REPLY)
    assert rates.take_turn(480, 0.0, 0.0) == 0.0
    rates.correct(480, Attempt("timeout", 1.0))
    assert rates.take_turn(1, 0.0, 0.0) is None


def test_an_attempt_is_taken_for_its_prompt_and_its_longest_reply() -> None:
    words = "How many lamps did I order? " * 40
    request = JudgeRequest("k", "m", ({"role": "user", "content": words},), {"max_completion_tokens": 300})
    assert likely_tokens(request) >= estimated_tokens(words) + 300


@given(st.text(min_size=1), st.integers(1, 20), st.floats(0.01, 5), st.floats(5, 60))
def test_waits_stay_within_their_bounds_and_follow_from_the_key_alone(
    key: str, number: int, base: float, most: float
) -> None:
    failed = Attempt("http_500", 0.1)
    wait = wait_before_retry(key, number, failed, base, most)
    full = min(most, base * 2 ** (number - 1))
    assert full / 2 <= wait <= full
    assert wait == wait_before_retry(key, number, failed, base, most)


class _Skipping(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Lets the time pass that it should wait."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


def in_no_time(work: Coroutine[Any, Any, Result]) -> Result:
    """Run `work` on a clock that begins at 0 and jumps to whatever is waited for."""
    selector = _Skipping()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


class Endpoint:
    """Is up when `is_up` says so. Calls come all at once, and an attempt takes a second."""

    def __init__(self, is_up: Callable[[float], bool], failed: str = "http_500") -> None:
        self.sent_at: list[float] = []
        self._is_up, self._failed = is_up, failed

    def ask(self, n_in_rounds: list[int], patience_s: float = 1000.0) -> list[Counter[str]]:
        """Return what the calls of each round came to, which begins when the round before has ended."""

        async def rounds() -> list[Counter[str]]:
            breaker = Breaker(7, 10.0)
            return [
                Counter(await asyncio.gather(*(self._call(breaker, patience_s) for _ in range(n)))) for n in n_in_rounds
            ]

        return in_no_time(rounds())

    async def _call(self, breaker: Breaker, patience_s: float) -> str:
        clock = asyncio.get_running_loop().time
        entry = await breaker.enter(clock() + patience_s)
        if entry is None:
            return "circuit_open"
        sent_at = clock()
        self.sent_at.append(sent_at)
        await asyncio.sleep(1)
        attempt = REPLY if self._is_up(sent_at) else Attempt(self._failed, 1.0)
        await breaker.leave(entry, attempt, sent_at, clock())
        return attempt.status


def test_an_endpoint_dead_from_the_start_gets_what_may_fail_and_one_probe() -> None:
    endpoint = Endpoint(lambda at: False)
    assert endpoint.ask([50]) == [{"http_500": 8, "circuit_open": 42}]
    assert endpoint.sent_at == [0.0] * 7 + [11.0]


@pytest.mark.parametrize("status", ["http_401", "http_404"])
def test_what_no_waiting_mends_is_not_probed(status: str) -> None:
    assert Endpoint(lambda at: False, status).ask([50]) == [{status: 7, "circuit_open": 43}]


def test_an_outage_ends_with_the_first_probe_that_is_answered() -> None:
    endpoint = Endpoint(lambda at: not 1 <= at < 20)
    assert endpoint.ask([7, 20, 50]) == [{"reply": 7}, {"http_500": 20}, {"http_500": 1, "reply": 49}]
    # It opens at 2, when the second wave has failed. The probe at 12 fails, the one at 33 does not.
    assert endpoint.sent_at[27:] == [12.0, 33.0, *[34.0] * 48]


def test_probes_come_ever_later_and_have_an_end() -> None:
    endpoint = Endpoint(lambda at: at < 1)
    assert endpoint.ask([1, 7, 50, 50]) == [
        {"reply": 1},
        {"http_500": 7},
        {"http_500": 3, "circuit_open": 47},
        {"circuit_open": 50},
    ]
    assert endpoint.sent_at[8:] == [12.0, 33.0, 74.0]


def test_a_probe_is_not_waited_for_beyond_a_call_s_patience() -> None:
    endpoint = Endpoint(lambda at: at < 1)
    assert endpoint.ask([1, 7, 50], patience_s=9.0)[2] == {"circuit_open": 50}
    assert len(endpoint.sent_at) == 8


def test_a_probe_that_was_not_sent_leaves_its_place_to_the_next() -> None:
    async def entries() -> list[Entry | None]:
        breaker = Breaker(1, 10.0)
        first = await breaker.enter(100.0)
        assert first is not None
        await breaker.leave(first, Attempt("timeout", 1.0), 0.0, 1.0)
        probe = await breaker.enter(100.0)
        assert probe is not None
        await breaker.leave(probe, None, 0.0, 0.0)
        return [first, probe, await breaker.enter(100.0), await breaker.enter(20.0)]

    assert in_no_time(entries()) == [Entry.USUAL, Entry.PROBE, Entry.PROBE, None]


def load(tmp_path: Path, text: str) -> Endpoints:
    path = tmp_path / "endpoints.yaml"
    path.write_text(text, encoding="utf-8")
    return Endpoints.load(path)


def test_an_endpoint_has_the_default_s_limits_but_for_its_own(tmp_path: Path) -> None:
    endpoints = load(tmp_path, "default: {concurrency: 4}\nendpoints: {'h:1/v1': {requests_per_minute: 60, api: chat}}")
    assert endpoints.limits_of("h:1/v1") == Limits(concurrency=4, requests_per_minute=60, api="chat")
    assert endpoints.limits_of("elsewhere") == Limits(concurrency=4)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("default: {concurency: 4}", "default.concurency"),
        ("endpoints: {h: {concurrency: 0}}", "endpoints.h.concurrency"),
        ("endpoints: {h: 5}", "endpoints.h"),
        ("endpoints: [h]", "endpoints"),
        ("default: 7", "default"),
        ("default: {api: soap}", "default.api"),
        ("limits: {}", "limits"),
    ],
)
def test_what_states_no_limits_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=f"endpoints.yaml: {named}:"):
        load(tmp_path, text)


def test_the_shipped_file_states_the_defaults() -> None:
    assert Endpoints.load(PROJECT_ROOT / "catalog" / "endpoints.yaml") == Endpoints()
