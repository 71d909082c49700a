"""All signals over sessions: the table they make, hostile sessions, laws, and the catalog that sets them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.errors import SettingsError
from eval_pipeline.signals.contract import Batch, Evidence, Mask, combined_strength, cut
from eval_pipeline.signals.registry import load_signals
from eval_pipeline.signals.run import detect_signals
from eval_pipeline.signals.tool_error import ToolError
from eval_pipeline.tables import SessionSignals
from tests.signals.conversations import CATALOG, SIGNALS, only, session, talk

ALL = list(SIGNALS.values())

TEXTS = st.sampled_from(
    [
        "",
        "🙂🙃",
        "how do I return the oak shelf?",
        "please tell me how to return the oak shelf",
        "that's not right",
        "wie gebe ich das Regal zurück?",
        "أين طلبي؟",
        "注文はどこですか？",
        '{"error": 1}',
        "Error: x",
        "\u0000\u202e\ufeff",
        "a" * 5000,
        "' OR 1=1 --(((((",
    ]
)
TURNS = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "system"]), "content": TEXTS},
    optional={
        "at": st.sampled_from(["2025-03-04T09:00:00+00:00", "1999-01-01T00:00:00.5Z", "2031-01-01T00:00:00"]),
        "is_error": st.booleans(),
        "tool_call_id": st.sampled_from(["c1", "c2"]),
        "tool_calls": st.just([{"id": "c1", "name": "get_order"}, {"id": None, "name": "x", "arguments": "raw"}]),
    },
)
FEEDBACK = st.lists(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["thumbs", "rating", "report"])},
        optional={"value": st.sampled_from([-1, 0, 0.3, 1, None]), "text": TEXTS, "turn_index": st.integers(0, 9)},
    ),
    max_size=2,
)
SESSIONS = st.lists(st.tuples(st.lists(TURNS, max_size=8), FEEDBACK, st.booleans()), min_size=1, max_size=5)


def frame_of(drawn: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(
        [session(t, f"s{i}", feedback=feedback, is_closed=closed) for i, (t, feedback, closed) in enumerate(drawn)]
    )


@settings(max_examples=20, deadline=None)
@given(SESSIONS, st.randoms())
def test_any_sessions_give_one_valid_row_each_whatever_their_order_and_company(drawn: list[Any], random: Any) -> None:
    frame = frame_of(drawn)
    rows = detect_signals(frame, ALL)
    pd.testing.assert_frame_equal(rows, SessionSignals.validate(rows))
    assert list(zip(rows["session_id"], rows["signal"], strict=True)) == [
        (i, name) for i in sorted(frame["session_id"]) for name in sorted(SIGNALS)
    ]
    assert ((rows["strength"] > 0) == (rows["outcome"] == "fired")).all()
    assert not rows["reason"].str.startswith("the signal raised", na=False).any()

    shuffled = frame.sample(frac=1, random_state=random.randrange(2**31)).reset_index(drop=True)
    pd.testing.assert_frame_equal(detect_signals(shuffled, ALL), rows)
    alone = detect_signals(frame.iloc[[0]], ALL)
    pd.testing.assert_frame_equal(alone, rows[rows["session_id"] == "s0"].reset_index(drop=True))


def test_no_sessions_give_an_empty_table() -> None:
    rows = detect_signals(frame_of([([], [], True)]).iloc[:0], ALL)
    pd.testing.assert_frame_equal(rows, SessionSignals.validate(rows))
    assert rows.empty


def test_a_session_of_ten_thousand_turns_is_read_like_any_other() -> None:
    turns = talk(*["user: how do I return the oak shelf?", "assistant: We sell shelves.", "tool: Error: x"] * 3334)
    rows = detect_signals(pd.DataFrame([session(turns)]), ALL).set_index("signal")
    assert rows.loc["rephrasing", "turn_index"] == 3
    assert rows.loc["tool_error", "turn_index"] == 2


def test_each_row_says_whether_its_signal_counts() -> None:
    signals = [SIGNALS["tool_error"], replace(SIGNALS["rephrasing"], counts=False)]
    frame = pd.DataFrame([session(talk("tool: Error: x"), "s1"), session(talk("user: x"), "s2", is_closed=False)])
    rows = detect_signals(frame, signals)
    assert set(zip(rows["signal"], rows["is_counting"], strict=True)) == {("tool_error", True), ("rephrasing", False)}


def test_an_open_session_waits() -> None:
    row = only("tool_error", talk("tool: Error: x"), is_closed=False)
    assert (row["outcome"], row["reason"]) == ("not_applicable", "the session is still open")


def test_signals_cannot_see_what_the_source_knows_of_the_outcome() -> None:
    known = session(
        talk("user: hi"), outcome={"success": False}, recorded_labels=[{"value": "fail"}], meta={"reward": 0}
    )
    batch = Batch.of(pd.DataFrame([known]))
    assert not {"outcome", "recorded_labels", "meta", "turns"} & {*batch.sessions.columns, *batch.turns.columns}


@dataclass(frozen=True)
class Brittle(ToolError):
    """A signal with a bug that one kind of session brings out."""

    def find(self, batch: Batch) -> list[Evidence]:
        if (batch.turns["content"] == "boom").any():
            raise ZeroDivisionError
        return [Evidence(0, 0.5, 0, "x", "found")] if len(batch.sessions) else []

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        return super().applies(batch)


def test_a_session_that_makes_a_signal_raise_costs_only_its_own_row() -> None:
    frame = pd.DataFrame([session(talk(f"tool: {text}"), f"s{i}") for i, text in enumerate(["a", "b", "boom", "d"])])
    rows = detect_signals(frame, [Brittle(SIGNALS["tool_error"].parameters)]).set_index("session_id")  # type: ignore[arg-type]
    assert list(rows["outcome"]) == ["fired", "quiet", "not_applicable", "fired"]
    assert rows.loc["s2", "reason"] == "the signal raised ZeroDivisionError"


@given(st.lists(st.floats(0, 1), max_size=6), st.floats(0, 1))
def test_combined_strength_grows_with_every_piece_in_any_order(strengths: list[float], more: float) -> None:
    combined = combined_strength(strengths)
    assert 0 <= combined <= combined_strength([*strengths, more]) <= 1
    assert combined == combined_strength(strengths[::-1])
    assert combined >= max(strengths, default=0) - 1e-9


def test_a_long_quote_is_cut_around_its_words() -> None:
    quote = cut("x" * 5000 + "HERE" + "y" * 5000, 5000)
    assert "HERE" in quote
    assert len(quote) <= 202
    assert quote.startswith("…")
    assert quote.endswith("…")


def catalog_with(folder: Path, signals: str, words: str = "") -> Path:
    (folder / "lexicons").mkdir(exist_ok=True)
    shipped = (CATALOG / "lexicons" / "en.yaml").read_text(encoding="utf-8")
    (folder / "lexicons" / "en.yaml").write_text(shipped, encoding="utf-8")
    if words:
        (folder / "lexicons" / "de.yaml").write_text(f"language: de\n{words}", encoding="utf-8")
    (folder / "signals.yaml").write_text(signals, encoding="utf-8")
    return folder


def test_the_catalog_turns_signals_off_and_says_which_count(tmp_path: Path) -> None:
    text = "signals: {tool_error: {enabled: false}, rephrasing: {counts: false}, explicit_report: {}}"
    loaded = {signal.name: signal.counts for signal in load_signals(catalog_with(tmp_path, text))}
    assert loaded == {"explicit_report": True, "rephrasing": False}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("signals: {telepathy: {}}", "telepathy"),
        ("signals: {tool_error: {parameters: {markd: 1}}}", "signals.tool_error.parameters.markd"),
        ("signals: {tool_error: {parameters: {marked: 1.5}}}", "signals.tool_error.parameters.marked"),
        ("signals: {tool_error: {weight: 1}}", "signals.tool_error.weight"),
        ("signals: {rephrasing: {parameters: {at_identity: 0.1}}}", "at_identity must not be below at_threshold"),
    ],
)
def test_a_wrong_catalog_names_the_place_and_the_mend(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        load_signals(catalog_with(tmp_path, text))
    assert caught.value.mend


def test_a_version_changes_with_what_decides_and_with_nothing_else(tmp_path: Path) -> None:
    def versions(signals: str, words: str = "") -> dict[str, str]:
        return {s.name: s.version for s in load_signals(catalog_with(tmp_path, signals, words))}

    base = "signals: {tool_error: {}, explicit_report: {}}"
    before = versions(base)
    assert versions("signals: {tool_error: {counts: false}, explicit_report: {parameters: {complaint: 0.7}}}") == before
    tuned = versions("signals: {tool_error: {parameters: {marked: 0.9}}, explicit_report: {}}")
    assert tuned["tool_error"] != before["tool_error"]
    worded = versions(base, "complaints: [falsche antwort]\n")
    assert worded["tool_error"] == before["tool_error"]
    assert worded["explicit_report"] != before["explicit_report"]


def test_another_language_is_a_file(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, "signals: {explicit_report: {}}", "complaints: [überflüssige antwort]\n")
    [signal] = load_signals(catalog)
    turns = talk("user: Wo ist es?", "assistant: Hier.", "user: Das ist eine Überflüssige  Antwort!")
    assert only(signal, turns)["outcome"] == "fired"
    near_miss = talk("user: Wo ist es?", "assistant: Hier.", "user: unüberflüssige antwort")
    assert only(signal, near_miss)["outcome"] == "quiet"
