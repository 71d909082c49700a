"""The signals over 10,000 to 200,000 simulated sessions of about 8 turns: time, memory, and how far it is linear.

Each size runs in a process of its own. It is given rows of `raw_sessions` in chunks of 5,000, as the nightly job reads
them, and one chunk is in memory at a time. There are 20,000 distinct sessions, taken in and redacted as in production;
larger sizes repeat them under new ids. Making, reading and parsing them is not on the clock. The yardstick, in the same
process and on the same chunks, is one plain pass over the texts of all turns with one compiled regular expression of
Python's `re`: twenty phrases, any case, every match. What several signals share is counted with the first that asks
for it; "the rest" is the frame of turns and putting the rows together. Run by `make bench`.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import orjson
import pandas as pd

from eval_pipeline.formats.mapping import Mapping
from eval_pipeline.formats.sessions_jsonl import SESSIONS_JSONL
from eval_pipeline.intake import take_in
from eval_pipeline.ports import SourceRecord
from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.signals.contract import Batch, Signal
from eval_pipeline.signals.registry import load_signals
from eval_pipeline.signals.run import detect_signals
from eval_pipeline.simulation.traffic import write_traffic
from eval_pipeline.tables import RawSessions

CATALOG = Path(PROJECT_ROOT) / "catalog"
SIZES = [10_000, 50_000, 100_000, 200_000]
CHUNK = 5_000
DAYS = [date(2026, 2, 2) + timedelta(days=n) for n in range(4)]
TARGET_SESSIONS, TARGET_SECONDS, TARGET_MIB = 100_000, 60.0, 2_000 * 10**6 / 2**20
PHRASES = re.compile(
    "|".join(
        (
            "does not work|doesn't work|not what i asked|wrong answer|i already told you|talk to a human",
            "real person|never mind|forget it|waste of time|this is useless|ridiculous|unacceptable|i give up",
            "cannot help|unable to|i'm sorry, but|try again later|no longer available|speak to an agent",
        )
    ),
    re.IGNORECASE,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help=f"multiples of {CHUNK}")
    parser.add_argument("--one", nargs=2, metavar=("SIZE", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(int(arguments.one[0]), Path(arguments.one[1]))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-signals-") as folder:
        write_chunks(Path(folder))
        found = {size: measured_apart(size, folder) for size in sorted(arguments.sizes)}
    report(found)


def write_chunks(folder: Path) -> None:
    """Take in a day of simulated sessions per chunk, and keep its rows as lines of JSON."""
    redactor = Redactor.from_catalog(CATALOG / "redaction.yaml", b"no secret of anybody, for speed")
    for day, path in zip(DAYS, write_traffic(folder / "traffic", DAYS, CHUNK, seed=7), strict=True):
        items = SESSIONS_JSONL.records(path, Mapping())
        records = (SourceRecord("bench", str(path), at, "simulated", fields) for at, fields in items)  # type: ignore[arg-type]
        [rows] = take_in(records, day, redactor, datetime.now(UTC)).session_frames(CHUNK)
        lines = (orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE) for row in rows.to_dict("records"))
        with (folder / f"{day}.rows").open("wb") as file:
            file.writelines(lines)


def read_chunk(path: Path, repetition: int) -> pd.DataFrame:
    """Return rows of `raw_sessions` with the dtypes of the table, under ids of their own."""
    with path.open("rb") as file:
        frame = pd.DataFrame([orjson.loads(line) for line in file])
    frame["session_id"] += f"-{repetition}"
    for name in ("started_at", "ended_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601").dt.as_unit("us")
    frame["session_day"] = frame["session_day"].map(date.fromisoformat).astype("object")
    return RawSessions.validate(frame)


def chunks(size: int, folder: Path) -> Iterator[pd.DataFrame]:
    for number in range(size // CHUNK):
        yield read_chunk(folder / f"{DAYS[number % len(DAYS)]}.rows", number // len(DAYS))


@dataclass
class Timed:
    """A signal that adds the time it takes to a clock."""

    signal: Signal
    clock: defaultdict[str, float] = field(repr=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.signal, name)

    def detect(self, batch: Batch) -> pd.DataFrame:
        started = time.perf_counter()
        found = self.signal.detect(batch)
        self.clock[self.signal.name] += time.perf_counter() - started
        return found


def measure(size: int, folder: Path) -> dict[str, Any]:
    """Run all signals over `size` sessions and return what it took, beside the plain pass over the same texts."""
    by_signal: defaultdict[str, float] = defaultdict(float)
    signals = cast("list[Signal]", [Timed(signal, by_signal) for signal in load_signals(CATALOG)])
    spent: defaultdict[str, float] = defaultdict(float)
    n_turns = n_fired = n_raised = 0
    for sessions in chunks(size, folder):
        texts = [turn.get("content") or "" for turns in sessions["turns"] for turn in turns]
        started, started_cpu = time.perf_counter(), time.process_time()
        rows = detect_signals(sessions, signals)
        spent["seconds"] += time.perf_counter() - started
        spent["cpu"] += time.process_time() - started_cpu
        started = time.perf_counter()
        n_turns += len(texts)
        spent["n_matches"] += sum(1 for text in texts for _ in PHRASES.finditer(text))
        spent["plain"] += time.perf_counter() - started
        n_fired += int(rows["outcome"].eq("fired").sum())
        n_raised += int(rows["reason"].str.startswith("the signal raised").sum())
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counted = {"peak_mib": peak_mib, "turns": n_turns / size, "fired": n_fired / size, "raised": n_raised}
    return {**spent, **counted, "by_signal": {signal.name: by_signal[signal.name] for signal in signals}}


def measured_apart(size: int, folder: str) -> dict[str, Any]:
    """Return `measure` of a process of its own."""
    if size % CHUNK or size <= 0:
        raise SystemExit(f"{size} is no multiple of {CHUNK}")
    command = [sys.executable, __file__, "--one", str(size), folder]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    print(f"{size:,} sessions: {found['seconds']:.1f} s", file=sys.stderr, flush=True)
    return found


def report(found: dict[int, dict[str, Any]]) -> None:
    print("| sessions | signals s | CPU s | sessions/s | µs per session | peak MiB | plain pass s | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for size, each in found.items():
        seconds, plain = each["seconds"], each["plain"]
        print(
            f"| {size:,} | {seconds:.1f} | {each['cpu']:.1f} | {size / seconds:,.0f} | {seconds / size * 1e6:.0f} "
            f"| {each['peak_mib']:.0f} | {plain:.2f} | {seconds / plain:.1f} |"
        )
    print(f"\n| seconds per signal | {' | '.join(f'{size:,}' for size in found)} |")
    print(f"|---|{'---|' * len(found)}")
    for name in next(iter(found.values()))["by_signal"]:
        seconds = [f"{each['by_signal'][name]:.2f}" for each in found.values()]
        print(f"| {name} | {' | '.join(seconds)} |")
    rest = (each["seconds"] - sum(each["by_signal"].values()) for each in found.values())
    print(f"| the rest | {' | '.join(f'{seconds:.2f}' for seconds in rest)} |\n")
    for line in verdicts(found):
        print(line)


def verdicts(found: dict[int, dict[str, Any]]) -> Iterator[str]:
    """Yield the target beside what was measured, and what would make the figures worthless."""
    largest = found[max(found)]
    yield f"{largest['turns']:.1f} turns a session; {largest['fired']:.2f} signals fire in one."
    if TARGET_SESSIONS in found:
        seconds, mib = found[TARGET_SESSIONS]["seconds"], max(each["peak_mib"] for each in found.values())
        yield f"{TARGET_SESSIONS:,} within {TARGET_SECONDS:.0f} s: {_met(seconds <= TARGET_SECONDS)} ({seconds:.1f} s)."
        yield f"Under 2 GB at every size: {_met(mib <= TARGET_MIB)} ({mib:.0f} MiB)."
    cost = [each["seconds"] / size for size, each in found.items()]
    yield f"Linear: a session costs {cost[-1] / cost[0]:.2f} times as much at {max(found):,} as at {min(found):,}."
    n_raised = sum(each["raised"] for each in found.values())
    if n_raised:
        yield f"NOT VALID: signals raised an error in {n_raised} sessions."


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


if __name__ == "__main__":
    main()
