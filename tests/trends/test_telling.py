"""Alerts are told to a webhook, over a real HTTP server: once each, tried again where it fails, and never with its address."""

import datetime as dt
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

from eval_pipeline.errors import SettingsError
from eval_pipeline.settings import Settings
from eval_pipeline.tables import AlertDeliveries, TrendAlerts
from eval_pipeline.trends.telling import BEGUN, message_of, tell_alerts, untold_alerts
from resources.alert_webhook import AlertWebhook, alert_webhook
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for

NOW = dt.datetime(2026, 4, 10, 6, tzinfo=dt.UTC)
PATH = "/hooks/THE-SECRET"


@dataclass
class Receiver:
    """A web server that answers each POST with the next of `statuses`, and with 200 when they are used up."""

    port: int
    statuses: list[int] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)

    def webhook(self, timeout_s: float = 5.0) -> AlertWebhook:
        return AlertWebhook(SecretStr(f"http://127.0.0.1:{self.port}{PATH}"), timeout_s)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.posts.append({"path": self.path, **json.loads(body)})
            self.send_response(received.statuses.pop(0) if received.statuses else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield received
    server.shutdown()
    server.server_close()
    thread.join()


def open_alerts(warehouse: PostgresWarehouse, *rows: dict[str, Any]) -> None:
    for number, row in enumerate(rows):
        made = frame_for(TrendAlerts, 1).assign(
            **{"alert_id": f"a{number}", "opened_on": NOW.date(), "level": "alert", "sentence": "it moved", **row}
        )
        warehouse.append(TrendAlerts, TrendAlerts.validate(made))


def tell(warehouse: PostgresWarehouse, sink: AlertWebhook | None, now: dt.datetime = NOW) -> list[float]:
    """Tell, and return the pauses that were made."""
    pauses: list[float] = []
    tell_alerts(warehouse, sink, lambda: now, pauses.append)
    return pauses


def attempts(warehouse: PostgresWarehouse) -> list[tuple[str, bool, str]]:
    rows = warehouse.read(AlertDeliveries).sort_values(["attempted_at", "alert_id", "is_delivered", "detail"])
    rows = rows[rows["detail"] != BEGUN]
    return list(rows[["alert_id", "is_delivered", "detail"]].itertuples(index=False, name=None))


def test_an_alert_is_told_once_and_a_watch_never(warehouse: PostgresWarehouse, receiver: Receiver) -> None:
    open_alerts(warehouse, {"onset_day": dt.date(2026, 4, 1), "subject": "relevance"}, {"level": "watch"})
    tell(warehouse, receiver.webhook())
    tell(warehouse, receiver.webhook())
    (post,) = receiver.posts
    assert post["path"] == PATH and post["text"] == "it moved"
    assert (post["level"], post["subject"], post["opened_on"], post["onset_day"]) == (
        *("alert", "relevance"),
        *("2026-04-10", "2026-04-01"),
    )
    assert attempts(warehouse) == [("a0", True, "HTTP 200")]
    assert untold_alerts(warehouse, receiver.webhook(), lambda: NOW) == []


def test_what_may_pass_is_tried_again_and_every_attempt_is_a_row(
    warehouse: PostgresWarehouse, receiver: Receiver
) -> None:
    receiver.statuses = [503, 429]
    open_alerts(warehouse, {})
    assert tell(warehouse, receiver.webhook()) == [1.0, 4.0]
    assert attempts(warehouse) == [("a0", False, "HTTP 429"), ("a0", False, "HTTP 503"), ("a0", True, "HTTP 200")]


def test_a_refusal_is_not_repeated_and_the_next_alert_is_told(warehouse: PostgresWarehouse, receiver: Receiver) -> None:
    receiver.statuses = [307]
    open_alerts(warehouse, {}, {})
    assert tell(warehouse, receiver.webhook()) == []
    assert attempts(warehouse) == [("a0", False, "HTTP 307"), ("a1", True, "HTTP 200")]
    assert [post["path"] for post in receiver.posts] == [PATH, PATH]


def test_what_was_not_told_is_told_by_a_later_run_of_the_week(warehouse: PostgresWarehouse, receiver: Receiver) -> None:
    open_alerts(warehouse, {"opened_on": dt.date(2026, 4, 3)}, {"opened_on": dt.date(2026, 4, 2)})
    closed = AlertWebhook(SecretStr(f"http://127.0.0.1:1{PATH}"))
    tell(warehouse, closed)
    assert [detail for _, _, detail in attempts(warehouse)] == ["not reached (ConnectError)"] * 3
    (said,) = untold_alerts(warehouse, closed, lambda: NOW)
    assert said == "it moved was not told (not reached (ConnectError)); the next run tries again"
    tell(warehouse, receiver.webhook(), NOW + dt.timedelta(minutes=5))
    assert receiver.posts == []  # it rests, so that a backfill does not wait for it on each day
    tell(warehouse, receiver.webhook(), NOW + dt.timedelta(minutes=11))
    assert [post["alert_id"] for post in receiver.posts] == ["a0"]  # a1 is of over a week ago


def test_a_name_from_a_session_calls_nobody_and_links_nowhere() -> None:
    row = frame_for(TrendAlerts, 1).assign(sentence="of model <!channel> @here [go](http://evil) m1 -> m2").iloc[0]
    assert message_of(row.to_dict())["text"] == "of model (!channel> (at)here (go)(http://evil) m1 -> m2"


def test_of_two_runs_at_once_one_tells(warehouse: PostgresWarehouse, receiver: Receiver) -> None:
    open_alerts(warehouse, {})
    readings = 0

    def clock() -> dt.datetime:
        """Let another run begin and end once this one knows what is untold."""
        nonlocal readings
        readings += 1
        if readings == 2:
            tell(warehouse, receiver.webhook())
        return NOW + dt.timedelta(seconds=1)

    tell_alerts(warehouse, receiver.webhook(), clock)
    assert len(receiver.posts) == 1 and attempts(warehouse) == [("a0", True, "HTTP 200")]


def test_without_a_webhook_nothing_is_told_and_nothing_waits(warehouse: PostgresWarehouse) -> None:
    open_alerts(warehouse, {})
    assert alert_webhook(Settings.from_env({})) is None
    tell(warehouse, None)
    assert attempts(warehouse) == [] and untold_alerts(warehouse, None, lambda: NOW) == []


def test_the_address_is_in_no_log_no_row_and_no_error(
    warehouse: PostgresWarehouse, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.statuses = [400]
    open_alerts(warehouse, {}, {})
    tell(warehouse, receiver.webhook())
    rows = pd.concat([warehouse.read(AlertDeliveries).astype("str")]).to_csv()
    settings = Settings.from_env({"EVAL_PIPELINE_ALERT_WEBHOOK": f"ftp://127.0.0.1{PATH}"})
    with pytest.raises(SettingsError) as refused:
        alert_webhook(settings)
    said = [caplog.text, rows, str(refused.value), repr(settings), repr(receiver.webhook())]
    assert len(receiver.posts) == 2
    assert not any("THE-SECRET" in text or "127.0.0.1" in text for text in said)


@pytest.mark.parametrize("address", ["not an address", "file:///etc/passwd", "https://", "http://[", "http://host:x/"])
def test_only_web_addresses_are_taken(address: str) -> None:
    with pytest.raises(SettingsError, match="EVAL_PIPELINE_ALERT_WEBHOOK"):
        AlertWebhook(SecretStr(address))
