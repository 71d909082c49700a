"""Why a session is in the queue, as a reviewer reads it once he has answered."""

import html
import re
from typing import Any

import pytest

from eval_pipeline.review.app.rendering import template
from eval_pipeline.review.design import BY_FLAG, BY_FLAG_AND_VERDICT, CONTESTED, REPORTED
from eval_pipeline.review.words.why_here import why_here
from eval_pipeline.tables import EvaluatorVerdicts, FlaggedSessions, JudgeVerdicts, SessionSignals
from resources.warehouse import PostgresWarehouse
from tests.review.words.told_sessions import HOSTILE, SESSION, store

REPORT = "explicit_report"


def test_a_report_is_told_in_the_users_words(warehouse: PostgresWarehouse) -> None:
    store(warehouse, SessionSignals, signal=REPORT, reason="thumb down", quote="still wrong", turn_index=6)
    _queue(warehouse, stratum=REPORTED, reasons=[REPORT])
    assert _read(warehouse).startswith(
        "The user reported it: thumb down, “still wrong”. Every such session of that day is read."
    )


def test_a_control_says_what_it_is_drawn_for(warehouse: PostgresWarehouse) -> None:
    _queue(warehouse, arm="control", stratum="quiet", inclusion_probability=0.05)
    assert _read(warehouse) == (
        "Drawn at random from the sessions nothing points at, so that misses can be counted. "
        "Its chance to be drawn was 5 %, so it stands for about 20 such sessions."
    )


def test_reasons_stand_in_the_order_of_the_queue_with_what_they_found(warehouse: PostgresWarehouse) -> None:
    store(warehouse, SessionSignals, signal="refusal", reason="the assistant declines", quote="I cannot", turn_index=4)
    found = {"explanation": "The call at turn 2 fails; found: boom", "found": "boom", "turn_index": 2}
    store(warehouse, EvaluatorVerdicts, evaluator="loop", verdict="fail", **found)
    store(warehouse, JudgeVerdicts, judge="tone", verdict="fail", critique="It is rude.")
    _queue(warehouse, stratum="both", reasons=["refusal", "evaluator:loop", "judge:tone"], is_double_review=True)

    assert _read(warehouse) == (
        "Drawn from the sessions that a signal points at and a verdict fails. Every such session of that day is read. "
        "Two people read it, each for himself. refusal at turn 4 : the assistant declines I cannot "
        "loop at turn 2 : The call at turn 2 fails boom tone : It is rude."
    )


def test_the_turns_behind_it_are_marked_whether_they_brought_it_here_or_not(warehouse: PostgresWarehouse) -> None:
    store(warehouse, SessionSignals, signal="refusal", reason="the assistant declines", quote="I cannot", turn_index=4)
    store(warehouse, SessionSignals, signal="handover", outcome="quiet", strength=0.0, turn_index=5)
    store(warehouse, EvaluatorVerdicts, evaluator="language", target="turn:4", verdict="fail", turn_index=4)
    store(warehouse, EvaluatorVerdicts, evaluator="language", target="turn:6", verdict="pass", turn_index=6)

    assert why_here(warehouse, SESSION).marks == {
        4: [
            {"label": "language", "quote": None},
            {"label": "refusal: the assistant declines", "quote": "I cannot"},
        ]
    }


def test_a_reason_that_no_longer_holds_says_so(warehouse: PostgresWarehouse) -> None:
    store(warehouse, SessionSignals, signal="refusal", outcome="quiet", strength=0.0)
    _queue(warehouse, stratum="flag_only", reasons=["refusal"])
    assert "refusal : pointed at it when it was drawn, and no longer does" in _read(warehouse)


def test_who_opened_it_himself_is_told_so(warehouse: PostgresWarehouse) -> None:
    assert _read(warehouse) == "It is not in the queue: you opened it yourself."


@pytest.mark.parametrize("stratum", sorted({*BY_FLAG, *BY_FLAG_AND_VERDICT, REPORTED, CONTESTED}))
def test_every_stratum_of_the_design_is_told_apart(warehouse: PostgresWarehouse, stratum: str) -> None:
    _queue(warehouse, stratum="another", arm="error_analysis", session_id="other")
    _queue(warehouse, stratum=stratum, arm="flagged")
    assert _read(warehouse) != _read(warehouse, "other")
    assert stratum not in _read(warehouse)


def test_no_stored_text_becomes_markup(warehouse: PostgresWarehouse) -> None:
    store(warehouse, SessionSignals, signal=HOSTILE, reason=HOSTILE, quote=HOSTILE, turn_index=1)
    store(warehouse, SessionSignals, signal=REPORT, reason=HOSTILE, quote=HOSTILE)
    _queue(warehouse, stratum=REPORTED, reasons=[HOSTILE, REPORT, f"judge:{HOSTILE}"])
    page = _page(warehouse)
    assert "<script" not in page
    assert "<img" not in page
    assert html.unescape(page).count(HOSTILE) == 8


def _queue(warehouse: PostgresWarehouse, **values: Any) -> None:
    store(warehouse, FlaggedSessions, **{"arm": "flagged", **values})


def _page(warehouse: PostgresWarehouse, session_id: str = SESSION) -> str:
    macro = template("why_here.html").make_module().why_here  # type: ignore[attr-defined]
    return str(macro(why_here(warehouse, session_id)))


def _read(warehouse: PostgresWarehouse, session_id: str = SESSION) -> str:
    """Return what a person reads."""
    text = html.unescape(re.sub(r"<[^>]*>", " ", _page(warehouse, session_id)))
    return " ".join(text.split())
