"""Measures error analysis: how soon a planted failure is proposed, and how often something is with nothing planted.

Run: `make bench-error-analysis`, or `python -m benchmarks.bench_error_analysis --seeds 10 --per-day 60 --share 0.03`. Each
seed has ten weeks of simulated traffic and three weekly runs: one before anything is planted, and the first and the second
after it; the planted day moves through the week, the mode through the three that there are. Prints Markdown; nothing is
written. Exit status 1 where a promise is broken. Not here: the traffic (`error_analysis_traffic.py`).
"""

import argparse
import datetime as dt
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.error_analysis_traffic import Traffic, traffic
from eval_pipeline.error_analysis.proposing import Kind, Known, proposed
from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.redaction.secret import redaction_secret
from eval_pipeline.settings import PROJECT_ROOT, Settings
from eval_pipeline.simulation.novel import MODES, Plant

FIRST_DAY = dt.date(2026, 3, 2)
RUNS = tuple(FIRST_DAY + dt.timedelta(days=n) for n in (55, 62, 69))
"""Sundays; nothing is planted by the first."""

FOUND_SHARE = 0.9
FALSE_PER_RUN = 0.1
MOSTLY = 0.5
"""A proposal finds the planted mode when more than this share of its examples are of it."""


@dataclass(frozen=True)
class Outcome:
    """What one seed came to. `found_in`: 1 or 2, the run that proposed the planted mode; None: neither.

    `n_planted`: planted sessions by then, or in all. `n_false`: proposals of the run before. `n_beside`: proposals of the
    other runs that are not of the planted mode.
    """

    seed: int
    plant: Plant
    found_in: int | None
    n_planted: int
    n_false: int
    n_beside: int
    terms: list[str]


def outcome(redactor: Redactor, seed: int, per_day: int, share: float) -> Outcome:
    """Return what the three weekly runs over the traffic of `seed` propose."""
    plant = Plant(list(MODES)[seed % len(MODES)], RUNS[0] + dt.timedelta(days=1 + seed % 7), share)
    days = [FIRST_DAY + dt.timedelta(days=n) for n in range(70)]
    made = traffic(redactor, days, per_day, seed, plant)
    known: list[Known] = []
    found_in, n_beside, terms, n_false = None, 0, [], 0
    for number, day in enumerate(RUNS):
        kinds = proposed(day, made.evidence(day), known)
        known += [Known(name, kind.fingerprint) for name, kind in kinds.items()]
        hits = [kind for kind in kinds.values() if _is_planted(kind, made)]
        n_false += len(kinds) if number == 0 else 0
        n_beside += len(kinds) - len(hits) if number else 0
        if hits and found_in is None:
            found_in, terms = number, hits[0].terms
    n_planted = sum(session in made.planted for session in made.sessions["session_id"])
    return Outcome(seed, plant, found_in, n_planted, n_false, n_beside, terms)


def _is_planted(kind: Kind, made: Traffic) -> bool:
    return sum(session in made.planted for session in kind.examples) > MOSTLY * len(kind.examples)


def row(one: Outcome) -> str:
    """Return what came of a seed, as a row of the table."""
    run = one.found_in or "neither"
    cells = (one.seed, one.plant.name, f"{one.plant.first_day:%a}", one.n_planted, run, one.n_beside, one.n_false)
    return f"| {' | '.join(map(str, cells))} | {', '.join(one.terms[:5])} |"


def are_kept(outcomes: Sequence[Outcome]) -> bool:
    """Print whether the promises are kept, and return that."""
    n = len(outcomes)
    n_found, n_false = sum(one.found_in is not None for one in outcomes), sum(one.n_false for one in outcomes)
    print(f"\nProposed in the first or second run: {n_found} of {n} seeds (promised: {FOUND_SHARE:.0%}).")
    print(f"Proposals with nothing planted: {n_false} in {n} runs (promised: at most {FALSE_PER_RUN:g} a run).")
    return n_found >= FOUND_SHARE * n and n_false <= FALSE_PER_RUN * n


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--per-day", type=int, default=60)
    parser.add_argument("--share", type=float, default=0.03)
    asked = parser.parse_args(arguments)
    start = time.process_time()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), catalog=PROJECT_ROOT / "catalog")
        redactor = Redactor.from_catalog(settings.catalog / "redaction.yaml", redaction_secret(settings))
        seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
        print("| seed | planted | from | sessions | proposed in run | other proposals | before it | words |")
        print("|---|---|---|---|---|---|---|---|")
        outcomes = []
        for seed in seeds:
            outcomes.append(outcome(redactor, seed, asked.per_day, asked.share))
            print(row(outcomes[-1]), flush=True)
    is_kept = are_kept(outcomes)
    print(f"{time.process_time() - start:.0f} s of CPU")
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
