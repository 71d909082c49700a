"""Judging 500 sessions at an endpoint that takes 200 ms, beside a bare loop over the same client and prompts.

Ours is the whole path: render, look up, lease, ask, write each reply to the ledger in PostgreSQL, parse, validate. The
bare loop gets its prompts ready-made, keeps nothing and only parses. The endpoint runs in a process of its own. Each
figure is made in a fresh process. Run by `make bench-judges`; `--profile` prints where our CPU goes.
"""

import argparse
import asyncio
import cProfile
import json
import math
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.judge_endpoint import running_endpoint, word_of
from eval_pipeline.judges.asking.asker import Asker, AskPolicy
from eval_pipeline.judges.asking.endpoints import Endpoints, Limits
from eval_pipeline.judges.definition import REPLY_SCHEMA, Judge, load_judges
from eval_pipeline.judges.rendering import render
from eval_pipeline.judges.replies import parse_reply
from eval_pipeline.judges.run import judge_sessions
from eval_pipeline.ports import Attempt
from eval_pipeline.settings import PROJECT_ROOT
from resources.call_ledger import WarehouseLedger
from resources.embedded_postgres import EmbeddedPostgres
from resources.judge_model import OpenAIJudgeModel
from resources.migration import migrate
from resources.warehouse import PostgresWarehouse

DAY = date(2026, 3, 2)
FRAME = 500
"""Sessions in one frame: what a caller hands over at a time."""

_SAYS = "I ordered two lamps three weeks ago, and only one of them has come. What became of the other one? "
_ANSWERS = "I have looked it up: the second lamp left our warehouse yesterday and will be with you on Thursday. "


def sessions(start: int, n: int) -> pd.DataFrame:
    """Return rows of `raw_sessions` for cases from `start` on, each of six turns and about 3,000 characters."""
    return pd.DataFrame([_session(case) for case in range(start, start + n)])


def _session(case: int) -> dict[str, Any]:
    talk = [
        {"role": role, "content": f"Turn {number}. {4 * text}"}
        for number in range(3)
        for role, text in (("user", _SAYS), ("assistant", _ANSWERS))
    ]
    talk[-2]["content"] += f" This is case number {case}."
    started = datetime(2026, 3, 2, tzinfo=UTC)
    return {
        "session_id": f"s{case:06}",
        "session_day": DAY,
        "started_at": started,
        "is_closed": True,
        "turns": talk,
        "versions": {"prompt": "p1"},
        "model_version": "product-1",
        "redaction_version": "r1",
    }


def the_judge() -> Judge:
    """Return one of the shipped judges."""
    return next(judge for judge in load_judges(PROJECT_ROOT / "catalog" / "judges") if judge.name == "relevance")


