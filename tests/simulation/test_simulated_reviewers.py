from datetime import timedelta

import pandas as pd

from eval_pipeline.simulation.reviewers import REVIEWERS, simulate_reviews
from eval_pipeline.simulation.truth import MODE_SHARES, known_truth
from eval_pipeline.tables import Reviews
from tests.simulation.frames import SEED, day_frame, is_likely, queue_frame

JUDGES = ["relevance", "completeness", "politeness"]
SESSIONS = day_frame(5000)
TRUTH = known_truth(SESSIONS, SEED).set_index("session_id")


def review(queue: pd.DataFrame, sessions: pd.DataFrame = SESSIONS, judges: list[str] = JUDGES) -> pd.DataFrame:
    return simulate_reviews(queue, sessions, judges, SEED, "tax-1", "red-1")


REVIEWED = review(queue_frame(SESSIONS, is_double_review=True))


def joined() -> pd.DataFrame:
    """Every review beside the truth."""
    return REVIEWED.join(TRUTH.add_prefix("true_"), on="session_id")


def test_the_reviews_are_rows_of_their_table() -> None:
    assert Reviews.validate(REVIEWED).equals(REVIEWED)
    assert list(REVIEWED.columns) == list(Reviews.to_schema().columns)
    assert REVIEWED["review_id"].is_unique
    assert REVIEWED["is_blind"].all()
    one = REVIEWED.iloc[0]
    assert (one["source"], one["arm"], one["design_id"], one["inclusion_probability"]) == (
        "simulation",
        "control",
        "design-1",
        0.25,
    )
    assert (one["taxonomy_version"], one["redaction_version"]) == ("tax-1", "red-1")


def test_an_empty_queue_gives_an_empty_table_of_the_same_types() -> None:
    assert review(queue_frame(SESSIONS.head(0))).dtypes.equals(REVIEWED.dtypes)


def test_a_double_review_is_by_two_people_and_a_single_one_by_the_first_of_them() -> None:
    assert (REVIEWED.groupby("session_id")["reviewer"].nunique() == 2).all()
    single = review(queue_frame(SESSIONS.head(300)))
    assert len(single) == 300
    assert set(single["review_id"]) < set(REVIEWED["review_id"])
    assert set(single["reviewer"]) == {reviewer.name for reviewer in REVIEWERS}


def test_each_reviewer_errs_at_the_known_rates() -> None:
    for reviewer in REVIEWERS:
        mine = joined()[lambda frame, name=reviewer.name: frame["reviewer"] == name]
        said_fail = mine["answers"].map(lambda answers: answers["session"] == "fail")
        bad, good = mine["true_is_failure"], ~mine["true_is_failure"]
        assert is_likely(int((bad & ~said_fail).sum()), int(bad.sum()), reviewer.miss_rate)
        assert is_likely(int((good & said_fail).sum()), int(good.sum()), reviewer.false_alarm_rate)
        caught = mine[bad & said_fail]
        is_other = caught["category"] != caught["true_category"]
        assert is_likely(int(is_other.sum()), len(caught), reviewer.category_error_rate)


def test_a_question_is_missed_with_its_session_and_alarms_no_more_often() -> None:
    frame = joined()
    said = frame["answers"].map(lambda answers: answers["judge:relevance"] == "fail")
    true = frame["true_answers"].map(lambda answers: answers["judge:relevance"] == "fail")
    found = frame["answers"].map(lambda answers: answers["session"] == "fail")
    assert (said[true] == found[true]).all()
    assert not said[~true & frame["true_is_failure"]].any()
    assert 0 < said[~frame["true_is_failure"]].mean() < max(reviewer.false_alarm_rate for reviewer in REVIEWERS)


def test_tone_is_judged_apart_from_all_else_at_the_same_rates() -> None:
    reviewed = review(queue_frame(SESSIONS, is_double_review=True), judges=["tone"])
    frame = reviewed.join(TRUTH.add_prefix("true_"), on="session_id")
    for reviewer in REVIEWERS:
        mine = frame[frame["reviewer"] == reviewer.name]
        said = mine["answers"].map(lambda answers: answers["judge:tone"] == "fail")
        true = mine["true_answers"].map(lambda answers: answers["judge:tone"] == "fail")
        assert is_likely(int((true & ~said).sum()), int(true.sum()), reviewer.miss_rate)
        assert is_likely(int((~true & said).sum()), int((~true).sum()), reviewer.false_alarm_rate)


def test_a_review_agrees_with_itself() -> None:
    is_fail = REVIEWED["answers"].map(lambda answers: answers["session"] == "fail")
    for column in ("category", "first_bad_turn"):
        assert REVIEWED[column].notna().equals(is_fail.rename(column))
    assert set(REVIEWED["category"].dropna()) == set(MODE_SHARES)
    n_turns = SESSIONS.set_index("session_id")["turns"].map(len)
    assert (REVIEWED["first_bad_turn"].fillna(0) < REVIEWED["session_id"].map(n_turns)).all()


def test_only_questions_with_a_known_truth_and_a_judge_are_answered() -> None:
    assert all(set(answers) == {"session", "judge:relevance", "judge:completeness"} for answers in REVIEWED["answers"])
    few = review(queue_frame(SESSIONS.head(5)), judges=["relevance"])
    assert all(set(answers) == {"session", "judge:relevance"} for answers in few["answers"])


def test_reviews_come_the_day_after_within_office_hours() -> None:
    days = REVIEWED["submitted_at"].dt.date
    assert (days == REVIEWED["session_day"].map(lambda day: day + timedelta(days=1))).all()
    assert REVIEWED["submitted_at"].dt.hour.between(9, 16).all()


def test_order_and_company_change_no_review() -> None:
    queue = queue_frame(SESSIONS.head(50), is_double_review=True)
    in_order = review(queue)
    assert review(queue[::-1], SESSIONS.head(60)[::-1]).equals(in_order)
    alone = review(queue.iloc[7:8])
    assert set(alone["review_id"]) < set(in_order["review_id"])
    assert in_order[in_order["review_id"].isin(alone["review_id"])].reset_index(drop=True).equals(alone)


def test_sessions_without_known_truth_get_no_review() -> None:
    queue = queue_frame(SESSIONS.head(4))
    queue.loc[0, "origin"] = "production"
    sessions = SESSIONS.head(3).copy()
    sessions.at[1, "turns"] = [{"role": "assistant", "content": "Hello"}]
    assert list(review(queue, sessions)["session_id"]) == [SESSIONS["session_id"][2]]
