"""Whether the statistics are right: coverage of every interval that is printed, false promotion, figures found again, speed,
and trends: false alerts of flat series, and how soon one that gets worse is found.

Every interval is simulated in the setting in which it is printed, against a truth that is known, and must cover it in .93 of the
replicates at least; labels that are drawn with unequal probability are drawn by the review queue's own code. The gate must
promote none of 20 candidates 2 points under a floor, but for one in twenty authors. Positive is a FAILURE. Prints tables with
Monte Carlo errors and exits with 1 where a promise is broken. Run: `make bench-statistics`.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.statistics.attribution import attribution
from benchmarks.statistics.compared import compared_coverage
from benchmarks.statistics.corrected import corrected_coverage
from benchmarks.statistics.counted import CHEAP, counted_coverage
from benchmarks.statistics.direction import direction
from benchmarks.statistics.drawn import SETTINGS, SHORT_SETTINGS, drawn_coverage, drawn_of
from benchmarks.statistics.drawn_promotion import drawn_promotion
from benchmarks.statistics.figures import Figure, figures
from benchmarks.statistics.findings import Finding
from benchmarks.statistics.promotion import SIZES, policy, promotion, stability
from benchmarks.statistics.speed import GROUPS, MOST_SECONDS, PAIRS, Speed, speed

SEED = 20_260_301
REPLICATES, SHORT = 500, 20

AUTHORS = 10
"""Authors with 20 candidates each per replicate of the rest: what they may cause is rare."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class Results:
    """All that was found."""

    coverages: Sequence[Finding]
    promotions: Sequence[Finding]
    figures: Sequence[Figure]
    speed: Speed
    trends: Sequence[Finding] = ()

    def broken(self, slack: float) -> list[str]:
        """Return in words which promises are broken, `slack` Monte Carlo errors allowed."""
        shares = [*self.coverages, *self.promotions, *self.trends]
        return [
            *(f"{found.what}, {found.regime}: {found.value:.3f}" for found in shares if not found.is_kept(slack)),
            *(f"{figure.what}: {figure.ours:.3f}" for figure in self.figures if not figure.is_kept),
            *([] if self.speed.is_kept else [f"{self.speed.pairs:,} pairs took {self.speed.ours:.1f} s"]),
        ]


