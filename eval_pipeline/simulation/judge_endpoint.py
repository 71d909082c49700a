"""An HTTP server on loopback that speaks the OpenAI protocol and answers as the simulated judges.

`POST /v1/chat/completions`, `POST /v1/responses`, `/v1/files`, `/v1/batches`, `GET /v1/models`; errors in OpenAI's
shape. Any model name and any key are accepted; streaming and several choices are not. Faults can be planned, to see how
a client takes them. Not here: the bodies (`judge_protocol.py`), batches (`batch_jobs.py`), what the judges say
(`judging.py`).
"""

import itertools
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

import orjson

from eval_pipeline.simulation.batch_jobs import ORDERLY, BatchJobs, BatchPlans
from eval_pipeline.simulation.judge_protocol import REPLY_PATHS, BadRequest, Reply, error_body, reply_to
from eval_pipeline.simulation.judging import JUDGE_SKILLS, JudgeSkill
from eval_pipeline.simulation.truth import DEMO_SEED

MODEL = "sim-judge-1"
MAX_BODY = 32 * 2**20
MAX_FILE = 256 * 2**20

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

    `seed` must be the one that the traffic was made with. `latency_s` is added to every reply outside of batches.
    `paths` are those that replies are given on: an endpoint may know one API only. `port` 0 takes a free one.
    """

    def __init__(
        self,
        seed: int = DEMO_SEED,
        skills: Mapping[str, JudgeSkill] = JUDGE_SKILLS,
        faults: FaultPlan = (),
        latency_s: float = 0.0,
        port: int = 0,
        batches: BatchPlans = ORDERLY,
        paths: Sequence[str] = REPLY_PATHS,
    ) -> None:
        self.seed = seed
        self.skills = skills
        self.latency_s = latency_s
        self.paths = paths
        self.jobs = BatchJobs(self._line_answer, batches)
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
        """How many requests for a reply came in, whatever became of them; lines of batches are not among them."""
        return self._n_requests

    @property
    def batched(self) -> list[str]:
        """The ids of all lines of batches that were answered, in order: what was paid for."""
        return list(self.jobs.answered)

    def reply_to(self, path: str, body: bytes) -> Reply:
        """Return the reply to one request. Raises `BadRequest`."""
        return reply_to(path, body, self.seed, self.skills)

    def _line_answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            return 200, self.reply_to(path, body).document()
        except BadRequest as error:
            return error.status, error.body

    def next_fault(self) -> Fault | None:
        """Count one completion request and return its fault."""
        with self._lock:
            self._n_requests = next(self._numbers)
            return self._fault_of(self._n_requests)


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
        self._answer(self._get)

    def do_POST(self) -> None:
        path = self._path
        if path in self.server.endpoint.paths:
            self._reply(path)
        else:
            self._answer(self._post)

    @property
    def _path(self) -> str:
        return urlsplit(self.path).path

    def _answer(self, work: Callable[[str], None]) -> None:
        try:
            work(self._path)
        except BadRequest as error:
            self._send(error.status, error.body)

    def _get(self, path: str) -> None:
        jobs = self.server.endpoint.jobs
        match path.removeprefix("/v1/").split("/"):
            case ["models"]:
                model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "simulation"}
                self._send(200, {"object": "list", "data": [model]})
            case ["files", file_id]:
                self._send(200, jobs.file(file_id)[0])
            case ["files", file_id, "content"]:
                self._send_bytes(200, jobs.file(file_id)[1], "application/octet-stream")
            case ["batches"]:
                asked = parse_qs(urlsplit(self.path).query)
                self._send(200, jobs.listed(asked.get("after", [None])[0], int(asked.get("limit", ["20"])[0])))
            case ["batches", batch_id]:
                self._send(200, jobs.look(batch_id))
            case _:
                self._unknown_path()

    def _post(self, path: str) -> None:
        body = self._body(MAX_FILE if path == "/v1/files" else MAX_BODY)
        if body is None:
            return
        jobs = self.server.endpoint.jobs
        match path.removeprefix("/v1/").split("/"):
            case ["files"]:
                self._send(200, jobs.add_file(*_form(self.headers.get("Content-Type", ""), body)))
            case ["batches"]:
                batch, is_hidden = jobs.create(body)
                self._reset() if is_hidden else self._send(200, batch)
            case ["batches", batch_id, "cancel"]:
                self._send(200, jobs.cancel(batch_id))
            case _:
                self._unknown_path()

    def _reply(self, path: str) -> None:
        body = self._body(MAX_BODY)
        if body is None:
            return
        endpoint = self.server.endpoint
        fault = endpoint.next_fault()
        time.sleep(endpoint.latency_s)
        try:
            reply = endpoint.reply_to(path, body)
        except BadRequest as error:
            self._send(error.status, error.body)
            return
        if fault is None:
            self._send(200, reply.document())
        else:
            self._go_wrong(fault, reply)

    def _body(self, limit: int) -> bytes | None:
        """Return the request's body, or None after having refused it."""
        length = self.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) <= limit:
            return self.rfile.read(int(length))
        # The rest of the stream cannot be told from a next request.
        self.close_connection = True
        status = 413 if length.isdecimal() else 411
        self._send(status, error_body("Content-Length is missing or too large.", "invalid_request_error"))
        return None

    def _unknown_path(self) -> None:
        message = f"Invalid URL ({self.command} {self.path})"
        self._send(404, error_body(message, "invalid_request_error", "unknown_url"))

    def _go_wrong(self, fault: Fault, reply: Reply) -> None:
        content = reply.content
        match fault.kind:
            case "rate_limited":
                body = error_body("Rate limit reached for requests", "requests", "rate_limit_exceeded")
                self._send(429, body, {"Retry-After": f"{fault.seconds:g}"})
            case "server_error":
                self._send(500, error_body("The server had an error while processing your request.", "server_error"))
            case "garbage":
                self._send_bytes(200, b'{"id": "chatcmpl-\xff\x00', "application/json")
            case "html":
                self._send_bytes(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")
            case "truncated":
                self._send(200, reply.document(content[: len(content) // 2], is_cut=True))
            case "off_vocabulary":
                said = orjson.dumps({"critique": orjson.loads(content)["critique"], "verdict": "satisfied"})
                self._send(200, reply.document(said.decode()))
            case "slow":
                time.sleep(fault.seconds)
                self._send(200, reply.document())
            case "connection_reset":
                self._reset()

    def _reset(self) -> None:
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


def _form(content_type: str, body: bytes) -> tuple[str, str, bytes]:
    """Return name, purpose and content of the file that a multipart form uploads. Raises `BadRequest`."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    fields: dict[str, tuple[str, bytes]] = {}
    for part in body.split(b"--" + boundary[1].encode()) if boundary else ():
        head, _, content = part.partition(b"\r\n\r\n")
        names = dict(re.findall(r'(\bname|filename)="([^"]*)"', head.decode("utf-8", "replace")))
        if "name" in names:
            fields[names["name"]] = (names.get("filename", ""), content.removesuffix(b"\r\n"))
    if not {"file", "purpose"} <= set(fields):
        raise BadRequest("The form needs the fields `file` and `purpose`.", "file")
    return fields["file"][0], fields["purpose"][1].decode(), fields["file"][1]
