"""The session page over a real store: blindness, the lock, the reveal, corrections, drafts, setting aside, refusals."""

import html
import json
import re
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.words.blind_question import asked_judge
from eval_pipeline.tables import Reviews
from tests.browser.seeding import Story, failing, store
from tests.review.app.conftest import AppClient

ODD = 'a b/c?&="<é>'
JSON_ANSWER = {"Accept": "application/json"}


@pytest.fixture
def seeded(warehouse: Warehouse) -> Warehouse:
    store(warehouse, [failing("s1"), failing("s2"), Story(ODD)])
    return warehouse


def page(client: TestClient, session_id: str = "s1", **query: str) -> str:
    answer = client.get("/session", params={"id": session_id, **query})
    assert answer.status_code == 200, answer.text
    return answer.text


def hidden(text: str, form: str = "panel-form") -> dict[str, str]:
    """The hidden fields of a form of the page, as a browser would send them."""
    part = re.search(rf'<form id="{form}".*?</form>', text, re.DOTALL)
    assert part, f"no form {form}"
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', part.group())
    return {html.unescape(name): html.unescape(value) for name, value in found}


def lock(client: TestClient, session_id: str = "s1", **fields: str) -> Any:
    return client.post("/session/lock", data={**hidden(page(client, session_id)), "answer": "pass", **fields})


def submit(client: TestClient, fields: dict[str, str], session_id: str = "s1") -> Any:
    return client.post("/session/submit", data={**hidden(page(client, session_id)), "answer": "pass", **fields})


def rows(warehouse: Warehouse, session_id: str = "s1") -> list[dict[str, Any]]:
    return warehouse.read(Reviews, session_ids=[session_id]).sort_values("revision").to_dict("records")


SECRETS = {
    "signals": [{"signal": "rephrasing", "reason": "SECRETreason", "quote": "SECRETquote", "turn_index": 2}],
    "evaluators": [{"evaluator": "no_empty_answers", "explanation": "SECRETexplanation", "turn_index": 3}],
    "judges": [{"judge": "completeness", "critique": "SECRETcritique"}],
    "categories": [{"category": "incomplete_answer", "explanation": "SECRETprediction"}],
    "queued": {
        "arm": "control",
        "stratum": "SECRETstratum",
        "reasons": ["SECRETqueue"],
        "inclusion_probability": 0.8125,
    },
    "columns": {"outcome": {"x": "SECREToutcome"}, "recorded_labels": [{"name": "SECRETlabel"}]},
}
WORDS_OF_SECRETS = [
    "SECRET",
    "0.8125",
    "rephrasing",
    "no_empty_answers",
    "is_repeat",
    "is_double",
    "inclusion",
    "stratum",
    '"arm"',
]


@pytest.mark.parametrize("role", ["viewer", "reviewer", "lead"])
def test_before_the_lock_nothing_of_machines_or_others_is_sent(
    warehouse: Warehouse, app_client: AppClient, role: str
) -> None:
    store(warehouse, [failing("s1", **SECRETS)])
    other = app_client(reviewer="bob")
    lock(other, answer="fail", note="SECRETnote of bob", first_bad_turn="1", category="loop")
    client = app_client(role=role)
    pages = [
        client.get("/session", params={"id": "s1"}),
        client.get("/session", params={"id": "s1"}, headers=JSON_ANSWER),
    ]
    pages += [client.get("/session/turns", params={"id": "s1", "first": "0"})]
    if role != "viewer":
        pages.append(client.post("/session/claim", data={"session_id": "s1"}, headers=JSON_ANSWER))
        pages.append(client.post("/session/lock", data={"session_id": "s1"}))  # refused, and shown again
    for answer in pages:
        assert [word for word in WORDS_OF_SECRETS if word in answer.text] == []
        assert "bob" not in answer.text


