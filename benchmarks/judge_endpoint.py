"""A Chat Completions endpoint in a process of its own that answers after a fixed time and costs next to no CPU.

HTTP/1.1 over asyncio, keep-alive, one request at a time on a connection. The prompt's `case number N.` decides the
verdict, so that a reply given to the wrong call would show. Faults are drawn by seed and number of the request.
Not here: a judge that reads what it is asked (`eval_pipeline.simulation.judge_endpoint`).
"""

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_CASE = re.compile(rb"case number (\d+)\.")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)

PASSING = ("429", "429_retry_after", "500", "503", "reset", "garbage", "html", "half_body", "empty", "hang", "drip")
"""Faults that may be gone at the next attempt."""

STAYING = ("refusal", "off_vocabulary", "two_verdicts", "no_json", "truncated", "megabyte")
"""Replies that are none, and were paid for."""

QUICK = ("429", "500", "reset", "garbage")


def word_of(case: int) -> str:
    """Return the verdict on a case."""
    return ("pass", "fail", "not_applicable")[case % 3]


def _answer(status: str, body: bytes, extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _completion(content: str, finish_reason: str = "stop") -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 700, "completion_tokens": 40, "total_tokens": 740}
    completion = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return _answer("200 OK", json.dumps({**completion, "usage": usage}).encode())


def _verdict(case: int) -> bytes:
    return _completion(f'{{"critique": "The answer of case {case} deals with it.", "verdict": "{word_of(case)}"}}')


_BROKEN = {
    "429": _answer("429 Too Many Requests", b'{"error":{"message":"slow down"}}'),
    "429_retry_after": _answer("429 Too Many Requests", b'{"error":{"message":"slow"}}', "Retry-After: 0.05\r\n"),
    "500": _answer("500 Internal Server Error", b'{"error":{"message":"oops"}}'),
    "503": _answer("503 Service Unavailable", b"<html>down</html>"),
    "garbage": _answer("200 OK", b'{"id": "\xff\x00'),
    "html": _answer("200 OK", b"<html><body>Sign in</body></html>"),
    "half_body": _verdict(0)[:-80],
    "empty": _answer("200 OK", b""),
    "drip": _verdict(0)[:40],
    "refusal": _completion("I'm sorry, I cannot judge that."),
    "off_vocabulary": _completion('{"critique": "Fine.", "verdict": "satisfied"}'),
    "two_verdicts": _completion('{"verdict": "pass"} {"verdict": "fail"}'),
    "no_json": _completion("It was a pass, I would say."),
    "truncated": _completion('{"critique": "It', "length"),
    "megabyte": _completion("pass " * 200_000),
}


class _Connection(asyncio.Protocol):
    def __init__(self, endpoint: "_Endpoint") -> None:
        self._endpoint = endpoint
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return
        self._received = b""
        case = _CASE.search(body)
        asyncio.get_running_loop().call_later(
            self._endpoint.latency_s, self._reply, self._endpoint.next_fault(), int(case[1]) if case else 0
        )

    def _reply(self, fault: str | None, case: int) -> None:
        if fault == "reset":
            self._transport.abort()
            return
        if fault != "hang":
            self._transport.write(_BROKEN[fault] if fault else _verdict(case))
        if fault == "half_body":
            self._transport.close()


class _Endpoint:
    def __init__(self, latency_s: float, fault_share: float, kinds: Sequence[str], seed: int) -> None:
        self.latency_s = latency_s
        self._share, self._kinds = fault_share, kinds
        self._draw = random.Random(seed)

    def next_fault(self) -> str | None:
        return self._draw.choice(self._kinds) if self._draw.random() < self._share else None


async def _serve(endpoint: _Endpoint) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(endpoint), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The parent holds our standard input: when it is gone, so are we.
    await asyncio.to_thread(sys.stdin.read)


@contextmanager
def running_endpoint(
    latency_s: float, fault_share: float = 0.0, kinds: Sequence[str] = QUICK, seed: int = 7
) -> Iterator[str]:
    """Start the endpoint in a process of its own and give its base URL. Each request has one of `kinds` or no fault."""
    options = ["--latency", str(latency_s), "--faults", str(fault_share), "--kinds", *kinds, "--seed", str(seed)]
    process = subprocess.Popen(
        [sys.executable, __file__, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin and process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--faults", type=float, default=0.0)
    parser.add_argument("--kinds", nargs="*", default=QUICK)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    asyncio.run(_serve(_Endpoint(arguments.latency, arguments.faults, arguments.kinds, arguments.seed)))


if __name__ == "__main__":
    main()
