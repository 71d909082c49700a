"""Version changes are found in the days themselves: slow roll-outs, surfaces apart, roll-backs."""

import pandas as pd

from eval_pipeline.trends.changes import version_changes
from tests.trends.turns import day, versions


def models(*days: dict[str, int], **held: str) -> pd.DataFrame:
    counted = {number: {"model": {name: (n, 0) for name, n in of.items()}} for number, of in enumerate(days)}
    return versions(counted, **held)


def found(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    changes = version_changes(rows.sample(frac=1, random_state=1))
    columns = ["surface", "component", "from_version", "to_version", "first_day", "side_by_side_days"]
    return list(changes[columns].itertuples(index=False, name=None))


def test_a_slow_roll_out_is_one_change_from_its_first_day_on() -> None:
    rows = models({"m1": 10}, {"m1": 9, "m2": 1}, {"m1": 5, "m2": 5}, {"m2": 10})
    assert found(rows) == [("all", "model", "m1", "m2", day(1), 2)]


def test_what_stood_there_on_the_first_day_is_no_change() -> None:
    assert found(models({"m1": 5, "m2": 5}, {"m1": 5, "m2": 5})) == []


def test_surfaces_are_told_apart() -> None:
    chat = models({"m1": 10}, {"m2": 10}, {"m2": 10}, surface="chat")
    mail = models({"m1": 10}, {"m1": 10}, {"m2": 10}, surface="mail")
    assert found(pd.concat([chat, mail])) == [
        ("chat", "model", "m1", "m2", day(1), 0),
        ("mail", "model", "m1", "m2", day(2), 0),
    ]


def test_a_version_that_comes_back_after_a_week_came_anew() -> None:
    away, short = [{"m2": 10}] * 8, [{"m2": 10}] * 6
    assert found(models({"m1": 10}, *away, {"m1": 10})) == [
        ("all", "model", "m1", "m2", day(1), 0),
        ("all", "model", "m2", "m1", day(9), 0),
    ]
    assert found(models({"m1": 10}, *short, {"m1": 10})) == [("all", "model", "m1", "m2", day(1), 0)]


def test_a_version_that_is_stated_no_more_is_no_new_one() -> None:
    assert found(models({"not stated": 10}, {"m1": 10}, {"not stated": 10})) == [
        ("all", "model", "not stated", "m1", day(1), 0)
    ]


def test_it_came_from_the_commonest_version_before() -> None:
    rows = models({"old": 9, "rare": 1}, {"rare": 4}, {"new": 10})
    assert found(rows) == [("all", "model", "old", "new", day(2), 0)]


def test_a_component_that_comes_on_record_is_a_change_from_none() -> None:
    rows = pd.concat([models({"m1": 10}, {"m1": 10}), versions({1: {"tools": {"t1": (10, 0)}}})])
    assert found(rows) == [("all", "tools", None, "t1", day(1), 0)]
