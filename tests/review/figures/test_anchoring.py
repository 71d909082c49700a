"""How the reveal moves people: which readings count, who contradicts them, and which way an answer is changed."""

import pytest

from eval_pipeline.review.figures.anchoring import Anchoring, Pull, anchoring, said_by
from resources.warehouse import PostgresWarehouse
from tests.review.figures.stored_reviews import review, store_named, store_reviews

FAIL, PASS = (
    {"said": "fail", "version": "1", "response": "agreed"},
    {"said": "pass", "version": "1", "response": "agreed"},
)


def _read(warehouse: PostgresWarehouse, name: str, locked: str, now: str | None, words: dict[str, object]) -> None:
    store_named(warehouse, [name])
    store_reviews(
        warehouse,
        review(name, "ada", locked, revision=1),
        review(name, "ada", now, 1, stage="revealed", revision=2, machine_words=words),
    )


def _pull(found: Anchoring, voice: str, stand: str) -> Pull:
    (pull,) = [each for each in found.pulls if (each.voice, each.stand) == (voice, stand)]
    return pull


@pytest.mark.parametrize(
    ("locked", "now", "stand", "changed", "toward", "away"),
    [
        ("pass", "fail", "contradicted", 1, 1, 0),
        ("pass", None, "contradicted", 0, 0, 0),
        ("pass", "unsure", "contradicted", 1, 0, 0),
        ("fail", None, "agreed with", 0, 0, 0),
        ("fail", "pass", "agreed with", 1, 0, 1),
        # He kept his answer, and changed category or turn alone.
        ("fail", "fail", "agreed with", 0, 0, 0),
    ],
)
def test_a_change_is_toward_the_judges_or_away_from_them(
    warehouse: PostgresWarehouse, locked: str, now: str | None, stand: str, changed: int, toward: int, away: int
) -> None:
    _read(warehouse, "one", locked, now, {"judge:tone": FAIL, "judge:relevance": FAIL, "judge:usefulness": PASS})
    (found,) = anchoring(warehouse)
    assert (found.n, found.n_changed) == (1, changed)
    pull = _pull(found, "most judges", stand)
    assert (pull.n, pull.n_changed, pull.n_toward, pull.n_away) == (1, changed, toward, away)
    other = "agreed with" if stand == "contradicted" else "contradicted"
    assert _pull(found, "most judges", other).n == 0


def test_voices_are_a_majority_of_judges_and_any_evaluator_that_fails() -> None:
    words = {"judge:a": FAIL, "judge:b": PASS, "signal:c": {"said": "fired"}}
    assert said_by("most judges", words) is None
    assert said_by("any evaluator", words) is None
    assert said_by("most judges", {**words, "judge:d": PASS}) == "pass"
    assert said_by("any evaluator", {"evaluator:x": PASS}) is None
    assert said_by("any evaluator", {"evaluator:x": PASS, "evaluator:y": FAIL}) == "fail"


def test_who_was_unsure_is_neither_contradicted_nor_agreed_with(warehouse: PostgresWarehouse) -> None:
    _read(warehouse, "one", "unsure", "fail", {"judge:tone": FAIL})
    (found,) = anchoring(warehouse)
    assert (found.n, found.n_changed, sum(pull.n for pull in found.pulls)) == (1, 1, 0)


def test_a_second_revision_after_the_reveal_stands_for_the_first(warehouse: PostgresWarehouse) -> None:
    _read(warehouse, "one", "pass", "fail", {"judge:tone": FAIL})
    back = review("one", "ada", "pass", 2, stage="revealed", revision=3)
    store_reviews(warehouse, back)
    (found,) = anchoring(warehouse)
    assert (found.n, found.n_changed) == (1, 0)


def test_what_was_never_revealed_or_not_locked_first_does_not_count(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["blind alone", "looked first", "imported"])
    store_reviews(
        warehouse,
        review("blind alone", "ada", "pass", revision=1),
        review("looked first", "ada", "pass", stage="revealed", revision=1, machine_words={"judge:tone": FAIL}),
        review("imported", "ada", "pass", source="import"),
        review("imported", "ada", "fail", 1, source="import", stage="revealed"),
    )
    assert anchoring(warehouse) == []


def test_a_share_needs_ten_readings(warehouse: PostgresWarehouse) -> None:
    names = [f"s{i}" for i in range(10)]
    store_named(warehouse, names)
    for i, name in enumerate(names):
        locked = review(name, "ada", "pass", revision=1)
        later = review(name, "ada", "fail" if i < 3 else None, 1, stage="revealed", revision=2)
        store_reviews(warehouse, locked, later | {"machine_words": {"judge:tone": FAIL}})
    (found,) = anchoring(warehouse)
    assert _pull(found, "most judges", "contradicted").changed.value == pytest.approx(0.3)
    assert _pull(found, "any evaluator", "contradicted").changed.value is None
