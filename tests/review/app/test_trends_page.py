"""The trends as people read them: what stands first, what a chart tells in words, what a day shows to whom and holds back."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from eval_pipeline.calibration.estimators.rates import wilson
from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.tables import (
    EvaluatorVerdicts,
    Table,
    TrendBaselines,
    TrendCandidates,
    TrendDirections,
    TrendRollups,
    TrendVersions,
    TrendWindows,
)
from resources.warehouse import PostgresWarehouse
from tests.review.app.conftest import AppClient
from tests.review.figures.stored_reviews import review, slot, store_named, store_reviews, store_slots
from tests.stored_rows import store_rows
from tests.stored_sessions import DAY

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
CELL = {"subject_kind": "evaluator", "model_version": "all", "surface": "all", "slice": "all", "origin": "production"}
AT = {"kind": "evaluator", "name": "json", "day": str(DAY), "origin": "production"}
CALIBRATION, HELD_OUT = (
    next(user for user in map("user{}".format, range(99)) if label_set(group_of(user, "")) == wanted)
    for wanted in ("calibration", "held_out")
)


def _store(warehouse: PostgresWarehouse, table: type[Table], *rows: Mapping[str, Any]) -> None:
    store_rows(warehouse, table, DAY, *rows)


def _counts(name: str, back: int, n: int, n_fail: int, **columns: Any) -> dict[str, Any]:
    (low,), (high,) = wilson([n_fail], [n])
    day = {"session_day": DAY - timedelta(days=back), "subject": name, "subject_version": "1"}
    rate = {"n": n, "n_fail": n_fail, "fail_rate": n_fail / n, "fail_rate_low": low, "fail_rate_high": high}
    return CELL | day | rate | {"not_corrected_because": "no label of its question"} | columns


def _series(warehouse: PostgresWarehouse, name: str, fails: Sequence[int], n: int = 20) -> None:
    """Store a day of `n` sessions for each of `fails`, the last on `DAY`."""
    days = range(len(fails) - 1, -1, -1)
    _store(warehouse, TrendRollups, *(_counts(name, back, n, x) for back, x in zip(days, fails, strict=True)))


def _direction(name: str, level: str = "none", direction: str = "steady", **columns: Any) -> dict[str, Any]:
    return CELL | {"subject": name, "level": level, "direction": direction, "sentence": f"About {name}."} | columns


def _words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize("path", ["/trends", "/trends?origin=x&kind=y&days=z&slice=&model="])
def test_the_page_stands_without_data_and_with_nonsense_asked(
    app_client: AppClient, warehouse: PostgresWarehouse, path: str
) -> None:
    assert "Nothing was rolled up yet" in app_client(role="viewer").get(path).text
    _series(warehouse, "json", [2])
    page = app_client().get(path)
    assert page.status_code == 200
    assert not re.search(r"<(script(?! type=\"module\")|style)|\s(style|on\w+)=", page.text)


def test_the_most_concerning_stands_first_and_what_has_too_little_data_last(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    levels = {
        "a_steady": ("none", "steady"),
        "b_little": ("none", "not_enough_data"),
        "c_watch": ("watch", "worse"),
        "d_better": ("alert", "better"),
        "e_worse": ("alert", "worse"),
    }
    for name in levels:
        _series(warehouse, name, [2])
    _store(warehouse, TrendDirections, *(_direction(name, *level) for name, level in levels.items()))
    page = app_client(role="viewer").get("/trends").text
    assert _drawn(page) == [
        "e_worse",
        "d_better",
        "c_watch",
        "a_steady",
        "b_little",
    ]
    assert "About c_watch." in page and 'class="trend-grid-of small-ones"' in page.split("About a_steady.")[1]


def test_a_chart_tells_its_figures_its_baseline_its_changes_and_its_turn(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    # 9 days of 20: 2 fail a day, then 10 on each of the last two; 7 days are 5 x 2 + 2 x 10 = 30 of 140.
    _series(warehouse, "json", [2] * 7 + [10] * 2)
    corrected = {"corrected_rate": 0.3, "corrected_rate_low": 0.2, "corrected_rate_high": 0.4, "n_labels": 60}
    known = {"window_days": 28, "n_days": 9, "correction": "rogan_gladen", "not_corrected_because": None}
    _store(warehouse, TrendWindows, _counts("json", 0, 180, 34, **corrected, **known))
    for back, version in ((8, "m-1"), (1, "m-2")):
        seen = {"component": "model", "component_version": version, "n": 20, "n_fail": 2, "surface": "all"}
        day = {"session_day": DAY - timedelta(days=back), "subject": "json", "subject_version": "1"}
        _store(warehouse, TrendVersions, CELL_OF_VERSIONS | day | seen)
    days = {"first_day": DAY - timedelta(days=8), "last_day": DAY - timedelta(days=2), "origin": "production"}
    _store(warehouse, TrendBaselines, {"baseline_id": "b", "name": "spring", **days})
    base = {"baseline_id": "b", "baseline_name": "spring", "baseline_rate": 0.1, "n_baseline": 140}
    _store(warehouse, TrendDirections, _direction("json", "alert", "worse", onset_day=DAY - timedelta(days=1), **base))
    page = app_client().get("/trends").text
    svg = page[page.index("<svg role=") : page.index("</svg>", page.index("<svg role="))]
    assert "7 days: 21 % [15, 29], n 140; 28 days: 19 % [14, 25], n 180" in svg
    assert f"<title>{DAY - timedelta(days=1)}: model m-1 -&gt; m-2</title>" in svg
    assert (
        f"<title>Baseline spring: {DAY - timedelta(days=8)} to {DAY - timedelta(days=2)}, 10.0% of 140</title>" in svg
    )
    assert f"<title>Moved since about {DAY - timedelta(days=1)}</title>" in svg
    assert "corrected: 30 % [20, 40], 60 labels" in svg
    assert svg.count("<circle") == 9
    assert f'href="/trends/day?kind=evaluator&amp;name=json&amp;day={DAY}&amp;origin=production"' in svg
    # By keyboard every day is reached in the table.
    table = page[page.index("Days as a table") :]
    assert table.count('<a href="/trends/day?') == 9


def test_what_moved_stands_on_top_with_all_the_cells_where_it_did(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    _series(warehouse, "json", [2])
    known = {"change": 0.08, "window_days": 7, "rate_7": 0.18, "baseline_rate": 0.1, "onset_day": DAY}
    chat, email = ({"surface": surface} for surface in ("chat", "email"))
    _store(
        warehouse,
        TrendDirections,
        _direction("json", "watch", "worse", **known),
        _direction("json", "alert", "worse", **known | chat),
        _direction("json", "watch", "worse", **known | email),
        _direction("late", "none", "not_enough_data"),
    )
    cause = CELL | {"subject": "json", "rank": 1, "component": "model", "from_version": "m-1", "to_version": "m-2"}
    _store(warehouse, TrendCandidates, cause | chat | {"score": 9.0}, cause | email | {"score": 0.0})
    client = app_client(role="viewer")
    words = _words(client.get("/trends").text)
    assert "alert: worse evaluator json 10.0 % &rarr; 18.0 % (+8.0 points)" in words
    assert f"since about {DAY} perhaps from model m-1 -&gt; m-2 Where: chat , everywhere , email" in words
    assert "4 series were measured" in words and "1 of them have too little data" in words
    assert "What moved" not in client.get("/trends?kind=evaluator").text
    # What points the other way is no cause.
    causes = warehouse.query("select surface, component from evals.open_alerts order by surface", {})
    assert causes["component"].astype("object").where(causes["component"].notna(), None).tolist() == [
        None,
        "model",
        None,
    ]


def test_a_page_holds_a_dozen_and_one_may_be_looked_at_alone(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    for number in range(13):
        _series(warehouse, f"e{number:02}", [2])
    client = app_client()
    assert "Page 1 of 2; 13 subjects" in _words(client.get("/trends").text)
    assert _drawn(client.get("/trends").text) == [f"e{number:02}" for number in range(12)]
    assert _drawn(client.get("/trends?page=2").text) == ["e12"]
    assert _drawn(client.get("/trends?page=9999").text) == []
    assert client.get("/trends?page=" + 5000 * "9").status_code == 200
    assert _drawn(client.get("/trends?kind=evaluator&name=e03").text) == ["e03"]


def _drawn(page: str) -> list[str]:
    return re.findall(r"Failure rate of evaluator (\w+)</title>", page)


CELL_OF_VERSIONS = {"subject_kind": "evaluator", "origin": "production"}


def test_days_of_few_sessions_have_no_dot_and_no_corrected_rate_has_its_reason(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    _series(warehouse, "json", [1], n=9)
    _store(warehouse, TrendWindows, _counts("json", 0, 9, 1, window_days=28, n_days=1))
    page = app_client().get("/trends").text
    assert "trend-dot" not in page.split("</details>", 1)[1]
    words = _words(page)
    assert f"{DAY} 9 too few too few too few" in words and "none: no label of its question" in words


def test_filters_narrow_to_one_cell_and_origins_are_never_mixed(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    _series(warehouse, "json", [2])
    chat = _counts("json", 0, 12, 6, surface="chat")
    demo = _counts("other", 0, 30, 3, origin="simulated")
    _store(warehouse, TrendRollups, chat, demo)
    _store(warehouse, TrendWindows, chat | {"window_days": 28, "n_days": 1})
    client = app_client()
    assert '<option value="chat">' in client.get("/trends").text
    assert "that day: 50 %, n 12" in _shown(client.get("/trends?surface=chat").text)
    assert "Nothing was said" in client.get("/trends?surface=chat&kind=judge").text
    simulated = client.get("/trends?origin=simulated").text
    assert "evaluator other" in simulated and "evaluator json" not in simulated


def _shown(page: str) -> str:
    return re.sub(r" \[\d+, \d+\]", "", re.findall(r"<desc>(.*?)</desc>", page)[0])


def test_hostile_names_stay_text(app_client: AppClient, warehouse: PostgresWarehouse) -> None:
    _series(warehouse, HOSTILE, [2])
    _store(warehouse, TrendDirections, _direction(HOSTILE, baseline_name=HOSTILE))
    page = app_client().get("/trends").text
    assert "<script>alert" not in page and "<img" not in page
    day = app_client().get("/trends/day", params=AT | {"name": HOSTILE})
    assert day.status_code == 200 and "<script>alert" not in day.text


@pytest.mark.parametrize(
    "change", [{"day": "2025-03-99"}, {"kind": "person"}, {"name": "none"}, {"origin": "synthetic"}]
)
def test_a_day_that_is_not_there_is_not_found(
    app_client: AppClient, warehouse: PostgresWarehouse, change: dict[str, str]
) -> None:
    _series(warehouse, "json", [2])
    assert app_client().get("/trends/day", params=AT | change).status_code == 404


VERDICT = {
    "evaluator": "json",
    "evaluator_version": "1",
    "target": "session",
    "session_day": DAY,
    "versions": {},
}


def _day(warehouse: PostgresWarehouse, n: int, user: str = CALIBRATION, **columns: Any) -> list[str]:
    """Store a day of `n` sessions, named s0 and so on; the first two fail."""
    names = [f"s{i}" for i in range(n)]
    plain = {"user_id": user, "model_version": "m-2", "versions": [{"prompt": "p-7"}] * n}
    store_named(warehouse, names, **plain | columns)
    said = [{"session_id": name, "verdict": "fail" if i < 2 else "pass"} for i, name in enumerate(names)]
    _store(warehouse, EvaluatorVerdicts, *(VERDICT | row for row in said))
    _series(warehouse, "json", [2], n=n)
    return names


def test_a_day_shows_counts_by_version_candidates_and_its_sessions(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    _day(warehouse, 20)
    versions = [{"component_version": "m-1", "n": 5, "n_fail": 1}, {"component_version": "m-2", "n": 15, "n_fail": 1}]
    plain = CELL_OF_VERSIONS | {"subject": "json", "subject_version": "1", "surface": "all", "component": "model"}
    _store(warehouse, TrendVersions, *(plain | each for each in versions))
    _store(warehouse, TrendDirections, _direction("json", "alert", "worse"))
    _store(warehouse, TrendCandidates, CELL | {"subject": "json", "rank": 1, "sentence": "The model changed."})
    page = app_client(role="viewer").get("/trends/day", params=AT).text
    words = _words(page)
    assert "All together 20 2 10 %" in words
    assert "model m-2 15 too few: not told" in words and "model m-1 5 too few: not told" in words
    assert "The model changed." in words
    assert "s0 fail chat m-2 prompt p-7 s1 fail" in words and "/session?id=s0" in page
    assert "held back" not in words


def test_what_waits_for_a_reviewer_is_not_listed_and_said_to_be_held_back(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    names = _day(warehouse, 24)
    store_slots(warehouse, *(slot(name) for name in names[:12]))
    page = app_client(reviewer="ben").get("/trends/day", params=AT).text
    assert "12 of 24 sessions are held back" in _words(page)
    assert set(re.findall(r"id=(s\d+)", page)) == set(names[12:])
    # Who has answered one may see it, and only he.
    store_reviews(warehouse, review("s0", "ben", "fail"))
    assert "id=s0" in app_client(reviewer="ben").get("/trends/day", params=AT).text
    assert "id=s0" not in app_client(role="lead", reviewer="ada").get("/trends/day", params=AT).text


@pytest.mark.parametrize("n_waiting", [1, 12])
def test_while_one_of_the_day_waits_nothing_is_said_of_the_others(
    app_client: AppClient, warehouse: PostgresWarehouse, n_waiting: int
) -> None:
    names = _day(warehouse, 24)
    store_slots(warehouse, *(slot(name) for name in names[-n_waiting:]))
    # 2 of 24 failed: if the list showed both, those that are held back would all have passed.
    words = _words(app_client(reviewer="ben").get("/trends/day", params=AT).text)
    assert f"{n_waiting} of 24 sessions" in words and "What was said of each session is not listed" in words
    assert "It said" not in words and "s1 chat m-2 prompt p-7 s10 chat" in words
    assert "All together 24 2 8 %" in words


def test_one_that_waits_in_another_cell_silences_the_list_as_well(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    names = _day(warehouse, 24, surface=["email"] + 23 * ["chat"])
    _store(warehouse, TrendRollups, _counts("json", 0, 23, 1, surface="chat"))
    client = app_client(reviewer="ben")
    assert "s1 fail chat" in _words(client.get("/trends/day", params=AT | {"surface": "chat"}).text)
    store_slots(warehouse, slot(names[0]))
    # 2 of 24 failed and the list of chat would show 1 of its 23: the one that waits would be the other.
    words = _words(client.get("/trends/day", params=AT | {"surface": "chat"}).text)
    assert "It said" not in words and "held back" not in words and "s1 chat" in words


def test_few_sessions_of_a_version_are_not_told_by_the_others(
    app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    _series(warehouse, "json", [5], n=45)
    plain = CELL_OF_VERSIONS | {"subject": "json", "subject_version": "1", "surface": "all", "component": "model"}
    sizes = {"m-1": (1, 1), "m-2": (12, 1), "m-3": (32, 3)}
    rows = ({"component_version": name, "n": n, "n_fail": x} for name, (n, x) in sizes.items())
    _store(warehouse, TrendVersions, *(plain | row for row in rows))
    words = _words(app_client().get("/trends/day", params=AT).text)
    # 5 - 1 - 3 = 1 would be the only session of m-1; with m-2 untold too, 2 of 13 are left.
    assert "m-3 32 3 9 %" in words and "m-2 12 too few: not told" in words and "m-1 1 too few: not told" in words


def test_held_out_sessions_are_not_listed(app_client: AppClient, warehouse: PostgresWarehouse) -> None:
    _day(warehouse, 12, HELD_OUT)
    page = app_client().get("/trends/day", params=AT).text
    words = _words(page)
    assert "12 of 12 sessions are held back" in words and "/session?id=" not in page
    # They are kept from learning, not from reading blind: nobody waits for what was said of the others.
    assert "is not listed while" not in words
