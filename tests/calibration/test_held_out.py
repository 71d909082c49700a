"""Held-out sets: looks are numbered and never taken twice, what is used up is calibration, and leaks are named."""

import datetime as dt
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import pytest

from eval_pipeline.calibration.held_out import (
    Look,
    NoLooksLeftError,
    held_out_of,
    held_out_version,
    leaks,
    leaks_in,
    looks_taken,
    record_look,
    retire,
)
from eval_pipeline.calibration.labelled import drawn_until, labelled_sessions
from eval_pipeline.calibration.near_duplicates import text_fingerprints
from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.calibration.traffic import in_their_sets
from eval_pipeline.review.labelling import label_day, moved_days, relabel
from eval_pipeline.tables import FlaggedSessions, HeldoutRetirements, HumanLabels, RawSessions, Reviews
from resources.warehouse import PostgresWarehouse
from tests.calibration.frames import prediction, prediction_frame
from tests.calibration.test_near_duplicates import said
from tests.calibration.test_traffic import queued
from tests.judges.judge_files import judge
from tests.resources.frames import frame_for
from tests.review.test_labels import DAY, review, review_frame

TARGET = "judge:relevance"
NEXT_DAY = DAY + dt.timedelta(days=1)
NOW = dt.datetime(2026, 3, 12, tzinfo=dt.UTC)
USERS = [f"user-{n}" for n in range(60)]
HELD_OUT = [user for user in USERS if label_set(group_of(user, "")) == "held_out"]
CALIBRATION = [user for user in USERS if label_set(group_of(user, "")) == "calibration"]
TEXTS = iter(range(100, 10_000))


def text(seed: int | None = None) -> str:
    return " ".join(said(60, next(TEXTS) if seed is None else seed))


def look(**changes: Any) -> Look:
    return Look(
        **{
            "subject": "relevance",
            "subject_version": "1+aa",
            "looked_by": "ada",
            "looked_at": NOW,
            "labels_hash": "h",
            **changes,
        }
    )


def take_in(warehouse: PostgresWarehouse, day: dt.date, sessions: Sequence[tuple[str, str, str]]) -> None:
    """Store, queue and review sessions of a day (id, user, what was said): the judge's question was asked blind."""
    ids = [name for name, _, _ in sessions]
    raw = frame_for(RawSessions, len(sessions), day).assign(
        session_id=ids,
        user_id=[user for _, user, _ in sessions],
        turns=[[{"role": "user", "content": words}] for _, _, words in sessions],
        origin="production",
        surface="chat",
    )
    warehouse.replace_day(RawSessions, day, [raw.sort_values("session_id")])
    rows = [queued(name, "quiet", 0.5, session_day=day) for name in ids]
    warehouse.append(FlaggedSessions, FlaggedSessions.validate(pd.DataFrame(rows)))
    answered = [
        review("ada", {"session": "pass", TARGET: "pass"}, session_id=name, session_day=day, review_id=f"r-{name}")
        for name in ids
    ]
    warehouse.append(Reviews, review_frame(answered))
    warehouse.replace_day(HumanLabels, day, [label_day(day, warehouse)])
    relabel(moved_days(warehouse), warehouse)


def held_out(warehouse: PostgresWarehouse, target: str = TARGET) -> set[str]:
    labels = warehouse.read(HumanLabels)
    return set(labels.loc[(labels["target"] == target) & (labels["label_set"] == "held_out"), "session_id"])


@pytest.fixture
def filled(warehouse: PostgresWarehouse) -> Iterator[PostgresWarehouse]:
    """h1, h2 (one user) and h3 in the held-out set, c1 in calibration."""
    users = {"h1": HELD_OUT[0], "h2": HELD_OUT[0], "h3": HELD_OUT[1], "c1": CALIBRATION[0]}
    take_in(warehouse, DAY, [(name, user, text()) for name, user in users.items()])
    assert held_out(warehouse) == {"h1", "h2", "h3"}
    yield warehouse


