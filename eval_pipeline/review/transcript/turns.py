"""Turns in windows that tile a transcript: each turn stands in one window alone.

A window of size n holds turns kn to (k+1)n; tool results at its start belong to the window before, with their calls.
Not here: reading turns from the database (`stored.py`), what a turn looks like (`views.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval_pipeline.review.transcript.views import Turn, TurnView, Views

WHOLE = 200
"""Turns of the longest session that is shown whole."""

SIZE = 100
"""Turns of a window of a longer one."""

OVERHANG = 50
"""Tool results at most that the end of a window takes in from the next."""


@dataclass(frozen=True)
class Window:
    """Turns `first` to `end` (exclusive) of `n_total`; `turns` leaves out results that stand in their call."""

    session_id: str
    first: int
    end: int
    n_total: int
    turns: tuple[TurnView, ...]


def window(
    turns: Sequence[Turn],
    first: int = 0,
    size: int | None = None,
    session_id: str = "",
    offset: int = 0,
    n_total: int | None = None,
) -> Window:
    """Return the window that holds turn `first`.

    `turns`: the turns from index `offset` on, all of them by default; a part must be as `part_for` says. `n_total`: how many there are in all. `size`: turns of a window; None: the whole when there are
    `WHOLE` at most, else `SIZE`.
    """
    total = offset + len(turns) if n_total is None else n_total
    size = size or size_of(total)
    roles = {index: str(turn.get("role")) for index, turn in enumerate(turns, start=offset)}
    first = max(0, min(first, total - 1))
    start = first // size * size
    while _beyond_results(start, roles, total) > first:
        start -= size
    end = _beyond_results(min(start + size, total), roles, total)
    start = _beyond_results(start, roles, total)
    return Window(session_id, start, end, total, tuple(Views(turns, offset, start, end, total).shown()))


def part_for(index: int, n_total: int) -> tuple[int, int]:
    """Return first and end of the turns that are needed to make the window of turn `index`.

    They begin a window before, as its last results may stand where this one would begin.
    """
    size = size_of(n_total)
    start = max(0, min(index, n_total - 1)) // size * size
    return max(0, start - size - 1), min(start + size + OVERHANG, n_total)


def size_of(n_total: int) -> int:
    """Return how many turns a window of a session has."""
    return max(n_total, 1) if n_total <= WHOLE else SIZE


def _beyond_results(index: int, roles: Mapping[int, str], n_total: int) -> int:
    """Return the first turn from `index` on that is no tool result; `index` itself when there is none within `OVERHANG`."""
    if index <= 0:
        return 0
    beyond = index
    while beyond < n_total and beyond < index + OVERHANG and roles.get(beyond) == "tool":
        beyond += 1
    return index if beyond == index + OVERHANG else beyond
