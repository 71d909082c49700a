"""Spans: what a product measured beside a conversation, in the spellings of OpenTelemetry, OpenInference and Langfuse.

Those of a turn are read strictly, at the door. Those of a session stay in its `meta` as the source wrote them (an
evaluator may point into them), and are read for showing by `readable_spans`. Not here: traces as a format of their own.
"""

from datetime import UTC, tzinfo
from typing import Any

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.contract import Fields, bad
from eval_pipeline.formats.json_text import as_text
from eval_pipeline.formats.times import parse_time

MAX_SPANS = 1000
"""Spans of one turn, and of a session's `meta`, that are read; more are left out."""

SPAN_NAMES: dict[str, tuple[str, ...]] = {
    "name": ("name", "span_name"),
    "kind": ("kind", "type", "span_kind"),
    "started_at": ("started_at", "start_time", "startTime", "startTimeUnixNano", "start"),
    "ended_at": ("ended_at", "end_time", "endTime", "endTimeUnixNano", "end"),
    "status": ("status", "status_code", "level"),
    "attributes": ("attributes", "metadata"),
}
_OK = {"ok", "status_code_ok", "statuscode.ok", "success", "1"}
_ERROR = {"error", "status_code_error", "statuscode.error", "failed", "failure", "2"}


def spans_of(raw: Any, where: str, zone: tzinfo, repairs: set[str]) -> list[Fields]:
    """Return the spans in `raw` as fields of `sessions.Span`; `where` names them in messages (`turns.3.spans`).

    Of more than `MAX_SPANS` the first are kept, and `repairs` says so. Raises `RejectedRecord` naming what cannot be read.
    """
    if not isinstance(raw, list):
        raise bad(where, "is not a list", "write spans as a list of {name, kind, started_at, ended_at, status}")
    if len(raw) > MAX_SPANS:
        repairs.add("spans")
    return [_span(span, f"{where}.{index}", zone) for index, span in enumerate(raw[:MAX_SPANS])]


def readable_spans(raw: Any) -> list[Fields]:
    """Return those spans of a session's `meta["spans"]` that can be read, at most `MAX_SPANS`. Raises nothing."""
    read = []
    for span in raw[:MAX_SPANS] if isinstance(raw, list) else ():
        try:
            read.append(_span(span, "spans", UTC))
        except RejectedRecord:
            continue
    return read


def _span(raw: Any, where: str, zone: tzinfo) -> Fields:
    if not isinstance(raw, dict):
        raise bad(where, "is not an object", "write a span as {name, kind, started_at, ended_at, status}")
    places = {field: _place(raw, names) for field, names in SPAN_NAMES.items()}
    given = {field: raw[place] for field, place in places.items() if place is not None}
    if "name" not in given:
        raise bad(f"{where}.name", "is missing", "name what the span measured")
    span: Fields = {"name": as_text(given["name"]), "status": _status(given.get("status"))}
    if "kind" in given:
        span["kind"] = as_text(given["kind"])
    for name in {"started_at", "ended_at"} & given.keys():
        span[name] = parse_time(given[name], zone, f"{where}.{name}")
    attributes = given.get("attributes", {})
    rest = {key: value for key, value in raw.items() if key not in places.values()}
    span["attributes"] = {**rest, **(attributes if isinstance(attributes, dict) else {"attributes": attributes})}
    return span


def _place(raw: Fields, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if raw.get(name) not in (None, "")), None)


def _status(given: Any) -> str:
    """Return ok, error or unset; OpenTelemetry writes 1 and 2 or an object, Langfuse a level."""
    if isinstance(given, dict):
        place = _place(given, ("code", "status_code", "statusCode"))
        given = None if place is None else given[place]
    text = as_text(given).lower() if isinstance(given, str | int) else ""
    return "ok" if text in _OK else "error" if text in _ERROR else "unset"
