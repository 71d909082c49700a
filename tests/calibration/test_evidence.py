"""What a look finds, on frames alone: when labels are a plain sample, and when the design weighs them."""

import pandas as pd

from eval_pipeline.calibration.estimators.rates import lower_bound
from eval_pipeline.calibration.evidence import (
    figures_of,
    is_plain_sample,
    n_without_verdict,
    unlabelled_cells,
    with_answers,
)
from eval_pipeline.calibration.gate_policy import GatePolicy

POLICY = GatePolicy()


def items(stratum: str, n: int, labels: list[str | None]) -> pd.DataFrame:
    """`n` sessions of one stratum, all drawn with probability 1; the first are labelled."""
    ids = [f"{stratum}{number:03d}" for number in range(n)]
    columns = {"session_id": ids, "stratum": stratum, "weight": 1.0, "label": [*labels, *[None] * (n - len(labels))]}
    return pd.DataFrame(columns)


def test_equal_chances_are_no_plain_sample_while_one_stratum_is_read_before_the_other() -> None:
    """All 400 sessions were drawn; of the 100 flagged all are read, of the 300 quiet ones a tenth.

    It catches 40 of the 40 flagged failures; of the quiet ones it caught none of the 3 that were found, which stand for 30:
    40 in 43 labels, 40 in 70 failures of the traffic.
    """
    flagged = items("flagged", 100, ["fail"] * 40 + ["pass"] * 60)
    quiet = items("quiet", 300, ["fail"] * 3 + ["pass"] * 27)
    both = pd.concat([flagged, quiet], ignore_index=True)
    said = {name: "fail" if name < "flagged040" else "pass" for name in both["session_id"]}
    found = figures_of(with_answers(both, said), POLICY, "seed")
    assert not is_plain_sample(both) and found.is_weighted
    assert found.tpr.value == round(40 / 70, 6) and found.tpr.bound is not None and found.tpr.bound < 40 / 70
    unread = with_answers(pd.concat([flagged, items("quiet", 300, [])], ignore_index=True), said)
    assert unlabelled_cells(unread) == ("quiet where it says pass",)


def test_silence_on_what_people_could_tell_is_counted_and_contested_sessions_are_not() -> None:
    both = pd.concat([items("chat/quiet", 4, ["fail", "fail", "pass"]), items("chat/contested", 2, ["fail", "fail"])])
    said = {name: "error" if "contested" in name else "not_applicable" for name in both["session_id"]}
    assert n_without_verdict(with_answers(both, said)) == 3
    assert n_without_verdict(with_answers(both, dict.fromkeys(said, "pass"))) == 0


def test_the_sessions_of_a_user_count_as_fewer_in_both_kinds_of_bounds() -> None:
    """Of 60 failures, 4 each of 15 users, 48 are caught: all of 12 users, none of 3. So each user is one answer, 12 of 15."""
    one = items("chat/flagged", 120, ["fail"] * 60 + ["pass"] * 60)
    said = {name: "fail" if number < 48 else "pass" for number, name in enumerate(one["session_id"])}
    users = one.assign(group_id=[f"user:{number // 4}" for number in range(120)])
    other = items("chat/quiet", 40, ["pass"] * 40).assign(weight=2.0)
    for alone, together in (
        (one, users),
        (pd.concat([one, other], ignore_index=True), pd.concat([users, other], ignore_index=True)),
    ):
        all_said = {**dict.fromkeys(other["session_id"], "pass"), **said}
        plain, clustered = (figures_of(with_answers(each, all_said), POLICY, "seed").tpr for each in (alone, together))
        assert plain.value == clustered.value == 0.8 and plain.n == clustered.n == 60
        assert plain.bound is not None and clustered.bound is not None
        assert clustered.bound <= lower_bound(12, 15, POLICY.alpha_of_look) + 0.06 < plain.bound


def test_all_read_or_one_stratum_are_a_plain_sample() -> None:
    flagged, quiet = items("flagged", 4, ["fail"] * 4), items("quiet", 4, ["pass"] * 4)
    assert is_plain_sample(pd.concat([flagged, quiet], ignore_index=True))
    assert is_plain_sample(items("quiet", 100, ["pass"] * 10))
    assert not is_plain_sample(pd.concat([flagged, quiet.assign(weight=2.0)], ignore_index=True))