def test_looks_at_a_set_are_numbered_and_end(warehouse: PostgresWarehouse) -> None:
    taken = [
        record_look(warehouse, TARGET, "production", look(n_true_fail=n, labels_hash=f"{n}"), most=3) for n in range(3)
    ]
    assert [(each.held_out_version, each.look) for each in taken] == [(1, 1), (1, 2), (1, 3)]
    assert looks_taken(warehouse, TARGET, "production", 1)["n_true_fail"].tolist() == [0, 1, 2]
    with pytest.raises(NoLooksLeftError, match="looked at 3 times"):
        record_look(warehouse, TARGET, "production", look(), most=3)
    again = record_look(warehouse, TARGET, "production", look(labels_hash="1"), most=3)
    assert again == taken[1], "the same version on the same labels is the same look"
    assert record_look(warehouse, TARGET, "simulated", look(), most=3).look == 1, "another origin, another set"


def test_two_at_once_never_take_the_same_look_nor_one_too_many(warehouse: PostgresWarehouse, database_url: str) -> None:
    def take(number: int, origin: str = "production") -> int:
        with PostgresWarehouse(database_url) as own:
            try:
                return record_look(own, TARGET, origin, look(labels_hash=f"{number}"), most=3).look
            except NoLooksLeftError:
                return 0

    with ThreadPoolExecutor(5) as threads:
        assert sorted(threads.map(take, range(5))) == [0, 0, 1, 2, 3]
        assert len(looks_taken(warehouse, TARGET, "production", 1)) == 3
        assert list(threads.map(take, [7] * 5, ["simulated"] * 5)) == [1] * 5, "the same look of five at once is one"


def test_counts_of_a_set_that_was_retired_meanwhile_are_no_look_at_the_next(filled: PostgresWarehouse) -> None:
    counted = held_out_version(filled, TARGET, "production")
    retire(filled, TARGET, "production", "look-3", NOW)
    with pytest.raises(NoLooksLeftError, match="set 1 of production sessions was retired"):
        record_look(filled, TARGET, "production", look(), most=3, counted=counted)
    assert looks_taken(filled, TARGET, "production", 2).empty


def test_what_was_answered_after_the_reveal_is_nobodys_to_learn_from_while_its_group_is_held_out(
    filled: PostgresWarehouse,
) -> None:
    ids = filled.read(HumanLabels)["session_id"]
    assert held_out_of(filled, ids, TARGET) == {"h1", "h2", "h3"}
    retire(filled, TARGET, "production", "look-3", NOW)
    assert held_out_of(filled, ids, TARGET) == set()
    assert held_out_of(filled, ids, "judge:other") == {"h1", "h2", "h3"}


def test_a_retired_set_is_calibration_for_ever_and_a_fresh_one_fills(filled: PostgresWarehouse) -> None:
    assert retire(filled, TARGET, "production", "look-3", NOW) == [DAY]
    assert held_out(filled) == set()
    assert held_out(filled, "session") == {"h1", "h2", "h3"}, "of other questions nothing was looked at"
    assert held_out_version(filled, TARGET, "production") == 2
    assert held_out_version(filled, TARGET, "simulated") == 1
    later = [("h4", HELD_OUT[0], text()), ("h5", HELD_OUT[2], text())]
    take_in(filled, NEXT_DAY, later)
    assert held_out(filled) == {"h5"}, "the user of h4 was used up"
    drawn = drawn_until(NEXT_DAY, filled).set_index("session_id")
    assert drawn["retired_for"].map(list).to_dict() == {
        "c1": [],
        "h5": [],
        **{name: [TARGET] for name in ("h1", "h2", "h3", "h4")},
    }


def test_a_used_up_session_counts_in_the_traffic_of_calibration_for_its_judge_alone(filled: PostgresWarehouse) -> None:
    retire(filled, TARGET, "production", "look-3", NOW)
    said_of_h1 = [prediction("h1", "pass", target=target) for target in (TARGET, "judge:other", "session")]
    said = prediction_frame(said_of_h1).merge(drawn_until(DAY, filled), on="session_id")
    assert in_their_sets(said)["label_set"].tolist() == ["calibration", "held_out", "held_out"]


