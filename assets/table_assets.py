"""Dagster assets from tables: turns a function of one day into an asset that stores its table.

One place for what all assets share: partitions, owners, column schema, storing day by day, row counts, previews and
data versions. Not here: what any table holds (its own module beside this one).
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd

from assets.partitions import daily, days_of, nightly_backfill
from eval_pipeline.calibration.pages.publishing import ReportPages
from eval_pipeline.markdown import count_chart, markdown_table, share_chart
from eval_pipeline.ports import Stored, Warehouse
from eval_pipeline.tables import Table
from eval_pipeline.versions import content_hash

OWNERS = ["team:evals"]
PREVIEW_ROWS = 5
PREVIEW_CHARS = 80

Frames = Iterable[pd.DataFrame]
Body = Callable[..., Frames]
MultiBody = Callable[..., Iterable[tuple[type[Table], Frames]]]


@dataclass(frozen=True)
class Shows:
    """What a materialisation shows of its rows besides their number and a preview.

    `counts`: columns whose combinations are counted. `marked`: one of them and its value of interest: its share is
    drawn as a bar chart, and the preview shows such rows. `left_out`: a value of that column that enters no share.
    `listed`: a column of lists whose elements are counted. `hidden`: a column and a value of it: such rows are counted and
    never previewed. `pages`: the pages of figures of all subjects, published by the
    resource `report_pages` once the rows are stored. `findings`: makes Markdown of the
    last day of the run, once its rows are stored. `after`: tables of the same body that this one is made from.
    """

    counts: Sequence[str] = ()
    marked: tuple[str, str] | None = None
    left_out: str | None = None
    listed: str | None = None
    hidden: tuple[str, str] | None = None
    pages: bool = False
    findings: Callable[[Warehouse, date], str] | None = None
    after: Sequence[str] = ()


NOTHING_MORE = Shows()


@dataclass(frozen=True)
class Remarks:
    """A check that warns of what a run could not do. `of` takes the body's resources and returns a sentence for each."""

    name: str
    description: str
    of: Callable[..., Sequence[str]]
    fine: str


def table_asset(
    table: type[Table],
    *,
    group: str,
    deps: Sequence[str] = (),
    kinds: Sequence[str] = ("pandas", "postgres"),
    shows: Shows = NOTHING_MORE,
    remarks: Remarks | None = None,
) -> Callable[[Body], dg.AssetsDefinition]:
    """Make an asset of `body(day, **resources) -> frames`; its further parameters name the resources it needs."""

    def decorate(body: Body) -> dg.AssetsDefinition:
        def rows_of_table(**arguments: Any) -> Iterator[tuple[type[Table], Frames]]:
            yield table, body(**arguments)

        return _build([table], rows_of_table, body, group, deps, kinds, {table: shows}, remarks)

    return decorate


def tables_asset(
    tables: Mapping[type[Table], Shows],
    *,
    group: str,
    deps: Sequence[str] = (),
    kinds: Sequence[str] = ("pandas", "postgres"),
    remarks: Remarks | None = None,
) -> Callable[[MultiBody], dg.AssetsDefinition]:
    """Make one asset per table (with what it shows) of a body that yields `(table, frames)` pairs for a day.

    The body may also yield tables that are no assets; they are stored beside.
    """

    def decorate(body: MultiBody) -> dg.AssetsDefinition:
        return _build(list(tables), body, body, group, deps, kinds, tables, remarks)

    return decorate


def _build(
    tables: Sequence[type[Table]],
    body: MultiBody,
    signature_of: Callable[..., Any],
    group: str,
    deps: Sequence[str],
    kinds: Sequence[str],
    shown: Mapping[type[Table], Shows],
    remarks: Remarks | None = None,
) -> dg.AssetsDefinition:
    needed = [name for name in inspect.signature(signature_of).parameters if name != "day"]
    has_pages = any(shows.pages for shows in shown.values())

    @dg.multi_asset(
        name=signature_of.__name__,
        specs=[asset_spec(table, group=group, deps=[*deps, *shown[table].after], kinds=kinds) for table in tables],
        partitions_def=daily,
        backfill_policy=nightly_backfill,
        required_resource_keys={*needed, "warehouse", "progress", *(["report_pages"] if has_pages else [])},
        check_specs=[_spec_of(tables[0], remarks)] if remarks else None,
    )
    def compute(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        resources = {name: getattr(context.resources, name) for name in needed}
        warehouse: Warehouse = context.resources.warehouse
        written = {table: _Written(shown[table]) for table in tables}
        for day in days_of(context):
            for table, frames in body(day=day, **resources):
                if table in written:
                    written[table].store(warehouse, table, day, frames)
                else:
                    store(warehouse, table, day, frames)
            context.resources.progress.advance(signature_of.__name__, day)
        for table in tables:
            more = _published(context.resources.report_pages, warehouse) if shown[table].pages else {}
            if (findings := shown[table].findings) is not None:
                more["findings"] = dg.MetadataValue.md(findings(warehouse, max(written[table].days)))
            yield _result(context, table, written[table], more)
        if remarks:
            yield _remarked(remarks, remarks.of(**resources))

    return compute


def _spec_of(table: type[Table], remarks: Remarks) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name=remarks.name, asset=table.table_name(), description=remarks.description)


