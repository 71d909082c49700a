"""Hostile texts in every field that shows stored text: none runs, none becomes an element, on any page, blind or revealed."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from eval_pipeline.tables import Reviews, ReviewSetAsides
from resources.warehouse import PostgresWarehouse
from tests.browser.acts import session_path
from tests.browser.app import Open, Serve
from tests.browser.jobs import refresh_labels
from tests.browser.payloads import JS, PAYLOADS
from tests.browser.seeding import DAY, START, Row, Story, store
from tests.browser.trend_rows import day_path, store_proposals, store_trends
from tests.browser.watching import Watch
from tests.fakes import typed
from tests.resources.frames import frame_for

PER_SESSION = 20
NAMES = ["".join(PAYLOADS[start : start + 6]) for start in range(0, len(PAYLOADS), 6)]
CHUNKS = [PAYLOADS[start : start + PER_SESSION] for start in range(0, len(PAYLOADS), PER_SESSION)]
USER = "[USER 1] " + "".join(PAYLOADS[:20])

# What no page of ours has, so that it could only be made from a stored text.
FOREIGN = """() => {
  const found = window.ran ? ["a script ran"] : [];
  const inside = (address) => !address || address.startsWith("data:image/") || new URL(address, location).origin === location.origin;
  for (const element of document.querySelectorAll("*")) {
    const why = [];
    for (const {name, value} of element.attributes) {
      if (/^on|^style$|^srcdoc$|^data-x$/i.test(name)) why.push(name);
      if (/^[\\s\\u0000-\\u001f]*(javascript|vbscript|data:text)/i.test(value) && /^(xlink:)?(href|src|action|formaction|data)$/i.test(name))
        why.push(name);
    }
    if (["IFRAME", "FRAME", "OBJECT", "EMBED", "BASE", "APPLET", "STYLE", "VIDEO", "AUDIO"].includes(element.tagName)) why.push("tag");
    if (element.tagName === "SCRIPT" && !element.src.startsWith(`${location.origin}/static/`)) why.push("script");
    if (element.tagName === "LINK" && !element.href.startsWith(`${location.origin}/static/`)) why.push("link");
    if (element.tagName === "META" && element.httpEquiv) why.push("meta");
    if (element.tagName === "IMG" && !inside(element.getAttribute("src"))) why.push("image");
    if (element.tagName === "FORM" && !inside(element.getAttribute("action"))) why.push("form");
    if (why.length) found.push(`${why}: ${element.outerHTML.slice(0, 200)}`);
  }
  return found;
}"""


def hostile_story(number: int, payloads: list[str]) -> Story:
    """A session whose every field holds hostile texts."""
    whole = "\n".join(payloads)
    by_payload = {f"{index} {text}": text for index, text in enumerate(payloads)}
    calls = [{"id": text, "name": text, "arguments": {text: text, "list": [text, {text: 1}]}} for text in payloads[::2]]
    calls += [{"id": f"r{text}", "name": text, "arguments": text} for text in payloads[1::2]]
    turns: list[Row] = [{"role": "system", "content": whole}]
    for text in payloads:
        turns += [
            {"role": "user", "content": text},
            {"role": "assistant", "content": text, "reasoning": text, "spans": _spans(text)},
            {"role": "tool", "tool_call_id": text, "content": text, "is_error": True},
        ]
    turns += [{"role": "assistant", "content": "", "tool_calls": calls}]
    turns += [
        {"role": "tool", "tool_call_id": call["id"], "content": f'{{"{number}": {_quoted(whole)}}}'} for call in calls
    ]
    said = {"kind": "report", "value": None, "text": whole, "turn_index": 1, "at": None}
    return Story(
        f"{number} " + "".join(payloads[:4]),
        turns,
        columns={
            "user_id": USER,
            "surface": whole,
            "model_version": whole,
            "slices": by_payload,
            "versions": by_payload,
            "meta": {**by_payload, "spans": _spans(whole), "cost": whole, "usage": by_payload, "repaired": [whole]},
            "feedback": [said, {**said, "kind": "thumbs", "value": -1}],
            "outcome": by_payload,
            "recorded_labels": [{"target": whole, "value": whole}, by_payload],
            "source_id": whole,
            "source_position": whole,
            "redaction_version": whole,
        },
        queued={
            "stratum": whole,
            "design_id": whole,
            "reasons": [*payloads, *(f"judge:{text}" for text in payloads)],
            "is_double_review": True,
        },
        signals=[
            {"signal": text, "signal_version": text, "reason": text, "quote": text, "turn_index": 1}
            for text in payloads
        ],
        evaluators=[_evaluated(text) for text in payloads],
        judges=[_judged(text, index % 2 == 0) for index, text in enumerate(payloads)],
        categories=[
            {
                "classifier": text,
                "classifier_version": text,
                "category": text,
                "explanation": text,
                "decided_by": text,
                "turn_index": 2,
                "taxonomy_version": text,
            }
            for text in payloads
        ],
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _spans(text: str) -> list[Row]:
    times = {"started_at": START.isoformat(), "ended_at": START.isoformat()}
    return [{"name": text, "kind": text, "status": "error", "attributes": {text: text}, **times}]


def _evaluated(text: str) -> Row:
    fields = ("evaluator", "evaluator_version", "leaf", "expected", "found", "explanation", "pointer")
    return {**dict.fromkeys(fields, text), "turn_index": 2, "versions": {text: text}}


def _judged(text: str, is_error: bool) -> Row:
    fields = dict.fromkeys(("judge", "judge_version", "critique", "judge_model", "raw_reply"), text)
    return {**fields, "error_reason": text, "verdict": "error" if is_error else "fail", "is_contested": True}


def store_other_reviews(warehouse: PostgresWarehouse, stories: list[Story], reader: str) -> None:
    """Store what people with hostile names and notes say of the sessions, and what `reader` put off for hostile reasons."""
    rows = frame_for(Reviews, len(PAYLOADS), DAY).assign(
        review_id=[f"r{index}" for index in range(len(PAYLOADS))],
        session_id=[stories[index % len(stories)].session_id for index in range(len(PAYLOADS))],
        reviewer=PAYLOADS,
        source="app",
        answers=[
            {"session": ("pass", "fail")[index % 2], f"judge:{text}": "pass"} for index, text in enumerate(PAYLOADS)
        ],
        note=PAYLOADS,
        category="loop",
        first_bad_turn=1,
        stage="blind",
        is_blind=True,
        is_repeat=False,
        revision=1,
        arm="double_review",
        inclusion_probability=1.0,
        design_id="d",
        machine_words=[{} for _ in PAYLOADS],
    )
    warehouse.append(Reviews, typed(Reviews, rows))
    aside = frame_for(ReviewSetAsides, 1, DAY).assign(
        session_id="put off", reviewer=reader, kind="defer", reason="\n".join(PAYLOADS), until=START.replace(year=2199)
    )
    warehouse.append(ReviewSetAsides, typed(ReviewSetAsides, aside))


@pytest.fixture
def reader() -> str:
    """A reviewer's name that would run if it were markup; a name has at most 100 characters."""
    return next(text for text in PAYLOADS if text.startswith('"><img') and len(text) <= 100)


