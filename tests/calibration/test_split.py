"""The split: pinned for ever, about half, and groups are never torn apart."""

from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.calibration.split import group_of, label_set


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
