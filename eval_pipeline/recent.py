"""What machines said lately, counted: for the lists of signals and of evaluators.

Not here: the lists (`signals/overview.py`, `evaluators/overview.py`).
"""

from collections.abc import Sequence

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import Table

RECENT_DAYS = 28


def recent_counts(
    warehouse: Warehouse, table: type[Table], columns: Sequence[str]
) -> tuple[dict[tuple[str, ...], int], str | None]:
    """Return how many rows of `table` each combination of `columns` has, and the origin of their sessions.

    Counted are the last `RECENT_DAYS` days that have any; real sessions where there are any, else simulated ones. The
    origin is None where there is no row.
    """
    name, listed = f"evals.{table.table_name()}", ", ".join(f"t.{column}" for column in columns)
    rows = warehouse.query(
        f"""
        with recent as (select distinct session_day from {name} order by 1 desc limit %(days)s)
        select r.origin, {listed}, count(*) as n
        from {name} t join evals.raw_sessions r using (session_id)
        where t.session_day in (select session_day from recent) and r.origin <> 'synthetic'
        group by r.origin, {listed}""",
        {"days": RECENT_DAYS},
    )
    if rows.empty:
        return {}, None
    origin = str(rows["origin"].min())  # production stands before simulated
    of_origin = rows[rows["origin"] == origin]
    keys = of_origin[list(columns)].itertuples(index=False, name=None)
    return dict(zip(keys, of_origin["n"].astype(int), strict=True)), origin
