"""What the transcript loads after its page, over a real database."""

from collections.abc import Sequence
from typing import Any

import pytest

from eval_pipeline.review.transcript.turns import SIZE
from resources.warehouse import PostgresWarehouse
from tests.review.app.conftest import AppClient
from tests.stored_sessions import store_queue, store_sessions, store_signals

ID = "chat/1 & <b>"
LONG = [{"role": ("user", "assistant")[n % 2], "content": f"number {n} says hello"} for n in range(1_050)]
FAILING = [
    {"role": "user", "content": "cancel my order please"},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "a", "name": "cancel_order", "arguments": {"id": "QM-1"}}],
    },
    {"role": "tool", "content": '{"error": "refused"}', "tool_call_id": "a", "is_error": True},
    {"role": "assistant", "content": "done \u202e"},
]


def store(warehouse: PostgresWarehouse, turns: Sequence[dict[str, Any]]) -> None:
    sessions = store_sessions(warehouse, {ID: list(turns)})
    store_queue(warehouse, sessions, store_signals(warehouse, sessions))


def test_a_window_holds_the_turn_that_was_asked_for(warehouse: PostgresWarehouse, app_client: AppClient) -> None:
    store(warehouse, LONG)
    html = app_client().get("/session/turns", params={"id": ID, "first": 550}).text

    assert html.count("<article") == SIZE
    assert 'id="turn-500"' in html and 'id="turn-599"' in html and 'id="turn-600"' not in html
    assert "number 550 says hello" in html
    assert "/session?id=chat%2F1+%26+%3Cb%3E&amp;turn=499#turn-499" in html


def test_search_reads_all_turns(warehouse: PostgresWarehouse, app_client: AppClient) -> None:
    store(warehouse, LONG)
    client = app_client()
    found = client.get(
        "/session/search", params={"id": ID, "q": "NUMBER 1049"}, headers={"Accept": "application/json"}
    ).json()
    page = client.get("/session/search", params={"id": ID, "q": "<script>"})

    assert (found["n_matches"], found["hits"][0]["turn"], found["hits"][0]["match"]) == (1, 1049, "number 1049")
    assert page.status_code == 200 and "0 places" in page.text and "&lt;script&gt;" in page.text


def test_without_script_search_gives_links(warehouse: PostgresWarehouse, app_client: AppClient) -> None:
    store(warehouse, LONG)
    page = app_client().get("/session/search", params={"id": ID, "q": "number 77 "}).text

    assert "&amp;turn=77#turn-77" in page


def test_the_whole_text_of_a_turn_is_plain_text(warehouse: PostgresWarehouse, app_client: AppClient) -> None:
    store(warehouse, FAILING)
    answer = app_client().get("/session/text", params={"id": ID, "turn": 3})

    assert answer.text == "done [U+202E]"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_marks_of_machines_come_with_turns_only_once_they_may_be_seen(
    warehouse: PostgresWarehouse, app_client: AppClient
) -> None:
    store(warehouse, FAILING)
    client = app_client()
    before = client.get("/session/turns", params={"id": ID}).text
    client.post("/session/look", data={"session_id": ID})
    after = client.get("/session/turns", params={"id": ID}).text

    assert "evidence" not in before and "tool_error" not in before
    assert "tool_error" in after and "<mark>" in after


@pytest.mark.parametrize("path", ["/session/turns", "/session/search", "/session/text"])
def test_only_who_is_signed_in_reads_and_only_what_is_there(
    path: str, warehouse: PostgresWarehouse, app_client: AppClient
) -> None:
    store(warehouse, FAILING)

    assert app_client(role=None).get(path, params={"id": ID}).status_code in (303, 401)
    assert app_client(role="viewer").get(path, params={"id": ID}).status_code == 200
    assert app_client().get(path, params={"id": "another"}).status_code == 404
    assert app_client().get(path, params={"id": "\0"}).status_code == 400
    assert app_client().get(path).status_code == 404
    assert app_client().get("/session/turns", params={"id": ID, "first": "-1"}).status_code == 400
    assert app_client().get("/session/text", params={"id": ID, "turn": "4"}).status_code == 404
