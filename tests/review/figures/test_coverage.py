"""How far the queue is read, by day, and which labels are still missing."""

from eval_pipeline.review.design import Design
from eval_pipeline.review.figures.coverage import by_day, control_labels, judge_labels
from resources.warehouse import PostgresWarehouse
from tests.review.figures.stored_reviews import TALK, label, review, store_labels, store_reviews
from tests.stored_sessions import DAY, store_queue, store_sessions, store_signals

EVERYTHING_TWICE = Design.model_validate({"default": {"sessions_per_day": 8, "double_review_share": 1}})


def test_a_day_counts_what_was_read_read_twice_and_decided(warehouse: PostgresWarehouse) -> None:
    sessions = store_sessions(warehouse, {f"s{i}": TALK for i in range(5)})
    drawn = store_queue(warehouse, sessions, store_signals(warehouse, sessions), design=EVERYTHING_TWICE)
    one, other = drawn["session_id"].tolist()[:2]
    n = len(drawn)
    assert [(d.sampled, d.read, d.read_twice, d.waiting, d.adjudicated) for d in by_day(warehouse)] == [(n, 0, 0, n, 0)]
    store_reviews(
        warehouse,
        review(one, "ada", "pass"),
        review(one, "ada", None, 1, stage="revealed"),  # the same person is one reader
        review(one, "ben", "fail", 2),
        review(one, "cleo", "fail", 3, stage="adjudication"),
        review(other, "ada", "pass"),
        review(other, "ada", "pass", 4, is_repeat=True),
    )
    (day,) = by_day(warehouse)
    assert (day.day, day.double_reviews) == (DAY, n)
    assert (day.sampled, day.read, day.read_twice, day.waiting, day.adjudicated) == (n, 2, 1, n - 1, 1)


def test_labels_of_a_judge_count_settled_ones_and_say_how_many_are_missing(warehouse: PostgresWarehouse) -> None:
    held_out = {"label_set": "held_out"}
    rows = [label(f"f{i}", "judge:tone", "fail", **held_out) for i in range(31)]
    rows += [label(f"p{i}", "judge:tone", "pass", **held_out) for i in range(4)]
    rows += [label("c", "judge:tone", "pass"), label("d", "judge:tone", "fail", label=None, status="disputed")]
    rows += [label("s", "session", "fail", **held_out)]
    store_labels(warehouse, *rows)
    tone_out, tone_in, other_out, _ = judge_labels(warehouse, ["tone", "relevance"])
    assert (tone_out.label_set, tone_out.n_fail, tone_out.n_pass) == ("held_out", 31, 4)
    assert (tone_out.fail_missing, tone_out.pass_missing) == (0, 26)
    assert (tone_in.n_fail, tone_in.n_pass) == (0, 1)
    assert (other_out.judge, other_out.n_fail, other_out.fail_missing) == ("relevance", 0, 30)


def test_without_anything_stored_all_is_missing(warehouse: PostgresWarehouse) -> None:
    assert by_day(warehouse) == []
    assert control_labels(warehouse) == []
    assert [(each.origin, each.n_fail) for each in judge_labels(warehouse, ["tone"])] == [
        ("production", 0),
        ("production", 0),
    ]