def test_the_same_words_are_there_after_the_lock(warehouse: Warehouse, app_client: AppClient) -> None:
    """So that the test above cannot pass for want of anything to hide."""
    store(warehouse, [failing("s1", **{k: v for k, v in SECRETS.items() if k != "queued"})])
    client = app_client()
    lock(client)
    text = page(client)
    for word in ("reason", "quote", "explanation", "critique", "prediction", "outcome", "label"):
        assert f"SECRET{word}" in text, word


def test_the_whole_way_from_lock_to_submit(seeded: Warehouse, app_client: AppClient, app_context: AppContext) -> None:
    client = app_client()
    asked = asked_judge("s1", app_context.deployment.judges)
    assert asked is not None
    answer = lock(
        client,
        answer="fail",
        category="wrong_answer",
        first_bad_turn="3",
        note="write to eve@example.com",
        question_answer="pass",
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/session?id=s1")
    failed = {"answer": "fail", "category": "wrong_answer", "first_bad_turn": "3"}
    answer = submit(client, {**failed, "rest": "agreed", "word:signal:rephrasing": "overridden"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/session?id=s2&after=submitted&was=s1")
    blind, revealed = rows(seeded)
    assert (blind["stage"], blind["is_blind"], blind["first_bad_turn"], blind["category"]) == (
        "blind",
        True,
        3,
        "wrong_answer",
    )
    assert blind["answers"] == {"session": "fail", f"judge:{asked.name}": "pass"}
    assert "eve" not in blind["note"]
    assert (revealed["stage"], revealed["is_blind"]) == ("revealed", False)
    assert revealed["answers"] == {
        "signal:rephrasing": "pass",
        "evaluator:no_broken_promises": "fail",
        "judge:completeness": "pass" if asked.name == "completeness" else "fail",
        "classifier:taxonomy": "fail",
    }
    assert revealed["machine_words"]["signal:rephrasing"] == {
        "said": "fail",
        "version": "1+a",
        "response": "overridden",
    }


def test_a_change_of_mind_is_a_row_of_its_own(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    lock(client)
    submit(client, {"answer": "fail", "category": "loop", "then": "stay"})
    blind, revealed = rows(seeded)
    assert (blind["answers"]["session"], revealed["answers"]) == ("pass", {"session": "fail"})
    assert 'value="fail" checked' in page(client)


def test_a_submitted_session_is_corrected_by_a_new_revision(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    lock(client)
    submit(client, {"word:judge:completeness": "agreed", "then": "stay"})
    text = page(client)
    assert 'name="word:judge:completeness" value="agreed" checked' in text
    submit(client, {"word:judge:completeness": "overridden", "then": "stay"})
    assert [row["answers"].get("judge:completeness") for row in rows(seeded)][-2:] == ["fail", "pass"]


def test_the_same_submit_twice_is_one_review(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    fields = {**hidden(page(client)), "answer": "pass"}
    for _ in range(2):
        assert client.post("/session/lock", data=fields).status_code == 303
    fields = {**hidden(page(client)), "answer": "fail", "category": "loop", "then": "stay"}
    for _ in range(2):
        assert (
            client.post("/session/submit", data=fields, headers=JSON_ANSWER).json()["next"].startswith("/session?id=s1")
        )
    assert [row["revision"] for row in rows(seeded)] == [1, 2]


def test_two_tabs_that_lock_collide_with_both_versions_on_screen(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    first, second = hidden(page(client)), hidden(page(client))
    client.post("/session/lock", data={**first, "answer": "fail", "category": "loop", "note": "the first tab"})
    late = {**second, "answer": "unsure", "note": "the second tab"}
    answer = client.post("/session/lock", data=late)
    assert answer.status_code == 409
    assert "the first tab" in answer.text and "the second tab" in answer.text
    told = client.post("/session/lock", data=late, headers=JSON_ANSWER)
    assert (told.status_code, "the first tab" in told.json()["conflict"]) == (409, True)
    mine = dict(re.findall(r'name="([^"]*)" value="([^"]*)"', answer.text.split("take-mine")[1]))
    assert client.post("/session/submit", data={**mine, "then": "stay"}).status_code == 303
    assert [(row["stage"], row["answers"]) for row in rows(seeded)][-1] == ("revealed", {"session": "unsure"})


def test_looking_first_shows_the_words_and_costs_the_blindness(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    stale = hidden(page(client))
    assert client.post("/session/look", data={"session_id": "s1"}).status_code == 303
    assert "The order is not found." in page(client)
    client.post("/session/lock", data={**stale, "answer": "pass"})
    assert [(row["stage"], row["is_blind"]) for row in rows(seeded)] == [("revealed", False)]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"answer": ""}, "say first whether it failed the user"),
        ({"answer": "fine"}, "say first whether it failed the user"),
        ({"answer": "fail", "note": ""}, "choose a category"),
        ({"answer": "fail", "category": "made_up"}, "no such category"),
        ({"answer": "fail", "category": "loop", "first_bad_turn": "4"}, "no such turn"),
        ({"answer": "fail", "category": "loop", "first_bad_turn": "-1"}, "no such turn"),
        ({"note": "x" * 8_001}, "longer than 8,000"),
        ({"question_answer": "maybe"}, "none of those offered"),
        ({"question_answer": "pass", "question_target": "judge:other"}, "not the one asked"),
        ({"idempotency_key": "x"}, "load the page again"),
    ],
)
def test_what_cannot_be_taken_is_said_and_all_entries_stay(
    seeded: Warehouse, app_client: AppClient, fields: dict[str, str], problem: str
) -> None:
    client = app_client()
    sent = {**hidden(page(client)), "answer": "pass", "note": "kept words", **fields}
    answer = client.post("/session/lock", data=sent)
    assert answer.status_code == 422
    assert problem in answer.text
    assert html.escape(sent["note"][:100]) in answer.text
    assert problem in "".join(client.post("/session/lock", json=sent, headers=JSON_ANSWER).json()["problems"].values())
    assert rows(seeded) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"word:judge:unheard_of": "agreed"},
        {"word:judge:completeness": "yes"},
        {"word:judge:completeness": "agreed", "words_seen": "0" * 16},
    ],
)
def test_only_words_that_are_on_the_page_are_answered(
    seeded: Warehouse, app_client: AppClient, fields: dict[str, str]
) -> None:
    client = app_client()
    lock(client)
    assert submit(client, fields).status_code == 422
    assert len(rows(seeded)) == 1


def test_words_are_not_answered_before_the_lock(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    fields = {**hidden(page(client)), "answer": "pass", "word:judge:completeness": "agreed"}
    assert client.post("/session/submit", data=fields).status_code == 422
    assert rows(seeded) == []


def test_category_and_turn_go_with_a_failure_alone(seeded: Warehouse, app_client: AppClient) -> None:
    lock(app_client(), answer="pass", category="loop", first_bad_turn="1")
    (row,) = rows(seeded)
    assert pd.isna(row["category"]) and pd.isna(row["first_bad_turn"])


def test_seconds_are_no_more_than_the_page_has_been_open(seeded: Warehouse, app_client: AppClient) -> None:
    lock(app_client(), seconds="99999")
    lock(app_client(), "s2", seconds="nan")
    assert 0 <= rows(seeded)[0]["seconds"] < 60
    assert pd.isna(rows(seeded, "s2")[0]["seconds"])


def draft(client: TestClient, seen: int, **content: Any) -> Any:
    sent = {"session_id": "s1", "version_seen": str(seen), "content": content}
    return client.post("/session/draft", json=sent, headers=JSON_ANSWER)


def test_a_draft_comes_back_with_the_page_and_is_redacted(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    assert (
        draft(client, 0, answer="fail", category="loop", note="ask eve@example.com", seconds=41).json()["version"] == 1
    )
    text = page(client)
    assert 'value="fail" checked' in text and 'value="loop" checked' in text and "ask " in text
    assert "eve@example.com" not in text
    assert 'data-draft-version="1"' in text


def test_a_draft_saved_in_another_tab_is_shown_beside_the_one_here(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    draft(client, 0, note="the other tab")
    answer = draft(client, 0, note="this tab")
    assert answer.status_code == 409
    told = answer.json()
    assert (told["version"], told["content"]["note"]) == (1, "the other tab")
    assert "the other tab" in told["conflict"] and "this tab" in told["conflict"]
    assert draft(client, 1, note="this tab").json()["version"] == 2


@pytest.mark.parametrize(
    "content",
    ["no object", {"answer": 7}, {"words": ["x"]}, {"words": {"judge:tone": "maybe"}}, {"note": "x" * 8_001}],
)
def test_a_draft_of_another_form_is_refused(seeded: Warehouse, app_client: AppClient, content: Any) -> None:
    sent = {"session_id": "s1", "version_seen": "0", "content": content}
    assert app_client().post("/session/draft", json=sent, headers=JSON_ANSWER).status_code == 422


def test_setting_aside_goes_on_to_the_next_and_can_be_taken_back(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    assert client.post("/next").headers["location"] == "/session?id=s1"
    answer = client.post("/session/defer", data={"session_id": "s1", "reason": "too long now", "for": "day"})
    assert answer.headers["location"] == "/session?id=s2&after=deferred&was=s1"
    assert "Take it back" in page(client, "s2", after="deferred", was="s1")
    assert "too long now" in page(client, "s1")
    client.post("/session/take-back", data={"session_id": "s1"})
    assert "too long now" not in page(client, "s1")
    assert client.post("/session/decline", data={"session_id": "s1", "reason": " "}).status_code == 422
    client.post("/session/decline", data={"session_id": "s1", "reason": "I know the user"})
    assert rows(seeded) == []


def test_when_nothing_waits_any_more_the_queue_says_so(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    for session_id in ("s1", "s2", ODD):
        lock(client, session_id)
        answer = submit(client, {}, session_id)
    assert answer.headers["location"].startswith("/?done=1")
    assert client.get(answer.headers["location"]).status_code == 200


def test_the_way_back_leads_through_what_was_answered(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    lock(client)
    lock(client, "s2")
    assert 'id="previous" href="/session?id=s2"' in page(client, ODD)
    assert 'id="previous" href="/session?id=s1"' in page(client, "s2")
    assert 'id="previous"' not in page(client, "s1")


def test_a_session_of_any_name_is_read_and_answered(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    answer = lock(client, ODD)
    assert answer.status_code == 303
    assert client.get(answer.headers["location"]).status_code == 200
    assert rows(seeded, ODD)[0]["answers"] == {"session": "pass"}


def test_the_part_of_the_queue_that_is_read_is_kept(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client()
    part = {"surface": "support_chat", "day": "2026-03-02"}
    address = client.post("/next", data=part).headers["location"]
    assert address == "/session?id=s1&surface=support_chat&day=2026-03-02"
    assert (
        client.post("/next", data={**part, "but": json.dumps(["s1"])})
        .headers["location"]
        .startswith("/session?id=s2&surf")
    )


@pytest.mark.parametrize("session_id", ["gone", "", "x" * 2_000])
def test_an_unknown_session_is_said_to_be_unknown(seeded: Warehouse, app_client: AppClient, session_id: str) -> None:
    client = app_client()
    assert client.get("/session", params={"id": session_id}).status_code == 404
    fields = {"session_id": session_id, "answer": "pass", "idempotency_key": "k" * 9, "revision_seen": "0"}
    assert client.post("/session/lock", data=fields).status_code == (404 if session_id == "gone" else 422)


def test_a_viewer_reads_and_labels_nothing(seeded: Warehouse, app_client: AppClient) -> None:
    client = app_client(role="viewer")
    assert "panel-form" not in page(client)
    for act in ("lock", "submit", "draft", "defer", "decline", "claim", "take-back"):
        assert client.post(f"/session/{act}", data={"session_id": "s1"}).status_code == 403, act
    assert client.post("/session/look", data={"session_id": "s1"}).status_code == 303
    assert "The order is not found." in page(client)
    assert "panel-form" not in page(client)
