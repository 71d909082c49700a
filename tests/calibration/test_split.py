"""The split: pinned for ever, about half, and neither groups nor near-duplicates are ever torn apart."""

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.calibration.split import group_of, groups_of, label_set, retired_clusters


def test_these_groups_stay_where_they_are_for_ever() -> None:
    pinned = "chcchhcchchcchhchhchhchchhcchhch"  # c: calibration, h: held-out
    assert "".join(label_set(f"user:{i}")[0] for i in range(32)) == pinned
    assert label_set("session:s1") == "calibration"


def test_about_half_is_held_out() -> None:
    n = sum(label_set(f"session:{i}") == "held_out" for i in range(4000))
    assert 1850 < n < 2150  # 2000 give or take 4.7 standard deviations


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_never_takes_a_group_out_of_the_held_out_set(group: str, a: float, b: float) -> None:
    if label_set(group, min(a, b)) == "held_out":
        assert label_set(group, max(a, b)) == "held_out"


def test_a_group_is_the_user_and_the_session_only_where_no_user_is_known() -> None:
    assert group_of("u1", "s1") == group_of("u1", "s2")
    assert group_of("u1", "s1") != group_of("u2", "s1")
    for unknown in (None, float("nan"), ""):
        assert group_of(unknown, "s1") != group_of(unknown, "s2")
    assert group_of(None, "x") != group_of("x", "s1")


USERS = [f"u{n}" for n in range(12)]
MARKS = st.lists(st.sampled_from("abcdef"), max_size=2)
some_sessions = st.lists(st.tuples(st.sampled_from([*USERS, None]), MARKS), max_size=12)


def frame(sessions: list[tuple[str | None, list[str]]], prefix: str = "s") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session_id": pd.Series([f"{prefix}{n}" for n in range(len(sessions))], dtype="str"),
            "user_id": pd.Series([user for user, _ in sessions], dtype="object"),
            "fingerprints": pd.Series([marks for _, marks in sessions], dtype="object"),
        }
    )


def sets(sessions: pd.DataFrame) -> dict[str, str]:
    groups = groups_of(sessions)
    return dict(zip(groups["session_id"], groups["label_set"], strict=True))


def test_near_duplicates_of_three_users_stand_together() -> None:
    # By themselves u0 h, u1 c, u2 h, u3 c, u4 h. u2 and u0 share b, u0 and u3 share a: u3 takes both into calibration.
    assert "".join(label_set(f"user:u{n}")[0] for n in range(5)) == "hchch"
    found = groups_of(frame([("u2", ["b"]), ("u0", ["a", "b"]), ("u3", ["a"]), ("u4", ["x"]), ("u4", [])]))
    assert found["group_id"].tolist() == ["user:u2", "user:u0", "user:u3", "user:u4", "user:u4"]
    assert found["cluster_id"].tolist() == [*["user:u0"] * 3, *["user:u4"] * 2]
    assert found["label_set"].tolist() == [*["calibration"] * 3, *["held_out"] * 2]


@given(some_sessions)
def test_without_near_duplicates_the_split_is_that_of_the_users(sessions: list[tuple[str | None, list[str]]]) -> None:
    unlike = frame([(user, [f"only-{n}"]) for n, (user, _) in enumerate(sessions)])
    plain = groups_of(unlike.drop(columns="fingerprints"))
    pd.testing.assert_frame_equal(groups_of(unlike), plain)
    assert (plain["cluster_id"] == plain["group_id"]).all()
    assert plain["label_set"].tolist() == [label_set(group) for group in plain["group_id"]]


@given(some_sessions, st.randoms(use_true_random=False))
def test_the_order_of_sessions_changes_nothing(sessions: list[tuple[str | None, list[str]]], rng: Any) -> None:
    order = list(range(len(sessions)))
    rng.shuffle(order)
    by_id = groups_of(frame(sessions)).set_index("session_id")
    shuffled = groups_of(frame(sessions).iloc[order]).set_index("session_id")
    pd.testing.assert_frame_equal(shuffled.sort_index(), by_id.sort_index())


@given(some_sessions, some_sessions)
def test_more_sessions_never_move_one_into_the_held_out_set(
    sessions: list[tuple[str | None, list[str]]], more: list[tuple[str | None, list[str]]]
) -> None:
    before, after = sets(frame(sessions)), sets(pd.concat([frame(sessions), frame(more, "t")]))
    assert all(before[session] == "held_out" for session in before if after[session] == "held_out")


@given(some_sessions)
def test_no_user_and_no_near_duplicate_stands_on_both_sides(sessions: list[tuple[str | None, list[str]]]) -> None:
    placed = frame(sessions).merge(groups_of(frame(sessions)), on="session_id")
    assert (placed.groupby("group_id")["label_set"].nunique() <= 1).all()
    assert (placed.explode("fingerprints").groupby("fingerprints")["label_set"].nunique() <= 1).all()


def test_what_is_retired_of_one_user_is_retired_of_all_he_is_linked_to() -> None:
    groups = groups_of(frame([("u1", ["a"]), ("u3", ["a"]), ("u4", [])]))
    retired = retired_clusters(groups, frozenset({("judge:tone", "user:u3"), ("judge:tone", "user:gone")}))
    assert retired == {("judge:tone", "user:u1"), ("judge:tone", "user:gone")}
