"""Filling sparse cells by operators: from which sessions, how many, and that it is the same every time."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pandas as pd
import pytest

from eval_pipeline.coverage.cells import coverage_cells
from eval_pipeline.coverage.facts import session_facts
from eval_pipeline.coverage.policy import DIMENSIONS, CoveragePolicy
from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.sessions import Turn
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.synthetic.covering import MADE_KINDS
from eval_pipeline.synthetic.making import Filling, Ground, fill
from eval_pipeline.synthetic.operators.registry import OPERATORS
from eval_pipeline.synthetic.rows import Target, made_frame, session_of, stored_turns
from eval_pipeline.synthetic.seeds import nearest, targets
from eval_pipeline.synthetic.validating import why_invalid
from tests.coverage.covered import DAY, GERMAN, frame, policy, session, turns

EVALUATORS = load_evaluators(PROJECT_ROOT / "catalog" / "evaluators.py")[:8]
SESSIONS = frame(
    *[session(f"e{n}", turns(tool="track")) for n in range(5)],
    session("g", turns(GERMAN)),
    session("s", origin="simulated"),
)
RULES = policy(grids=[["surface", "language"], ["surface", "adversarial"]], expected={"surface": ["mail"]})


def ground(rules: CoveragePolicy, sessions: pd.DataFrame = SESSIONS) -> Ground:
    facts = session_facts(sessions, {"e0": "loop"}, {}, rules)
    return Ground(DAY, facts, lambda ids: sessions[sessions["session_id"].isin(ids)], EVALUATORS, rules)


def filled(
    rules: CoveragePolicy = RULES, sessions: pd.DataFrame = SESSIONS, n: int = 60, operators: Any = OPERATORS
) -> tuple[pd.DataFrame, list[Target]]:
    base = ground(rules, sessions)
    nothing = pd.DataFrame(columns=["ground_origin", *DIMENSIONS])
    cells = coverage_cells(DAY, base.facts, set(), nothing, MADE_KINDS, rules)
    filling = Filling(n)
    left = fill(targets(DAY, cells, rules), base, operators, filling)
    return made_frame(filling.rows, "code-1"), left


@cache
def filled_once() -> tuple[pd.DataFrame, list[Target]]:
    """What the rules make of the sessions: the same for every test."""
    return filled()


def test_only_sparse_cells_are_filled_each_from_a_real_session_that_is_named() -> None:
    made, _ = filled_once()
    assert len(made) > 0 and made["is_valid"].all() and set(made["origin"]) == {"synthetic"}
    # Five English sessions on chat are enough for surface x language: nobody fills that cell.
    assert "surface=chat, language=en" not in set(made.loc[made["ground_origin"] == "production", "cell"])
    real = dict(zip(SESSIONS["session_id"], SESSIONS["origin"], strict=True))
    for row in made.to_dict("records"):
        assert [real[name] for name in row["seed_session_ids"]] == [row["ground_origin"]]
        assert row["cell"] == ", ".join(f"{name}={row['dimensions'][name]}" for name in row["grid"].split(" x "))
        assert row["expectations"] and row["operator_version"] and row["made_by"] == f"operator:{row['operator']}"


def test_a_cell_of_a_kind_is_filled_by_operators_of_that_kind_and_a_surface_by_moving_there() -> None:
    made, left = filled_once()
    kinds = {operator.name: operator.adversarial_kind for operator in OPERATORS}
    assert all(kinds[row["operator"]] == row["dimensions"]["adversarial"] for row in made.to_dict("records"))
    moved = made[made["cell"] == "surface=mail, language=de"]
    assert set(moved["surface"]) == {"mail"} and set(moved["seed_session_ids"].map(tuple)) == {("g",)}
    # Nothing that operators do makes a session without any oddity, or turns its language: these cells wait for a model.
    assert {"adversarial": "none", "surface": "mail"} in [dict(target.values) for target in left]


def test_the_budgets_of_a_run_and_of_a_cell_hold_and_many_cells_come_before_many_sessions() -> None:
    made, _ = filled(n=6)
    assert len(made) == 6 and made.groupby(["ground_origin", "cell"]).size().max() == 1
    more, _ = filled_once()
    assert more.groupby(["ground_origin", "cell"]).size().max() <= RULES.synthetic.sessions_per_cell
    assert filled(n=0)[0].empty


def test_the_same_day_makes_the_same_whatever_the_order_and_another_day_something_else() -> None:
    made, _ = filled_once()
    again, _ = filled(sessions=SESSIONS.iloc[::-1].reset_index(drop=True))
    pd.testing.assert_frame_equal(made, again)
    target = Target("production", ("surface", "language"), {"surface": "chat", "language": "de"}, 1)
    assert target.seed(DAY, "typos") != target.seed(DAY + timedelta(days=1), "typos")


def test_the_sessions_of_the_cell_come_first_then_the_nearest_and_other_origins_never() -> None:
    target = Target("production", ("tool", "language"), {"tool": "none", "language": "de"}, 1)
    names = nearest(DAY, target, ground(RULES).facts, 10)
    assert names[0] == "g" and set(names[1:]) == {f"e{n}" for n in range(5)}


def test_what_an_operator_breaks_fills_no_cell_of_a_category() -> None:
    made, _ = filled(policy(grids=[["surface", "category"]], least_sessions=20))
    kinds = {operator.name: operator for operator in OPERATORS}
    assert {"none", "loop"} <= {row["category"] for row in made["dimensions"]}
    # A session that went well and whose answer is emptied went well no longer.
    assert all(kinds[name].keeps_outcome for name in made["operator"]) and not kinds["empty_answer"].keeps_outcome


def test_what_is_no_session_is_kept_with_its_reason_and_fills_nothing() -> None:
    narrator: Turn = Turn.model_construct(role="narrator", content="Once.")  # type: ignore[arg-type]
    breaking = replace(
        next(operator for operator in OPERATORS if operator.name == "typos"),
        change=lambda session, place, draw: ([*session.turns, narrator], "A narrator."),
    )
    made, left = filled(policy(), operators=(breaking,))
    assert len(made) and not made["is_valid"].any() and made["invalid_because"].str.contains("role").all()
    assert left


def test_a_stored_session_comes_back_as_it_was() -> None:
    row = session("a", turns(tool="track"))
    assert stored_turns(session_of(row).turns) == turns(tool="track")


@pytest.mark.parametrize("said", [[], [{"role": "user", "content": 3}]])
def test_no_turn_or_a_strange_one_is_no_session(said: list[dict[str, Any]]) -> None:
    assert "no session" in str(why_invalid({"turns": said}, EVALUATORS))
