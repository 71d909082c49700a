import asyncio
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

import pytest

from eval_pipeline.judges.definition import REPLY_SCHEMA
from eval_pipeline.judges.replies import parse_reply
from eval_pipeline.ports import Attempt, JudgeModel, JudgeRequest
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from resources.judge_bodies import body_of, request_of
from resources.judge_model import OpenAIJudgeModel, SimulatedJudgeModel
from tests.judges.scripted_endpoint import (
    Answer,
    Script,
    ScriptedEndpoint,
    completion,
    failure,
    response,
    said,
    verdict,
)

KEY = "sk-test-THE-SECRET-0123456789"
MESSAGES = ({"role": "system", "content": "Judge."}, {"role": "user", "content": "session"})
REQUEST = JudgeRequest("k", "m", MESSAGES, {"temperature": 0.0}, REPLY_SCHEMA)


def ask_of(model: JudgeModel, times: int = 1, timeout_s: float = 5.0) -> list[Attempt]:
    async def run() -> list[Attempt]:
        try:
            return [await model.ask(REQUEST, timeout_s) for _ in range(times)]
        finally:
            await model.close()

    return asyncio.run(run())


def ask(
    script: Script, times: int = 1, timeout_s: float = 5.0, api: Literal["auto", "responses", "chat"] = "auto"
) -> tuple[list[Attempt], ScriptedEndpoint]:
    with ScriptedEndpoint(script) as endpoint:
        return ask_of(OpenAIJudgeModel(KEY, endpoint.base_url, api=api), times, timeout_s), endpoint


def test_a_reply_brings_text_finish_reason_and_tokens() -> None:
    [attempt], endpoint = ask(lambda *_: verdict("fail"))
    assert (attempt.status, attempt.finish_reason) == ("reply", "stop")
    assert (attempt.n_prompt_tokens, attempt.n_completion_tokens) == (1000, 100)
    assert parse_reply(attempt).verdict == "fail"
    assert attempt.latency_s > 0
    sent = endpoint.requests[0]
    assert (sent["model"], sent["messages"], sent["temperature"]) == ("m", list(MESSAGES), 0.0)
    assert sent["response_format"]["json_schema"]["schema"] == REPLY_SCHEMA
    assert endpoint.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (failure(400, "context too long"), "http_400", "http_400"),
        (failure(401), "http_401", "http_401"),
        (failure(429), "http_429", "http_429"),
        (failure(500), "http_500", "http_500"),
        (Answer(302, b"", {"Location": "http://127.0.0.1:9/"}), "http_302", "http_302"),
        (Answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"}), "http_502", "http_502"),
        (Answer(200, b"<html>Log in</html>", {"Content-Type": "text/html"}), "bad_body", "html"),
        (Answer(200, b'{"id": "x\xff'), "bad_body", "bad_body"),
        (Answer(200, b'{"choices": []}'), "bad_body", "bad_body"),
        (Answer(200, b'{"choices": [{"message": {"content": [1]}}]}'), "bad_body", "bad_body"),
        (Answer(200, b'{"error": {"message": "no"}}'), "bad_body", "bad_body"),
        (Answer(200, b"null"), "bad_body", "bad_body"),
        (None, "connection", "connection"),
        (completion(None), "reply", "empty"),
        (completion(None, refusal="I will not."), "reply", "refusal"),
        (completion('{"critique": "c", "verd', "length"), "reply", "truncated"),
        (completion("", "content_filter"), "reply", "content_filter"),
    ],
)
def test_whatever_the_endpoint_does_is_a_named_attempt(answer: Answer | None, status: str, reason: str) -> None:
    [attempt], endpoint = ask(lambda *_: answer)
    assert attempt.status == status
    assert parse_reply(attempt).error_reason == reason
    assert len(endpoint.requests) == 1


