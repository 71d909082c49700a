"""Dagster partitions: the UTC day, for every asset. Evaluator, surface and model are columns, never partitions."""

from datetime import date

import dagster as dg

from eval_pipeline.formats.times import FIRST_DAY

# Ten years of days are some 3,650 keys, which Dagster handles with ease. The current day has a partition too (end_offset), so that it can be looked at before it is over.
daily = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)
nightly_backfill = dg.BackfillPolicy.single_run()


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Return the days that this run is about, in order: one for a plain run, many for a backfill in a single run."""
    if not (context.has_partition_key or context.has_partition_key_range):
        raise dg.Failure("This run names no day. Mend: launch it with a partition (a UTC day) or a range of them.")
    return [date.fromisoformat(key) for key in context.partition_keys]


def checked_days(context: dg.AssetCheckExecutionContext) -> list[date] | None:
    """Return the days of this run, or None when a check is executed by itself: it then looks at the whole table."""
    run = context.op_execution_context
    if not (run.has_partition_key or run.has_partition_key_range):
        return None
    return [date.fromisoformat(key) for key in run.partition_keys]
