"""Adjudication by example, the blind held-out set, and order-independence."""

import datetime as dt
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.calibration.split import group_of, groups_of, label_set
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.review.labels import derive_labels, split_known
from eval_pipeline.tables import HumanLabels, Reviews

DAY = dt.date(2026, 3, 10)
USERS = [f"user-{i}" for i in range(50)]
HELD_OUT_USER = next(u for u in USERS if label_set(group_of(u, "")) == "held_out")
CALIBRATION_USER = next(u for u in USERS if label_set(group_of(u, "")) == "calibration")


def review(reviewer: str, answers: dict[str, str] | str, hour: int = 9, **changes: Any) -> dict[str, Any]:
    answers = {"session": answers} if isinstance(answers, str) else answers
    return {
        "review_id": f"{reviewer}-{hour}-{sorted(answers.items())}-{sorted(changes.items(), key=str)}",
        "session_id": "s1",
        "session_day": DAY,
        "reviewer": reviewer,
        "source": "app",
        "answers": answers,
        "first_bad_turn": None,
        "category": None,
        "note": None,
        "is_blind": True,
        "arm": None,
        "inclusion_probability": None,
        "design_id": None,
        "seconds": None,
        "submitted_at": pd.Timestamp("2026-03-10T00:00Z") + pd.Timedelta(hours=hour),
        "taxonomy_version": "1",
        "redaction_version": "1",
        "stage": "blind" if changes.get("is_blind", True) else "revealed",
        "is_repeat": False,
        "revision": None,
        "machine_words": {},
        **changes,
    }


def review_frame(reviews: list[dict[str, Any]]) -> pd.DataFrame:
    return Reviews.validate(pd.DataFrame(reviews, columns=list(Reviews.to_schema().columns)))


def labels(*reviews: dict[str, Any], user: str = HELD_OUT_USER) -> pd.DataFrame:
    sessions = pd.DataFrame({"session_id": ["s1", "s2"], "user_id": [user, user], "origin": "production"})
    frame = derive_labels(DAY, review_frame(list(reviews)), sessions)
    assert list(frame.columns) == list(HumanLabels.to_schema().columns)
    return frame.set_index("target")


def one(*reviews: dict[str, Any], user: str = HELD_OUT_USER) -> pd.Series:
    return labels(*reviews, user=user).loc["session"]


@pytest.mark.parametrize(
    ("answers", "label", "status"),
    [
        (["fail"], "fail", "settled"),
        (["pass", "pass", "pass"], "pass", "settled"),
        (["pass", "fail"], None, "disputed"),
        (["pass", "pass", "fail"], None, "disputed"),
        (["unsure", "unsure"], None, "unsure"),
        (["unsure", "fail"], "fail", "settled"),
        (["unsure", "fail", "pass"], None, "disputed"),
    ],
)
def test_adjudication(answers: list[str], label: str | None, status: str) -> None:
    row = one(*[review(f"reviewer-{i}", answer) for i, answer in enumerate(answers)])
    assert (row["label"] if pd.notna(row["label"]) else None, row["status"]) == (label, status)
    assert row["n_reviews"] == len(answers)


def test_the_latest_answer_of_a_reviewer_replaces_his_earlier_one() -> None:
    row = one(review("ada", "fail", hour=9), review("ada", "pass", hour=11), review("ben", "pass", hour=10))
    assert (row["label"], row["status"], row["n_reviews"], row["reviewers"]) == ("pass", "settled", 2, ["ada", "ben"])
    assert row["labelled_at"] == pd.Timestamp("2026-03-10T11:00Z")


def test_a_later_review_leaves_targets_that_it_does_not_answer() -> None:
    rows = labels(review("ada", {"session": "fail"}), review("ada", {"judge:refund": "pass"}, hour=10, is_blind=False))
    assert rows["label"].to_dict() == {"judge:refund": "pass", "session": "fail"}


def test_a_held_out_label_rests_on_blind_answers_alone() -> None:
    blind, revealed = review("ada", "fail"), review("ada", "pass", hour=10, is_blind=False)
    held_out = one(blind, revealed, user=HELD_OUT_USER)
    assert (held_out["label_set"], held_out["label"], held_out["is_blind"]) == ("held_out", "fail", True)
    tuned = one(blind, revealed, user=CALIBRATION_USER)
    assert (tuned["label_set"], tuned["label"], tuned["is_blind"]) == ("calibration", "pass", False)


def test_a_label_that_was_first_given_after_the_reveal_never_enters_the_held_out_set() -> None:
    row = one(review("ada", "pass", is_blind=False), review("ben", "pass", hour=12), user=HELD_OUT_USER)
    assert (row["label_set"], row["n_reviews"], row["is_blind"]) == ("calibration", 2, False)


