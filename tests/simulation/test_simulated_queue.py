"""The simulated reviewers leave to people what is theirs: the newest day of the queue, and what they have reviewed."""

import shutil
from datetime import timedelta
from pathlib import Path

import pandas as pd

from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.simulation.demo import newest_queued_day, simulate_queue_reviews
from eval_pipeline.tables import FlaggedSessions, RawSessions, Reviews
from eval_pipeline.taxonomy.writing import taxonomy_text
from tests.fakes import MemoryWarehouse
from tests.resources.frames import frame_for
from tests.simulation.frames import DAY, day_frame, queue_frame
from tests.taxonomy.chains import taxonomy

CATALOG = PROJECT_ROOT / "catalog"
TOMORROW = DAY + timedelta(days=1)


def queued(n: int = 5) -> MemoryWarehouse:
    """`n` simulated sessions of each of two days, and as many real ones of the day after, all in the queue."""
    warehouse = MemoryWarehouse()
    for day, origin in ((DAY, "simulated"), (TOMORROW, "simulated"), (TOMORROW + timedelta(days=1), "production")):
        told = day_frame(n, day).assign(origin=origin)
        columns = {name: told[name].tolist() for name in ("session_id", "turns", "origin")}
        warehouse.replace_day(RawSessions, day, [frame_for(RawSessions, n, day).assign(**columns)])
        warehouse.append(FlaggedSessions, queue_frame(told))
    return warehouse


def days(warehouse: MemoryWarehouse) -> set[object]:
    return set(warehouse.read(Reviews)["session_day"])


def test_the_newest_simulated_day_is_left_to_the_person_at_the_screen() -> None:
    warehouse = queued()
    newest = newest_queued_day(warehouse)
    assert newest == TOMORROW
    assert simulate_queue_reviews(warehouse, CATALOG, before=newest) == 5
    assert days(warehouse) == {DAY}
    assert simulate_queue_reviews(warehouse, CATALOG) == 5, "unless all days are asked for"
    assert days(warehouse) == {DAY, TOMORROW}


def test_what_a_person_has_reviewed_is_reviewed_by_nobody_else() -> None:
    warehouse = queued()
    mine = warehouse.read(FlaggedSessions, [DAY])["session_id"].iloc[0]
    warehouse.append(Reviews, frame_for(Reviews, 1, DAY).assign(session_id=mine, source="app"))
    simulate_queue_reviews(warehouse, CATALOG)
    reviews = warehouse.read(Reviews)
    assert reviews.loc[reviews["session_id"] == mine, "source"].tolist() == ["app"]
    assert len(reviews) == 10


def test_a_category_that_the_catalog_no_longer_has_is_not_named(tmp_path: Path) -> None:
    shutil.copytree(CATALOG / "judges", tmp_path / "judges")
    (tmp_path / "taxonomy.yaml").write_text(taxonomy_text(taxonomy("other")), encoding="utf-8")
    shipped, another = queued(40), queued(40)
    assert simulate_queue_reviews(shipped, CATALOG) == simulate_queue_reviews(another, tmp_path)
    assert shipped.read(Reviews)["category"].notna().any()
    assert another.read(Reviews)["category"].isna().all()


def test_nothing_queued_leaves_nothing() -> None:
    warehouse = MemoryWarehouse()
    assert newest_queued_day(warehouse) is None
    assert simulate_queue_reviews(warehouse, CATALOG) == 0


def test_simulated_reviewers_are_shown_no_machines_words() -> None:
    warehouse = queued()
    simulate_queue_reviews(warehouse, CATALOG)
    reviews: pd.DataFrame = warehouse.read(Reviews)
    assert (reviews["stage"] == "blind").all()
    assert all(words == {} for words in reviews["machine_words"])
    assert not reviews["is_repeat"].any()