def test_retiring_again_changes_nothing_and_other_origins_stay(filled: PostgresWarehouse) -> None:
    assert retire(filled, TARGET, "simulated", "look-3", NOW) == []
    assert held_out(filled) == {"h1", "h2", "h3"}
    retire(filled, TARGET, "production", "look-3", NOW)
    before = filled.read(HeldoutRetirements)
    assert set(before["group_id"]) == {f"user:{HELD_OUT[0]}", f"user:{HELD_OUT[1]}"}
    assert retire(filled, TARGET, "production", "look-3", NOW) == []
    pd.testing.assert_frame_equal(filled.read(HeldoutRetirements), before)


def test_what_was_reviewed_since_and_not_labelled_yet_is_retired_with_its_set(filled: PostgresWarehouse) -> None:
    answered = review("ben", {TARGET: "fail"}, session_id="h3", review_id="r-late")
    filled.append(Reviews, review_frame([answered]))
    filled.replace_day(HumanLabels, DAY, [filled.read(HumanLabels).query("session_id != 'h3'")])
    retire(filled, TARGET, "production", "look-3", NOW)
    relabel([DAY], filled)
    assert held_out(filled) == set()


def test_a_near_duplicate_of_a_later_day_takes_a_label_into_calibration(filled: PostgresWarehouse) -> None:
    same = text()
    take_in(filled, NEXT_DAY, [("h9", HELD_OUT[5], same)])
    assert "h9" in held_out(filled)
    day_after = NEXT_DAY + dt.timedelta(days=1)
    take_in(filled, day_after, [("c9", CALIBRATION[5], f"{same} 4711")])
    assert held_out(filled) == {"h1", "h2", "h3"}
    drawn = drawn_until(day_after, filled).set_index("session_id")["label_set"]
    assert drawn[["h9", "c9", "h1"]].tolist() == ["calibration", "calibration", "held_out"]
    groups = labelled_sessions(filled.read(HumanLabels), filled).set_index("session_id")["group_id"]
    assert groups["h9"] == groups["c9"] != groups["h1"]
    filled.replace_day(RawSessions, day_after, [])  # its source was withdrawn
    filled.replace_day(HumanLabels, day_after, [label_day(day_after, filled)])
    relabel([NEXT_DAY], filled)
    assert "h9" not in held_out(filled), "what was linked once stays linked"


def test_a_near_duplicate_of_a_retired_session_is_used_up_too(filled: PostgresWarehouse) -> None:
    same = text()
    take_in(filled, NEXT_DAY, [("h9", HELD_OUT[5], same)])
    retire(filled, TARGET, "production", "look-3", NOW)
    take_in(filled, NEXT_DAY + dt.timedelta(days=1), [("h10", HELD_OUT[6], same), ("h11", HELD_OUT[7], text())])
    assert held_out(filled) == {"h11"}


def example(origin: str, session: str, verdict: str = "fail") -> dict[str, str]:
    return {"origin": origin, "session": session, "critique": "It says so.", "verdict": verdict}


def test_a_leak_is_named_whether_by_session_by_near_duplicate_or_by_its_words() -> None:
    known = text()
    rows = pd.DataFrame({"session_id": ["h1", "h2"], "fingerprints": [[], text_fingerprints(known)]})
    examples = [
        example("h1", "short"),
        example("c1", "short too", "pass"),
        example("own", f"User: {known}"),
        example("c2", "another short one"),
        example("own", text()),
    ]
    found = leaks(judge(examples=examples), rows, {"c2": text_fingerprints(known)})
    assert [sentence.removeprefix("judge relevance: ") for sentence in found] == [
        "example 1 comes from held-out session h1",
        "example 3 (own) is a near-duplicate of held-out session h2",
        "example 4 (c2) is a near-duplicate of held-out session h2",
    ]
    assert leaks(judge(), rows, {}) == []


def test_an_example_of_a_held_out_user_leaks_until_the_set_is_retired(filled: PostgresWarehouse) -> None:
    told = judge(examples=[example("h2", "Refund?"), example("c1", "Hours?", "pass")])
    assert leaks_in(told, filled) == ["judge relevance: example 1 comes from held-out session h2"]
    retire(filled, TARGET, "production", "look-3", NOW)
    assert leaks_in(told, filled) == []
