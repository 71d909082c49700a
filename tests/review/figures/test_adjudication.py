"""What waits for a lead: who disagrees on what, since when it no longer does, and whose decision counts."""

import pytest

from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.review.figures.adjudication import readings, stands, waiting
from resources.warehouse import PostgresWarehouse
from tests.review.figures.stored_reviews import review, store_named, store_reviews


def _user_in(wanted: str) -> str:
    """A user whose labels stand in the set `wanted`."""
    return next(name for name in map("user{}".format, range(99)) if label_set(group_of(name, "x")) == wanted)


def _targets(warehouse: PostgresWarehouse) -> list[tuple[str, str, bool]]:
    return [(each.session_id, d.target, d.is_about_answer) for each in waiting(warehouse) for d in each.disputes]


def test_blind_answers_that_differ_wait_at_once(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["agreed", "differ"])
    for name, second in [("agreed", "pass"), ("differ", "fail")]:
        store_reviews(
            warehouse,
            review(name, "ada", "pass", answers={"session": "pass", "judge:tone": "fail"}),
            review(name, "ben", second, 1, answers={"session": second, "judge:tone": "pass"}),
        )
    assert _targets(warehouse) == [
        ("agreed", "judge:tone", True),
        ("differ", "session", True),
        ("differ", "judge:tone", True),
    ]
    assert waiting(warehouse, "differ")[0].people == ("ada", "ben")


@pytest.mark.parametrize(
    ("second", "waits"),
    [
        ({"answers": {"session": "unsure"}}, False),
        ({"stage": "revealed", "is_blind": False}, False),
        ({"is_repeat": True}, False),
        ({"is_blind": False}, False),
        ({"answers": {"session": "pass", "evaluator:x": "fail"}}, False),
        ({}, True),
    ],
    ids=["unsure", "revealed", "repeat", "looked", "another target", "blind"],
)
def test_only_sure_blind_first_answers_disagree(
    warehouse: PostgresWarehouse, second: dict[str, object], waits: bool
) -> None:
    store_named(warehouse, ["one"])
    store_reviews(warehouse, review("one", "ada", "pass"), review("one", "ben", "fail", 1) | second)
    assert bool(waiting(warehouse)) == waits


def test_two_who_fail_it_differently_dispute_the_category(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["one"])
    store_reviews(
        warehouse,
        review("one", "ada", "fail", category="loop"),
        review("one", "ben", "fail", 1, category="refusal"),
    )
    assert _targets(warehouse) == [("one", "session", False)]


@pytest.mark.parametrize("in_set", ["held_out", "calibration"])
def test_a_decision_ends_the_dispute_where_it_counts(warehouse: PostgresWarehouse, in_set: str) -> None:
    store_named(warehouse, ["one"], user_id=_user_in(in_set))
    store_reviews(warehouse, review("one", "ada", "pass"), review("one", "ben", "fail", 1))
    (before,) = waiting(warehouse)
    assert before.is_held_out == (in_set == "held_out")
    store_reviews(warehouse, review("one", "ada", "fail", 2, stage="adjudication", is_blind=False))
    assert bool(waiting(warehouse)) == (in_set == "held_out")  # held-out labels rest on blind answers alone
    store_reviews(warehouse, review("one", "cleo", "fail", 3, stage="adjudication", is_blind=True))
    assert waiting(warehouse) == []


def test_a_decision_on_one_point_leaves_the_others(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["one"])
    for minute, (who, answer) in enumerate([("ada", "pass"), ("ben", "fail")]):
        store_reviews(warehouse, review("one", who, answer, minute, answers={"session": answer, "judge:tone": answer}))
    decided = review("one", "cleo", None, 3, stage="adjudication", is_blind=True, answers={"judge:tone": "fail"})
    store_reviews(warehouse, decided)
    assert _targets(warehouse) == [("one", "session", True)]


def test_readings_are_what_each_said_blind_and_nothing_that_machines_say(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["one"])
    words = {"judge:tone": {"said": "fail", "version": "1", "response": "agreed"}}
    store_reviews(
        warehouse,
        review("one", "ada", "fail", category="loop", first_bad_turn=1, note="Twice the same."),
        review("one", "ada", "pass", 2, stage="revealed", note="I was wrong.", machine_words=words),
        review("one", "ben", "pass", 1),
    )
    ada, ben = readings(warehouse, "one")
    assert (ada.reviewer, ada.answers, ada.category, ada.first_bad_turn, ada.note) == (
        "ada", {"session": "fail"}, "loop", 1, "Twice the same.",
    )  # fmt: skip
    assert (ben.reviewer, ben.answers, ben.note) == ("ben", {"session": "pass"}, None)


def test_how_a_lead_stands_to_the_session(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["one"])
    store_reviews(
        warehouse,
        review("one", "ada", "pass", revision=3),
        review("one", "cleo", "pass", 1, stage="adjudication", revision=1),
    )
    found = {who: stands(warehouse, "one", who) for who in ("ada", "ben", "cleo")}
    assert {who: (s.revision, s.has_seen) for who, s in found.items()} == {
        "ada": (3, True),
        "ben": (0, False),
        "cleo": (1, False),
    }