def measure(replicates: int, is_short: bool, seed: int = SEED) -> Results:
    """Return what `replicates` replicates of everything find. `is_short`: less traffic, and fewer pairs on the clock."""
    streams = iter(np.random.default_rng(seed).spawn(len(SETTINGS)))
    drawn = [drawn_of(setting, replicates, next(streams)) for setting in (SHORT_SETTINGS if is_short else SETTINGS)]
    streams = iter(np.random.default_rng(seed + 1).spawn(7))
    coverages = [
        *counted_coverage(replicates, next(streams)),
        *compared_coverage(replicates, next(streams)),
        *(finding for each in drawn for finding in drawn_coverage(each)),
        *corrected_coverage(max(10, replicates // 5), np.random.default_rng(seed + 4), is_short),
    ]
    promotions = [
        *promotion(AUTHORS * replicates, next(streams), SIZES[:1] if is_short else SIZES),
        *stability(AUTHORS * replicates, next(streams)),
        *drawn_promotion(drawn[0].held_out, drawn[0].setting.product, policy(), next(streams)),
    ]
    again = list(figures(coverages, CHEAP * replicates, next(streams)))
    trends = [
        *direction(replicates, np.random.default_rng(seed + 2), is_short),
        *attribution(np.random.default_rng(seed + 3), is_short),
    ]
    return Results(coverages, promotions, again, speed(PAIRS // 10 if is_short else PAIRS, next(streams)), trends)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status: 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--replicates", type=int, help=f"of each simulation; {REPLICATES} by default, {SHORT} with --short"
    )
    parser.add_argument(
        "--short", action="store_true", help="small, to see that it runs; three Monte Carlo errors are allowed"
    )
    asked = parser.parse_args(arguments)
    replicates = asked.replicates or (SHORT if asked.short else REPLICATES)
    start = time.perf_counter()
    found = measure(replicates, asked.short)
    console = Console(width=150)
    print_all(console, found)
    broken = found.broken(slack=3.0 if asked.short else 0.0)
    console.print(f"\n{replicates} replicates, {time.perf_counter() - start:.0f} s.")
    console.print("Every promise is kept." if not broken else "Broken: " + "; ".join(broken), style=None)
    return 1 if broken else 0


def print_all(console: Console, found: Results) -> None:
    """Print the tables."""
    console.print(coverage_table(found.coverages))
    console.print(promotion_table(found.promotions))
    console.print(figures_table(found.figures))
    console.print(trends_table(found.trends))
    was = found.speed
    console.print(
        f"Speed: {was.pairs:,} pairs in {GROUPS} groups: clustered rates {was.rates:.2f} s, shrunk rates {was.shrunk:.2f} s, "
        f"promised under {MOST_SECONDS:.0f} s; a plain groupby by pandas of the same frame {was.groupby:.2f} s, "
        f"ratio {was.ours / was.groupby:.1f}"
    )


def coverage_table(findings: Iterable[Finding]) -> Table:
    """Return the table of intervals."""
    columns = ["interval", "regime", "replicates", "coverage", "MC error", "width", "printed", ""]
    return _table(
        "Coverage of 95 % intervals, .93 at least",
        columns,
        findings,
        lambda f: [
            f.what, f.regime, f"{f.n:,}", f"{f.value:.3f}", f"{f.error:.3f}",
            "" if f.width is None else f"{f.width:.3f}", f"{f.printed:.2f}", "" if f.is_kept() else "broken",
        ],
    )  # fmt: skip


def promotion_table(findings: Iterable[Finding]) -> Table:
    """Return the table of promotions."""
    columns = ["promoted", "held-out set", "replicates", "share", "MC error", "at most", ""]
    return _table(
        "Promotions by the gate as it is shipped",
        columns,
        findings,
        lambda f: [
            f.what, f.regime, f"{f.n:,}", f"{f.value:.4f}", f"{f.error:.4f}",
            "" if f.at_most is None else f"{f.at_most:.2f}", "" if f.is_kept() else "broken",
        ],
    )  # fmt: skip


def trends_table(findings: Iterable[Finding]) -> Table:
    """Return the table of trends: false alerts of flat series, and days until a change is found."""
    columns = ["found", "series", "replicates", "value", "MC error", "at least", "at most", ""]
    return _table(
        "Trends by the policy as it is shipped: rates are means, days are medians",
        columns,
        findings,
        lambda f: [
            f.what, f.regime, f"{f.n:,}", f"{f.value:.3f}", f"{f.error:.3f}",
            *("" if bound is None else f"{bound:g}" for bound in (f.at_least, f.at_most)), "" if f.is_kept() else "broken",
        ],
    )  # fmt: skip


def figures_table(found: Iterable[Figure]) -> Table:
    """Return the table of figures found again."""
    columns = ["figure of STATISTICS.md", "theirs", "ours", "difference", "allowed", ""]
    return _table(
        "Figures found again",
        columns,
        found,
        lambda f: [
            f.what, f"{f.theirs:.3f}", f"{f.ours:.3f}", f"{f.ours - f.theirs:+.3f}", f"{f.tolerance:.3f}",
            "" if f.is_kept else "differs",
        ],
    )  # fmt: skip


def _table(title: str, columns: Sequence[str], rows: Iterable[Row], cells: Callable[[Row], list[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < 2 and column != "theirs" else "right", overflow="fold")
    for row in rows:
        table.add_row(*cells(row))
    return table


if __name__ == "__main__":
    sys.exit(main())