def test_a_reply_in_parts_is_the_text_of_its_parts() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "fail?"}]},
        {"type": "text", "text": '{"critique": "c", '},
        {"type": "text", "text": '"verdict": "pass"}'},
    ]
    message = {"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]}
    [attempt], _ = ask(lambda *_: Answer(200, json.dumps(message).encode()))
    assert parse_reply(attempt).verdict == "pass"


@pytest.mark.parametrize("names", [("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")])
def test_a_body_that_is_no_completion_brings_its_count_of_tokens(names: tuple[str, str]) -> None:
    body = {"choices": [{"message": {"content": 7}}], "usage": dict(zip(names, (12, 3), strict=True))}
    [attempt], _ = ask(lambda *_: Answer(200, json.dumps(body).encode()))
    assert (attempt.status, attempt.n_prompt_tokens, attempt.n_completion_tokens) == ("bad_body", 12, 3)


JSON_REPLY = json.dumps({"critique": "It is so.", "verdict": "fail"})


def test_over_responses_a_reply_brings_the_same() -> None:
    [attempt], endpoint = ask(lambda *_: response([said(JSON_REPLY)]), api="responses")
    assert (attempt.status, attempt.finish_reason) == ("reply", "stop")
    assert (attempt.n_prompt_tokens, attempt.n_completion_tokens) == (1000, 100)
    assert parse_reply(attempt).verdict == "fail"
    sent = endpoint.requests[0]
    assert endpoint.paths == ["/v1/responses"]
    assert (sent["instructions"], sent["input"]) == ("Judge.", [dict(MESSAGES[1])])
    assert sent["text"]["format"] == {"type": "json_schema", "name": "reply", "strict": True, "schema": REPLY_SCHEMA}
    assert (sent["temperature"], sent["store"]) == (0.0, False)


def test_over_responses_parameters_have_their_names_there() -> None:
    parameters = {"max_completion_tokens": 300, "reasoning_effort": "low", "seed": 3, "top_p": 0.5}
    body = body_of(replace(REQUEST, parameters=parameters), "responses", "plain")
    assert body == {
        "model": "m",
        "instructions": "Judge.",
        "input": [MESSAGES[1]],
        "store": False,
        "top_p": 0.5,
        "max_output_tokens": 300,
        "reasoning": {"effort": "low"},
    }


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("parameters", [{}, {"max_completion_tokens": 300, "reasoning_effort": "low", "top_p": 0.5}])
@pytest.mark.parametrize("messages", [MESSAGES, MESSAGES[1:], MESSAGES[:1]])
def test_a_body_read_back_is_the_request(
    api: Literal["chat", "responses"], parameters: Mapping[str, Any], messages: Any
) -> None:
    asked = JudgeRequest("k", "m", messages, parameters, REPLY_SCHEMA)
    assert request_of("k", body_of(asked, api, "json_schema")) == asked


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (
            response(
                [said('{"critique": "c", "verd')], "incomplete", incomplete_details={"reason": "max_output_tokens"}
            ),
            "reply",
            "truncated",
        ),
        (
            response([said("")], "incomplete", incomplete_details={"reason": "content_filter"}),
            "reply",
            "content_filter",
        ),
        (response([{"type": "refusal", "refusal": "I will not."}]), "reply", "refusal"),
        (response([]), "reply", "empty"),
        (response([said("[]")]), "reply", "not_an_object"),
        (response([], "failed", error={"code": "server_error", "message": "broke"}), "bad_body", "bad_body"),
        (response([{"type": "output_text", "text": [1]}]), "bad_body", "bad_body"),
        (Answer(200, b'{"output": "x"}'), "bad_body", "bad_body"),
        (Answer(200, b"[]"), "bad_body", "bad_body"),
        (failure(429), "http_429", "http_429"),
    ],
)
def test_whatever_responses_say_is_a_named_attempt(answer: Answer, status: str, reason: str) -> None:
    [attempt], _ = ask(lambda *_: answer, api="responses")
    assert attempt.status == status
    assert parse_reply(attempt).error_reason == reason


def test_a_response_that_failed_says_why() -> None:
    answer = response([], "failed", error={"code": "server_error", "message": "broke"})
    [attempt], _ = ask(lambda *_: answer, api="responses")
    assert "server_error: broke" in (attempt.error or "")


@pytest.mark.parametrize("known", ["/v1/chat/completions", "/v1/responses"])
def test_an_endpoint_is_asked_over_the_api_that_it_knows_and_this_is_remembered(known: str) -> None:
    with JudgeEndpoint(paths=[known]) as endpoint:
        attempts = ask_of(OpenAIJudgeModel(KEY, endpoint.base_url), times=3)
        assert endpoint.n_requests == 3
    assert [attempt.status for attempt in attempts] == ["reply"] * 3


def test_neither_api_is_tried_twice_and_a_stated_one_is_kept() -> None:
    attempts, endpoint = ask(lambda *_: failure(404, "Invalid URL"), times=2)
    assert endpoint.paths == ["/v1/chat/completions", "/v1/responses", "/v1/responses"]
    assert [attempt.status for attempt in attempts] == ["http_404"] * 2
    _, endpoint = ask(lambda *_: failure(404, "Invalid URL"), api="chat")
    assert endpoint.paths == ["/v1/chat/completions"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b'{"detail": "Not Found"}'),
        Answer(404, b"<html><h1>404 Not Found</h1></html>"),
        Answer(404),
        Answer(405, b'{"detail": "Method Not Allowed"}'),
        Answer(501, b"not implemented"),
    ],
)
def test_an_endpoint_may_say_in_many_ways_that_it_does_not_know_the_api(answer: Answer) -> None:
    [attempt], endpoint = ask(lambda number, _: answer if number == 1 else response([said(JSON_REPLY)]))
    assert endpoint.paths == ["/v1/chat/completions", "/v1/responses"]
    assert attempt.is_reply


