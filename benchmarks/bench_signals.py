"""Measures the signals and their combination: on simulated sessions with known truth, and on labelled files.

Run: `make bench-signals`, `make bench-signals DATA="a.jsonl b.jsonl"`, or `python -m benchmarks.bench_signals --data a.jsonl
--metric NAME --sessions 2000`. Prints Markdown. Intervals are 95 %: of AUC as in `calibration/estimators/auc.py`, of shares Wilson's.
Nothing is fitted and nothing is written. Labelled sessions are not redacted before.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.label_truth import RULES, Truth, truths_of
from benchmarks.labelled_sessions import Labelled, read_labelled
from benchmarks.signal_scores import SCORE, Scores, owning_turns, session_level, turn_level
from eval_pipeline.calibration.estimators.auc import Auc, auc
from eval_pipeline.calibration.estimators.rates import Rate, rate
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.signals.contract import Batch, Signal
from eval_pipeline.signals.registry import load_signals
from eval_pipeline.simulation.cases import case_of_turns
from eval_pipeline.simulation.phenomena import phenomena
from eval_pipeline.simulation.traffic import write_traffic
from eval_pipeline.simulation.truth import truth

SEED = 7
FIRST_DAY, N_DAYS = date(2026, 1, 5), 14
N_PERMUTATIONS = 1000
"""So that chance moves the share by 0.007 (one standard error); with 200 it strays below 0.9 where nothing is wrong."""
ENOUGH = 0.9
"""Of the intervals of permuted labels at least this share must contain 0.5; 0.95 is expected."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Verdict:
    """How one score did against one truth. Precision and recall are those of firing (a score above 0)."""

    name: str
    auc: Auc
    n_fired: int
    precision: Rate
    recall: Rate

    @classmethod
    def of(cls, name: str, scores: Scores, is_failure: Mask) -> "Verdict":
        """Compare; both arrays have one entry for each session or turn that has a truth."""
        fired = scores > 0
        n_hits = int((fired & is_failure).sum())
        n_fired, n_failed = int(fired.sum()), int(is_failure.sum())
        found = auc(scores[is_failure], scores[~is_failure])
        return cls(name, found, n_fired, rate(n_hits, n_fired), rate(n_hits, n_failed))

    def cells(self) -> list[str]:
        """Return the cells of a row, the name left out."""
        n = self.auc.n_positive + self.auc.n_negative
        share = f"{self.n_fired}/{n} ({self.n_fired / n:.1%})" if n else "-"
        area = _figures(self.auc.value, self.auc.low, self.auc.high)
        return [
            area,
            share,
            *(f"{_figures(r.value, r.low, r.high)} (n = {r.n})" for r in (self.precision, self.recall)),
        ]


def _figures(value: float | None, low: float | None, high: float | None) -> str:
    return "-" if value is None or low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def verdicts(scores: Mapping[str, Scores], is_failure: Mask) -> list[Verdict]:
    """Return how each of the scores did."""
    return [Verdict.of(name, values, is_failure) for name, values in scores.items()]


def share_of_permuted(scores: Scores, is_failure: Mask) -> float | None:
    """Return the share of `N_PERMUTATIONS` permutations of the labels whose AUC interval contains 0.5."""
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(N_PERMUTATIONS):
        is_positive = rng.permutation(is_failure)
        got = auc(scores[is_positive], scores[~is_positive])
        if got.low is not None and got.high is not None:
            found.append(got.low <= 0.5 <= got.high)
    return sum(found) / len(found) if found else None


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join([*lines, ""])


def section(title: str, scores: Mapping[str, Scores], is_failure: Mask) -> str:
    """Return the table of all scores against one truth, with the check on permuted labels."""
    n_failed = int(is_failure.sum())
    lines = [f"### {title}", "", f"{n_failed} positive, {len(is_failure) - n_failed} negative.", ""]
    head = ["", "AUC", "fired", "precision of fired", "recall of fired"]
    lines.append(table(head, [[found.name, *found.cells()] for found in verdicts(scores, is_failure)]))
    share = share_of_permuted(scores[SCORE], is_failure)
    if share is not None:
        said = "as it should" if share >= ENOUGH else "WRONG: something is broken"
        lines += [f"Check: with permuted labels the interval of the score contains 0.5 in {share:.1%}, {said}.", ""]
    return "\n".join(lines)


