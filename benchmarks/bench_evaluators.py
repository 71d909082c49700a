"""Eight checks over 100,000 short answers: how many a second, ours and those of four peers on the same texts.

The checks: valid JSON, JSON Schema, a pattern, forbidden phrases, length, prefix and suffix, a number inside a field,
citation format (`evaluator_checks.py`). Ours are measured twice, in one process: as leaves asked by hand of one `Text`
view per text, and through `run.evaluate` over rows of one-answer sessions in chunks of 5,000, as the nightly job reads
them, with verdict rows as the result. Making the texts and the frame is not on the clock. Each peer answers the first
texts of the same list in its own environment (`evaluator_peers.py`), one after another; a warm-up is not on the clock.
Time is wall-clock or CPU time of the process, whichever is less, in the fastest of three rounds, for all alike: so
neither other programs on the machine count, nor a collector of garbage on another core. A disagreement is a check of a text on which a peer says
other than `run.evaluate` does. Run: `make bench-evaluators`.
"""

import argparse
import datetime as dt
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import jsonschema_rs
import orjson
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.evaluator_checks import PARAMETERS, our_checks, our_evaluators
from benchmarks.evaluator_peers import PEERS, Answer, NotMeasured, Peer, ask
from benchmarks.evaluator_texts import texts as made_texts
from eval_pipeline.evaluators.run import evaluate
from eval_pipeline.evaluators.views import NOT_JSON, Text

CHUNK = 5_000
ROUNDS = 3
N_TEXTS = 100_000
TARGET_RATE, TARGET_RATIO = 150_000, 5
VERSIONS = {"code": "benchmark", "redaction": "none", "taxonomy": "none"}


class Clock:
    """Adds up wall-clock and CPU time of this process while it runs."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    what: str
    answer: Answer
    disagreements: int

    @property
    def rate(self) -> float:
        """Checks per second."""
        return len(self.answer.verdicts) * len(our_checks()) / self.answer.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=N_TEXTS, help=f"how many texts, {N_TEXTS:,} by default")
    parser.add_argument("--peers", nargs="*", default=[peer.name for peer in PEERS], help="names; none for none")
    arguments = parser.parse_args()
    texts = list(made_texts(arguments.texts))
    console = Console(width=160)
    whole = fastest(through_evaluate, texts)
    leaves = fastest(as_leaves, texts)
    ours = [
        Row("ours", "run.evaluate, 8 evaluators, with verdict rows", whole, 0),
        Row("ours, no runner", "8 leaves asked of a Text view", leaves, differences(whole.verdicts, leaves.verdicts)),
    ]
    print_limits(console, texts)
    peers = [(peer, row_or_reason(peer, texts, whole.verdicts)) for peer in PEERS if peer.name in arguments.peers]
    print_table(console, ours, peers)
    print_verdict(console, ours, peers)


def fastest(measure: Callable[[Sequence[str]], Answer], texts: Sequence[str]) -> Answer:
    """Return the fastest of `ROUNDS` rounds."""
    return min((measure(texts) for _ in range(ROUNDS)), key=lambda answer: answer.seconds)


def through_evaluate(texts: Sequence[str]) -> Answer:
    """Return the verdicts of `run.evaluate` on `texts`, and how long it took in all."""
    evaluators, clock = our_evaluators(), Clock()
    evaluate(session_rows(texts[:100]), evaluators, VERSIONS)
    verdicts: list[str] = []
    for start in range(0, len(texts), CHUNK):
        rows = session_rows(texts[start : start + CHUNK])
        with clock.running():
            found = evaluate(rows, evaluators, VERSIONS)
        verdicts += by_text(found["verdict"].tolist(), len(evaluators))
    return Answer(version("eval-pipeline"), clock.wall, clock.cpu, verdicts)


def as_leaves(texts: Sequence[str]) -> Answer:
    """Return the outcomes of the checks asked by hand of one view per text, and how long it took in all."""
    checks, clock = list(our_checks().values()), Clock()
    outcomes: list[str] = []
    with clock.running():
        for text in texts:
            view = Text(text, 0)
            outcomes += [check.judge(view).outcome for check in checks]
    return Answer(version("eval-pipeline"), clock.wall, clock.cpu, by_text(outcomes, len(checks)))


def by_text(outcomes: Sequence[str], n_checks: int) -> list[str]:
    """Return one string per text, `1` for each check that passed and `0` for each that did not."""
    marks = "".join("1" if outcome == "pass" else "0" for outcome in outcomes)
    return [marks[start : start + n_checks] for start in range(0, len(marks), n_checks)]


def session_rows(texts: Sequence[str]) -> pd.DataFrame:
    """Return rows of `raw_sessions`, as far as evaluators read them: a session per text, which is its only answer."""
    question = {"role": "user", "content": "Where is my order?"}
    turns = [[question, {"role": "assistant", "content": text}] for text in texts]
    columns: dict[str, Any] = {
        "session_id": [f"s{number}" for number in range(len(texts))],
        "session_day": dt.date(2026, 3, 2),
        "is_closed": True,
        "surface": "chat",
        "model_version": "m1",
        "redaction_version": "r1",
        "turns": turns,
        **{name: [{} for _ in texts] for name in ("slices", "versions", "meta")},
    }
    return pd.DataFrame(columns)


def row_or_reason(peer: Peer, texts: Sequence[str], expected: Sequence[str]) -> Row | str:
    """Return the line of a peer, or why there is none."""
    try:
        answer = ask(peer, texts[: peer.n_texts], PARAMETERS)
        return Row(peer.name, peer.what, answer, differences(expected[: peer.n_texts], answer.verdicts))
    except NotMeasured as reason:
        return str(reason)


def differences(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Return on how many checks the two differ. Raises `NotMeasured` when they are not as many."""
    if [len(verdict) for verdict in ours] != [len(verdict) for verdict in theirs]:
        raise NotMeasured("it did not answer every check of every text")
    return sum(a != b for one, other in zip(ours, theirs, strict=True) for a, b in zip(one, other, strict=True))


