"""The bodies of the two APIs that judges are asked over, Responses and Chat Completions: written, read, and read back.

Not here: HTTP (`judge_model.py`), files of many bodies (`batch_model.py`). The ledger's key knows no API: the same call
is the same call over either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from eval_pipeline.ports import JudgeRequest

Api = Literal["responses", "chat"]
Form = Literal["json_schema", "json_object", "plain"]

PATHS: Mapping[Api, str] = {"responses": "/responses", "chat": "/chat/completions"}
"""Where each API is, below the base URL."""

FORMS: tuple[Form, ...] = ("json_schema", "json_object", "plain")
"""Ways of asking for JSON, strictest first."""

_LIMITS = ("max_completion_tokens", "max_tokens")
_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}


@dataclass(frozen=True)
class Answer:
    """What an endpoint said: text, why it stopped in the words of Chat Completions, and its count of tokens."""

    text: str
    finish_reason: str
    n_prompt_tokens: int | None
    n_completion_tokens: int | None


class NotAnAnswer(ValueError):
    """A body that holds no completion; the message says why, in the endpoint's words where it has some."""


def body_of(request: JudgeRequest, api: Api, form: Form) -> dict[str, Any]:
    """Return the body that asks `request`. Over Responses a `seed` is not sent, for that API has none."""
    form = form if request.reply_schema is not None else "plain"
    return _response_body(request, form) if api == "responses" else _chat_body(request, form)


def request_of(call_key: str, body: Mapping[str, Any]) -> JudgeRequest:
    """Return the request that `body_of` made `body` from, as far as the body tells."""
    rest = dict(body)
    model = str(rest.pop("model", ""))
    if "messages" in rest:
        messages, schema = rest.pop("messages"), rest.pop("response_format", {}).get("json_schema", {})
        return JudgeRequest(call_key, model, tuple(messages), rest, schema.get("schema"))
    messages, schema = rest.pop("input", []), rest.pop("text", {}).get("format", {}).get("schema")
    if "instructions" in rest:
        messages = [{"role": "system", "content": rest.pop("instructions")}, *messages]
    if "max_output_tokens" in rest:
        rest["max_completion_tokens"] = rest.pop("max_output_tokens")
    if "reasoning" in rest:
        rest["reasoning_effort"] = rest.pop("reasoning").get("effort")
    rest.pop("store", None)
    return JudgeRequest(call_key, model, tuple(messages), rest, schema)


def form_of(body: Mapping[str, Any]) -> Form:
    """Return the form in which a body that `body_of` made asks for JSON."""
    asked = body.get("response_format") or body.get("text", {}).get("format", {})
    return next((form for form in FORMS if form == asked.get("type")), "plain")


def read_answer(document: Any) -> Answer:
    """Return what the body of a successful answer says, whichever API it is of. Raises `NotAnAnswer`."""
    try:
        answer = _read_chat(document) if "choices" in document else _read_response(document)
    except (LookupError, TypeError, AttributeError) as error:
        raise NotAnAnswer("the body is not a completion") from error
    return answer


def read_usage(document: Any) -> tuple[int | None, int | None]:
    """Return the tokens of prompt and completion that a body of either API counts; None where it does not."""
    usage = document.get("usage") if isinstance(document, dict) else None
    n_in, n_out = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    return (
        _count(usage, "input_tokens") if n_in is None else n_in,
        _count(usage, "output_tokens") if n_out is None else n_out,
    )


def _chat_body(request: JudgeRequest, form: Form) -> dict[str, Any]:
    body: dict[str, Any] = {"model": request.model, "messages": list(request.messages), **request.parameters}
    if form == "json_schema":
        schema = {"name": "reply", "strict": True, "schema": request.reply_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif form == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def _response_body(request: JudgeRequest, form: Form) -> dict[str, Any]:
    first, *others = request.messages
    is_led = first["role"] == "system" and bool(others)
    parameters = dict(request.parameters)
    parameters.pop("seed", None)
    limits = [limit for name in _LIMITS if (limit := parameters.pop(name, None)) is not None]
    effort = parameters.pop("reasoning_effort", None)
    # Chat Completions are not kept by the endpoint unless it is asked to; responses are unless it is asked not to.
    body: dict[str, Any] = {"model": request.model, "store": False, **parameters}
    if is_led:
        body["instructions"] = first["content"]
    body["input"] = others if is_led else list(request.messages)
    if limits:
        body["max_output_tokens"] = limits[0]
    if effort is not None:
        body["reasoning"] = {"effort": effort}
    if form == "json_schema":
        body["text"] = {
            "format": {"type": "json_schema", "name": "reply", "strict": True, "schema": request.reply_schema}
        }
    elif form == "json_object":
        body["text"] = {"format": {"type": "json_object"}}
    return body


def _read_chat(document: Mapping[str, Any]) -> Answer:
    choice = document["choices"][0]
    said, refusal = choice["message"].get("content"), choice["message"].get("refusal")
    n_in, n_out = read_usage(document)
    if not said and isinstance(refusal, str):
        return Answer(refusal, "refusal", n_in, n_out)
    return Answer(_content(said or ""), str(choice.get("finish_reason") or "unknown"), n_in, n_out)


def _read_response(document: Mapping[str, Any]) -> Answer:
    if document.get("status") in ("failed", "cancelled") and "output" in document:
        error = document.get("error") or {}
        raise NotAnAnswer(f"the response is {document['status']}: {error.get('code')}: {error.get('message')}")
    parts = [part for item in document["output"] if item["type"] == "message" for part in item["content"]]
    said = "".join(_text(part["text"]) for part in parts if part["type"] == "output_text")
    refusals = [_text(part["refusal"]) for part in parts if part["type"] == "refusal"]
    n_in, n_out = read_usage(document)
    if refusals and not said:
        return Answer("".join(refusals), "refusal", n_in, n_out)
    return Answer(said, _why_stopped(document), n_in, n_out)


def _why_stopped(document: Mapping[str, Any]) -> str:
    if document.get("status") != "incomplete":
        return "stop"
    reason = (document.get("incomplete_details") or {}).get("reason")
    return _INCOMPLETE.get(str(reason), str(reason or "incomplete"))


def _content(value: Any) -> str:
    """Return the text of a message: some endpoints give it in parts, with their thoughts among them."""
    if not isinstance(value, list):
        return _text(value)
    return "".join(_text(part["text"]) for part in value if part["type"] in ("text", "output_text"))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("content is not text")
    return value


def _count(usage: Any, name: str) -> int | None:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
