"""The pages of figures as people read them: what they show to whom, what they hide, and that a decision is stored."""

import re

import pytest
from httpx import Response
from starlette.testclient import TestClient

from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.deployment import Deployment
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.design import Design
from eval_pipeline.tables import Reviews
from resources.warehouse import PostgresWarehouse
from tests.review.app.conftest import AppClient
from tests.review.figures.stored_reviews import (
    TALK,
    label,
    measured,
    review,
    rollup,
    slot,
    store_decision,
    store_labels,
    store_measured,
    store_named,
    store_reviews,
    store_rollups,
    store_slots,
    store_verdicts,
    verdict,
)
from tests.stored_sessions import DAY, store_queue, store_sessions, store_signals

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
PAGES = ["/judges", "/judge?name=tone", "/agreement", "/coverage", "/taxonomy", "/adjudication", "/reports"]


@pytest.fixture
def now(app_context: AppContext) -> str:
    """The present version of the judge `tone`."""
    return next(judge.version for judge in app_context.deployment.judges if judge.name == "tone")


def _words(page: str) -> str:
    """Return the text of a page as it is read, without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def _field(page: str, name: str) -> str:
    return re.findall(rf'name="{name}" value="([^"]*)"', page)[0]


def _disputed(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["one"])
    words = {"judge:tone": {"said": "fail", "version": "7", "response": "agreed"}}
    store_verdicts(warehouse, verdict("one", "tone", "7", "fail", critique="A machine's critique."))
    store_reviews(
        warehouse,
        review("one", "ada", "fail", category="loop", first_bad_turn=1, note="It repeats itself."),
        review("one", "ada", "fail", 1, stage="revealed", machine_words=words),
        review("one", "ben", "pass", 2, note=HOSTILE),
    )


@pytest.mark.parametrize("path", PAGES)
def test_every_page_stands_on_an_empty_database(app_client: AppClient, path: str) -> None:
    page = app_client(role="lead").get(path)
    assert page.status_code == 200
    assert not re.search(r"\s(style|on\w+)=", page.text)  # the page's policy would not obey them


def test_the_list_of_judges_shows_figures_with_intervals_and_marks_the_unproven(
    app_client: AppClient, app_context: AppContext, warehouse: PostgresWarehouse, now: str
) -> None:
    tone = next(judge for judge in app_context.deployment.judges if judge.name == "tone")
    store_decision(warehouse, tone, "promoted", DAY)
    weighted = {"tpr_weighted": 0.83, "tpr_weighted_low": 0.74, "tpr_weighted_high": 0.9, "tnr_weighted": 0.95}
    store_measured(warehouse, measured("tone", now, (35, 7, 3, 60), **weighted))
    page = _words(app_client(role="viewer").get("/judges").text)
    assert f"tone {now} proven Is the assistant courteous" in page
    assert (
        "Catch rate (TPR) 83 % [74, 90] n 42 Good ones passed (TNR) 95 % n 63 Measured on held-out labels, in the traffic"
        in page
    )
    assert page.count("unproven") == 4  # the other judges


def test_a_judge_page_shows_definition_versions_and_what_may_be_seen_of_disagreements(
    app_client: AppClient, warehouse: PostgresWarehouse, now: str
) -> None:
    store_named(warehouse, ["open", "read", "secret"])
    store_slots(warehouse, slot("open"), slot("read", "done"))
    store_measured(warehouse, measured("tone", now, (4, 1, 0, 9), status="counts_only"))
    store_rollups(warehouse, rollup("tone", now, 20, 5), rollup("tone", HOSTILE, 9, 1))
    for name in ("open", "read", "secret"):
        in_set = "held_out" if name == "secret" else "calibration"
        store_labels(warehouse, label(name, "judge:tone", "fail", label_set=in_set))
        store_verdicts(warehouse, verdict(name, "tone", now, "pass", critique=HOSTILE))
    page = app_client().get("/judge", params={"name": "tone"}).text
    assert "/session?id=read" in page
    assert "/session?id=open" not in page
    assert "/session?id=secret" not in page
    assert "A message blames, lectures, mocks" in page
    assert "too few" in page
    assert f"{now}: too few, n 5" in page
    assert "<script>alert" not in page
    assert "<img" not in page
    store_reviews(warehouse, review("open", "ann", "fail"))
    assert "/session?id=open" in app_client().get("/judge", params={"name": "tone"}).text
    assert app_client().get("/judge", params={"name": "nobody"}).status_code == 404


def test_agreement_gives_all_three_figures_with_their_pairs(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    names = [f"s{i:02d}" for i in range(20)]
    store_named(warehouse, [*names, "demo"], origin=["simulated"] + ["production"] * 20)
    for i, name in enumerate(names):
        store_reviews(warehouse, review(name, "ada", "fail" if i < 4 else "pass"))
        store_reviews(warehouse, review(name, HOSTILE, "fail" if i < 3 else "pass", 1))
    store_reviews(warehouse, review("demo", "ada", "pass"), review("demo", "ben", "pass", 1))
    page = app_client().get("/agreement").text
    words = _words(page)
    assert "all people 20 19 95 % [76, 99]" in words
    assert "Simulated sessions Between people" in words
    assert words.index("Real sessions") < words.index("Simulated sessions")
    assert "all people 1 1 under 10 pairs: counts only" in words
    assert "Nobody has answered the machines' words yet" in words.replace("&#39;", "'")
    assert "<script>alert" not in page


def test_agreement_says_how_machines_move_people(app_client: AppClient, warehouse: PostgresWarehouse) -> None:
    names = [f"s{i:02d}" for i in range(10)]
    store_named(warehouse, names)
    said = {"judge:tone": {"said": "fail", "version": "1", "response": "agreed"}}
    for i, name in enumerate(names):
        changed = "fail" if i < 2 else None
        store_reviews(
            warehouse,
            review(name, "ada", "pass", revision=1),
            review(name, "ada", changed, 1, stage="revealed", revision=2, machine_words=said),
        )
    words = _words(app_client().get("/agreement").text)
    assert "contradicted by most judges 10 2 20 % [6, 51] 2 0" in words
    assert "shared by most judges 0 0 none 0 0" in words


def test_adjudication_is_for_leads_alone(app_client: AppClient, warehouse: PostgresWarehouse) -> None:
    _disputed(warehouse)
    for role in ("viewer", "reviewer"):
        client = app_client(role=role)
        assert client.get("/adjudication").status_code == 403
        assert client.get("/adjudication/session", params={"id": "one"}).status_code == 403
        assert client.post("/adjudication/decide", data={"session_id": "one", "answer": "fail"}).status_code == 403
    assert "/adjudication/session?id=one" in app_client(role="lead").get("/adjudication").text


def test_the_lead_sees_both_people_and_no_machine(app_client: AppClient, warehouse: PostgresWarehouse) -> None:
    _disputed(warehouse)
    page = app_client(role="lead", reviewer="cleo").get("/adjudication/session", params={"id": "one"}).text
    assert "It repeats itself." in page
    assert "turn 1" in page
    assert "Where is my parcel?" in page
    assert "critique" not in page
    assert "judge:tone" not in page
    assert "overridden" not in page and "agreed" not in page
    assert "<script>alert" not in page and "<img" not in page
    assert "You are one of the two" not in page


def test_the_lead_is_given_the_criteria_of_a_judges_question_in_dispute(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    store_named(warehouse, ["one"])
    for minute, (who, said) in enumerate([("ada", "pass"), ("ben", "fail")]):
        answers = {"session": "pass", "judge:tone": said}
        store_reviews(warehouse, review("one", who, "pass", minute, answers=answers))
    client = app_client(role="lead", reviewer="cleo")
    page = client.get("/adjudication/session", params={"id": "one"}).text
    assert "Is the assistant courteous to the user throughout the session?" in page
    assert "A message blames, lectures, mocks" in page
    assert _decide(client, **{"answer:judge:tone": "fail"}).headers["location"] == "/adjudication?decided=all"
    stored = warehouse.read(Reviews)
    assert stored.loc[stored["stage"] == "adjudication", "answers"].tolist() == [{"judge:tone": "fail"}]


def _decide(client: TestClient, **fields: str) -> Response:
    page = client.get("/adjudication/session", params={"id": "one"}).text
    hidden = {name: _field(page, name) for name in ("session_id", "idempotency_key", "revision_seen")}
    return client.post("/adjudication/decide", data=hidden | fields)


def test_a_decision_is_stored_and_nothing_waits_any_more(
    app_client: AppClient, app_context: AppContext, warehouse: PostgresWarehouse
) -> None:
    _disputed(warehouse)
    client = app_client(role="lead", reviewer="cleo")
    answer = _decide(client, answer="fail", category="loop", first_bad_turn="1", note="Call me at mia@example.org")
    assert (answer.status_code, answer.headers["location"]) == (303, "/adjudication?decided=all")
    stored = warehouse.read(Reviews)
    (row,) = stored[stored["stage"] == "adjudication"].to_dict("records")
    assert (row["reviewer"], row["answers"], row["category"], row["first_bad_turn"], row["is_blind"]) == (
        "cleo", {"session": "fail"}, "loop", 1, True,
    )  # fmt: skip
    assert "mia@example.org" not in row["note"]
    assert "Nothing waits for a decision" in client.get("/adjudication").text
    assert client.get("/adjudication/session", params={"id": "one"}).status_code == 303


@pytest.mark.parametrize(
    "fields",
    [{}, {"answer": "perhaps"}, {"answer": "fail"}, {"answer": "fail", "category": "made_up"}],
    ids=["nothing", "another word", "no category", "unknown category"],
)
def test_half_a_decision_is_refused_and_kept_on_the_page(
    app_client: AppClient, warehouse: PostgresWarehouse, fields: dict[str, str]
) -> None:
    _disputed(warehouse)
    client = app_client(role="lead", reviewer="cleo")
    answer = _decide(client, **fields)
    assert answer.status_code == 400
    assert "Not stored" in answer.text
    assert "adjudication" not in warehouse.read(Reviews)["stage"].tolist()


def test_a_lead_who_has_seen_machines_decides_no_held_out_label(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    _disputed(warehouse)
    users = {label_set(group_of(name, "one")): name for name in map("user{}".format, range(40))}
    for in_set, user in users.items():
        store_named(warehouse, ["one"], user_id=user)
        page = app_client(role="lead", reviewer="ada").get("/adjudication/session", params={"id": "one"}).text
        assert ("Another lead has to decide" in page) == (in_set == "held_out")
        assert ("You are one of the two" in page) == (in_set == "calibration")


def test_coverage_counts_the_queue_and_the_labels_that_are_missing(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    sessions = store_sessions(warehouse, {f"s{i}": TALK for i in range(5)}, surface="chat")
    design = Design.model_validate({"default": {"sessions_per_day": 8, "double_review_share": 0}})
    drawn = store_queue(warehouse, sessions, store_signals(warehouse, sessions), design=design)
    store_reviews(warehouse, review(drawn["session_id"].iloc[0], "ada", "pass"))
    store_labels(warehouse, *[label(f"x{i}", "judge:tone", "fail", label_set="held_out") for i in range(12)])
    words = _words(app_client(role="viewer").get("/coverage").text)
    n = len(drawn)
    assert f"{DAY} chat {n} 1 0 of 0 {n - 1} 0" in words
    assert "tone held-out, blind 12 18 to go 0 30 to go" in words
    assert "By stratum of the sampling design" in words
    assert not any(name in words for name in drawn["session_id"])


def test_the_taxonomy_shows_examples_that_may_be_seen_and_no_held_out_one(
    app_client: AppClient, app_context: AppContext, warehouse: PostgresWarehouse
) -> None:
    store_named(warehouse, ["open", "read", "secret"])
    store_slots(warehouse, slot("open"), slot("read", "done"))
    for name in ("open", "read", "secret"):
        in_set = "held_out" if name == "secret" else "calibration"
        store_labels(warehouse, label(name, category="loop", label_set=in_set))
        store_reviews(warehouse, review(name, "ada", "fail", category="loop", note=HOSTILE))
    page = app_client().get("/taxonomy").text
    deployment: Deployment = app_context.deployment
    assert all(category.title in page for category in deployment.taxonomy.categories)
    assert "3 labelled" in _words(page)
    assert "/session?id=read" in page
    assert "/session?id=open" not in page
    assert "/session?id=secret" not in page
    assert "<script>alert" not in page and "<img" not in page


def test_every_subject_has_a_page_of_figures_and_only_what_was_measured(
    app_client: AppClient, warehouse: PostgresWarehouse, now: str
) -> None:
    store_measured(warehouse, measured("tone", now, (35, 7, 3, 60)), measured(HOSTILE, "1", (4, 1, 0, 9)))
    assert "/report?kind=judge&amp;name=tone" in app_client(role="viewer").get("/reports").text
    page = _words(app_client(role="viewer").get("/report", params={"kind": "judge", "name": "tone"}).text)
    assert "share of human-confirmed failures that it fails" in page
    assert "42 / 63" in page
    hostile = app_client().get("/report", params={"kind": "judge", "name": HOSTILE})
    assert hostile.status_code == 200 and "<script>alert" not in hostile.text and "<img" not in hostile.text
    assert app_client().get("/report", params={"kind": "judge", "name": "nobody"}).status_code == 404
