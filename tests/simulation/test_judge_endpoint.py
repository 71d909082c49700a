import asyncio
import http.client
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import openai
import orjson
import pytest
from openai import AsyncOpenAI

from eval_pipeline.simulation.cases import case_number
from eval_pipeline.simulation.judge_endpoint import Fault, JudgeEndpoint
from eval_pipeline.simulation.judging import JUDGE_SKILLS, JudgeSkill, judge_reply
from eval_pipeline.simulation.truth import truth
from tests.simulation.frames import DAY, SEED, is_likely

CASES = [case_number(DAY, index) for index in range(5000)]


def system(judge: str) -> str:
    return f'You are the judge "{judge}", version 1+abc.\nYou look at one session.'


def messages(case: str, judge: str = "completeness") -> list[Any]:
    user = f'<session>\n{{"turn":2,"role":"assistant","content":"Your case number is {case}."}}\n</session>'
    return [{"role": "system", "content": system(judge)}, {"role": "user", "content": user}]


def ask_all(endpoint: JudgeEndpoint, asked: Sequence[list[Any]], **parameters: Any) -> list[Any]:
    """Put each conversation to the endpoint with the real client, in order, and return completions or errors."""

    async def main() -> list[Any]:
        gate = asyncio.Semaphore(8)

        async def ask(client: AsyncOpenAI, conversation: list[Any]) -> Any:
            async with gate:
                return await client.chat.completions.create(model="any", messages=conversation, **parameters)

        async with AsyncOpenAI(base_url=endpoint.base_url, api_key="none", max_retries=0, timeout=10) as client:
            return await asyncio.gather(*(ask(client, c) for c in asked), return_exceptions=True)

    return asyncio.run(main())


def verdict(completion: Any) -> str:
    return str(orjson.loads(completion.choices[0].message.content)["verdict"])


def post(endpoint: JudgeEndpoint, body: bytes, path: str = "/chat/completions") -> tuple[int, dict[str, Any]]:
    url = urlsplit(endpoint.base_url)
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=10)
    connection.request("POST", url.path + path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    status, document = response.status, orjson.loads(response.read())
    connection.close()
    return status, document


def ask_again(connection: http.client.HTTPConnection, body: bytes) -> None:
    connection.request("POST", "/v1/chat/completions", body)
    connection.getresponse()


def test_it_speaks_the_protocol_of_the_real_client() -> None:
    with JudgeEndpoint(SEED) as endpoint:
        [completion] = ask_all(endpoint, [messages(CASES[0])], response_format={"type": "json_object"}, temperature=0)
        reply = orjson.loads(completion.choices[0].message.content)
        assert list(reply) == ["critique", "verdict"]
        assert completion.choices[0].finish_reason == "stop"
        assert completion.model == "any"
        usage = completion.usage
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > usage.completion_tokens > 0
        with openai.OpenAI(base_url=endpoint.base_url, api_key="none") as client:
            assert [model.id for model in client.models.list()] == ["sim-judge-1"]
        assert endpoint.n_requests == 1


def test_its_replies_are_those_of_the_judge_at_the_known_rates() -> None:
    skill = JUDGE_SKILLS["completeness"]
    is_fail = {case: truth(case, SEED).answers["judge:completeness"] == "fail" for case in CASES}
    fails = [case for case in CASES if is_fail[case]][:200]
    passes = [case for case in CASES if not is_fail[case]][:200]
    with JudgeEndpoint(SEED) as endpoint:
        verdicts = [verdict(completion) for completion in ask_all(endpoint, [messages(c) for c in fails + passes])]
        assert endpoint.n_requests == 400
    assert is_likely(verdicts[:200].count("fail"), 200, skill.tpr)
    assert is_likely(verdicts[200:].count("pass"), 200, skill.tnr)
    assert set(verdicts) == {"pass", "fail"}


@pytest.mark.parametrize("judge", list(JUDGE_SKILLS))
def test_each_judge_errs_at_its_rates_whatever_the_repeat(judge: str) -> None:
    skill = JUDGE_SKILLS[judge]
    for repeat in ("", "1"):
        said = [(truth(c, SEED), judge_reply(system(judge), c, repeat, SEED).verdict) for c in CASES]
        on_fails = [word for known, word in said if known.answers[f"judge:{judge}"] == "fail"]
        on_passes = [word for known, word in said if known.answers[f"judge:{judge}"] == "pass"]
        assert is_likely(on_fails.count("fail"), len(on_fails), skill.tpr)
        assert is_likely(on_passes.count("pass"), len(on_passes), skill.tnr)


def test_repeats_of_a_request_agree_and_another_seed_may_not() -> None:
    shaky = {"completeness": JudgeSkill(tpr=0.7, tnr=0.7, unstable_share=1.0)}
    steady = {"completeness": JudgeSkill(tpr=0.7, tnr=0.7, unstable_share=0.0)}
    asked = [messages(case) for case in CASES[:40]]
    with JudgeEndpoint(SEED, shaky) as endpoint:
        first = [verdict(completion) for completion in ask_all(endpoint, asked, seed=1)]
        assert first == [verdict(completion) for completion in ask_all(endpoint, asked, seed=1)]
        assert first != [verdict(completion) for completion in ask_all(endpoint, asked, seed=2)]
    with JudgeEndpoint(SEED, steady) as endpoint:
        assert len({str([verdict(c) for c in ask_all(endpoint, asked, seed=seed)]) for seed in (1, 2)}) == 1


def test_what_has_no_known_truth_is_not_applicable() -> None:
    unknown = [messages("no case here"), messages(CASES[0], judge="politeness"), messages(CASES[0])[1:]]
    with JudgeEndpoint(SEED) as endpoint:
        assert [verdict(completion) for completion in ask_all(endpoint, unknown)] == ["not_applicable"] * 3


def test_the_case_of_the_session_counts_and_not_that_of_an_example() -> None:
    failed = next(c for c in CASES if judge_reply(system("completeness"), c, "", SEED).verdict == "fail")
    passed = next(c for c in CASES if judge_reply(system("completeness"), c, "", SEED).verdict == "pass")
    with_example = [messages(failed)[0], {"role": "user", "content": f"Example: {passed}"}, *messages(failed)[1:]]
    in_one = [messages(failed)[0], {"role": "user", "content": f"Example: {passed}. Session: {failed}"}]
    in_parts = [messages(failed)[0], {"role": "user", "content": [{"type": "text", "text": f"Session: {failed}"}]}]
    with JudgeEndpoint(SEED) as endpoint:
        assert [verdict(c) for c in ask_all(endpoint, [with_example, in_one, in_parts])] == ["fail"] * 3


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b'{"messages": [{"role": "user", "content": "hi"}]}', "model"),
        (b'{"model": "m", "messages": []}', "messages"),
        (b'{"model": "m", "messages": ["hi"]}', "messages"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true}', "stream"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "hi"}], "n": 2}', "n"),
    ],
)
def test_a_bad_request_gets_an_error_in_openais_shape(body: bytes, param: str | None) -> None:
    with JudgeEndpoint(SEED) as endpoint:
        status, document = post(endpoint, body)
    assert status == 400
    assert set(document["error"]) == {"message", "type", "param", "code"}
    assert (document["error"]["type"], document["error"]["param"]) == ("invalid_request_error", param)


