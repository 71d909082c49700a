"""Telling alerts to a webhook: what is sent, how often it is tried, what is kept of each attempt.

A run never fails for it: what was not delivered is tried again by the next run, for a week. Not here: when an alert opens
(`alerts.py`), how it travels (`resources/alert_webhook.py`).
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from eval_pipeline.clock import Clock
from eval_pipeline.ports import AlertSink, Told, Warehouse
from eval_pipeline.trend_tables import CELL, AlertDeliveries, TrendAlerts
from eval_pipeline.versions import content_hash

TOLD_DAYS = 7
"""An alert of a day longer ago is told no more: it is in the table, and no news."""

PAUSES_S = (1.0, 4.0)
"""Pauses between attempts in one run; one more attempt than pauses."""

REST_MINUTES = 10
"""A webhook that failed is left alone for so long: a backfill of a month does not wait for it on each of its days."""

BEGUN = "being told"
"""Detail of the row that a run adds before its first attempt: of two runs at once it stops one."""

_UNTOLD = """
    SELECT alert_id, max(d.attempted_at) AS tried_at, count(d.delivery_id) AS n_rows
    FROM evals.trend_alerts a LEFT JOIN evals.alert_deliveries d USING (alert_id)
    WHERE a.level = 'alert' AND a.opened_on BETWEEN %(first)s AND %(last)s
    GROUP BY alert_id HAVING count(*) FILTER (WHERE d.is_delivered) = 0
    ORDER BY min(a.opened_on), alert_id"""


def tell_alerts(
    warehouse: Warehouse, sink: AlertSink | None, clock: Clock, pause: Callable[[float], None] = time.sleep
) -> None:
    """Tell the alerts of the last `TOLD_DAYS` days that nobody was told of; each attempt is stored as it is made.

    Rows of level watch are not told. Nothing is done without a sink. After an alert whose attempts all failed for a reason
    that may pass, the rest waits for the next run, and so does everything within `REST_MINUTES` of that. What another run
    is telling is left to it; should it die over it, a later run tells.
    """
    if sink is None:
        return
    untold = _untold(warehouse, clock())
    if (untold["tried_at"] > pd.Timestamp(clock()) - pd.Timedelta(minutes=REST_MINUTES)).any():
        return
    n_rows = dict(zip(untold["alert_id"], untold["n_rows"], strict=True))
    for alert in _alerts(warehouse, list(untold["alert_id"])):
        is_mine = _kept(warehouse, alert, f"from {n_rows[alert['alert_id']]}", Told(False, BEGUN), clock)
        if is_mine and not _told(alert, warehouse, sink, clock, pause):
            return


def untold_alerts(warehouse: Warehouse, alert_sink: AlertSink | None, clock: Clock) -> list[str]:
    """Return a sentence for each alert that the sink should have taken by now and did not; none without a sink."""
    if alert_sink is None:
        return []
    untold = _untold(warehouse, clock())
    last = _last_details(warehouse)
    return [
        f"{alert['sentence']} was not told ({last.get(alert['alert_id'], 'not tried yet')}); the next run tries again"
        for alert in _alerts(warehouse, list(untold["alert_id"]))
    ]


_NO_MARKUP = str.maketrans({"<": "(", "@": "(at)", "[": "(", "]": ")"})
"""What chat services read as a link or as a call to everyone: names in a sentence come from sessions, and may be hostile."""


def message_of(alert: dict[Any, Any]) -> dict[Any, Any]:
    """Return what is sent of a row of `trend_alerts`: `text`, the sentence without markup, and the fields that a program would
    ask for, as they are."""
    onset = None if pd.isna(alert["onset_day"]) else str(alert["onset_day"])
    names = ("alert_id", "level", "direction", *CELL, "baseline_id", "change")
    return {
        "text": alert["sentence"].translate(_NO_MARKUP),
        **{name: alert[name] for name in names},
        "opened_on": str(alert["opened_on"]),
        "onset_day": onset,
    }


def _told(
    alert: dict[Any, Any], warehouse: Warehouse, sink: AlertSink, clock: Clock, pause: Callable[[float], None]
) -> bool:
    """Tell one alert; return whether the next may be tried: False where the webhook is out of order."""
    for number, told in enumerate(_attempts(message_of(alert), sink, pause), start=1):
        _kept(warehouse, alert, f"{clock().isoformat()} {number}", told, clock)
    return told.is_delivered or not told.may_retry


def _kept(warehouse: Warehouse, alert: dict[Any, Any], name: str, told: Told, clock: Clock) -> bool:
    """Store what is known of telling `alert`; return whether there was no row of that name yet."""
    row = {
        "delivery_id": content_hash([alert["alert_id"], name]),
        "alert_id": alert["alert_id"],
        "attempted_at": pd.Timestamp(clock()),
        "is_delivered": told.is_delivered,
        "detail": told.detail,
    }
    return warehouse.append(AlertDeliveries, AlertDeliveries.validate(pd.DataFrame([row]))) > 0


def _attempts(message: dict[Any, Any], sink: AlertSink, pause: Callable[[float], None]) -> Iterator[Told]:
    for seconds in (*PAUSES_S, None):
        yield (told := sink.tell(message))
        if not told.may_retry or seconds is None:
            return
        pause(seconds)


def _untold(warehouse: Warehouse, now: dt.datetime) -> pd.DataFrame:
    last = now.date()
    return warehouse.query(_UNTOLD, {"first": last - dt.timedelta(days=TOLD_DAYS), "last": last})


def _alerts(warehouse: Warehouse, alert_ids: list[str]) -> list[dict[Any, Any]]:
    """Return the rows of `alert_ids`, in their order."""
    rows = warehouse.query("SELECT * FROM evals.trend_alerts WHERE alert_id = ANY(%s)", [alert_ids])
    by_id = {row["alert_id"]: row for row in rows[list(TrendAlerts.to_schema().columns)].to_dict("records")}
    return [by_id[alert_id] for alert_id in alert_ids]


def _last_details(warehouse: Warehouse) -> dict[str, str]:
    rows = warehouse.read(AlertDeliveries).sort_values(["attempted_at", "delivery_id"])
    return dict(zip(rows["alert_id"], rows["detail"], strict=True))
