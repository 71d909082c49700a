"""The stored queue is a sample that anyone can check: who was drawn, with which chance, and what it estimates.

The draw is repeated here with nothing but the standard library, from what stands in `flagged_sessions`.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from eval_pipeline.review.design import Design
from eval_pipeline.review.queue import draw_queue
from eval_pipeline.tables import FlaggedSessions
from resources.warehouse import PostgresWarehouse
from tests.fakes import empty_frame

DAY = date(2025, 3, 4)
MORNING = datetime(2025, 3, 5, 2, tzinfo=UTC)
KINDS = ["quiet", "verdict_only", "flag_only", "both", "explicit_report"]
FIRED = {"flag_only": "tool_error", "both": "tool_error", "explicit_report": "explicit_report"}
SHARES = {"quiet": 0.30, "verdict_only": 0.30, "flag_only": 0.15, "both": 0.25}


def drawn_from(
    sessions: Mapping[str, str],
    design: Design,
    existing: pd.DataFrame | None = None,
    drawn_at: datetime = MORNING,
    day: date = DAY,
) -> pd.DataFrame:
    """The rows that a draw adds for sessions `{id: kind}`; the surface stands before the `/` of an id."""
    frame = pd.DataFrame({"session_id": list(sessions), "origin": "production", "is_closed": True})
    frame["surface"] = frame["session_id"].str.split("/").str[0]
    fired = [(i, FIRED[kind], "fired", 0.5) for i, kind in sessions.items() if kind in FIRED]
    signals = pd.DataFrame(fired, columns=["session_id", "signal", "outcome", "strength"])
    failing = {i: ["judge:relevance"] for i, kind in sessions.items() if kind in ("verdict_only", "both")}
    before = empty_frame(FlaggedSessions) if existing is None else existing
    counting = {"tool_error", "explicit_report"}
    return draw_queue(day, frame, signals, before, design, counting, failing, drawn_at).queue


def hash_of(session_id: str, design_id: str) -> float:
    """The published rule: the first 64 bits of SHA-256 over session and design, as a number in [0, 1)."""
    digest = hashlib.sha256(f"{session_id}\x1f{design_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def test_membership_follows_from_session_and_design_alone(warehouse: PostgresWarehouse) -> None:
    sessions = {f"{surface}/{kind}{i}": kind for surface in ("chat", "bot") for kind in KINDS for i in range(80)}
    warehouse.append(FlaggedSessions, drawn_from(sessions, Design()))
    stored = warehouse.read(FlaggedSessions)
    for (surface, stratum), rows in stored.groupby(["surface", "stratum"]):
        [design_id] = set(rows["design_id"])
        [probability] = set(rows["inclusion_probability"])
        members = [i for i, kind in sessions.items() if i.startswith(f"{surface}/") and kind == stratum]
        taken = sorted(members, key=lambda i: hash_of(i, design_id))[: round(probability * len(members))]
        assert set(rows["session_id"]) == set(taken), (surface, stratum)
    assert len(stored) == 2 * (9 + 9 + 5 + 8 + 20)


def test_every_stored_row_carries_how_it_was_drawn(warehouse: PostgresWarehouse) -> None:
    warehouse.append(FlaggedSessions, drawn_from({f"chat/{kind}": kind for kind in KINDS}, Design()))
    stored = warehouse.read(FlaggedSessions)
    assert set(stored["stratum"]) == set(KINDS)
    assert (stored[["design_id", "stratum"]].map(len) > 0).all().all()
    assert stored["inclusion_probability"].between(0, 1, inclusive="right").all()
    assert (stored["drawn_at"] == MORNING).all()
    assert stored.loc[stored["stratum"] != "quiet", "reasons"].map(len).all()


def test_every_budget_the_seed_and_nothing_else_names_the_design() -> None:
    plans = [
        {},
        {"seed": "2"},
        {"default": {"sessions_per_day": 31}},
        {"default": {"report_cap": 21}},
        {"default": {"double_review_share": 0.2}},
        {"default": {"shares": {**SHARES, "quiet": 0.25, "both": 0.30}}},
        {"surfaces": {"chat": {"sessions_per_day": 60}}},
    ]
    ids = [Design.model_validate(plan).design_id for plan in plans]
    assert len(set(ids)) == len(plans)
    assert Design.model_validate({"default": {"shares": SHARES}, "surfaces": {}}).design_id == ids[0]


def test_reports_are_whole_up_to_the_cap_and_a_sample_above_it() -> None:
    design = Design.model_validate({"default": {"report_cap": 6}})
    whole = drawn_from({f"chat/{i}": "explicit_report" for i in range(6)}, design)
    assert len(whole) == 6 and set(whole["inclusion_probability"]) == {1.0}
    sampled = drawn_from({f"chat/{i}": "explicit_report" for i in range(15)}, design)
    assert len(sampled) == 6 and set(sampled["inclusion_probability"]) == {6 / 15}
    assert set(sampled["stratum"]) == {"explicit_report"}


@pytest.mark.slow
def test_estimates_over_many_days_with_late_sessions_are_unbiased() -> None:
    # Late sessions fail more often than early ones, and flagged more often than quiet: a wrong weight would show.
    rng = np.random.default_rng(7)
    chance = {"quiet": 0.05, "verdict_only": 0.4, "flag_only": 0.2, "both": 0.8, "explicit_report": 0.9}
    design = Design.model_validate({"default": {"sessions_per_day": 16, "report_cap": 3}})
    errors, unweighted = [], []
    for n in range(60):
        day, queue = DAY + timedelta(days=n), empty_frame(FlaggedSessions)
        seen: dict[str, str] = {}
        failed: dict[str, bool] = {}
        for run, size in enumerate((60, 25, 10)):
            late = {
                f"chat/{day}-{run}-{i}": str(rng.choice(KINDS, p=[0.6, 0.12, 0.12, 0.08, 0.08])) for i in range(size)
            }
            seen |= late
            failed |= {i: bool(rng.random() < min(1.0, chance[kind] * (1 + run / 3))) for i, kind in late.items()}
            new = drawn_from(seen, design, queue, MORNING + timedelta(days=n, hours=run), day)
            queue = pd.concat([frame for frame in (queue, new) if len(frame)], ignore_index=True)
        y = queue["session_id"].map(failed).to_numpy(dtype=float)
        total = sum(failed.values())
        errors.append((y / queue["inclusion_probability"]).sum() - total)
        unweighted.append(y.mean() * len(seen) - total)
    standard_error = np.std(errors, ddof=1) / np.sqrt(len(errors))
    assert abs(np.mean(errors)) < 4 * standard_error
    assert np.mean(unweighted) > 4 * standard_error, "the queue over-samples failures, or the test proves nothing"
