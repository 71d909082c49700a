"""Which rows of a report are news: those that differ from the latest stored row of the same thing, and what is no more.

Not here: the report (`calibration/report.py`).
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from eval_pipeline.calibration.detection import AIM_CONTROL
from eval_pipeline.calibration.estimators.rates import status_of
from eval_pipeline.calibration.reports.counted import ALL_COUNTS
from eval_pipeline.calibration.reports.rows import ALL, FROM, GROUP, NOT_LOOKED_AT
from eval_pipeline.calibration.traffic import COUNT_COLUMNS
from eval_pipeline.tables import JudgeCalibrationReports
from eval_pipeline.versions import content_hash

_TICK = pd.Timedelta(microseconds=1)

Row = dict[Any, Any]


def new_measurements(measured: pd.DataFrame, stored: pd.DataFrame, measured_at: dt.datetime) -> pd.DataFrame:
    """Return the rows to add for `measured` (see `calibrate`): those that differ from the latest stored row of the same thing.

    `stored`: all rows of `judge_calibration_reports` of the same `as_of_day`. What was measured before and no longer is
    gives a row without labels. A row that follows another has a `report_id` that hashes both, so a figure that returns
    to an earlier value is a row again, and a `measured_at` after it, whatever the clock says: the latest row of a thing
    is always what was measured last.
    """
    by_time = stored.sort_values("measured_at", kind="stable", ignore_index=True)
    latest = {key: (row, content) for key, row, content in _measurements(by_time)}
    now = {key: (row, content) for key, row, content in _measurements(_with_emptied(measured, latest, measured_at))}
    news = []
    for key, (row, content) in now.items():
        before, content_before = latest.get(key, (None, None))
        if before is None:
            news.append(row)
        elif content != content_before:
            news.append(following(row, content, before))
    return JudgeCalibrationReports.validate(pd.DataFrame(news, columns=list(measured.columns)))


def following(row: Row, content: dict[str, Any], before: Row) -> Row:
    """Return `row` as one that follows `before`: its id hashes both, and it is measured after it, whatever the clock says."""
    measured_at = max(row["measured_at"], before["measured_at"] + _TICK)
    return row | {"report_id": content_hash([content, before["report_id"]]), "measured_at": measured_at}


def with_ids(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with `report_id`, a hash of each row's content."""
    return frame.assign(report_id=[content_hash(content) for content in contents(frame)])


def traffic_counts(rows: pd.DataFrame) -> dict[str, "pd.Series[Any]"]:
    """Return `COUNT_COLUMNS`: as they stand in `rows`, else those of nothing labelled; null where a row has none."""
    is_whole = (rows["category"] == ALL) & (rows["surface"] == ALL)
    nothing = {
        "n_weighted": (0, is_whole),
        "n_control": (0, is_whole),
        "n_control_needed": (AIM_CONTROL, is_whole & (rows["subject_kind"] == "signal")),
    }
    given = rows.reindex(columns=pd.Index(COUNT_COLUMNS)).astype("Int64")
    return {name: given[name].fillna(value).where(has_one) for name, (value, has_one) in nothing.items()}


def _with_emptied(
    measured: pd.DataFrame, latest: dict[tuple[str, ...], tuple[Row, Any]], measured_at: dt.datetime
) -> pd.DataFrame:
    """Return `measured` with a row without labels for each of `latest` that it has no row of."""
    keys = {key for key, _, _ in _measurements(measured)}
    rows = pd.DataFrame([row for key, (row, _) in latest.items() if key not in keys], columns=list(measured.columns))
    if rows.empty:
        return measured
    schema = JudgeCalibrationReports.to_schema().columns
    nothing = {str(name): None for name, field in schema.items() if field.nullable} | dict.fromkeys(ALL_COUNTS, 0)
    emptied = rows.assign(
        **(nothing | traffic_counts(rows.drop(columns=COUNT_COLUMNS))),
        status=_statuses(rows, measured),
        labels_hash=content_hash([]),
        measured_at=pd.Timestamp(measured_at),
    )
    both = [frame for frame in (measured, JudgeCalibrationReports.validate(emptied)) if len(frame)]
    return pd.concat(both, ignore_index=True)


def _statuses(rows: pd.DataFrame, measured: pd.DataFrame) -> list[str]:
    """Return why nothing is counted in `rows`: their set is not looked at any more, or has no label."""
    unseen = set(measured.loc[measured["status"] == NOT_LOOKED_AT, FROM].itertuples(index=False, name=None))
    return [
        NOT_LOOKED_AT if key in unseen else status_of(0, 0) for key in rows[FROM].itertuples(index=False, name=None)
    ]


def _measurements(frame: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], Row, dict[str, Any]]]:
    """Yield what each row measures (its values of `GROUP`), the row, and its content."""
    for row, content in zip(frame.to_dict("records"), contents(frame), strict=True):
        yield tuple(row[name] for name in GROUP), row, content


def contents(frame: pd.DataFrame, apart: Sequence[str] = ("report_id", "measured_at")) -> list[dict[str, Any]]:
    """Return what was measured, row by row, nulls as None, but for the columns `apart`: neither when nor under which id."""
    columns = frame.drop(columns=list(apart)).astype("object")
    return [
        {str(name): value for name, value in row.items()}
        for row in columns.where(columns.notna(), None).to_dict("records")
    ]
