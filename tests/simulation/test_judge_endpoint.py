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

from eval_pipeline.simulation.batch_jobs import BatchPlan
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


def ask_over_responses(endpoint: JudgeEndpoint, conversation: list[Any], **parameters: Any) -> Any:
    system, user = conversation
    with openai.OpenAI(base_url=endpoint.base_url, api_key="none", max_retries=0) as client:
        return client.responses.create(model="any", instructions=system["content"], input=[user], **parameters)


def test_over_responses_it_says_the_same() -> None:
    with JudgeEndpoint(SEED) as endpoint:
        [completion] = ask_all(endpoint, [messages(CASES[0])])
        response = ask_over_responses(endpoint, messages(CASES[0]), max_output_tokens=100)
        assert endpoint.n_requests == 2
    assert response.output_text == completion.choices[0].message.content
    assert (response.status, response.model) == ("completed", "any")
    assert response.usage.input_tokens == completion.usage.prompt_tokens
    assert response.usage.output_tokens == completion.usage.completion_tokens


def test_over_responses_input_may_be_text_and_a_cut_reply_is_incomplete() -> None:
    with (
        JudgeEndpoint(SEED, faults=[Fault("truncated", 2)]) as endpoint,
        openai.OpenAI(base_url=endpoint.base_url, api_key="none", max_retries=0) as client,
    ):
        whole = client.responses.create(model="any", instructions=system("completeness"), input=CASES[0])
        assert orjson.loads(whole.output_text)["verdict"] in ("pass", "fail")
        cut = ask_over_responses(endpoint, messages(CASES[0]))
        assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")


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


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model": "m"}', "input"),
        (b'{"model": "m", "input": []}', "input"),
        (b'{"model": "m", "input": "hi", "messages": []}', "messages"),
        (b'{"model": "m", "input": "hi", "seed": 1}', "seed"),
    ],
)
def test_responses_refuse_what_that_api_does_not_know(body: bytes, param: str) -> None:
    with JudgeEndpoint(SEED) as endpoint:
        status, document = post(endpoint, body, "/responses")
    assert (status, document["error"]["param"]) == (400, param)


def test_an_endpoint_may_know_one_api_only() -> None:
    with JudgeEndpoint(SEED, paths=["/v1/responses"]) as endpoint:
        assert post(endpoint, b'{"model": "m", "input": "hi"}', "/responses")[0] == 200
        status, document = post(endpoint, b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}')
    assert (status, document["error"]["code"]) == (404, "unknown_url")


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


def line(custom_id: str, case: str, **body: Any) -> dict[str, Any]:
    asked = {"model": "m", "messages": messages(case), **body}
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": asked}


def submitted(client: openai.OpenAI, lines: Sequence[Any]) -> Any:
    content = b"".join(entry if isinstance(entry, bytes) else orjson.dumps(entry) + b"\n" for entry in lines)
    file = client.files.create(file=("calls.jsonl", content), purpose="batch")
    assert (file.bytes, file.purpose) == (len(content), "batch")
    assert client.files.content(file.id).content == content
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"mark": "x"}
    )


def output(client: openai.OpenAI, file_id: str | None) -> dict[str, Any]:
    entries = client.files.content(str(file_id)).content.splitlines()
    return {entry["custom_id"]: entry for entry in map(orjson.loads, entries)}


def test_a_batch_goes_on_as_it_is_looked_at_and_its_replies_are_those_of_calls() -> None:
    with (
        JudgeEndpoint(SEED, batches=BatchPlan(n_validating=1, n_working=1)) as endpoint,
        openai.OpenAI(base_url=endpoint.base_url, api_key="none", max_retries=0) as client,
    ):
        batch = submitted(client, [line("a", CASES[0]), line("b", CASES[1], n=2), line("c", CASES[2])])
        seen = [client.batches.retrieve(batch.id) for _ in range(4)]
        assert [batch.status, *(look.status for look in seen)] == [
            "validating",
            "validating",
            "in_progress",
            "completed",
            "completed",
        ]
        replies, errors = output(client, seen[-1].output_file_id), output(client, seen[-1].error_file_id)
        at_once = ask_all(endpoint, [messages(CASES[0])])[0].choices[0].message.content
        assert replies["a"]["response"]["body"]["choices"][0]["message"]["content"] == at_once
        assert list(replies) == ["a", "c"]
        assert errors["b"]["response"]["status_code"] == 400
        assert (seen[-1].metadata, seen[-1].request_counts.failed) == ({"mark": "x"}, 1)
        assert endpoint.n_requests == 1


def test_a_batch_may_expire_or_be_cancelled() -> None:
    plan = BatchPlan(outcome="expired", n_answered=1, errors={1: 500}, n_validating=1)
    with (
        JudgeEndpoint(SEED, batches=plan) as endpoint,
        openai.OpenAI(base_url=endpoint.base_url, api_key="none", max_retries=0) as client,
    ):
        first = submitted(client, [line("a", CASES[0]), line("b", CASES[1])])
        expired = [client.batches.retrieve(first.id) for _ in range(2)][-1]
        errors = output(client, expired.error_file_id)
        assert (expired.status, errors["a"]["response"]["status_code"]) == ("expired", 500)
        assert errors["b"]["error"]["code"] == "batch_expired"
        second = submitted(client, [line("a", CASES[0])])
        assert client.batches.cancel(second.id).status == "cancelled"
        with pytest.raises(openai.ConflictError):
            client.batches.cancel(second.id)
        assert [found.id for found in client.batches.list(limit=1)] == [second.id, first.id]
        with pytest.raises(openai.NotFoundError):
            client.batches.retrieve("batch_x")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([b"{\n"], "invalid_json_line"),
        ([line("a", CASES[0]), line("a", CASES[1])], "duplicate_custom_id"),
        ([{**line("a", CASES[0]), "url": "/v1/responses"}], "mismatched_endpoint"),
        ([line("a", CASES[0]), line("b", CASES[1], model="other")], "mismatched_model"),
        ([], "empty_file"),
    ],
)
def test_a_file_that_is_no_batch_fails_as_a_whole(lines: Sequence[Any], code: str) -> None:
    with (
        JudgeEndpoint(SEED) as endpoint,
        openai.OpenAI(base_url=endpoint.base_url, api_key="none", max_retries=0) as client,
    ):
        batch = submitted(client, lines)
        assert batch.status == "failed"
        assert [error.code for error in batch.errors.data] == [code]
        assert endpoint.batched == []


def test_a_declared_version_may_have_a_skill_of_its_own() -> None:
    skills = {"completeness": JudgeSkill(tpr=1, tnr=1), "completeness@hasty": JudgeSkill(tpr=0, tnr=1)}
    failed = next(case for case in CASES if truth(case, SEED).answers["judge:completeness"] == "fail")
    user = messages(failed)[1]["content"]
    said = {
        version: judge_reply(system("completeness").replace("version 1", f"version {version}"), user, "", SEED, skills)
        for version in ("1", "hasty", "hastier")
    }
    assert {version: reply.verdict for version, reply in said.items()} == {
        "1": "fail",
        "hasty": "pass",
        "hastier": "fail",
    }
