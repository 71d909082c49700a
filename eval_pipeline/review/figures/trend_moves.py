"""What moved, in all cells of an origin at once: a row a subject, and where it moved; so that nobody has to look cell by cell.

Not here: the charts of one cell (`trend_reading.py`), how a move is found (`eval_pipeline/trends/`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records
from eval_pipeline.trends.cells import ALL

_MEASURED = """
    select as_of_day, count(*) as n_series, count(*) filter (where direction = 'not_enough_data') as n_too_little
    from evals.trend_directions
    where origin = %(origin)s and as_of_day = (select max(as_of_day) from evals.trend_directions where origin = %(origin)s)
    group by as_of_day"""

# The whole before its parts, then the furthest first.
_MOVED = """
    select m.subject_kind, m.subject, m.model_version, m.surface, m.slice, m.level, m.direction, m.change, m.onset_day,
           m.component, m.from_version, m.to_version, d.baseline_rate,
           case m.window_days when 7 then d.rate_7 else d.rate_28 end as rate, m.window_days
    from evals.open_alerts m join evals.trend_directions d
        using (as_of_day, subject_kind, subject, model_version, surface, slice, origin)
    where m.origin = %(origin)s
    order by m.level, m.direction desc, (m.model_version, m.surface, m.slice) = ('all', 'all', 'all') desc,
             abs(m.change) desc, m.subject_kind, m.subject, m.model_version, m.surface, m.slice"""


@dataclass(frozen=True)
class Place:
    """A cell in which a subject moved."""

    model: str
    surface: str
    slice: str

    @property
    def words(self) -> str:
        """The parts of the cell that are not `all`."""
        return ", ".join(part for part in (self.surface, self.model, self.slice) if part != ALL) or "everywhere"


@dataclass(frozen=True)
class Move:
    """A subject that moved one way: the figures of its most concerning cell, the first of `places`, and the others."""

    kind: str
    name: str
    figures: Mapping[str, Any]
    places: tuple[Place, ...]

    @property
    def cause(self) -> str | None:
        """The change of version that splits the cell's sessions best; None where none points the same way."""
        row = self.figures
        if row["component"] is None:
            return None
        return f"{row['component']} {row['from_version'] or '(none)'} -> {row['to_version']}"


@dataclass(frozen=True)
class Moves:
    """All that stood at alert or watch on the newest day that was measured; of how many series, how many with too little data."""

    as_of_day: date
    n_series: int
    n_too_little: int
    moves: tuple[Move, ...]


def moves(warehouse: Warehouse, origin: str) -> Moves | None:
    """Return what moved, alerts before watches, worse before better; None where no direction was ever worked out."""
    measured = next(iter(records(warehouse, _MEASURED, origin=origin)), None)
    if measured is None:
        return None
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in records(warehouse, _MOVED, origin=origin):
        found.setdefault((row["subject_kind"], row["subject"], row["direction"]), []).append(row)
    return Moves(
        **measured,
        moves=tuple(
            Move(kind, name, rows[0], tuple(Place(row["model_version"], row["surface"], row["slice"]) for row in rows))
            for (kind, name, _), rows in found.items()
        ),
    )
