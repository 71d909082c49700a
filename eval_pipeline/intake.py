"""The door: records of a source become redacted rows of `raw_sessions`, or go to quarantine with a reason.

Every record is counted: read = accepted + quarantined + duplicate. A day is taken in as a whole, in memory: kept
sessions are JSON bytes until they are framed. Not here: reading files (`formats/`, the session source), what is
personal (`redaction/`), storing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

import orjson
import pandas as pd
from pydantic import ValidationError

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.contract import intake_failed
from eval_pipeline.formats.json_text import parse_json
from eval_pipeline.ports import SourceRecord
from eval_pipeline.sessions import Feedback, Session, ToolCall, Turn
from eval_pipeline.table_model import SYNTHETIC_PREFIX
from eval_pipeline.tables import QuarantinedRecords, RawSessions, SourceDays, Table
from eval_pipeline.versions import content_hash

FIELD_NAMES = {name for model in (Session, Turn, ToolCall, Feedback) for name in model.model_fields}
TIMES = ("started_at", "ended_at")
TOOL_CALL = {"id": None, "name": None, "arguments": None}


class Redacted(Protocol):
    """A session's fields without personal data, and how many values each rule replaced."""

    @property
    def fields(self) -> dict[str, Any]:
        """The session's fields, in JSON form."""
        ...

    @property
    def counts(self) -> dict[str, int]:
        """Replacements per rule."""
        ...


class SessionRedactor(Protocol):
    """Guards the door."""

    @property
    def version(self) -> str:
        """Version of the rules."""
        ...

    def redact_session(self, fields: dict[str, Any]) -> Redacted:
        """Return the JSON form of a session without personal data. Whatever it raises, the record is quarantined."""
        ...


class _Kept(NamedTuple):
    """An accepted session. Of two with the same id the larger stays, whatever order they came in."""

    n_turns: int
    last_seen_at: datetime
    content_hash: str
    source_id: str
    position: str
    row: bytes
    source_path: str


@dataclass(frozen=True)
class Intake:
    """What became of a day's records."""

    quarantined: pd.DataFrame
    """Rows of `quarantined_records`."""

    days: pd.DataFrame
    """Rows of `source_days`, one a source that the day has records of."""

    day: date
    """The UTC day that was taken in."""

    _kept: dict[str, _Kept] = field(repr=False)

    @property
    def n_accepted(self) -> int:
        """Sessions that `session_frames` yields."""
        return len(self._kept)

    @property
    def session_ids(self) -> list[str]:
        """Ids of the accepted sessions, as they are stored."""
        return sorted(self._kept)

    def set_aside(self, stored: pd.DataFrame) -> "Intake":
        """Return the intake without the sessions that are stored on another day already; those are quarantined.

        `stored`: `session_id, session_day` of the sessions that live sources have stored, of any day. An id is one
        session, and one session has one day: the first that was stored keeps it, as long as its source counts.
        """
        day_of = dict(zip(stored["session_id"], stored["session_day"], strict=True))
        elsewhere = {i: kept for i, kept in self._kept.items() if day_of.get(i, self.day) != self.day}
        if not elsewhere:
            return self
        moved = Counter(kept.source_id for kept in elsewhere.values())
        n_moved = self.days["source_id"].map(lambda source: moved[source]).astype("Int64")
        days = self.days.assign(
            n_accepted=self.days["n_accepted"] - n_moved, n_quarantined=self.days["n_quarantined"] + n_moved
        )
        rows = [_row_set_aside(kept, day_of[i], self.day) for i, kept in elsewhere.items()]
        quarantined = pd.concat([self.quarantined, _frame(QuarantinedRecords, rows)], ignore_index=True)
        return Intake(
            QuarantinedRecords.validate(quarantined.sort_values("record_id", ignore_index=True)),
            SourceDays.validate(days),
            self.day,
            {i: kept for i, kept in self._kept.items() if i not in elsewhere},
        )

    def session_frames(self, size: int = 5000) -> Iterator[pd.DataFrame]:
        """Yield the rows of `raw_sessions` ordered by session id, `size` at a time; nothing for an empty day."""
        ids = sorted(self._kept)
        for start in range(0, len(ids), size):
            yield _session_frame([self._kept[session_id].row for session_id in ids[start : start + size]])