@pytest.mark.parametrize(
    ("named", "expected"),
    [(["rude", "rude"], "rude"), (["rude", None], "rude"), (["rude", "slow"], None), ([None, None], None)],
)
def test_the_category_is_the_one_that_reviewers_agree_on(named: list[str | None], expected: str | None) -> None:
    row = one(*[review(f"reviewer-{i}", "fail", category=name) for i, name in enumerate(named)])
    assert (row["category"] if pd.notna(row["category"]) else None) == expected


def test_only_a_failure_has_a_category() -> None:
    rows = labels(review("ada", {"session": "fail", "judge:tone": "pass"}, category="rude"))
    assert rows["category"].notna().to_dict() == {"judge:tone": False, "session": True}


def test_the_draw_behind_a_label_is_kept_whoever_opened_the_session_first() -> None:
    drawn = {"arm": "control", "inclusion_probability": 0.25, "design_id": "d1"}
    row = one(review("ada", "fail", seconds=40), review("ben", "fail", hour=10, seconds=2.5, **drawn))
    assert (row["arm"], row["inclusion_probability"], row["design_id"], row["seconds"]) == ("control", 0.25, "d1", 42.5)
    by_hand = review("cleo", "fail", hour=8, arm="error_analysis")
    assert one(by_hand, review("ben", "fail", **drawn))["inclusion_probability"] == 0.25
    assert one(by_hand, review("ben", "fail"))["arm"] == "error_analysis"
    alone = one(review("ada", "fail"))
    assert alone[["arm", "inclusion_probability", "design_id", "seconds"]].isna().all()


def lead(answer: str | dict[str, str], hour: int = 12, **changes: Any) -> dict[str, Any]:
    return review("lea", answer, hour, stage="adjudication", **changes)


DISPUTED = (review("ada", "fail", category="rude"), review("ben", "pass", hour=10))


@pytest.mark.parametrize("decision", ["pass", "fail"])
def test_a_lead_settles_what_reviewers_dispute(decision: str) -> None:
    row = one(*DISPUTED, lead(decision))
    assert (row["label"], row["status"], row["is_adjudicated"]) == (decision, "settled", True)
    assert (row["label_set"], row["n_reviews"], row["reviewers"]) == ("held_out", 3, ["ada", "ben", "lea"])
    assert row["labelled_at"] == pd.Timestamp("2026-03-10T12:00Z")
    assert not one(*DISPUTED)["is_adjudicated"]


def test_the_latest_adjudication_counts_and_no_later_review_moves_it() -> None:
    row = one(*DISPUTED, lead("fail"), lead("pass", hour=13), review("ada", "fail", hour=14))
    assert (row["label"], row["status"], row["n_reviews"]) == ("pass", "settled", 3)


def test_a_lead_who_reviewed_as_well_is_one_person() -> None:
    row = one(review("lea", "fail"), review("ben", "pass"), lead("fail"))
    assert (row["label"], row["n_reviews"], row["reviewers"]) == ("fail", 3, ["ben", "lea"])


def test_a_lead_decides_between_categories() -> None:
    apart = (review("ada", "fail", category="rude"), review("ben", "fail", category="slow"))
    assert one(*apart, lead("fail", category="slow"))["category"] == "slow"
    assert one(*apart, lead("fail", category="wrong"))["category"] == "wrong"
    assert pd.isna(one(*apart, lead("pass"))["category"])
    assert one(review("ada", "fail", category="rude"), lead("fail"))["category"] == "rude", "he named none"


def test_an_unsure_lead_decides_nothing() -> None:
    row = one(*DISPUTED, lead("unsure"))
    assert (row["status"], row["is_adjudicated"], row["label"] is None or pd.isna(row["label"])) == (
        "unsure",
        False,
        True,
    )
    taken_back = one(*DISPUTED, lead("fail"), lead("unsure", hour=13))
    assert taken_back["status"] == "unsure"
    agreed = one(review("ada", "fail"), review("ben", "fail"), lead("unsure"))
    assert (agreed["label"], agreed["status"], agreed["is_adjudicated"]) == ("fail", "settled", False)


def test_a_lead_who_saw_the_machines_words_moves_no_held_out_label() -> None:
    seen = lead("fail", is_blind=False)
    assert one(*DISPUTED, seen, user=HELD_OUT_USER)["status"] == "disputed"
    tuned = one(*DISPUTED, seen, user=CALIBRATION_USER)
    assert (tuned["label"], tuned["is_blind"], tuned["is_adjudicated"]) == ("fail", False, True)


def test_a_lead_who_is_the_first_to_answer_a_target_labels_it() -> None:
    row = labels(*DISPUTED, lead({"session": "fail", "judge:tone": "pass"})).loc["judge:tone"]
    assert (row["label"], row["n_reviews"], row["label_set"]) == ("pass", 1, "held_out")


def test_a_repeat_makes_no_label_and_is_not_named_by_the_hash() -> None:
    first, again = review("ada", "fail", seconds=5), review("ada", "pass", hour=12, is_repeat=True, seconds=9)
    pd.testing.assert_series_equal(one(first, again), one(first))
    assert labels(again).empty