def test_nothing_that_is_stored_runs_or_becomes_an_element(
    serve: Serve,
    open_page: Open,
    warehouse: PostgresWarehouse,
    watch: Watch,
    reader: str,
    database_url: str,
    tmp_path: Path,
) -> None:
    stories = [hostile_story(number, payloads) for number, payloads in enumerate(CHUNKS)]
    store(warehouse, [*stories, Story("put off")])
    store_other_reviews(warehouse, stories, reader)
    page = open_page(serve(local_name=reader))
    seen = {"/": look(page, "/")}
    for story, payloads in zip(stories, CHUNKS, strict=True):
        seen |= read_and_answer(page, story, "\n".join(payloads))
    refresh_labels(database_url, tmp_path)
    store_trends(warehouse, NAMES)
    store_proposals(warehouse, PAYLOADS)
    trends = ["/trends", "/trends?page=2", f"/trends?surface={quote(NAMES[0], safe='')}"]
    trends += [day_path(name) for name in NAMES[:4]]
    proposals = ["/proposals", f"/proposal?id=k&day={DAY}"]
    others = [
        *trends,
        *proposals,
        "/",
        "/judges",
        "/agreement",
        "/reports",
        "/coverage",
        "/taxonomy",
        "/adjudication",
        f"/?surface={quote(stories[0].columns['surface'])}",
    ]
    others += [f"/adjudication/session?id={quote(stories[0].session_id, safe='')}"]
    others += [
        f"{path}={quote(text, safe='')}"
        for text in PAYLOADS[:12]
        for path in ("/judge?name", "/session?id", "/nowhere?x")
    ]
    watch.expect("status of 404")
    seen |= {path: look(page, path) for path in others}

    assert {path: found for path, (found, _) in seen.items() if found} == {}
    assert [path for path in (*trends, *proposals) if seen[path][1] == 0] == []
    # They are really shown: each session's page holds each of its texts many times over.
    shown = [n for path, (_, n) in seen.items() if path.endswith(("blind", "revealed"))]
    assert len(shown) == 2 * len(stories)
    assert min(shown) > 5 * PER_SESSION


def look(page: Page, path: str) -> tuple[list[str], int]:
    """Go to a page, open all that is folded, and return what is foreign there and how many hostile texts it shows."""
    page.goto(path)
    return found_here(page)


def found_here(page: Page) -> tuple[list[str], int]:
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    page.wait_for_timeout(50)
    n_shown = page.evaluate("(text) => document.body.textContent.split(text).length - 1", JS)
    return page.evaluate(FOREIGN), n_shown


def read_and_answer(page: Page, story: Story, note: str) -> dict[str, Any]:
    """Read a session, note and lock, look at the reveal, submit; return what was seen at each step."""
    name = story.session_id[:2]
    seen = {f"{name} blind": look(page, session_path(story.session_id))}
    page.locator("#find-words").fill(JS)
    page.locator("#find-words").press("Enter")
    page.locator("#found a").first.wait_for()
    seen[f"{name} searched"] = found_here(page)
    page.locator("#panel-form input[name=answer][value=fail]").check(force=True)
    page.locator("#note").fill(note)
    page.locator("#send").click()
    page.locator("#session[data-stage=revealed]").wait_for()
    seen[f"{name} revealed"] = found_here(page)
    page.locator("#agree-and-send").click()
    page.wait_for_url(lambda url: f"id={quote(story.session_id[:1])}" not in url)
    seen[f"{name} after"] = found_here(page)
    return seen
