"""Filling sparse cells by operators, each session from one named real one: rows of `synthetic_sessions`.

Deterministic: every choice is drawn by a hash of day, cell, operator and session. Not here: which cells and which real
sessions (`seeds.py`), the operators (`operators/`), a model that writes sessions (`by_model.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
from pydantic import ValidationError

from eval_pipeline.coverage.facts import dimensions_of
from eval_pipeline.coverage.policy import UNKNOWN, CoveragePolicy
from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.sessions import Session
from eval_pipeline.synthetic.operators.contract import Operator
from eval_pipeline.synthetic.rows import Maker, Row, Target, made_row, session_of, stored_turns, surface_of
from eval_pipeline.synthetic.seeds import nearest
from eval_pipeline.synthetic.validating import why_invalid
from eval_pipeline.versions import unit_hash

SessionsOf = Callable[[Sequence[str]], pd.DataFrame]
"""Ids of sessions in, their rows of `raw_sessions` out."""

Made = dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """What sessions are made from: `facts` of the real ones (see `facts.session_facts`), and their rows on demand."""

    day: date
    facts: pd.DataFrame
    sessions_of: SessionsOf
    evaluators: Sequence[Evaluator]
    policy: CoveragePolicy

    def seeds(self, target: Target, n: int) -> list[Row]:
        """Return the rows of the `n` sessions nearest to `target`, nearest first; one that is gone is left out."""
        ids = nearest(self.day, target, self.facts, n)
        rows: dict[Any, Row] = {row["session_id"]: row for row in self.sessions_of(ids).to_dict("records")}  # type: ignore[misc]
        return [rows[name] for name in ids if name in rows]

    def category_of(self, session_id: str) -> str:
        """Return the category of a real session."""
        return str(self.facts.loc[self.facts["session_id"] == session_id, "category"].iloc[0])


@dataclass
class Filling:
    """What a run has made so far, and how many it may still make."""

    n_left: int
    rows: list[Made] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def add(self, made: Made) -> None:
        """Take a session; what says the same as another one is left out, what says nothing at all is not."""
        is_new = made["content_hash"] not in self.told or not made["turns"]
        if is_new and self.n_left > 0:
            self.told.add(made["content_hash"])
            self.rows.append(made)
            self.n_left -= 1


def fill(targets: Sequence[Target], ground: Ground, operators: Sequence[Operator], filling: Filling) -> list[Target]:
    """Make sessions for `targets` into `filling`, and return the targets with what they still want, in order.

    One a cell and round, so that the budget reaches many cells before it fills any. Invalid ones are kept with their
    reason, spend the budget, and fill nothing.
    """
    attempts = {number: made_for(target, ground, operators) for number, target in enumerate(targets)}
    wanted = {number: target.n_wanted for number, target in enumerate(targets)}
    while attempts and filling.n_left > 0:
        for number in list(attempts):
            made = next((one for one in attempts[number] if one["content_hash"] not in filling.told), None)
            if made is None or filling.n_left == 0:
                del attempts[number]
                continue
            filling.add(made)
            wanted[number] -= made["is_valid"]
            if wanted[number] == 0:
                del attempts[number]
    return [
        Target(target.origin, target.grid, target.values, wanted[number])
        for number, target in enumerate(targets)
        if wanted[number] > 0
    ]


def made_for(target: Target, ground: Ground, operators: Sequence[Operator]) -> Iterator[Made]:
    """Yield sessions that operators make for `target` and that are in it, at most one a pair of session and operator.

    Where the grid has adversarial kinds, the operators of that kind alone are tried. A session that comes out in another
    cell is left aside.
    """
    kind = target.values.get("adversarial")
    fitting = [one for one in operators if kind is None or one.adversarial_kind == kind]
    fitting.sort(key=lambda one: (unit_hash(target.seed(ground.day, one.name)), one.name))
    if not fitting:
        return
    limits = ground.policy.synthetic
    seeds = ground.seeds(target, limits.seeds_per_cell)
    pairs = [(i, (i + shift) % len(fitting)) for shift in range(len(fitting)) for i in range(len(seeds))]
    for i, j in pairs[: limits.tries_per_cell]:
        made = _made_of(seeds[i], fitting[j], target, ground)
        if made is not None:
            yield made


def _made_of(row: Row, operator: Operator, target: Target, ground: Ground) -> Made | None:
    """Return what `operator` makes of a real session, None where it does not apply or another cell comes out."""
    try:
        session = session_of(row)
    except ValidationError:  # stored by a release whose sessions looked otherwise
        return None
    if not operator.applies(session):
        return None
    maker = Maker(operator.name, operator.version, f"operator:{operator.name}")
    return _told(session, row, operator, maker, target, ground)


def _told(session: Session, row: Row, operator: Operator, maker: Maker, target: Target, ground: Ground) -> Made | None:
    done = operator.apply(session, target.seed(ground.day, operator.name))
    turns = stored_turns(done.turns)
    # What an operator breaks is no longer what people, or the classifier, said of the real session.
    category = ground.category_of(str(row["session_id"])) if operator.keeps_outcome else UNKNOWN
    stands = (surface_of(target, row), turns, row["meta"], category, operator.adversarial_kind)
    dimensions = dimensions_of(*stands, ground.policy)
    if turns == stored_turns(session.turns) or not target.holds(dimensions):
        return None
    made = made_row(ground.day, target, maker, [row], turns, dimensions)
    made["note"] = done.note
    made["expectations"] = [one._asdict() for one in done.expectations]
    return judged(made, ground.evaluators)


def judged(made: Made, evaluators: Sequence[Evaluator]) -> Made:
    """Return `made` with whether it is valid, and why not."""
    why = why_invalid(made, evaluators)
    return {**made, "is_valid": why is None, "invalid_because": why}