@contextmanager
def measured() -> Iterator[dict[str, Any]]:
    """Give a dict that has wall and CPU seconds of this process once the block is over, and its peak memory."""
    took: dict[str, Any] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield took
    took.update(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)
    took["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(base_url: str, database_url: str, n: int, concurrency: int, fault_share: float) -> dict[str, Any]:
    """Judge `n` new sessions in frames of `FRAME` and count what came of them."""
    limits = Limits(concurrency=concurrency)
    policy = AskPolicy(Endpoints(default=limits), backoff_s=0.05, failures_to_open=50 if fault_share else 19)
    found: Counter[str] = Counter()
    n_wrong = 0
    with PostgresWarehouse(database_url) as warehouse, Asker(WarehouseLedger(warehouse), policy) as asker:
        model = OpenAIJudgeModel("none", base_url, is_proxied=False)
        start = int(warehouse.query("SELECT count(DISTINCT call_key) AS n FROM evals.model_calls")["n"][0])
        judge = the_judge()
        frames = (sessions(at, min(FRAME, start + n - at)) for at in range(start, start + n, FRAME))
        with measured() as took:
            for frame in frames:
                verdicts = judge_sessions(frame, [judge], model, asker, {"code": "0"})
                found.update(verdicts["error_reason"].fillna(verdicts["verdict"]))
                n_wrong += wrong(verdicts)
        n_rows = int(warehouse.query("SELECT count(*) AS n FROM evals.model_calls")["n"][0])
    return {**took, "found": dict(found), "n_wrong": n_wrong, "n_attempts_stored": n_rows - start}


def wrong(verdicts: pd.DataFrame) -> int:
    """Return how many sessions have a verdict that is another session's."""
    expected = verdicts["session_id"].str[1:].astype(int).map(word_of)
    return int(((verdicts["verdict"] != expected) & (verdicts["verdict"] != "error")).sum())


def bare(base_url: str, n: int, concurrency: int, transport: str) -> dict[str, Any]:
    """Ask `n` calls in a loop as one would write it: a semaphore, the client, the reply parsed."""
    from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultAsyncHttpxClient

    judge = the_judge()
    prompts = [render(judge, row) for row in sessions(0, n).to_dict("records")]
    schema = {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": REPLY_SCHEMA}}

    async def run() -> Counter[str]:
        new = {"httpx": DefaultAsyncHttpxClient, "aiohttp": DefaultAioHttpClient}[transport]
        places = asyncio.Semaphore(concurrency)
        async with AsyncOpenAI(api_key="none", base_url=base_url, http_client=new(trust_env=False)) as client:

            async def ask(messages: Any) -> str:
                async with places:
                    reply: Any = await client.chat.completions.create(
                        model=judge.model, messages=list(messages), response_format=schema, **judge.sent_parameters(0)
                    )
                return parse_reply(Attempt("reply", 0.0, reply.choices[0].message.content, "stop")).verdict

            return Counter(await gather(ask, prompts))

    with measured() as took:
        found = asyncio.run(run())
    return {**took, "found": dict(found)}


async def gather(ask: Callable[[Any], Awaitable[str]], prompts: list[Any]) -> list[str]:
    return list(await asyncio.gather(*map(ask, prompts)))


def child(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure one variant in this process, after a warm-up that pays for imports and connections."""
    base_url, n, concurrency = arguments.base_url, arguments.sessions, arguments.concurrency
    if arguments.one == "ours":
        ours(base_url, arguments.database, 2 * concurrency, concurrency, arguments.faults)
        with profiled(arguments.profile):
            return ours(base_url, arguments.database, n, concurrency, arguments.faults)
    bare(base_url, 2 * concurrency, concurrency, arguments.one)
    with profiled(arguments.profile):
        return bare(base_url, n, concurrency, arguments.one)


@contextmanager
def profiled(is_wanted: bool) -> Iterator[None]:
    """Print where this thread's time went, if wanted."""
    if not is_wanted:
        yield
        return
    with cProfile.Profile() as profile:
        yield
    pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)


class Bench:
    """Endpoint and database of the measurements, and how a child process reaches them."""

    def __init__(self, base_url: str, database: str, arguments: argparse.Namespace) -> None:
        self._to = ["--base-url", base_url, "--database", database, "--concurrency", str(arguments.concurrency)]
        self._to += ["--profile"] if arguments.profile else []

    def run(self, one: str, n: int, faults: float = 0.0) -> dict[str, Any]:
        """Return what a child process measured."""
        options = ["--one", one, "--sessions", str(n), "--faults", str(faults), *self._to]
        command = [sys.executable, "-m", "benchmarks.bench_judges", *options]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return found


def median(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the round whose wall time is in the middle."""
    return sorted(rounds, key=lambda took: took["wall_s"])[len(rounds) // 2]


def print_speed(bench: Bench, arguments: argparse.Namespace) -> None:
    n, names = arguments.sessions, ("httpx", "aiohttp", "ours")
    ideal = math.ceil(n / arguments.concurrency) * arguments.latency
    rounds = [{name: bench.run(name, n) for name in names} for _ in range(arguments.rounds)]
    middle = {name: median([one[name] for one in rounds]) for name in names}
    print(f"{n} sessions, {arguments.latency * 1000:.0f} ms, concurrency {arguments.concurrency}: ideal {ideal:.2f} s")
    print("| loop | wall s | of ideal | CPU ms a call | peak MiB |\n|---|---|---|---|---|")
    for name, took in middle.items():
        print(
            f"| {'bare, ' * (name != 'ours')}{name} | {took['wall_s']:.2f} | {took['wall_s'] / ideal:.3f} "
            f"| {took['cpu_s'] / n * 1000:.2f} | {took['peak_mib']:.0f} |"
        )
    for name in names[:2]:
        wall, cpu = (middle["ours"][what] / middle[name][what] for what in ("wall_s", "cpu_s"))
        print(f"ours to bare {name}: wall {wall:.3f}, CPU {cpu:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    for hidden in ("--one", "--base-url", "--database"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--faults", type=float, default=0.0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(child(arguments)))
        return
    with tempfile.TemporaryDirectory(prefix="bench-judges-") as home:
        Path(home).chmod(0o755)
        server = EmbeddedPostgres(Path(home))
        try:
            database = server.start()
            migrate(database)
            measure(database, arguments)
        finally:
            server.stop()


def measure(database: str, arguments: argparse.Namespace) -> None:
    with running_endpoint(arguments.latency) as base_url:
        bench = Bench(base_url, database, arguments)
        print_speed(bench, arguments)
    with running_endpoint(0.0) as base_url:
        peaks = {n: Bench(base_url, database, arguments).run("ours", n)["peak_mib"] for n in (FRAME, 10 * FRAME)}
        print("peak memory: " + ", ".join(f"{peak:.0f} MiB at {n:,} sessions" for n, peak in peaks.items()))
    with running_endpoint(arguments.latency, 0.05) as base_url:
        print_faults(Bench(base_url, database, arguments).run("ours", arguments.sessions, 0.05), arguments.sessions)


def print_faults(took: dict[str, Any], n: int) -> None:
    outcomes = ", ".join(f"{name} {count}" for name, count in sorted(took["found"].items()))
    print(
        f"with 5 % faults: {sum(took['found'].values())} of {n} sessions ended ({outcomes}), {took['n_wrong']} wrong, "
        f"{took['n_attempts_stored']} attempts in the ledger, {took['wall_s']:.2f} s"
    )


if __name__ == "__main__":
    main()