@pytest.mark.parametrize("words", ["The model `m` does not exist", "Model not found", "DeploymentNotFound", "no"])
def test_an_unknown_model_is_no_unknown_api(words: str) -> None:
    attempts, endpoint = ask(lambda *_: failure(404, words), times=2)
    assert endpoint.paths == ["/v1/chat/completions"] * 2
    assert [attempt.status for attempt in attempts] == ["http_404"] * 2


def test_no_listener_is_a_lost_connection() -> None:
    assert ask_of(OpenAIJudgeModel(KEY, "http://127.0.0.1:9/v1"))[0].status == "connection"


def test_a_reply_that_takes_too_long_is_a_timeout() -> None:
    hold = threading.Event()

    def script(*_: Any) -> Answer:
        hold.wait(5)
        return verdict()

    [attempt], _ = ask(script, timeout_s=0.05)
    hold.set()
    assert attempt.status == "timeout"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After-Ms": "250"}, 0.25),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_handed_on(headers: Mapping[str, str], seconds: float | None) -> None:
    [attempt], _ = ask(lambda *_: failure(429, headers=headers))
    assert attempt.retry_after_s == seconds


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    [attempt], _ = ask(lambda *_: failure(503, headers={"Retry-After": later}))
    assert attempt.retry_after_s == pytest.approx(3600, abs=60)


def form_of(body: Mapping[str, Any]) -> str:
    form = body.get("response_format") or body.get("text", {}).get("format", {})
    return str(form.get("type", "plain"))


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize(("known", "asked"), [(["json_object", "plain"], 2), (["plain"], 3)])
def test_an_endpoint_without_schemas_is_asked_for_less_and_remembered(
    known: list[str], asked: int, api: Literal["chat", "responses"]
) -> None:
    def script(_: int, body: Mapping[str, Any]) -> Answer:
        form = form_of(body)
        return verdict() if form in known else failure(400, f"response_format {form} is not supported")

    attempts, endpoint = ask(script, times=3, api=api)
    assert [attempt.status for attempt in attempts] == ["reply"] * 3
    assert len(endpoint.requests) == asked + 2
    assert {form_of(body) for body in endpoint.requests[-3:]} == {known[0]}


def test_the_key_is_in_no_attempt_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    echoes = [
        failure(401, f"Incorrect API key provided: {KEY}. Bearer {KEY}"),
        failure(401, "Incorrect API key provided: sk-test-***********6789"),
        Answer(200, f"<html>{KEY}</html>".encode()),
        completion(f"your key is {KEY}"),
        failure(500, headers={"X-Echo": KEY}),
    ]
    attempts, _ = ask(lambda number, _: echoes[number - 1], times=len(echoes))
    assert "THE-SECRET" not in repr(attempts) + caplog.text + repr(OpenAIJudgeModel(KEY))
    assert "6789" not in repr(attempts)


def test_a_placeholder_for_a_key_is_not_struck_out_of_replies() -> None:
    with ScriptedEndpoint(lambda *_: completion("none of it")) as endpoint:
        assert ask_of(OpenAIJudgeModel("none", endpoint.base_url))[0].reply == "none of it"


def test_the_endpoint_is_named_without_credentials() -> None:
    model = OpenAIJudgeModel(KEY, "https://user:password@judge.example:8443/v1/?token=x")
    assert model.endpoint == "judge.example:8443/v1"
    assert OpenAIJudgeModel(KEY).endpoint == "api.openai.com/v1"


def test_signs_that_no_database_holds_are_mended() -> None:
    body = {"choices": [{"message": {"content": "a\u0000b"}, "finish_reason": "stop"}]}
    [attempt], _ = ask(lambda *_: Answer(200, json.dumps(body).encode()))
    assert attempt.reply == "a\ufffdb"


def test_a_model_serves_one_event_loop_after_another() -> None:
    with ScriptedEndpoint(lambda *_: verdict()) as endpoint:
        model = OpenAIJudgeModel(KEY, endpoint.base_url)
        assert [ask_of(model)[0].status, ask_of(model)[0].status] == ["reply", "reply"]


def test_the_simulation_answers_and_can_be_closed_and_used_again() -> None:
    model = SimulatedJudgeModel()
    [first], [second] = ask_of(model), ask_of(model)
    assert first.is_reply
    assert first.reply == second.reply
    assert model.endpoint == "simulated"
