"""Which proposals wait for a decision."""

import datetime as dt

from eval_pipeline.review.figures.proposals import latest
from eval_pipeline.tables import TaxonomyProposals
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for

DAY = dt.date(2026, 5, 10)


def found(warehouse: PostgresWarehouse, day: dt.date, *kinds: str, n_sessions: int = 5) -> None:
    row = frame_for(TaxonomyProposals, len(kinds), day).assign(proposal_id=kinds, origin="production")
    row = row.assign(n_sessions=n_sessions, n_population=100, n_before=0, n_population_before=100)
    row["examples"] = [[] for _ in kinds]
    warehouse.replace_day(TaxonomyProposals, day, [row])


def listed(warehouse: PostgresWarehouse) -> list[tuple[str, dt.date]]:
    return [(each.row["proposal_id"], each.row["as_of_day"]) for each in latest(warehouse, "lea")]


def test_a_kind_is_listed_as_found_last_until_it_was_not_found_for_four_weeks(warehouse: PostgresWarehouse) -> None:
    def after(weeks: int) -> dt.date:
        return DAY + dt.timedelta(weeks=weeks)

    found(warehouse, DAY, "old", "goes_on")
    found(warehouse, after(1), "goes_on", n_sessions=9)
    # A week that finds one kind again, or another one, is no answer to the others.
    assert listed(warehouse) == [("goes_on", after(1)), ("old", DAY)]
    found(warehouse, after(5), "new")
    assert listed(warehouse) == [("goes_on", after(1)), ("new", after(5))]
