"""The first page: what a reviewer sees of his queue, and what he does not; the colours that all pages share."""

import re
from datetime import timedelta
from html import unescape

import pytest

from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.rendering import static_files
from eval_pipeline.review.ports import Submission, Wanted
from resources.warehouse import PostgresWarehouse
from tests.resources.review_queue import fill
from tests.review.app.conftest import AppClient
from tests.signals.conversations import talk
from tests.stored_sessions import DAY, store_queue, store_sessions, store_signals

ANGRY = talk("user: THIS IS USELESS!!! I already told you", "assistant: Sorry.")
FINE = talk("user: Where is it?", "assistant: On its way.")
HOSTILE = '<img src=x onerror=alert(1)>"'


@pytest.fixture
def queue(warehouse: PostgresWarehouse) -> list[str]:
    """Six sessions in the queue, on two surfaces, one of them with a hostile id."""
    ids = sorted(["angry", "b", "c", "d", "e", HOSTILE])
    surfaces = ["chat" if name != "e" else "phone<b>" for name in ids]
    talks = {name: ANGRY if name == "angry" else FINE for name in ids}
    sessions = store_sessions(warehouse, talks, surface=surfaces)
    store_queue(warehouse, sessions, store_signals(warehouse, sessions), {})
    return ids


def answered(context: AppContext, session_id: str, reviewer: str, answer: str = "pass", key: str = "key-1") -> None:
    context.store.submit(
        Submission(session_id, reviewer, "blind", f"{key} {session_id} {reviewer}", 0, {"session": answer}, "1")
    )


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


def test_without_a_queue_the_page_says_what_to_run(app_client: AppClient) -> None:
    page = app_client().get("/")
    assert page.status_code == 200
    assert "No queue yet" in page.text and "eval-pipeline run nightly_evaluation" in page.text


def test_progress_counts_what_i_answered_of_what_is_mine(
    app_client: AppClient, app_context: AppContext, queue: list[str]
) -> None:
    client = app_client()
    assert "0 of 6" in text_of(client.get("/").text) and "Start" in client.get("/").text
    claimed = app_context.store.claim_next("ann", Wanted(surface="chat"))
    assert claimed is not None
    page = text_of(client.get("/").text)
    assert "0 of 6" in page and "Resume" in page
    answered(app_context, claimed.session_id, "ann")
    page = client.get("/").text
    assert "1 of 6" in text_of(page)
    assert "Reviews of 1 session wait for the next refresh" in text_of(page) and "new_reviews" in page
    assert "0 of 1" in text_of(client.get("/", params={"surface": "phone<b>"}).text)
    assert "My queue: phone<b>" in text_of(client.get("/", params={"surface": "phone<b>"}).text)


def test_when_all_is_read_the_page_says_so(app_client: AppClient, app_context: AppContext, queue: list[str]) -> None:
    for _ in queue:
        claimed = app_context.store.claim_next("ann", Wanted())
        assert claimed is not None
        answered(app_context, claimed.session_id, "ann")
        state = app_context.store.state(claimed.session_id, "ann")
        revealed = Submission(claimed.session_id, "ann", "revealed", f"r {claimed.session_id}", state.revision, {}, "1")
        app_context.store.submit(revealed)
    page = app_client().get("/").text
    assert "6 of 6" in text_of(page) and "All done" in page and "Resume" not in page
    assert all(text_of(name) in unescape(page) for name in queue if name != HOSTILE), "my latest"


def test_reasons_are_counted_and_no_session_is_named_with_one(
    app_client: AppClient, app_context: AppContext, queue: list[str]
) -> None:
    page = app_client().get("/").text
    assert "frustration" in page and "angry" not in page
    for word in ("flagged", "inclusion", "stratum", "probability"):
        assert word not in page


def test_what_i_put_off_is_listed_with_its_reason_as_text(
    app_client: AppClient, app_context: AppContext, queue: list[str]
) -> None:
    app_context.store.set_aside(HOSTILE, "ann", "<script>alert(1)</script>", timedelta(hours=1))
    app_context.store.set_aside("b", "ann", None, None)
    page = app_client().get("/").text
    assert HOSTILE in text_of(page.replace("&lt;img", "&amp;lt;img")) or HOSTILE in unescape(page)
    assert "<script>alert" not in page and "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    others = app_client(reviewer="ben").get("/").text
    assert "alert(1)" not in others, "what others put off is theirs"


def test_a_viewer_sees_the_queue_and_no_button(app_client: AppClient, queue: list[str]) -> None:
    page = app_client(role="viewer", reviewer="vic").get("/").text
    assert f"{DAY}" in page and "frustration" in page
    assert 'action="/next"' not in page and "<button" in page, "the only button signs him out"


def test_a_lead_sees_that_two_people_differ(app_client: AppClient, app_context: AppContext, database_url: str) -> None:
    (twice,) = fill(database_url, 1, double_every=1)
    answered(app_context, twice, "ben", "pass")
    answered(app_context, twice, "cat", "fail")
    assert "1 session waits for your decision" in text_of(app_client(role="lead", reviewer="lea").get("/").text)
    assert "your decision" not in app_client(reviewer="dan").get("/").text


# Colours


def _colours() -> list[dict[str, str]]:
    """Return the tokens of light and dark."""
    css = static_files()["app.css"].content.decode()
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part)) for part in css.split("@media", 2)[:2])
    return [light, {**light, **dark}]


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted([_luminance(one), _luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", _colours(), ids=["light", "dark"])
def test_every_pair_of_colours_reads_well(colours: dict[str, str]) -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    grounds = ["paper", "panel", "bad-soft", "good-soft", "warn-soft", "mark"]
    texts = [(ink, ground) for ink in ("ink", "accent", "bad", "good", "warn") for ground in ("paper", "panel")]
    texts += [("ink", ground) for ground in grounds] + [("ink-soft", ground) for ground in grounds[:-1]]
    texts += [("bad", "bad-soft"), ("good", "good-soft"), ("warn", "warn-soft"), ("accent-ink", "accent")]
    for ink, ground in texts:
        assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for edge in ("line-strong", "focus", "accent", "good"):
        for ground in ("paper", "panel"):
            assert _contrast(colours[edge], colours[ground]) >= 3, (edge, ground)
