"""Classifying failed sessions: rules first, then the model over real HTTP; what is asked, abstained from, and never guessed."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from eval_pipeline.classifiers.definition import Classifier
from eval_pipeline.classifiers.run import classify
from eval_pipeline.failed_verdicts import failed_verdicts
from eval_pipeline.judges.asking.asker import Asker, AskPolicy
from eval_pipeline.ports import CallLedger, JudgeModel
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tables import CategoryPredictions
from eval_pipeline.taxonomy.categories import load_taxonomy
from resources.judge_model import OpenAIJudgeModel
from tests.fakes import MemoryLedger
from tests.judges.scripted_endpoint import Answer, ScriptedEndpoint, completion, failure

DAY = date(2026, 3, 1)
TAXONOMY = load_taxonomy(PROJECT_ROOT / "catalog" / "taxonomy.yaml")
LOOPS = {"failed": "evaluator:no_tool_call_loop", "category": "loop"}
CUT = {"failed": "evaluator:answer_not_empty_or_cut", "category": "truncated"}
TURNS = [{"role": "user", "content": "Where is order 7?"}, {"role": "assistant", "content": "You can return it."}]
NO_VERDICTS = failed_verdicts(
    pd.DataFrame(columns=["session_id", "evaluator", "verdict", "turn_index", "explanation"]),
    pd.DataFrame(columns=["session_id", "judge", "verdict", "critique"]),
)


def classifier(*rules: Mapping[str, str], **changes: Any) -> Classifier:
    return Classifier.model_validate(
        {"name": "failure", "version": 1, "owner": "us", "rules": rules, "model": "m-1", **changes}
    )


def sessions(*ids: str, is_closed: bool = True) -> pd.DataFrame:
    row = {"session_day": DAY, "started_at": datetime(2026, 3, 1, tzinfo=UTC), "is_closed": is_closed, "turns": TURNS}
    known = {
        "versions": {"prompt": "p1"},
        "model_version": "product-1",
        "redaction_version": "r1",
        "origin": "production",
    }
    return pd.DataFrame([{"session_id": name, **row, **known, "outcome": {"success": False}} for name in ids])


def failed(*pairs: tuple[str, str]) -> pd.DataFrame:
    rows = [(name, of, 3 if of.startswith("evaluator") else None, f"why {of}") for name, of in pairs]
    return pd.DataFrame(rows, columns=["session_id", "failed", "turn_index", "explanation"]).astype(
        {"turn_index": "Int64"}
    )


class OneModel:
    def __init__(self, model: JudgeModel | None) -> None:
        self.model = model

    def for_origin(self, origin: str) -> JudgeModel | None:
        return self.model


def said(category: str, **more: str) -> Answer:
    return completion(json.dumps({"critique": "Turn 1 is about returns.", "category": category, **more}))


def classified(
    frame: pd.DataFrame,
    verdicts: pd.DataFrame,
    answer: Callable[[int, Mapping[str, Any]], Answer | None],
    made_of: Classifier | None = None,
    ledger: CallLedger | None = None,
) -> tuple[pd.DataFrame, Sequence[Mapping[str, Any]]]:
    with ScriptedEndpoint(answer) as endpoint:
        models = OneModel(OpenAIJudgeModel("test-key-0123456789", endpoint.base_url))
        with Asker(ledger or MemoryLedger(), AskPolicy(backoff_s=0.001)) as asker:
            parts = list(
                classify(frame, verdicts, made_of or classifier(LOOPS, CUT), TAXONOMY, models, asker, {"code": "1"})
            )
        rows = pd.concat(parts, ignore_index=True) if parts else CategoryPredictions.empty()
        return rows, endpoint.requests


def test_the_first_rule_whose_verdict_failed_decides_without_a_call() -> None:
    verdicts = failed(("a", "evaluator:answer_not_empty_or_cut"), ("a", "evaluator:no_tool_call_loop"))
    rows, requests = classified(sessions("a"), verdicts, lambda *_: said("refusal"))
    row = rows.iloc[0]
    assert (row["category"], row["decided_by"], row["turn_index"]) == ("loop", "evaluator:no_tool_call_loop", 3)
    assert row["explanation"] == "why evaluator:no_tool_call_loop"
    assert not requests


def test_where_no_rule_decides_the_model_picks_from_the_closed_list() -> None:
    rows, requests = classified(sessions("a"), failed(("a", "judge:relevance")), lambda *_: said("wrong_answer"))
    row = rows.iloc[0]
    assert (row["category"], row["decided_by"]) == ("wrong_answer", "model")
    assert row["explanation"] == "Turn 1 is about returns."
    schema = requests[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["category"]["enum"] == [*TAXONOMY.ids, "abstain"]
    assert list(schema["properties"]) == ["critique", "category"]


def test_the_prompt_holds_every_category_with_its_borders_and_the_session_as_data() -> None:
    _, requests = classified(sessions("a"), failed(("a", "judge:relevance")), lambda *_: said("abstain"))
    system, user = (message["content"] for message in requests[0]["messages"])
    for category in TAXONOMY.categories:
        assert all(
            text in system for text in (category.id, category.definition, *category.includes, *category.excludes)
        )
    assert TAXONOMY.tie_rule in system
    assert '"content":"You can return it."' in user
    assert "outcome" not in user
    assert "success" not in user


@pytest.mark.parametrize(
    ("answer", "category", "why"),
    [
        (said("abstain"), "abstain", "Turn 1 is about returns."),
        (said("sadness"), "error", "off_vocabulary"),
        (said("Loop"), "error", "off_vocabulary"),
        (completion('{"critique": "x"}'), "error", "no_category"),
        (completion('{"category": "loop", "category": "refusal"}'), "error", "two_categories"),
        (completion("loop"), "error", "invalid_json"),
        (completion("{}", finish_reason="length"), "error", "truncated"),
        (failure(400), "error", "http_400"),
    ],
)
def test_to_abstain_is_an_answer_and_what_names_no_category_is_an_error(
    answer: Answer, category: str, why: str
) -> None:
    rows, _ = classified(sessions("a"), failed(("a", "judge:relevance")), lambda *_: answer)
    assert rows.iloc[0]["category"] == category
    assert why in rows.iloc[0]["explanation"]


def test_only_closed_sessions_that_a_verdict_fails_are_classified() -> None:
    verdicts = failed(("a", "judge:relevance"))
    assert list(classified(sessions("a", "b"), verdicts, lambda *_: said("loop"))[0]["session_id"]) == ["a"]
    rows, requests = classified(sessions("a", is_closed=False), verdicts, lambda *_: said("loop"))
    assert (len(rows), len(requests)) == (0, 0)
    assert len(classified(sessions("a"), NO_VERDICTS, lambda *_: said("loop"))[0]) == 0


def test_asking_again_costs_nothing() -> None:
    ledger, verdicts = MemoryLedger(), failed(("a", "judge:relevance"), ("b", "judge:relevance"))
    frame = pd.concat([sessions("a"), sessions("b").assign(turns=[[*TURNS, *TURNS]])], ignore_index=True)
    first, asked = classified(frame, verdicts, lambda *_: said("loop"), ledger=ledger)
    again, asked_again = classified(frame, verdicts, lambda *_: said("refusal"), ledger=ledger)
    assert (len(asked), len(asked_again)) == (2, 0)
    pd.testing.assert_frame_equal(first, again)


def test_without_a_model_in_the_catalog_it_abstains_and_without_an_endpoint_it_waits() -> None:
    verdicts = failed(("a", "judge:relevance"), ("b", "evaluator:no_tool_call_loop"))
    rows, requests = classified(sessions("a", "b"), verdicts, lambda *_: said("loop"), classifier(LOOPS, model=None))
    assert dict(zip(rows["session_id"], rows["category"], strict=True)) == {"a": "abstain", "b": "loop"}
    assert not requests
    with Asker(MemoryLedger(), AskPolicy()) as asker:
        parts = list(classify(sessions("a", "b"), verdicts, classifier(LOOPS), TAXONOMY, OneModel(None), asker, {}))
    assert [name for part in parts for name in part["session_id"]] == ["b"]


def test_a_row_carries_all_versions_behind_it() -> None:
    rows, _ = classified(sessions("a"), failed(("a", "judge:relevance")), lambda *_: said("loop"))
    row = rows.iloc[0]
    assert row["taxonomy_version"] == TAXONOMY.version
    assert row["classifier_version"] == classifier(LOOPS, CUT).version(TAXONOMY)
    known = {"prompt": "p1", "model_version": "product-1", "redaction": "r1", "code": "1"}
    assert known.items() <= row["versions"].items()
    assert row["versions"]["classifier"] == row["classifier_version"]


def test_failing_verdicts_of_both_kinds_are_told_apart_by_name() -> None:
    evaluators = pd.DataFrame(
        [("a", "loop", "fail", 2, "twice"), ("a", "cut", "pass", None, None), ("b", "cut", "error", None, None)],
        columns=["session_id", "evaluator", "verdict", "turn_index", "explanation"],
    )
    judges = pd.DataFrame(
        [("a", "relevance", "fail", "off topic"), ("b", "relevance", "pass", "fine")],
        columns=["session_id", "judge", "verdict", "critique"],
    )
    found = failed_verdicts(evaluators, judges)
    assert found["failed"].tolist() == ["evaluator:loop", "judge:relevance"]
    assert found["explanation"].tolist() == ["twice", "off topic"]
    assert found["turn_index"].tolist() == [2, pd.NA]
