from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from resources.daily_spend import PostgresDailySpend
from resources.warehouse import PostgresWarehouse

DAY, OTHER_DAY = date(2026, 3, 1), date(2026, 3, 2)


def test_a_day_takes_what_fits_and_no_more(warehouse: PostgresWarehouse) -> None:
    spend = PostgresDailySpend(warehouse)
    assert spend.spent(DAY) == 0
    assert not spend.reserve(DAY, 1.5, 1.0)
    assert spend.spent(DAY) == 0
    assert [spend.reserve(DAY, 0.4, 1.0) for _ in range(3)] == [True, True, False]
    assert spend.reserve(OTHER_DAY, 0.4, 1.0)
    assert spend.spent(DAY) == pytest.approx(0.8)


def test_what_was_spent_takes_the_place_of_what_was_reserved(warehouse: PostgresWarehouse) -> None:
    spend = PostgresDailySpend(warehouse)
    assert spend.reserve(DAY, 0.9, 1.0)
    spend.settle(DAY, 0.9, 0.2)
    assert spend.spent(DAY) == pytest.approx(0.2)
    assert spend.reserve(DAY, 0.8, 1.0)


def test_sums_of_fractions_do_not_end_below_nothing(warehouse: PostgresWarehouse) -> None:
    spend = PostgresDailySpend(warehouse)
    for amount in (0.1, 0.2, 0.3):
        assert spend.reserve(DAY, amount, 1.0)
    for amount in (0.3, 0.2, 0.1):
        spend.settle(DAY, amount, 0.0)
    assert spend.spent(DAY) == pytest.approx(0, abs=1e-12)


def test_many_at_once_pass_no_limit_together(warehouse: PostgresWarehouse) -> None:
    spend = PostgresDailySpend(warehouse)
    with ThreadPoolExecutor(8) as threads:
        granted = list(threads.map(lambda _: spend.reserve(DAY, 0.25, 10.0), range(100)))
    assert (sum(granted), spend.spent(DAY)) == (40, 10.0)
