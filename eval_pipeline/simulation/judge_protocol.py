"""The bodies of the OpenAI protocol as the simulated endpoint reads and writes them: Chat Completions and Responses.

Not here: HTTP (`judge_endpoint.py`), batches (`batch_jobs.py`), what the judges say (`judging.py`).
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from eval_pipeline.simulation.classifying import classifier_reply, is_classifier
from eval_pipeline.simulation.judging import JudgeSkill, judge_reply
from eval_pipeline.versions import content_hash

CHAT_PATH = "/v1/chat/completions"
RESPONSES_PATH = "/v1/responses"
REPLY_PATHS = (CHAT_PATH, RESPONSES_PATH)
"""Where a reply is asked for."""


class BadRequest(Exception):
    """A request that the protocol does not allow, with the error that OpenAI's servers would give."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(message, "invalid_request_error", code, param)


@dataclass(frozen=True)
class Reply:
    """What a judge says to one request, to be put into the form that was asked over."""

    path: str
    model: str
    content: str
    n_prompt_tokens: int
    identity: str

    def document(self, content: str | None = None, is_cut: bool = False) -> dict[str, Any]:
        """Return the body of the answer. `content` says something else; `is_cut` marks it as stopped by its limit."""
        said = self.content if content is None else content
        return _chat_document(self, said, is_cut) if self.path == CHAT_PATH else _response_document(self, said, is_cut)

    @property
    def n_tokens(self) -> int:
        """Tokens of the whole content."""
        return _n_tokens(self.content)


def reply_to(path: str, body: bytes, seed: int, skills: Mapping[str, JudgeSkill]) -> Reply:
    """Return the reply to `body`, sent to one of `REPLY_PATHS`: the same for the same body. Raises `BadRequest`."""
    request = _parsed(body)
    texts = _texts_of(request.get("messages"), "messages") if path == CHAT_PATH else _response_texts(request)
    system = next((text for role, text in texts if role in ("system", "developer")), "")
    user = next((text for role, text in reversed(texts) if role == "user"), "")
    return Reply(
        path,
        request["model"],
        orjson.dumps(_said(system, user, str(request.get("seed", "")), seed, skills)).decode(),
        sum(_n_tokens(text) for _, text in texts),
        content_hash([seed, body.decode()], 24),
    )


def _said(system: str, user: str, repeat: str, seed: int, skills: Mapping[str, JudgeSkill]) -> dict[str, str]:
    if is_classifier(system):
        return classifier_reply(user, seed)
    said = judge_reply(system, user, repeat, seed, skills)
    return {"critique": said.critique, "verdict": said.verdict}


def error_body(message: str, kind: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """Return an error in OpenAI's shape."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def parsed_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body holds. Raises `BadRequest`."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest("We could not parse the JSON body of your request.") from error
    if not isinstance(request, dict):
        raise BadRequest("The body must be a JSON object.")
    return request


def _parsed(body: bytes) -> dict[str, Any]:
    request = parsed_object(body)
    if not isinstance(request.get("model"), str) or not request["model"]:
        raise BadRequest("you must provide a model parameter", "model")
    if request.get("stream"):
        raise BadRequest("The simulation does not stream.", "stream", "unsupported_value")
    if request.get("n") not in (None, 1):
        raise BadRequest("The simulation gives one choice.", "n", "unsupported_value")
    return request


def _response_texts(request: dict[str, Any]) -> list[tuple[Any, str]]:
    for name in ("messages", "response_format", "max_tokens", "max_completion_tokens", "seed"):
        if name in request:
            raise BadRequest(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    asked = request.get("input")
    texts = [("user", asked)] if isinstance(asked, str) else _texts_of(asked, "input")
    instructions = request.get("instructions")
    return [("system", instructions), *texts] if isinstance(instructions, str) else texts


def _texts_of(messages: Any, name: str) -> list[tuple[Any, str]]:
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise BadRequest(f"'{name}' must be a non-empty array of message objects.", name)
    return [(message.get("role"), _text(message.get("content"))) for message in messages]


def _text(content: Any) -> str:
    """Return a message's text, which comes whole or as a list of parts."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _n_tokens(text: str) -> int:
    """Return about as many tokens as a real tokeniser would count: four characters each."""
    return math.ceil(len(text) / 4)


def _chat_document(reply: Reply, content: str, is_cut: bool) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, "refusal": None}
    n_in, n_out = reply.n_prompt_tokens, reply.n_tokens
    return {
        "id": f"chatcmpl-{reply.identity}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": reply.model,
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": "length" if is_cut else "stop"}
        ],
        "usage": {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out},
    }


def _response_document(reply: Reply, content: str, is_cut: bool) -> dict[str, Any]:
    status = "incomplete" if is_cut else "completed"
    part = {"type": "output_text", "text": content, "annotations": []}
    n_in, n_out = reply.n_prompt_tokens, reply.n_tokens
    return {
        "id": f"resp_{reply.identity}",
        "object": "response",
        "created_at": int(time.time()),
        "model": reply.model,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "output": [
            {"id": f"msg_{reply.identity}", "type": "message", "role": "assistant", "status": status, "content": [part]}
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": n_in,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": n_out,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": n_in + n_out,
        },
    }
