"""Simulated people who review the queue's simulated sessions, blind, with known error rates.

They are shown no machine's words, so they confirm and override none.
Not here: a session's truth (`truth.py`), what labels come of the reviews (`review/labels.py`).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from eval_pipeline.simulation.cases import case_of_turns
from eval_pipeline.simulation.draws import Draws
from eval_pipeline.simulation.novel import MODES
from eval_pipeline.simulation.truth import ANSWER_TURN, MODE_SHARES, TONE, Truth, answers_for, truth
from eval_pipeline.tables import Reviews
from eval_pipeline.versions import content_hash, unit_hash


@dataclass(frozen=True)
class Reviewer:
    """One simulated person and how often he errs.

    `miss_rate`: share of failed sessions that he passes, with every question of theirs. `false_alarm_rate`: share of
    good sessions that he fails, as a failure of some category. `category_error_rate`: share of the failures he finds
    whose category he gets wrong. A question's miss rate is the session's; its false alarm rate is at most that, as a
    false alarm concerns only the questions that its category fails. Tone has nothing to do with categories: he errs
    about it at the same two rates, apart from all else.
    """

    name: str
    miss_rate: float
    false_alarm_rate: float
    category_error_rate: float


REVIEWERS = (
    Reviewer("sim-ada", miss_rate=0.05, false_alarm_rate=0.02, category_error_rate=0.08),
    Reviewer("sim-bruno", miss_rate=0.08, false_alarm_rate=0.03, category_error_rate=0.10),
    Reviewer("sim-chiara", miss_rate=0.12, false_alarm_rate=0.04, category_error_rate=0.15),
)
"""The reviewers, whose error rates are the known truth about them. Two of them make a double review."""

NOTES = {
    "wrong_answer": "Answers something the customer never asked.",
    "incomplete_answer": "Only half of the request is dealt with.",
    "tool_error_ignored": "The tool failed and the bot said it was done.",
    "refusal": "No reason to turn this down.",
    "truncated": "Answer is cut off.",
    "loop": "Keeps looking up the same thing.",
}


@dataclass(frozen=True)
class _Opinion:
    is_failure: bool
    category: str | None
    answers: dict[str, str]
    first_bad_turn: int | None


def simulate_reviews(
    queue: pd.DataFrame,
    sessions: pd.DataFrame,
    judges: Sequence[str],
    seed: int,
    taxonomy_version: str,
    redaction_version: str,
    reviewers: Sequence[Reviewer] = REVIEWERS,
) -> pd.DataFrame:
    """Return the reviews (rows of `tables.Reviews`, by session and reviewer) of the simulated sessions in `queue`.

    `queue`: rows of `tables.FlaggedSessions`. `sessions`: rows of `tables.RawSessions`, of which `session_id` and
    `turns` are read. `judges`: names of the judges whose questions are answered; a question that the simulation knows
    no truth of is left out. `seed`: the one of the traffic. `reviewers`: two or more. Queue rows of another origin, without a session, or whose
    session shows no case number get no review. The same row gets the same review in whatever order and company.
    """
    turns_of = dict(zip(sessions["session_id"], sessions["turns"], strict=True))
    targets = {"session", *(f"judge:{name}" for name in judges)}
    rows = []
    for item in queue[queue["origin"] == "simulated"].to_dict("records"):
        case = case_of_turns(turns_of.get(item["session_id"], ()))
        if case is None:
            continue
        for reviewer in _assigned(item, seed, reviewers):
            draws = Draws("review", str(seed), item["session_id"], reviewer.name)
            known = truth(case, seed)
            opinion = _opinion(reviewer, known, draws)
            given = {**opinion.answers, TONE: _tone(reviewer, known, item["session_id"], seed)}
            answers = {target: word for target, word in given.items() if target in targets}
            versions = {"taxonomy_version": taxonomy_version, "redaction_version": redaction_version}
            rows.append({**_review(item, reviewer, opinion, known, draws), "answers": answers, **versions})
    rows.sort(key=lambda row: (row["session_id"], row["reviewer"]))
    return Reviews.validate(pd.DataFrame(rows, columns=list(Reviews.to_schema().columns)))


def _assigned(item: dict[Any, Any], seed: int, reviewers: Sequence[Reviewer]) -> list[Reviewer]:
    """Return who reviews a queue row: one, or two different ones for a double review."""
    order = sorted(reviewers, key=lambda r: unit_hash("assigned", str(seed), item["session_id"], r.name))
    return order[: 2 if item["is_double_review"] else 1]


def _opinion(reviewer: Reviewer, known: Truth, draws: Draws) -> _Opinion:
    """Return what the reviewer thinks of a session: the truth, or his error about it."""
    is_wrong = draws.chance(reviewer.miss_rate if known.is_failure else reviewer.false_alarm_rate)
    if not known.is_failure:
        if not is_wrong:
            return _Opinion(False, None, known.answers, None)
        suspected = draws.weighted(MODE_SHARES)
        return _Opinion(True, suspected, answers_for(suspected), ANSWER_TURN)
    if is_wrong:
        return _Opinion(False, None, answers_for(None), None)
    if known.planted is not None:
        return _Opinion(True, None, known.answers, known.first_bad_turn)
    others = [category for category in MODE_SHARES if category != known.category]
    category = draws.pick(others) if draws.chance(reviewer.category_error_rate) else known.category
    return _Opinion(True, category, known.answers, known.first_bad_turn)


def _tone(reviewer: Reviewer, known: Truth, session_id: str, seed: int) -> str:
    """Return what the reviewer thinks of the assistant's tone."""
    is_fail = known.answers[TONE] == "fail"
    error_rate = reviewer.miss_rate if is_fail else reviewer.false_alarm_rate
    is_wrong = Draws("review of tone", str(seed), session_id, reviewer.name).chance(error_rate)
    return "fail" if is_fail != is_wrong else "pass"


def _review(item: dict[Any, Any], reviewer: Reviewer, opinion: _Opinion, known: Truth, draws: Draws) -> dict[str, Any]:
    return {
        "review_id": content_hash([item["session_id"], reviewer.name, item["design_id"]]),
        "session_id": item["session_id"],
        "session_day": item["session_day"],
        "reviewer": reviewer.name,
        "source": "simulation",
        "first_bad_turn": opinion.first_bad_turn,
        "category": opinion.category,
        "note": _note(opinion, known, draws),
        "is_blind": True,
        "arm": item["arm"],
        "inclusion_probability": item["inclusion_probability"],
        "design_id": item["design_id"],
        "seconds": round(draws.between(35, 150) if opinion.is_failure else draws.between(20, 90), 1),
        "submitted_at": _submitted_at(item["session_day"], draws),
        "stage": "blind",
        "is_repeat": False,
        "revision": None,
        "machine_words": {},
    }


def _note(opinion: _Opinion, known: Truth, draws: Draws) -> str | None:
    """Return an open note: always where no category fits, in the reviewer's own words; else now and then."""
    if opinion.category is None:
        return draws.pick(MODES[known.planted].notes) if opinion.is_failure and known.planted else None
    return NOTES[opinion.category] if draws.chance(0.6) else None


def _submitted_at(day: dt.date, draws: Draws) -> dt.datetime:
    """Return a moment of the day after `day`, between 9 and 17 o'clock UTC."""
    opening = dt.datetime.combine(day, dt.time(9), dt.UTC) + dt.timedelta(days=1)
    return opening + dt.timedelta(seconds=draws.below(8 * 3600))
