"""Trying an evaluator: every verdict is counted, complaints are shown up to a limit, and a file comes in by the door."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.errors import RejectedRecord, SettingsError
from eval_pipeline.evaluators.checks import ANSWERS, Evaluator, contains_none, has_length, satisfies
from eval_pipeline.evaluators.trying import Admitted, admit, chosen, try_on, verdict_on
from eval_pipeline.evaluators.views import Message
from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.settings import PROJECT_ROOT
from tests.evaluators.conversations import says, session_frame, session_row, user

NOON = datetime(2025, 3, 5, 12, tzinfo=UTC)


def breaks(message: Message) -> bool:
    return bool(1 / len(message.text.replace("0", "")))


POLITE = Evaluator("polite", ANSWERS, contains_none("stupid"), "No answer is rude.")
BRITTLE = Evaluator("brittle", ANSWERS, satisfies(breaks, words="divides", version="1"), "Divides.")


def test_verdicts_are_counted_over_all_frames_and_complaints_shown_up_to_the_limit() -> None:
    good, bad, none = [says("Of course.")], [says("How stupid.")], [user("Hello?")]
    frames = [
        session_frame(session_row("a", bad), session_row("b", good)),
        session_frame(session_row("c", bad), session_row("d", none), session_row("e", bad)),
    ]
    trial = try_on(frames, POLITE, 2)
    assert trial.counts == {"pass": 1, "fail": 3, "not_applicable": 1, "error": 0}
    assert trial.shown["session_id"].tolist() == ["a", "c"] and trial.n_hidden == 1
    assert trial.shown["found"].tolist() == ["'stupid'", "'stupid'"]
    assert len(try_on(frames, POLITE, 0).shown) == 0
    assert try_on([], POLITE, 5).counts == {"pass": 0, "fail": 0, "not_applicable": 0, "error": 0}


def test_a_crash_is_shown_as_an_error_of_its_session() -> None:
    trial = try_on([session_frame(session_row("a", [says("00")]), session_row("b", [says("12")]))], BRITTLE, 5)
    assert trial.counts["error"] == 1 and trial.counts["pass"] == 1
    assert "ZeroDivisionError" in trial.shown["explanation"].iloc[0]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    known = [POLITE, BRITTLE]
    assert chosen(known, "brittle", Path("e.py")) is BRITTLE
    with pytest.raises(SettingsError, match="'politeness'") as raised:
        chosen(known, "politeness", Path("e.py"))
    assert "(polite)" in raised.value.mend and "evaluators new politeness" in raised.value.mend


def admitted(*items: dict[str, Any] | RejectedRecord) -> Admitted:
    redactor = Redactor.from_catalog(PROJECT_ROOT / "catalog" / "redaction.yaml", b"a key of the tests, long enough..")
    return admit([(f"line {n}", item) for n, item in enumerate(items, start=1)], redactor, NOON)


def fields(session_id: str, started_at: datetime, *turns: dict[str, Any]) -> dict[str, Any]:
    return {"session_id": session_id, "started_at": started_at, "turns": list(turns)}


def test_records_of_several_days_come_in_redacted_and_those_that_do_not_are_named() -> None:
    came = admitted(
        fields("a", datetime(2025, 3, 4, 9, tzinfo=UTC), says("Write to orla.quist@example.org")),
        RejectedRecord("bad_field", "`turns` is no list", "mend it", "turns"),
        fields("b", datetime(2025, 3, 3, 9, tzinfo=UTC), user("Hi")),
        {"started_at": datetime(2025, 3, 3, 9, tzinfo=UTC), "turns": []},
        fields("c", datetime(2025, 3, 5, 11, 59, tzinfo=UTC), user("Hi")),
    )
    assert came.sessions["session_id"].tolist() == ["b", "a", "c"]
    assert "[EMAIL_" in str(came.sessions["turns"].iloc[1]) and "orla" not in str(came.sessions["turns"].iloc[1])
    assert sorted(came.rejected["source_position"]) == ["line 2", "line 4"]
    trial = try_on([came.sessions], Evaluator("spoken", ANSWERS, has_length(at_least=1), "Speaks."), 5)
    assert trial.counts == {"pass": 1, "fail": 0, "not_applicable": 2, "error": 0}


def test_nothing_read_is_an_empty_frame_that_can_be_tried() -> None:
    assert try_on([admitted().sessions], POLITE, 5).counts["pass"] == 0


def test_a_test_asks_for_the_verdict_by_name_and_gets_the_worst(tmp_path: Path) -> None:
    catalog = tmp_path / "evaluators.py"
    catalog.write_text(
        "from eval_pipeline.evaluators.checks import ANSWERS, Evaluator, contains_none\n"
        "EVALUATORS = [Evaluator('polite', ANSWERS, contains_none('stupid'), 'Polite.', per='turn')]\n"
    )
    assert verdict_on([says("Yes."), says("Stupid.")], "polite", catalog) == "fail"
    assert verdict_on([says("Yes.")], "polite", catalog) == "pass"
    assert verdict_on([user("Yes.")], "polite", catalog) == "not_applicable"
    with pytest.raises(SettingsError, match="'rude'"):
        verdict_on([], "rude", catalog)