def labelled_report(labelled: Labelled, signals: Sequence[Signal], metrics: Sequence[str] = ()) -> Iterator[str]:
    """Yield the sections of one file: for each truth that it holds, over the sessions or turns that have it."""
    sessions = labelled.sessions
    yield f"## {labelled.path.name}\n"
    truths = truths_of(sessions, metrics) if len(sessions) else []
    yield f"{len(sessions)} sessions read, {labelled.n_lost} records could not be; {len(truths)} truths.\n"
    by_level: dict[str, Mapping[str, Scores]] = {}
    for found in truths:
        if found.level not in by_level:
            by_level[found.level] = (session_level if found.level == "session" else turn_level)(sessions, signals)
        rows, is_failure = located(found, sessions)
        rule = f", {found.rule}" if found.rule else ""
        title = f"{found.level.capitalize()}s by `{found.metric}`{rule} ({len(rows)} have a truth)"
        yield section(title, {name: values[rows] for name, values in by_level[found.level].items()}, is_failure)


def located(found: Truth, sessions: pd.DataFrame) -> tuple[npt.NDArray[np.int64], Mask]:
    """Return the rows (of sessions, or of all turns in order) that have a truth, and which failed.

    A turn's label moves to the turn that it is about, as evidence does; where several meet, one failure is enough.
    """
    if found.level == "session":
        place = {number: failed for (number, _), failed in found.is_failure.items()}
    else:
        batch = Batch.of(sessions)
        starts = np.searchsorted(batch.owner, np.arange(len(sessions) + 1))
        belongs = owning_turns(batch)
        place = {}
        for (number, turn), failed in found.is_failure.items():
            if turn < starts[number + 1] - starts[number]:
                row = int(belongs[starts[number] + turn])
                place[row] = place.get(row, False) or failed
    rows = sorted(place)
    return np.array(rows, dtype=np.int64), np.array([place[row] for row in rows], dtype=bool)


def simulated_report(n_sessions: int, signals: Sequence[Signal]) -> Iterator[str]:
    """Yield the sections on simulated traffic: against true failures, and each signal against what it is named for."""
    per_day = -(-n_sessions // N_DAYS)
    days = [FIRST_DAY + timedelta(days=n) for n in range(N_DAYS)]
    parts = [_simulated_day(day, per_day, signals) for day in days]
    scores = {name: np.concatenate([part.scores[name] for part in parts]) for name in parts[0].scores}
    is_failure = np.concatenate([part.is_failure for part in parts])
    locales = np.concatenate([part.locales for part in parts])
    occurs = [names for part in parts for names in part.occurs]
    yield f"## Simulation\n\n{len(occurs)} sessions over {N_DAYS} days, seed {SEED}.\n"
    for locale in sorted(set(locales)):
        here = locales == locale
        part_scores = {name: values[here] for name, values in scores.items()}
        yield section(f"True failures, locale {locale}", part_scores, is_failure[here])
        rows = []
        for signal in signals:
            has_it = np.array([signal.name in names for names in occurs], dtype=bool)[here]
            found = Verdict.of(signal.name, part_scores[signal.name], has_it)
            rows.append([signal.name, f"{int(has_it.sum())}/{len(has_it)}", *found.cells()])
        yield f"### Each signal against what it is named for, locale {locale}\n"
        yield table(["", "occurs", "AUC", "fired", "precision of fired", "recall of fired"], rows)


@dataclass(frozen=True)
class _Day:
    scores: Mapping[str, Scores]
    is_failure: Mask
    locales: npt.NDArray[np.str_]
    occurs: list[frozenset[str]]


def _simulated_day(day: date, n: int, signals: Sequence[Signal]) -> _Day:
    with tempfile.TemporaryDirectory(prefix="bench-signals-") as folder:
        sessions = read_labelled(write_traffic(Path(folder), [day], n, SEED)[0]).sessions
    numbers = [case_of_turns(turns) for turns in sessions["turns"]]
    is_known = np.array([number is not None for number in numbers], dtype=bool)
    scores = {name: values[is_known] for name, values in session_level(sessions, signals).items()}
    cases = [number for number in numbers if number is not None]
    is_failure = np.array([truth(case, SEED).is_failure for case in cases], dtype=bool)
    locales = np.array([slices["locale"] for slices in sessions["slices"]])[is_known]
    return _Day(scores, is_failure, locales, [frozenset(phenomena(case, SEED)) for case in cases])


def main() -> None:
    """Print the report that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="labelled files")
    parser.add_argument("--metric", nargs="*", default=[], help="report these alone (`outcome` is one)")
    parser.add_argument("--sessions", type=int, default=20_000, help="simulated sessions; 0 for none")
    arguments = parser.parse_args()
    signals = load_signals(PROJECT_ROOT / "catalog")
    if arguments.data:
        print(f"{RULES}\n", flush=True)
    for path in arguments.data:
        for text in labelled_report(read_labelled(path), signals, arguments.metric):
            print(text, flush=True)
    if arguments.sessions > 0:
        for text in simulated_report(arguments.sessions, signals):
            print(text, flush=True)


if __name__ == "__main__":
    main()