def test_the_seconds_of_a_reading_count_once() -> None:
    blind = review("ada", {"session": "fail", "judge:tone": "fail"}, seconds=40)
    revealed = review("ada", {"session": "pass", "signal:loop": "fail"}, hour=10, is_blind=False, seconds=5)
    tuned = labels(blind, revealed, blind, user=CALIBRATION_USER)["seconds"]
    assert tuned.to_dict() == {"session": 45, "judge:tone": 40, "signal:loop": 5}
    assert labels(blind, revealed, user=HELD_OUT_USER)["seconds"]["session"] == 40


def test_only_the_question_that_was_asked_blind_is_held_out() -> None:
    blind = review("ada", {"session": "fail", "judge:tone": "fail"})
    words = {"judge:tone": "pass", "judge:refund": "fail", "classifier:topic": "fail", "evaluator:sql": "pass"}
    sets = labels(blind, review("ada", words, hour=10, is_blind=False))[["label_set", "label"]]
    assert sets.loc["judge:tone"].tolist() == ["held_out", "fail"]
    assert set(sets.drop(index=["judge:tone", "session"])["label_set"]) == {"calibration"}


def test_a_set_that_was_used_up_for_one_question_is_calibration_for_this_one_alone() -> None:
    sessions = pd.DataFrame({"session_id": ["s1"], "user_id": [HELD_OUT_USER], "origin": "production"})
    given_blind = review("ada", {"session": "fail", "judge:tone": "fail", "judge:refund": "fail"})
    unblind = review("ada", {"judge:tone": "pass"}, hour=10, is_blind=False)
    retired = frozenset({("judge:tone", group_of(HELD_OUT_USER, "s1"))})
    rows = derive_labels(DAY, review_frame([given_blind, unblind]), sessions, retired).set_index("target")
    assert rows["label_set"].to_dict() == {
        "judge:tone": "calibration",
        "judge:refund": "held_out",
        "session": "held_out",
    }
    assert rows.loc["judge:tone", "label"] == "pass", "as in the calibration set, his latest answer counts"


def test_a_label_follows_a_near_duplicate_of_another_day_into_calibration() -> None:
    sessions = pd.DataFrame({"session_id": ["s1"], "user_id": [HELD_OUT_USER], "origin": "production"})
    far = pd.DataFrame({"session_id": ["far"], "user_id": [CALIBRATION_USER]})
    both = pd.concat([sessions[["session_id", "user_id"]], far]).assign(fingerprints=[["a", "b"], ["b", "c"]])
    reviews = review_frame([review("ada", "fail")])
    assert derive_labels(DAY, reviews, sessions)["label_set"].tolist() == ["held_out"]
    assert derive_labels(DAY, reviews, sessions, groups=groups_of(both))["label_set"].tolist() == ["calibration"]


def test_reviews_of_unknown_sessions_are_named_not_dropped() -> None:
    stray = review("ada", "fail", session_id="gone")
    with pytest.raises(EvalPipelineError, match="gone"):
        labels(stray, review("ada", "fail"))
    sessions = pd.DataFrame({"session_id": ["s1"]})
    known, unknown = split_known(review_frame([stray, review("ada", "fail")]), sessions)
    assert (known["session_id"].tolist(), unknown["session_id"].tolist()) == (["s1"], ["gone"])


def test_an_answer_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(EvalPipelineError, match="none of pass, fail, unsure"):
        labels(review("ada", "satisfied"))


def test_no_reviews_give_no_labels() -> None:
    assert labels().empty


some_reviews = st.lists(
    st.builds(
        lambda reviewer, session, judge, hour, is_blind, changes: review(
            reviewer, {"session": session, "judge:tone": judge}, hour, is_blind=is_blind, **changes
        ),
        st.sampled_from(["ada", "ben", "cleo"]),
        st.sampled_from(["pass", "fail", "unsure"]),
        st.sampled_from(["pass", "fail", "unsure"]),
        st.integers(0, 5),
        st.booleans(),
        st.sampled_from([{}, {"stage": "adjudication"}, {"is_repeat": True}]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row["review_id"],
)


@settings(max_examples=30, deadline=None)
@given(some_reviews, st.sampled_from([HELD_OUT_USER, CALIBRATION_USER]), st.randoms(use_true_random=False))
def test_laws(reviews: list[dict[str, Any]], user: str, rng: Any) -> None:
    rows = labels(*reviews, user=user)
    assert rows.index.tolist() == (["judge:tone", "session"] if not all(r["is_repeat"] for r in reviews) else [])
    assert (rows["label"].notna() == (rows["status"] == "settled")).all()
    assert rows.loc[rows["label_set"] == "held_out", "is_blind"].all()
    shuffled = [*reviews, reviews[0]]
    rng.shuffle(shuffled)
    pd.testing.assert_frame_equal(labels(*shuffled, user=user), rows)
