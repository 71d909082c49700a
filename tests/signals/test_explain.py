"""What the signals say of one stored session: all evidence, in the order of the turns, and how it differs from the tables."""

import pandas as pd
import pytest

from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.signals.explain import Explanation, explain
from eval_pipeline.tables import RawSessions, SessionSignals
from resources.warehouse import PostgresWarehouse
from tests.signals.conversations import SIGNALS, talk
from tests.stored_sessions import DAY, store_queue, store_sessions, store_signals

FAILING = talk(
    "user: Cancel my order 17",
    "assistant: I cannot help with that.",
    "user: THIS IS USELESS!!! I already told you, cancel it",
    "assistant: Sure, what is the weather like?",
    "user: hello",
    "assistant: Hello.",
    "user: a",
    "assistant: b",
    "user: you are useless, get me a human",
)
FINE = talk("user: What are your opening hours?", "assistant: We open at nine every day.", "user: Thanks, bye!")


def explained(warehouse: PostgresWarehouse, session_id: str = "bad") -> Explanation:
    return explain(session_id, list(SIGNALS.values()), warehouse)


def test_all_evidence_is_shown_by_turn_with_the_transcript_around_it(warehouse: PostgresWarehouse) -> None:
    store_signals(warehouse, store_sessions(warehouse, {"bad": FAILING, "fine": FINE}))
    found = explained(warehouse)
    evidence = found.evidence
    outcomes = found.outcomes.set_index("signal")["outcome"]
    assert set(evidence["signal"]) == set(outcomes.index[outcomes == "fired"])
    assert (evidence["signal"] == "frustration").sum() > 1, "every piece, not the strongest alone"
    assert evidence["turn"].dropna().is_monotonic_increasing
    for row in evidence.dropna(subset=["turn", "quote"]).itertuples():
        assert str(row.quote).strip("…") in FAILING[row.turn]["content"]
    marked = found.excerpt.loc[found.excerpt[""] == ">", "turn"]
    assert set(marked) == set(evidence["turn"].dropna())
    assert found.excerpt["turn"].is_monotonic_increasing and found.excerpt["turn"].is_unique
    assert set(outcomes.index) == set(SIGNALS) and found.stale == []


def test_a_quiet_session_has_no_evidence_and_says_what_does_not_apply(warehouse: PostgresWarehouse) -> None:
    store_sessions(warehouse, {"fine": FINE, "tools": talk("tool: ok")})
    found = explained(warehouse, "fine")
    assert found.evidence.empty and found.excerpt.empty and "score 0.00" in found.headline
    silent = explained(warehouse, "tools").outcomes.set_index("signal")
    assert silent.loc["rephrasing", "outcome"] == "not_applicable" and silent.loc["rephrasing", "why"]


def test_the_place_in_the_queue_is_told(warehouse: PostgresWarehouse) -> None:
    sessions = store_sessions(warehouse, {"bad": FAILING, "fine": FINE})
    signals = store_signals(warehouse, sessions)
    assert explained(warehouse).queue == "not in the review queue"
    drawn = store_queue(warehouse, sessions, signals, {"bad": ["judge:relevance"]}).set_index("session_id")
    said = explained(warehouse).queue
    expected = ["arm flagged", f"stratum {drawn.loc['bad', 'stratum']}", "probability 1.000", "judge:relevance"]
    assert all(part in said for part in expected), said
    assert "arm control" in explained(warehouse, "fine").queue


def test_what_is_stored_of_another_version_or_session_is_named(warehouse: PostgresWarehouse) -> None:
    found = store_signals(warehouse, store_sessions(warehouse, {"bad": FAILING}))
    is_old, is_gone = found["signal"] == "frustration", found["signal"] == "refusal"
    old = found.assign(signal_version=found["signal_version"].mask(is_old, "0+old"))[~is_gone]
    retired = old[old["signal"] == "frustration"].assign(signal="retired")
    warehouse.replace_day(SessionSignals, DAY, [pd.concat([old, retired])])
    by_signal = dict(line.split(": ", 1) for line in explained(warehouse).stale)
    assert set(by_signal) == {"frustration", "refusal", "retired"}
    assert "by version 0+old, now" in by_signal["frustration"]
    assert by_signal["refusal"] == "no stored row" and "no longer in the catalog" in by_signal["retired"]

    store_signals(warehouse, warehouse.read(RawSessions))
    store_sessions(warehouse, {"bad": FINE})
    assert any("before the session changed" in line for line in explained(warehouse).stale)


def test_an_open_session_waits_and_an_unknown_one_names_those_alike(warehouse: PostgresWarehouse) -> None:
    store_sessions(
        warehouse,
        {"chat-0042": FAILING, "chat-0043": FINE},
        is_closed=[False, True],
        ended_at=[None, pd.Timestamp("2025-03-04T10:00Z")],
    )
    waiting = explained(warehouse, "chat-0042")
    assert set(waiting.outcomes["outcome"]) == {"not_applicable"} and "still open" in waiting.headline
    for asked in ("0042", "CHAT-0042", "chat-9"):
        with pytest.raises(EvalPipelineError) as refused:
            explained(warehouse, asked)
        assert "did you mean 'chat-0042'" in refused.value.mend
    with pytest.raises(EvalPipelineError) as refused:
        explained(warehouse, "x%_")
    assert "did you mean" not in refused.value.mend and "evals.raw_sessions" in refused.value.mend