@dataclass
class _Door:
    day: date
    redactor: SessionRedactor
    as_of: datetime
    kept: dict[str, _Kept] = field(default_factory=dict)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    n_read: Counter[str] = field(default_factory=Counter)
    n_quarantined: Counter[str] = field(default_factory=Counter)
    n_duplicate: Counter[str] = field(default_factory=Counter)

    def take(self, record: SourceRecord) -> None:
        self.n_read[record.source_id] += 1
        admitted = self._outcome(record)
        if isinstance(admitted, RejectedRecord):
            self.n_quarantined[record.source_id] += 1
            self.rejected.append(_quarantine_row(record, admitted, self.day))
            return
        session_id, kept = admitted
        present = self.kept.get(session_id)
        if present is not None:
            kept, lesser = (kept, present) if kept[:5] > present[:5] else (present, kept)
            self.n_duplicate[lesser.source_id] += 1
        self.kept[session_id] = kept

    def _outcome(self, record: SourceRecord) -> tuple[str, _Kept] | RejectedRecord:
        """Return the accepted session or why there is none. What nobody foresaw sets its record aside, by type alone:
        its message and its traceback hold content that was not redacted."""
        try:
            return self._admitted(record)
        except RejectedRecord as rejection:
            return rejection
        except Exception as error:
            failed_with = type(error).__name__
        return intake_failed(failed_with)

    def _admitted(self, record: SourceRecord) -> tuple[str, _Kept]:
        if record.rejection is not None:
            raise record.rejection
        session = _validated(record)
        if session.started_at.date() != self.day:
            raise RejectedRecord(
                "wrong_day", "the session does not start on the day it was read for", "register the file again"
            )
        fields, hashed, n_redactions = _redacted(_dumped(session), self.redactor)
        session_id = fields["session_id"]
        row = _row(session, fields, self.day, self.as_of) | {
            "content_hash": hashed,
            "redaction_version": self.redactor.version,
            "n_redactions": n_redactions,
            "source_id": record.source_id,
            "source_position": record.position,
        }
        last_seen_at = session.last_seen_at()
        packed = bytes(memoryview(orjson.dumps(row)))  # a copy: orjson hands out twice the memory it needs
        return session_id, _Kept(
            len(session.turns), last_seen_at, hashed, record.source_id, record.position, packed, record.source_path
        )


def take_in(
    records: Iterable[SourceRecord],
    day: date,
    redactor: SessionRedactor,
    as_of: datetime,
    n_read: Mapping[str, int] | None = None,
) -> Intake:
    """Validate, redact and account for the records that count on `day`.

    Of several records of one session the fullest is accepted (more turns, then alive longer, then by hash), the others
    are duplicates: the order of arrival does not matter. A session is closed as `Session.is_closed` says at `as_of`.
    `n_read` is what an independent scan counted by source; without it `days` holds the count of what came. Never
    raises for what a record holds.
    """
    door = _Door(day, redactor, as_of)
    for record in records:
        door.take(record)
    accepted = Counter(kept.source_id for kept in door.kept.values())
    counted = door.n_read if n_read is None else n_read
    days = [
        {
            "source_id": source_id,
            "session_day": day,
            "n_read": counted.get(source_id, 0),
            "n_accepted": accepted[source_id],
            "n_quarantined": door.n_quarantined[source_id],
            "n_duplicate": door.n_duplicate[source_id],
        }
        for source_id in sorted(counted.keys() | door.n_read.keys())
    ]
    quarantined = sorted(door.rejected, key=lambda row: row["record_id"])
    return Intake(_frame(QuarantinedRecords, quarantined), _frame(SourceDays, days), day, door.kept)


def _session_frame(packed: list[bytes]) -> pd.DataFrame:
    frame = pd.DataFrame([orjson.loads(row) for row in packed], columns=list(RawSessions.to_schema().columns))
    for name in TIMES:
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601").dt.as_unit("us")
    frame["session_day"] = [date.fromisoformat(day) for day in frame["session_day"]]
    return RawSessions.validate(frame)


def _frame(table: type[Table], rows: list[dict[str, Any]]) -> pd.DataFrame:
    return table.validate(pd.DataFrame(rows, columns=list(table.to_schema().columns)))


def _validated(record: SourceRecord) -> Session:
    fields = dict(record.fields or {})
    # A file may say of a session that it is made up, never that a made-up one is real.
    if fields.get("origin") != "synthetic" and (record.origin != "production" or "origin" not in fields):
        fields["origin"] = record.origin
    try:
        session = Session.model_validate(fields)
    except ValidationError as error:
        raise _rejection(error) from None
    except RecursionError:
        raise _unstorable() from None
    if session.origin == "synthetic" or session.session_id.startswith(SYNTHETIC_PREFIX):
        raise _made_for_coverage()
    return session