def print_limits(console: Console, texts: Sequence[str]) -> None:
    """Print how fast the libraries below ours are by themselves: what no evaluator can pass."""
    parsed = [value for value in (Text(text, 0).json for text in texts) if value is not NOT_JSON]
    valid = [orjson.dumps(value) for value in parsed]
    is_valid = jsonschema_rs.Draft202012Validator(PARAMETERS["schema"]).is_valid
    table = Table("library", "version", "what", "per second", title="the libraries alone, on the texts that are JSON")
    for name, package, what, work, items in (
        ("jsonschema-rs", "jsonschema-rs", "is_valid of a parsed text", is_valid, parsed),
        ("orjson", "orjson", "loads of a text", orjson.loads, valid),
    ):
        table.add_row(name, version(package), what, f"{per_second(work, items):,.0f}")
    console.print(table)


def per_second(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Return how often a second `work` is done, in the fastest of `ROUNDS` rounds over `items`."""
    clocks = [Clock() for _ in range(ROUNDS)]
    for clock in clocks:
        with clock.running():
            for item in items:
                work(item)
    return len(items) / min(min(clock.wall, clock.cpu) for clock in clocks)


def print_table(console: Console, ours: list[Row], peers: list[tuple[Peer, Row | str]]) -> None:
    passed = "".join(ours[0].answer.verdicts)
    title = f"8 checks, of which {passed.count('0') / len(passed):.0%} fail; {os.cpu_count()} cores, one process each"
    table = Table("name", "version", "what it does", title=title)
    for heading in ("texts", "seconds", "of wall", "checks/s", "ours is", "disagreements"):
        table.add_column(heading, justify="right")
    for row in [*ours, *(row for _, row in peers if isinstance(row, Row))]:
        answer = row.answer
        times = f"{answer.seconds:.2f}", f"{answer.wall_seconds:.2f}"
        ratio = f"{ours[0].rate / row.rate:.1f} x"
        figures = (f"{len(answer.verdicts):,}", *times, f"{row.rate:,.0f}", ratio, str(row.disagreements))
        table.add_row(row.name, answer.version, row.what, *figures)
    for peer, reason in peers:
        if isinstance(reason, str):
            table.add_row(peer.name, peer.packages[0], f"not measured: {reason}")
    console.print(table)


def print_verdict(console: Console, ours: list[Row], peers: list[tuple[Peer, Row | str]]) -> None:
    """Print whether the targets are met: the rate, and the ratio to the fastest peer that runs the checks itself."""
    console.print(f"target {TARGET_RATE:,} checks/s: {ours[0].rate:,.0f}, {said(ours[0].rate >= TARGET_RATE)}")
    for has_runner, own, kind in ((True, ours[0], "runner"), (False, ours[1], "plain functions")):
        rows = [row for peer, row in peers if isinstance(row, Row) and peer.has_runner is has_runner]
        if rows:
            best = max(rows, key=lambda row: row.rate)
            ratio = own.rate / best.rate
            target = f"; target {TARGET_RATIO} x: {said(ratio >= TARGET_RATIO)}" if has_runner else ""
            console.print(f"{own.name} to the fastest {kind}, {best.name}: {ratio:.1f} x{target}")


def said(is_met: bool) -> str:
    return "met" if is_met else "missed"


if __name__ == "__main__":
    main()
