"""An HTTP server on loopback that speaks the OpenAI Chat Completions protocol and answers as the simulated judges.

`POST /v1/chat/completions`, `GET /v1/models`; errors in OpenAI's shape. Any model name and any key are accepted;
streaming and several choices are not. Faults can be planned, to see how a client takes them.
Not here: what the judges say (`judging.py`).
"""

import itertools
import math
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

import orjson

from eval_pipeline.simulation.judging import JUDGE_SKILLS, JudgeSkill, judge_reply
from eval_pipeline.simulation.truth import DEMO_SEED
from eval_pipeline.versions import content_hash

MODEL = "sim-judge-1"
MAX_BODY = 32 * 2**20

FaultKind = Literal[
    "rate_limited", "server_error", "garbage", "html", "truncated", "off_vocabulary", "slow", "connection_reset"
]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the `request`-th completion request, from 1.

    rate_limited: 429 with `Retry-After: seconds`; server_error: 500; garbage: 200 with a body that is no JSON; html: a
    proxy's 502 page; truncated: half a reply with finish_reason `length`; off_vocabulary: a verdict outside of pass,
    fail and not_applicable; slow: the right reply after `seconds`; connection_reset: no reply.
    """

    kind: FaultKind
    request: int
    seconds: float = 1.0


FaultPlan = Sequence[Fault] | Callable[[int], Fault | None]
"""The faults, or a function from the number of a request to its fault. Each request has at most one."""


class JudgeEndpoint:
    """A running endpoint, as a context manager: it listens from `__enter__` to `__exit__`.

    `seed` must be the one that the traffic was made with. `latency_s` is added to every completion. `port` 0 takes a free one.
    """

    def __init__(
        self,
        seed: int = DEMO_SEED,
        skills: Mapping[str, JudgeSkill] = JUDGE_SKILLS,
        faults: FaultPlan = (),
        latency_s: float = 0.0,
        port: int = 0,
    ) -> None:
        self.seed = seed
        self.skills = skills
        self.latency_s = latency_s
        self._port = port
        self._fault_of = faults if callable(faults) else {fault.request: fault for fault in faults}.get
        self._numbers = itertools.count(1)
        self._n_requests = 0
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", self._port), self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def base_url(self) -> str:
        """Where a client of the OpenAI API finds it. Raises `RuntimeError` when it is not running."""
        if self._server is None:
            raise RuntimeError("the endpoint is not running: use it in a `with` statement")
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def n_requests(self) -> int:
        """How many completion requests came in, whatever became of them."""
        return self._n_requests

    def next_fault(self) -> Fault | None:
        """Count one completion request and return its fault."""
        with self._lock:
            self._n_requests = next(self._numbers)
            return self._fault_of(self._n_requests)


class BadRequest(Exception):
    """A request that the protocol does not allow, with the error that OpenAI's servers would give."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = _error(message, "invalid_request_error", code, param)


def complete(body: bytes, seed: int, skills: Mapping[str, JudgeSkill]) -> dict[str, Any]:
    """Return the chat completion for a request body: the same for the same body. Raises `BadRequest`."""
    request = _parsed(body)
    texts = [(message.get("role"), _text(message.get("content"))) for message in _messages(request)]
    system = next((text for role, text in texts if role in ("system", "developer")), "")
    user = next((text for role, text in reversed(texts) if role == "user"), "")
    reply = judge_reply(system, user, str(request.get("seed", "")), seed, skills)
    content = orjson.dumps({"critique": reply.critique, "verdict": reply.verdict}).decode()
    n_in, n_out = sum(_n_tokens(text) for _, text in texts), _n_tokens(content)
    return {
        "id": f"chatcmpl-{content_hash([seed, body.decode()], 24)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request["model"],
        "choices": [_choice(content, "stop")],
        "usage": {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out},
    }


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest("We could not parse the JSON body of your request.") from error
    if not isinstance(request, dict):
        raise BadRequest("The body must be a JSON object.")
    if not isinstance(request.get("model"), str) or not request["model"]:
        raise BadRequest("you must provide a model parameter", "model")
    if request.get("stream"):
        raise BadRequest("The simulation does not stream.", "stream", "unsupported_value")
    if request.get("n") not in (None, 1):
        raise BadRequest("The simulation gives one choice.", "n", "unsupported_value")
    return request


def _messages(request: dict[str, Any]) -> list[dict[str, Any]]:
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise BadRequest("'messages' must be a non-empty array of message objects.", "messages")
    return messages


def _text(content: Any) -> str:
    """Return a message's text, which comes whole or as a list of parts."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _n_tokens(text: str) -> int:
    """Return about as many tokens as a real tokeniser would count: four characters each."""
    return math.ceil(len(text) / 4)


def _choice(content: str, finish_reason: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, "refusal": None}
    return {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}


def _error(message: str, kind: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], endpoint: JudgeEndpoint) -> None:
        self.endpoint = endpoint
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening and end the connections that clients keep alive."""
        super().server_close()
        for connection in list(self._connections):
            self.shutdown_request(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is no error of the endpoint's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "simulated-judge"
    disable_nagle_algorithm = True
    # Buffered, so that a reply leaves in one packet.
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path.split("?")[0] == "/v1/models":
            model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "simulation"}
            self._send(200, {"object": "list", "data": [model]})
        else:
            self._unknown_path()

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        if self.path.split("?")[0] != "/v1/chat/completions":
            self._unknown_path()
            return
        fault = self.server.endpoint.next_fault()
        time.sleep(self.server.endpoint.latency_s)
        try:
            completion = complete(body, self.server.endpoint.seed, self.server.endpoint.skills)
        except BadRequest as error:
            self._send(error.status, error.body)
            return
        if fault is None:
            self._send(200, completion)
        else:
            self._go_wrong(fault, completion)

    def _body(self) -> bytes | None:
        """Return the request's body, or None after having refused it."""
        length = self.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) <= MAX_BODY:
            return self.rfile.read(int(length))
        # The rest of the stream cannot be told from a next request.
        self.close_connection = True
        status = 413 if length.isdecimal() else 411
        self._send(status, _error("Content-Length is missing or too large.", "invalid_request_error"))
        return None

    def _unknown_path(self) -> None:
        message = f"Invalid URL ({self.command} {self.path})"
        self._send(404, _error(message, "invalid_request_error", "unknown_url"))

    def _go_wrong(self, fault: Fault, completion: dict[str, Any]) -> None:
        content = completion["choices"][0]["message"]["content"]
        match fault.kind:
            case "rate_limited":
                body = _error("Rate limit reached for requests", "requests", "rate_limit_exceeded")
                self._send(429, body, {"Retry-After": f"{fault.seconds:g}"})
            case "server_error":
                self._send(500, _error("The server had an error while processing your request.", "server_error"))
            case "garbage":
                self._send_bytes(200, b'{"id": "chatcmpl-\xff\x00', "application/json")
            case "html":
                self._send_bytes(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")
            case "truncated":
                self._send(200, {**completion, "choices": [_choice(content[: len(content) // 2], "length")]})
            case "off_vocabulary":
                reply = orjson.dumps({"critique": orjson.loads(content)["critique"], "verdict": "satisfied"})
                self._send(200, {**completion, "choices": [_choice(reply.decode(), "stop")]})
            case "slow":
                time.sleep(fault.seconds)
                self._send(200, completion)
            case "connection_reset":
                # Lingering for no time makes the close a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

    def _send(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._send_bytes(status, orjson.dumps(body), "application/json", headers)

    def _send_bytes(
        self, status: int, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