def _rejection(error: ValidationError) -> RejectedRecord:
    """Return the first error as a rejection; keys that the record made up are not named, as they are its content."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    parts = [str(part) if isinstance(part, int) or part in FIELD_NAMES else "*" for part in first["loc"]]
    name = ".".join(parts)
    if first["type"] == "missing":
        return RejectedRecord(
            "missing_field", f"`{name}` is missing", f"name the field that holds it: {name}=FIELD in the mapping", name
        )
    return RejectedRecord(
        "bad_field", f"`{name}`: {first['msg']}", f"correct `{name}` in the source, or map another field to it", name
    )


def _made_for_coverage() -> RejectedRecord:
    return RejectedRecord(
        "made_for_coverage",
        "the session says that it is synthetic, by its origin or its id; such sessions enter no figure, and no door",
        "leave it out: synthetic sessions are made by the job `synthetic_coverage`. What a demo made up is simulated "
        f"(`origin: simulated`), and a real session's id may not begin with {SYNTHETIC_PREFIX}",
        "origin",
    )


def _unstorable() -> RejectedRecord:
    return RejectedRecord(
        "not_storable",
        "the record is nested too deeply, or holds values that JSON has no word for",
        "flatten the record before it is exported",
    )


def _dumped(session: Session) -> dict[str, Any]:
    """Return the session's compact JSON form, free of what PostgreSQL cannot store."""
    try:
        dumped = session.model_dump(mode="json", exclude_defaults=True)
        packed = orjson.dumps(dumped)
    except (ValueError, TypeError, RecursionError):
        raise _unstorable() from None
    cleaned: dict[str, Any] = parse_json(packed, set()) if b"\\u0000" in packed else dumped
    return cleaned


def _redacted(dumped: dict[str, Any], redactor: SessionRedactor) -> tuple[dict[str, Any], str, int]:
    """Return the session without personal data, its hash and the number of values replaced. Fails closed: what cannot
    be redacted does not come in."""
    try:
        redacted = redactor.redact_session(dumped)
        return redacted.fields, content_hash(redacted.fields), sum(redacted.counts.values())
    except RejectedRecord:
        raise
    except Exception as error:
        raise RejectedRecord(
            "redaction_failed",
            f"the redaction broke off ({type(error).__name__}); the record stays outside",
            "report it with the kind of error; the original is still in its source",
        ) from None


def _row(session: Session, fields: dict[str, Any], day: date, as_of: datetime) -> dict[str, Any]:
    """Return the columns that the session itself decides. Times come from the session, all words from `fields`."""
    is_closed = session.is_closed(as_of)
    ended_at = session.ended_at or (session.last_seen_at() if is_closed else None)
    turns = fields["turns"]
    for turn in turns:
        if "tool_calls" in turn:
            turn["tool_calls"] = [TOOL_CALL | call for call in turn["tool_calls"]]
    return {
        "session_id": fields["session_id"],
        "session_day": day,
        "started_at": session.started_at,
        "ended_at": ended_at,
        "is_closed": is_closed,
        "user_id": fields.get("user_id"),
        "surface": fields.get("surface", session.surface),
        "slices": fields.get("slices", {}),
        "model_version": fields.get("model_version"),
        "versions": fields.get("versions", {}),
        "turns": turns,
        "n_turns": len(turns),
        "n_user_turns": sum(turn["role"] == "user" for turn in turns),
        "n_tool_calls": sum(len(turn.get("tool_calls", ())) for turn in turns),
        "feedback": fields.get("feedback", []),
        "outcome": fields.get("outcome"),
        "recorded_labels": fields.get("recorded_labels", []),
        "meta": fields.get("meta", {}),
        "origin": session.origin,
    }


def _row_set_aside(kept: _Kept, other_day: date, day: date) -> dict[str, Any]:
    rejection = RejectedRecord(
        "session_on_another_day",
        f"a session of this id is stored on {other_day}",
        "give sessions ids that are never used twice, and every part of a session its first started_at",
        "session_id",
    )
    return _quarantine_row(kept, rejection, day)


def _quarantine_row(record: SourceRecord | _Kept, rejection: RejectedRecord, day: date) -> dict[str, Any]:
    return {
        "record_id": content_hash([record.source_id, record.position]),
        "session_day": day,
        "source_id": record.source_id,
        "source_path": record.source_path,
        "source_position": record.position,
        "reason": rejection.reason,
        "field": rejection.field,
        "detail": rejection.detail,
        "mend": rejection.mend,
    }
