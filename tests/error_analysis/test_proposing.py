"""What is proposed: new and growing kinds that no category explains, and none that was decided on."""

import random
from dataclasses import replace

import pytest

from eval_pipeline.error_analysis.misfits import sorted_out
from eval_pipeline.error_analysis.proposing import Known, kinds_of, proposed
from eval_pipeline.error_analysis.texts import failing_turns, words
from tests.error_analysis.frames import DAY, evidence, frame, quiet, turn, weeks

GIFT = "you receive a free gift voucher which never expires"
CUT = "the sentence stops in the middle of the parcel"
OLD = "ships quarry lantern saddle meadow"


def world(new: int = 9, old: int = 24, explained: int = 12) -> dict[str, object]:
    return {
        **quiet(400),
        **weeks(old, old // 3, OLD, prefix="old"),
        **weeks(explained, explained // 3, CUT, "truncated", prefix="cut"),
        **weeks(0, new, GIFT, prefix="gift"),
    }


def test_a_new_kind_is_proposed_and_what_was_always_there_is_not() -> None:
    (kind,) = proposed(DAY, evidence(world()), []).values()  # type: ignore[arg-type]
    assert (kind.counts.kind_now, kind.counts.kind_before, kind.trend) == (9, 0, "new")
    assert len(kind.terms) == 8 and set(kind.terms) <= set(GIFT.split())
    assert len(kind.examples) == 5 and all(session.startswith("gift") for session in kind.examples)
    assert kind.nearest_category == "truncated" and kind.distance is not None and kind.distance > 0.9
    row = kind.columns()
    assert row["rate"] == pytest.approx(9 / kind.counts.all_now)
    assert row["rate_low"] < row["rate"] < row["rate_high"]


def test_a_kind_that_says_what_a_category_says_is_not_proposed() -> None:
    alike = {**world(new=0), **weeks(0, 9, CUT, prefix="gift")}
    assert any(kind.trend == "new" for kind in kinds_of(DAY, evidence(alike)))  # type: ignore[arg-type]
    assert proposed(DAY, evidence(alike), []) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize("decision", ["rejected", "accepted"])
def test_what_was_decided_does_not_come_back_and_what_waits_keeps_its_id(decision: str) -> None:
    found = evidence(world())  # type: ignore[arg-type]
    (kind,) = proposed(DAY, found, []).values()
    assert proposed(DAY, found, [Known("k1", kind.fingerprint, decision)]) == {}
    assert list(proposed(DAY, found, [Known("k1", kind.fingerprint)])) == ["k1"]
    # Another kind was decided on: this one is proposed all the same.
    assert len(proposed(DAY, found, [Known("k2", {"saddle": 1.0}, decision)])) == 1


def test_the_order_of_rows_changes_nothing() -> None:
    there = list(world().items())
    once = proposed(DAY, evidence(dict(there)), [])  # type: ignore[arg-type]
    random.Random(3).shuffle(there)
    assert proposed(DAY, evidence(dict(there)), []) == once  # type: ignore[arg-type]


def test_people_come_before_machines() -> None:
    told = evidence(
        {name: (DAY, category, "words") for name, category in [("a", "abstain"), ("b", "loop"), ("c", "loop")]}
    )
    told = replace(
        told,
        labels=frame(
            "session_id",
            "label",
            "status",
            "category",
            rows=[("a", "pass", "settled", None), ("b", "fail", "settled", None), ("c", "fail", "disputed", None)],
        ),
    )
    found = sorted_out(told).set_index("session_id")["category"]
    # a: people pass it. b: people fail it and no category fits. c: undecided, so the machine's category stands.
    assert list(found.index) == ["b", "c"] and found["c"] == "loop" and found.isna()["b"]


def test_words_are_about_kinds_and_not_customers() -> None:
    told = "Order QM-10431-A of [PERSON_7f3a9b21c0], a.b@c.de, https://x.y/z, 12,50: the VOUCHER expires"
    assert words(told) == ["order", "the", "voucher", "expires"]


def test_the_turns_that_a_failure_rests_on() -> None:
    turns = [
        turn("user", "hi"),
        turn("assistant", "wrong"),
        turn("user", "no!"),
        turn("assistant", "sorry"),
        turn("user", "bye"),
        turn("assistant", "goodbye"),
    ]
    assert failing_turns(turns, []) == ["sorry", "goodbye"]
    assert failing_turns(turns, [2]) == ["wrong", "no!", "sorry", "goodbye"]
    assert failing_turns(turns, [99]) == ["sorry", "goodbye"]
