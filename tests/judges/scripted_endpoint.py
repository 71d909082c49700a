"""A server of the OpenAI protocol on loopback that answers from a script, and knows what it was asked."""

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Answer(NamedTuple):
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}


def completion(content: str | None, finish_reason: str = "stop", refusal: str | None = None) -> Answer:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return Answer(200, json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode())


def response(parts: list[dict[str, Any]], status: str = "completed", **fields: Any) -> Answer:
    """The answer of the Responses API whose message has `parts`."""
    output = [
        {"type": "reasoning", "summary": []},
        {"type": "message", "role": "assistant", "status": status, "content": parts},
    ]
    usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    document = {"object": "response", "status": status, "output": output, "usage": usage, **fields}
    return Answer(200, json.dumps(document).encode())


def said(text: str) -> dict[str, Any]:
    """A part of a response that says `text`."""
    return {"type": "output_text", "text": text, "annotations": []}


def verdict(word: str = "pass") -> Answer:
    return completion(json.dumps({"critique": "It is so.", "verdict": word}))


def failure(status: int, message: str = "no", headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps({"error": {"message": message, "type": "x"}}).encode(), headers or {})


Script = Callable[[int, dict[str, Any]], Answer | None]
"""Number of the request (from 1) and its body to the answer; None resets the connection."""


class ScriptedEndpoint:
    def __init__(self, script: Script) -> None:
        self.paths: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            # Buffered, so that an answer leaves in one packet.
            wbufsize = -1

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                body = json.loads(content) if "json" in self.headers["Content-Type"] else {}
                with lock:
                    endpoint.paths.append(self.path)
                    endpoint.requests.append(body)
                    endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
                    number = len(endpoint.requests)
                answer = script(number, body)
                if answer is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                self.wfile.flush()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"
