"""A change is split into another mix, another rate within, and the judge; the parts sum to it, whatever the counts."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.trends.decomposition import anchor_shift, decompose, mix_shift, split_change
from tests.trends.turns import ALL, day, turn

THEN, NOW = (day(0), day(9)), day(19)
BASELINES = pd.DataFrame([{"baseline_id": "b", "first_day": THEN[0], "last_day": THEN[1]}])
NO_ANCHORS = pd.DataFrame(columns=["judge", "judge_version", "origin", "session_id", "asked_for_day", "verdict"])

cells = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(st.integers(0, 50), st.floats(0, 1)).map(lambda c: (c[0], round(c[0] * c[1])))
)


def test_the_mix_by_hand() -> None:
    # chat 80 of 100 sessions at 10 %, mail 20 at 50 %: 18 %. Then chat 60 at 10 %, mail 40 at 60 %: 30 %, 12 points more.
    # Mix: chat (.6 - .8) x .10 + mail (.4 - .2) x (.5 + .6) / 2 = -.02 + .11 = .09
    # Within: chat 0 + mail (.6 - .5) x (.2 + .4) / 2 = .03
    before, now = {"chat": (80, 8), "mail": (20, 10)}, {"chat": (60, 6), "mail": (40, 24)}
    mix = mix_shift(before, now)
    parts = split_change(0.12, mix, 0.0)
    assert mix == pytest.approx(0.09) and parts.within == pytest.approx(0.03)


def test_a_surface_that_is_new_is_mix() -> None:
    # Mail comes with 20 of 100 at 60 %: (.8 - 1) x .1 + (.2 - 0) x .6 = .10, the whole of 20 % - 10 %.
    assert mix_shift({"chat": (100, 10)}, {"chat": (80, 8), "mail": (20, 12)}) == pytest.approx(0.10)


@settings(max_examples=25, deadline=None)
@given(before=cells, now=cells)
def test_mix_and_kitagawas_within_are_the_whole(
    before: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]]
) -> None:
    mix = mix_shift(before, now)
    totals = [(sum(n for n, _ in of.values()), sum(x for _, x in of.values())) for of in (before, now)]
    if mix is None:
        assert 0 in (totals[0][0], totals[1][0])
        return
    (n_0, x_0), (n_1, x_1) = totals
    change = x_1 / n_1 - x_0 / n_0
    both = [cell for cell in {*before, *now} if before.get(cell, (0,))[0] and now.get(cell, (0,))[0]]
    within = sum(
        (now[cell][1] / now[cell][0] - before[cell][1] / before[cell][0])
        * (before[cell][0] / n_0 + now[cell][0] / n_1)
        / 2
        for cell in both
    )
    assert split_change(change, mix, None).within == pytest.approx(within, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(change=st.floats(-1, 1), mix=st.none() | st.floats(-1, 1), judge=st.none() | st.floats(-1, 1))
def test_the_parts_sum_to_the_change(change: float, mix: float | None, judge: float | None) -> None:
    parts = split_change(change, mix, judge)
    assert (parts.mix or 0) + parts.within + (parts.judge or 0) == pytest.approx(change, abs=1e-15)


def days(subject_kind: str = "judge", now_version: str = "1") -> pd.DataFrame:
    """Ten days of chat at 10 %, then ten of which half are mail; the subject's version of then and of now."""
    rows = []
    for number in range(20):
        is_now = number >= 10
        sizes = {"chat": (50, 5), "mail": (50, 25)} if is_now else {"chat": (100, 10)}
        total = tuple(map(sum, zip(*sizes.values(), strict=True)))
        for surface, (n, n_fail) in {**sizes, "all": total}.items():
            held = {"subject_kind": subject_kind, "surface": surface, "n": n, "n_fail": n_fail}
            version = now_version if is_now else "1"
            rows.append({**ALL, **held, "session_day": day(number), "subject_version": version})
    return pd.DataFrame(rows).sample(frac=1, random_state=3)


def anchors(fails: dict[dt.date, int], version: str = "1", n: int = 20) -> pd.DataFrame:
    """`n` anchors, asked twice on each day; the first `fails` of them fail."""
    rows = [
        {"judge": "relevance", "judge_version": version, "origin": "production", "session_id": str(number)}
        | {"asked_for_day": asked, "verdict": "fail" if number < count else "pass"}
        for asked, count in fails.items()
        for number in range(n)
        for _ in range(2)
    ]
    return pd.DataFrame(rows)


def parts_of(series: pd.DataFrame, asked: pd.DataFrame = NO_ANCHORS, **fields: object) -> dict[str, float]:
    moved = pd.DataFrame([turn(change=0.2, as_of_day=NOW, **fields)])
    (row,) = decompose(moved, series, BASELINES, asked).to_dict("records")
    return row


def test_a_judge_that_moved_on_its_anchors() -> None:
    # 4 of 20 anchors failed at the baseline, 6 of 20 do now: the judge moved the rate by 10 points.
    # Mix: chat (.5 - 1) x .1 + mail .5 x .5 = .20. So within is .20 - .20 - .10.
    found = parts_of(days(), anchors({day(5): 4, day(18): 6}))
    assert found["judge_shift"] == pytest.approx(0.1) and found["mix_shift"] == pytest.approx(0.2)
    assert sum(found.values()) == pytest.approx(0.2, abs=1e-15)


def test_anchors_of_another_version_old_ones_or_too_few_tell_nothing() -> None:
    for asked in (
        NO_ANCHORS,
        anchors({day(5): 4}),
        anchors({day(5): 4, day(18): 6}, version="2"),
        anchors({day(5): 4, day(18): 6}, n=19),
    ):
        found = parts_of(days(), asked)
        assert pd.isna(found["judge_shift"]) and found["mix_shift"] + found["within_change"] == pytest.approx(0.2)


def test_a_new_version_of_the_judge_is_held_against_the_old_one_on_the_same_anchors() -> None:
    asked = pd.concat([anchors({day(5): 4}, "1"), anchors({day(18): 9}, "2"), anchors({day(18): 1}, "1")])
    assert parts_of(days(now_version="2"), asked)["judge_shift"] == pytest.approx(0.25)


def test_an_evaluator_moves_only_with_its_version() -> None:
    of_evaluator = {"subject_kind": "evaluator"}
    assert parts_of(days("evaluator"), **of_evaluator)["judge_shift"] == 0.0
    assert pd.isna(parts_of(days("evaluator", now_version="2"), **of_evaluator)["judge_shift"])


def test_only_series_over_all_surfaces_have_a_mix_and_only_those_that_moved_have_parts() -> None:
    assert pd.isna(parts_of(days(), surface="mail")["mix_shift"])
    assert all(pd.isna(part) for part in parts_of(days(), direction="steady").values())


def test_errors_are_no_answers() -> None:
    asked = anchors({day(5): 0})
    asked.loc[:19, "verdict"] = "error"
    assert anchor_shift(asked, asked) is None
