"""Which readings make a pair, and what is said of them: blind, first, of different people, origins apart."""

from typing import Any

import pytest

from eval_pipeline.review.figures.agreement_reading import Reliability, reliability
from resources.warehouse import PostgresWarehouse
from tests.review.figures.stored_reviews import review, store_named, store_reviews


def _only(warehouse: PostgresWarehouse) -> Reliability:
    (found,) = reliability(warehouse)
    return found


def test_nothing_reviewed_is_nothing_known(warehouse: PostgresWarehouse) -> None:
    assert reliability(warehouse) == []


def test_blind_answers_of_two_people_make_a_pair(warehouse: PostgresWarehouse) -> None:
    names = [f"s{i:02d}" for i in range(12)]
    store_named(warehouse, names, surface=["bot"] * 2 + ["chat"] * 10)
    rows = [review(name, "ada", "pass") for name in names]
    rows += [review(name, "ben", "fail" if name == "s05" else "pass", 1) for name in names]
    store_reviews(warehouse, *rows)
    found = _only(warehouse)
    assert (found.all_pairs.figures.n, found.all_pairs.figures.n_agree) == (12, 11)
    assert found.all_pairs.figures.raw.value == pytest.approx(11 / 12)
    assert [(each.name, each.figures.n, each.figures.n_agree) for each in found.by_surface] == [
        ("bot", 2, 2),
        ("chat", 10, 9),
    ]
    assert [(each.name, each.figures.n) for each in found.by_people] == [("ada and ben", 12)]
    assert [(each.name, each.n, each.seconds) for each in found.people] == [("ada", 12, 20.0), ("ben", 12, 20.0)]


@pytest.mark.parametrize(
    "second",
    [
        {"stage": "revealed"},
        {"is_blind": False},
        {"stage": "adjudication", "is_blind": True},
        {"is_repeat": True, "reviewer": "ada"},
    ],
    ids=["after the reveal", "had looked", "a decision", "oneself"],
)
def test_what_is_not_two_people_blind_is_no_pair(warehouse: PostgresWarehouse, second: dict[str, Any]) -> None:
    store_named(warehouse, ["one"])
    store_reviews(warehouse, review("one", "ada", "pass"), review("one", "ben", "fail", 1) | second)
    assert _only(warehouse).all_pairs.figures.n == 0


def test_of_three_readers_the_first_two_stand_for_the_session(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["one"])
    store_reviews(
        warehouse, review("one", "cleo", "pass", 1), review("one", "ada", "pass", 2), review("one", "ben", "fail", 3)
    )
    found = _only(warehouse)
    assert (found.all_pairs.figures.n, found.all_pairs.figures.n_agree) == (1, 1)
    assert [(each.name, each.figures.n_agree) for each in found.by_people] == [
        ("ada and ben", 0),
        ("ada and cleo", 1),
        ("ben and cleo", 0),
    ]


def test_who_is_unsure_is_counted_apart(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["one"])
    store_reviews(warehouse, review("one", "ada", "unsure"), review("one", "ben", "fail", 1))
    found = _only(warehouse).all_pairs
    assert (found.figures.n, found.n_unsure) == (0, 1)


def test_categories_are_compared_where_both_fail(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["one", "two", "three"])
    for name, category in [("one", "loop"), ("two", "refusal"), ("three", None)]:
        store_reviews(
            warehouse,
            review(name, "ada", "fail", category="loop"),
            review(name, "ben", "fail", 1, category=category),
        )
    found = _only(warehouse)
    assert (found.n_same_category, found.same_category.n, found.same_category.value) == (1, 2, None)


def test_a_person_is_compared_with_himself_on_what_he_was_shown_again(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["one", "two"])
    store_reviews(
        warehouse,
        review("one", "ada", "pass"),
        review("one", "ada", "fail", 5, is_repeat=True),
        review("two", "ada", "pass"),
        review("two", "ada", "pass", 6, is_repeat=True),
    )
    (own,) = _only(warehouse).with_oneself
    assert (own.name, own.figures.n, own.figures.n_agree) == ("ada", 2, 1)


def test_origins_are_never_mixed_and_real_sessions_come_first(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["demo", "real"], origin=["simulated", "production"])
    for name in ("demo", "real"):
        store_reviews(warehouse, review(name, "ada", "pass"), review(name, "ben", "pass", 1))
    assert [(each.origin, each.all_pairs.figures.n) for each in reliability(warehouse)] == [
        ("production", 1),
        ("simulated", 1),
    ]
