"""Feedback as products send it: what each shape is read as, and what is not guessed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.formats.sessions_jsonl import SESSIONS_JSONL
from eval_pipeline.formats.votes import rating, scale
from eval_pipeline.sessions import Session
from tests.formats.format_files import read_all, read_good, session, write_lines

UP, DOWN = [("thumbs", 1, None)], [("thumbs", -1, None)]


def read(tmp_path: Path, feedback: Any) -> list[tuple[str, float | None, str | None]]:
    [fields] = read_good(SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [session(feedback=feedback)]))
    return [(said.kind, said.value, said.text) for said in Session.model_validate(fields).feedback]


@pytest.mark.parametrize("word", ["up", "thumbs_up", "ThumbsUp", "👍", "👍🏽", "like", "+1", True, 1, "yes"])
def test_a_thumb_up(tmp_path: Path, word: Any) -> None:
    assert read(tmp_path, {"thumbs": word}) == UP


@pytest.mark.parametrize("word", ["down", "thumbs_down", "thumbsdown", "👎", "dislike", False, 0, -1, "-1", "no"])
def test_a_thumb_down(tmp_path: Path, word: Any) -> None:
    assert read(tmp_path, [{"thumbs": word}]) == DOWN


@pytest.mark.parametrize(
    ("feedback", "pieces"),
    [
        ("down", DOWN),
        (False, DOWN),
        (-1, DOWN),
        (["👎", "up"], DOWN + UP),
        ({"thumbsDown": True}, DOWN),
        ({"thumbs_up": 0, "thumbs_down": 1}, DOWN),
        ({"helpful": "no"}, DOWN),
        ({"type": "thumbs_down"}, DOWN),
        ({"type": "thumbs", "value": "down"}, DOWN),
        ({"key": "thumbs", "score": 0}, DOWN),
        ({"kind": "thumbs", "value": "down"}, DOWN),
        ({"rating": "thumbsDown"}, DOWN),
        ({"rating": 2, "max": 5}, [("rating", 0.25, None)]),
        ({"rating": 1, "max": 5}, [("rating", 0, None)]),
        ({"rating": 0, "max": 5}, [("rating", 0, None)]),
        ({"rating": 2, "min": 0, "max": 5}, [("rating", 0.4, None)]),
        ({"rating": "2/5"}, [("rating", 0.25, None)]),
        ({"score": 3, "scale": 10}, [("rating", pytest.approx(2 / 9), None)]),
        ({"score": 3, "scale": "0-10"}, [("rating", 0.3, None)]),
        ({"score": 0.3}, [("rating", 0.3, None)]),
        ({"stars": "2"}, [("rating", 0.25, None)]),
        ({"csat": 2}, [("rating", 0.25, None)]),
        ({"nps": 4}, [("rating", 0.4, None)]),
        ({"type": "stars", "value": 2}, [("rating", 0.25, None)]),
        ("It made that up", [("report", None, "It made that up")]),
        ("no", [("report", None, "no")]),
        ({"comment": "Bad"}, [("report", None, "Bad")]),
        ({"tags": ["inaccurate", "other"], "text": "Bad"}, [("report", None, "inaccurate, other; Bad")]),
        ({"type": "report", "category": "harmful"}, [("report", None, "harmful")]),
        ({"flagged": True}, [("report", None, None)]),
        ({"thumbs": "down", "reason": "wrong"}, [("thumbs", -1, "wrong")]),
        ({"stars": 2, "thumbs": "down", "text": "Bad"}, [("rating", 0.25, "Bad"), ("thumbs", -1, None)]),
        # Our own form.
        ({"kind": "rating", "value": 1}, [("rating", 1, None)]),
        ({"kind": "thumbs", "value": 0}, [("thumbs", 0, None)]),
        ({"kind": "report"}, [("report", None, None)]),
        ({"kind": "report", "value": 1.0, "text": "solved"}, [("report", 1, "solved")]),
        # Nothing said.
        ({"thumbs_up": False, "thumbs_down": False}, []),
        ({"thumbs": None, "comment": ""}, []),
        ({"flagged": False}, []),
        ([None, "", {}], []),
    ],
)
def test_a_shape_is_read_as_what_it_says(tmp_path: Path, feedback: Any, pieces: list[Any]) -> None:
    assert read(tmp_path, feedback) == pieces


@pytest.mark.parametrize(
    ("feedback", "field"),
    [
        ({"rating": 3}, "feedback.rating"),
        ([{"thumbs": 1}, {"rating": 1}], "feedback.1.rating"),
        ({"stars": 6}, "feedback.stars"),
        ({"rating": 7, "max": 5}, "feedback.rating"),
        ({"rating": 3, "max": "many"}, "feedback.max"),
        ({"thumbs": "sideways"}, "feedback.thumbs"),
        ({"thumbs": 3}, "feedback.thumbs"),
        ({"kind": "rating", "value": 3}, "feedback.rating"),
        ({"kind": "swordfish"}, "feedback"),
        ({"swordfish": 1}, "feedback"),
        ({"comment": {"swordfish": 1}}, "feedback.comment"),
        (3, "feedback"),
        ("1", "feedback"),
    ],
)
def test_what_could_be_read_in_two_ways_is_rejected_with_the_mend(tmp_path: Path, feedback: Any, field: str) -> None:
    [(_, rejection)] = read_all(SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [session(feedback=feedback)]))
    assert (rejection.reason, rejection.field) == ("bad_field", field)
    assert rejection.mend
    assert "swordfish" not in f"{rejection.detail} {rejection.mend}"


def test_the_turn_is_kept_and_so_are_keys_that_are_no_feedback(tmp_path: Path) -> None:
    answer = {"role": "assistant", "content": "Tomorrow.", "feedback": {"thumbs": "down", "by": 7}}
    rated = {"stars": 1, "messageIndex": 1, "id": "f-9", "type": "survey"}
    [fields] = read_good(
        SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [session(turns=[answer, answer], feedback=rated)])
    )
    read = Session.model_validate(fields)
    assert [(said.kind, said.turn_index) for said in read.feedback] == [("rating", 1), ("thumbs", 0), ("thumbs", 1)]
    assert read.meta["feedback_extras"] == {"0": {"id": "f-9", "type": "survey"}}
    assert read.meta["turn_extras"]["1"] == {"feedback": {"0": {"by": 7}}}


@given(st.integers(2, 100), st.integers(1, 100), st.integers(1, 100))
def test_a_rating_rises_from_worst_to_best_of_its_scale(points: int, one: int, other: int) -> None:
    of = scale(points)
    assert (rating(1, of), rating(points, of)) == (0, 1)
    low, high = sorted((one, other))
    if high <= points:
        assert 0 <= (rating(low, of) or 0) <= (rating(high, of) or 0) <= 1
    else:
        assert rating(high, of) is None