def _remarked(remarks: Remarks, sentences: Sequence[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=remarks.name,
        passed=not sentences,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(sentences) or remarks.fine,
    )


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
    """What a run wrote to one table: results by day, counts and a preview.

    Of a table that is replaced they are taken as the frames pass by. Where rows are only added, a run may have nothing
    to add: there the days' rows as they stand are shown.
    """

    def __init__(self, shows: Shows) -> None:
        self.shows = shows
        self.days: dict[date, Stored] = {}
        self.counts: Counter[tuple[Any, ...]] = Counter()
        self.elements: Counter[tuple[Any, ...]] = Counter()
        self.head: pd.DataFrame | None = None

    def store(self, warehouse: Warehouse, table: type[Table], day: date, frames: Frames) -> None:
        """Store a day, keeping count."""
        if table.is_append_only():
            self.days[day] = store(warehouse, table, day, frames)
            self._note(warehouse.read(table, [day]))
        else:
            self.days[day] = store(warehouse, table, day, self._watched(frames))

    def _watched(self, frames: Frames) -> Iterator[pd.DataFrame]:
        for frame in frames:
            self._note(frame)
            yield frame

    def _note(self, frame: pd.DataFrame) -> None:
        if frame.empty:
            return
        self.head = self._preview(frame)
        if self.shows.counts:
            self.counts.update(frame[list(self.shows.counts)].itertuples(index=False, name=None))
        if self.shows.listed is not None:
            self.elements.update((element,) for elements in frame[self.shows.listed] for element in elements)

    def _preview(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self.shows.hidden is not None:
            column, value = self.shows.hidden
            frame = frame[frame[column] != value]
        if self.shows.marked is None:
            return frame.head(PREVIEW_ROWS)
        column, value = self.shows.marked
        marked = frame[frame[column] == value].head(PREVIEW_ROWS)
        return marked if len(marked) or self.head is None else self.head

    def metadata(self) -> dict[str, Any]:
        """Return what is shown, as Dagster metadata."""
        preview = markdown_table(self.head.map(_short)) if self.head is not None else "no rows"
        found = {"preview": preview}
        counts = _counted([*self.shows.counts], self.counts)
        if self.shows.marked is not None:
            column, value = self.shows.marked
            by = [name for name in self.shows.counts if name != column]
            found["chart"] = share_chart(counts, by, column, value, self.shows.left_out) if len(counts) else "no rows"
        elif self.shows.counts:
            found["counts"] = count_chart(counts)
        if self.shows.listed is not None:
            found[self.shows.listed] = count_chart(_counted([self.shows.listed], self.elements))
        return {name: dg.MetadataValue.md(text) for name, text in found.items()}


def _counted(columns: Sequence[str], counts: Counter[tuple[Any, ...]]) -> pd.DataFrame:
    """Return the counts, one row a combination of values."""
    rows = [(*values, count) for values, count in sorted(counts.items(), key=lambda item: str(item[0]))]
    return pd.DataFrame(rows, columns=[*columns, "rows"])


def _published(pages: ReportPages, warehouse: Warehouse) -> dict[str, Any]:
    published = pages.publish(warehouse)
    return {
        "report": dg.MetadataValue.md(published.markdown),
        "pages": dg.MetadataValue.path(str(published.index)),
        "number of pages": published.n_pages,
    }


def _result(
    context: dg.AssetExecutionContext, table: type[Table], written: _Written, more: Mapping[str, Any]
) -> dg.MaterializeResult[Any]:
    key = dg.AssetKey(table.table_name())
    for day, result in written.days.items():
        context.add_asset_metadata(
            {"dagster/partition_row_count": result.n_rows, "changed": result.is_changed},
            asset_key=key,
            partition_key=day.isoformat(),
        )
    metadata = {
        "rows of this run": sum(result.n_rows for result in written.days.values()),
        **written.metadata(),
        **more,
    }
    versions = [result.data_version for result in written.days.values()]
    version = versions[0] if len(versions) == 1 else content_hash(versions)
    return dg.MaterializeResult(asset_key=key, metadata=metadata, data_version=dg.DataVersion(version))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= PREVIEW_CHARS else text[: PREVIEW_CHARS - 1] + "…"
