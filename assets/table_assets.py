"""Dagster assets from tables: turns a function of one day into an asset that stores its table.

One place for what all assets share: partitions, owners, column schema, storing day by day, row counts, previews and
data versions. Not here: what any table holds (its own module beside this one).
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd

from assets.partitions import daily, days_of, nightly_backfill
from eval_pipeline.ports import Stored, Warehouse
from eval_pipeline.tables import Table
from eval_pipeline.versions import content_hash

OWNERS = ["team:evals"]
PREVIEW_ROWS = 5
PREVIEW_CHARS = 80

Frames = Iterable[pd.DataFrame]
Body = Callable[..., Frames]
MultiBody = Callable[..., Iterable[tuple[type[Table], Frames]]]


def table_asset(
    table: type[Table],
    *,
    group: str,
    deps: Sequence[str] = (),
    kinds: Sequence[str] = ("pandas", "postgres"),
    breakdown: Sequence[str] = (),
) -> Callable[[Body], dg.AssetsDefinition]:
    """Make an asset of `body(day, **resources) -> frames`; its further parameters name the resources it needs.

    `breakdown` names columns whose value counts are shown with each materialisation.
    """

    def decorate(body: Body) -> dg.AssetsDefinition:
        def rows_of_table(**arguments: Any) -> Iterator[tuple[type[Table], Frames]]:
            yield table, body(**arguments)

        return _build([table], rows_of_table, body, group, deps, kinds, {table: breakdown})

    return decorate


def tables_asset(
    tables: Mapping[type[Table], Sequence[str]],
    *,
    group: str,
    deps: Sequence[str] = (),
    kinds: Sequence[str] = ("pandas", "postgres"),
) -> Callable[[MultiBody], dg.AssetsDefinition]:
    """Make one asset per table (with its breakdown columns) of a body that yields `(table, frames)` pairs for a day.

    The body may also yield tables that are no assets; they are stored beside.
    """

    def decorate(body: MultiBody) -> dg.AssetsDefinition:
        return _build(list(tables), body, body, group, deps, kinds, tables)

    return decorate


def _build(
    tables: Sequence[type[Table]],
    body: MultiBody,
    signature_of: Callable[..., Any],
    group: str,
    deps: Sequence[str],
    kinds: Sequence[str],
    breakdowns: Mapping[type[Table], Sequence[str]],
) -> dg.AssetsDefinition:
    needed = [name for name in inspect.signature(signature_of).parameters if name != "day"]

    @dg.multi_asset(
        name=signature_of.__name__,
        specs=[asset_spec(table, group=group, deps=deps, kinds=kinds) for table in tables],
        partitions_def=daily,
        backfill_policy=nightly_backfill,
        required_resource_keys={*needed, "warehouse", "progress"},
    )
    def compute(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        resources = {name: getattr(context.resources, name) for name in needed}
        warehouse: Warehouse = context.resources.warehouse
        written = {table: _Written(breakdowns[table]) for table in tables}
        for day in days_of(context):
            for table, frames in body(day=day, **resources):
                passing = written[table].watch(frames) if table in written else frames
                result = store(warehouse, table, day, passing)
                if table in written:
                    written[table].days[day] = result
            context.resources.progress.advance(signature_of.__name__, day)
        for table in tables:
            yield _result(context, table, written[table])

    return compute


def asset_spec(table: type[Table], *, group: str, deps: Sequence[str] = (), kinds: Sequence[str] = ()) -> dg.AssetSpec:
    """Return the spec of the asset that is `table`: key, description and column schema come from its model."""
    return dg.AssetSpec(
        key=table.table_name(),
        deps=list(deps),
        description=inspect.getdoc(table),
        group_name=group,
        owners=OWNERS,
        kinds=set(kinds),
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/table_name": f"evals.{table.table_name()}",
            "primary key": ", ".join(table.primary_key()),
        },
    )


def column_schema(table: type[Table]) -> dg.TableSchema:
    """Return the pandera model as Dagster shows it."""
    key = table.primary_key()
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type="jsonb" if (column.metadata or {}).get("sql") == "jsonb" else str(column.dtype),
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=key == (name,)),
            )
            for name, column in table.to_schema().columns.items()
        ]
    )


def store(warehouse: Warehouse, table: type[Table], day: date, frames: Frames) -> Stored:
    """Store a day's frames as the table's way of writing says: replaced as a whole, or added to."""
    if not table.is_append_only():
        return warehouse.replace_day(table, day, frames)
    added = sum(warehouse.append(table, frame) for frame in frames if len(frame))
    keys = warehouse.read(table, [day], list(table.primary_key())).to_dict("list")
    return Stored(len(next(iter(keys.values()), [])), content_hash(keys), added > 0)


class _Written:
    """What a run wrote to one table: results by day, value counts and a preview, taken as the frames pass by."""

    def __init__(self, breakdown: Sequence[str]) -> None:
        self.breakdown = list(breakdown)
        self.days: dict[date, Stored] = {}
        self.counts: Counter[tuple[Any, ...]] = Counter()
        self.head: pd.DataFrame | None = None

    def watch(self, frames: Frames) -> Iterator[pd.DataFrame]:
        """Yield the frames unchanged, keeping count."""
        for frame in frames:
            if len(frame):
                self.head = frame.head(PREVIEW_ROWS)
                if self.breakdown:
                    self.counts.update(frame[self.breakdown].itertuples(index=False, name=None))
            yield frame

    def counts_frame(self) -> pd.DataFrame:
        """Return the value counts, one row a combination."""
        rows = [(*values, count) for values, count in sorted(self.counts.items(), key=lambda item: str(item[0]))]
        return pd.DataFrame(rows, columns=[*self.breakdown, "rows"])


def _result(context: dg.AssetExecutionContext, table: type[Table], written: _Written) -> dg.MaterializeResult[Any]:
    key = dg.AssetKey(table.table_name())
    for day, result in written.days.items():
        context.add_asset_metadata(
            {"dagster/partition_row_count": result.n_rows, "changed": result.is_changed},
            asset_key=key,
            partition_key=day.isoformat(),
        )
    preview = markdown_table(written.head.map(_short)) if written.head is not None else "no rows"
    metadata: dict[str, Any] = {
        "rows of this run": sum(result.n_rows for result in written.days.values()),
        "preview": dg.MetadataValue.md(preview),
    }
    if written.breakdown:
        metadata["counts"] = dg.MetadataValue.md(markdown_table(written.counts_frame()))
    versions = [result.data_version for result in written.days.values()]
    version = versions[0] if len(versions) == 1 else content_hash(versions)
    return dg.MaterializeResult(asset_key=key, metadata=metadata, data_version=dg.DataVersion(version))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= PREVIEW_CHARS else text[: PREVIEW_CHARS - 1] + "…"


def markdown_table(frame: pd.DataFrame) -> str:
    """Return `frame` as a Markdown table; cells cannot break out of it, whatever they hold."""

    def cell(value: Any) -> str:
        text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("`", "'")
        return " ".join(text.split())

    rows = [[cell(name) for name in frame.columns], ["---"] * len(frame.columns)]
    rows += [[cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