def test_an_unknown_path_is_no_completion() -> None:
    with JudgeEndpoint(SEED) as endpoint:
        assert post(endpoint, b"{}", "/embeddings")[0] == 404
        assert endpoint.n_requests == 0


def test_a_connection_serves_many_requests_and_ends_with_the_endpoint() -> None:
    body = orjson.dumps({"model": "m", "messages": messages(CASES[0])})
    with JudgeEndpoint(SEED) as endpoint:
        url = urlsplit(endpoint.base_url)
        connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=10)
        sockets = set()
        for _ in range(3):
            connection.request("POST", "/v1/chat/completions", body)
            sockets.add(connection.sock)
            assert connection.getresponse().read()
        assert len(sockets) == 1
    with pytest.raises((OSError, http.client.HTTPException)):
        ask_again(connection, body)
    with pytest.raises(RuntimeError, match="not running"):
        _ = endpoint.base_url


def outcome(fault: Fault) -> Any:
    with JudgeEndpoint(SEED, faults=[fault]) as endpoint:
        first, second = (ask_all(endpoint, [messages(CASES[0])])[0] for _ in range(2))
        assert verdict(second) in ("pass", "fail")
        assert endpoint.n_requests == 2
    return first


def test_faults_that_a_client_sees_as_errors() -> None:
    limited = outcome(Fault("rate_limited", 1, seconds=7))
    assert isinstance(limited, openai.RateLimitError)
    assert limited.response.headers["retry-after"] == "7"
    assert limited.code == "rate_limit_exceeded"
    assert isinstance(outcome(Fault("server_error", 1)), openai.InternalServerError)
    page = outcome(Fault("html", 1))
    assert isinstance(page, openai.InternalServerError)
    assert page.status_code == 502
    assert isinstance(outcome(Fault("connection_reset", 1)), openai.APIConnectionError)
    assert isinstance(outcome(Fault("garbage", 1)), Exception)


def test_faults_that_look_like_replies() -> None:
    cut = outcome(Fault("truncated", 1))
    assert cut.choices[0].finish_reason == "length"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(cut.choices[0].message.content)
    assert verdict(outcome(Fault("off_vocabulary", 1))) == "satisfied"
    assert verdict(outcome(Fault("slow", 1, seconds=0.01))) in ("pass", "fail")


def test_a_fault_plan_may_be_a_function_of_the_requests_number() -> None:
    with JudgeEndpoint(SEED, faults=lambda number: Fault("server_error", number) if number % 2 else None) as endpoint:
        replies = [ask_all(endpoint, [messages(CASES[0])])[0] for _ in range(4)]
    assert [isinstance(reply, openai.InternalServerError) for reply in replies] == [True, False, True, False]


def test_requests_are_counted_whoever_asks_at_once() -> None:
    with JudgeEndpoint(SEED) as endpoint:
        body = orjson.dumps({"model": "m", "messages": messages(CASES[0])})
        threads = [threading.Thread(target=lambda: [post(endpoint, body) for _ in range(5)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert endpoint.n_requests == 40
