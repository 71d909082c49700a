"""Laws of the waits and rates, over times that the tests make up."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.asking.endpoints import Endpoints, Limits
from eval_pipeline.judges.asking.pacing import Breaker, Bucket, Rates, likely_tokens, wait_before_retry
from eval_pipeline.ports import Attempt, JudgeRequest
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tokens import estimated_tokens

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


def test_the_breaker_lets_out_no_more_than_may_fail() -> None:
    async def attempts_at_a_dead_endpoint() -> int:
        breaker, n_sent = Breaker(7), 0

        async def call() -> None:
            nonlocal n_sent
            if await breaker.enter():
                n_sent += 1
                await asyncio.sleep(0)
                await breaker.leave(Attempt("http_500", 0.0), 0.0, 0.0)

        await asyncio.gather(*(call() for _ in range(50)))
        return n_sent

    assert asyncio.run(attempts_at_a_dead_endpoint()) == 7


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
