"""A record becomes the fields of a `sessions.Session`: what is known by name is read, all the rest goes to `meta`.

Nothing is invented: a record without an id or a time is rejected, with the way to name one. A session's start may be
its first turn's time, as that is what the word means. Not here: turns (`turns.py`), validation (`intake.py`).
"""

import unicodedata
from typing import Any

from eval_pipeline.formats.contract import Fields, bad, missing
from eval_pipeline.formats.feedback import feedback_fields
from eval_pipeline.formats.reading import Reading, first_value
from eval_pipeline.formats.times import checked_start, parse_time

ORIGINS = ("production", "simulated", "synthetic")
"""Words that a record may give as its origin; the door refuses `synthetic`."""
WORDS = ("user_id", "surface", "model_version")

SESSION_NAMES: dict[str, tuple[str, ...]] = {
    "session_id": ("session_id",),
    "started_at": ("started_at",),
    "ended_at": ("ended_at",),
    "user_id": ("user_id",),
    "surface": ("surface",),
    "model_version": ("model_version", "model"),
    "outcome": ("outcome",),
    "recorded_labels": ("recorded_labels", "labels"),
    "feedback": ("feedback",),
    "slices.domain": ("domain",),
    "versions.prompt": ("prompt_version",),
}
"""Names that mean the same in every format of ours; a format may add its own."""

STRUCTURED = {"slices", "versions", "meta"}


def session_fields(
    raw: Fields,
    reading: Reading,
    position: str,
    turns: list[Fields],
    turn_extras: dict[str, Fields],
    read_keys: frozenset[str] = frozenset(),
) -> Fields:
    """Return the session's fields from a record and its turns; the keys of `raw` in `read_keys` were read already.

    Raises `RejectedRecord` when the id or the time is missing or cannot be read.
    """
    fields: Fields = {"session_id": _session_id(raw, reading, position), "turns": turns}
    fields["started_at"] = _started_at(raw, reading, turns)
    if (ended_at := reading.value(raw, "ended_at")) is not None:
        fields["ended_at"] = parse_time(ended_at, reading.zone, "ended_at")
    for name in WORDS:
        if (value := reading.value(raw, name, position)) is not None:
            fields[name] = word(value)
    if (labels := reading.value(raw, "recorded_labels")) is not None:
        fields["recorded_labels"] = labels
    feedback, feedback_extras = _feedback(reading.value(raw, "feedback"), turns, turn_extras, reading)
    if feedback:
        fields["feedback"] = feedback
    if (outcome := reading.value(raw, "outcome")) is not None:
        fields["outcome"] = outcome if isinstance(outcome, dict) else {"value": outcome}
    fields["slices"] = _words(raw, "slices", reading.slices, position)
    fields["versions"] = _words(raw, "versions", reading.versions, position)
    if _is_own_structure("origin", raw.get("origin")):
        fields["origin"] = raw["origin"]
    fields["meta"] = _meta(raw, reading.taken(raw) | read_keys)
    if feedback_extras:
        fields["meta"]["feedback_extras"] = feedback_extras
    if turn_extras := {index: extra for index, extra in turn_extras.items() if extra}:
        fields["meta"]["turn_extras"] = turn_extras
    return fields


def note_repairs(fields: Fields, repairs: set[str]) -> Fields:
    """Say in the session's `meta` that characters or numbers were replaced."""
    if repairs:
        fields["meta"]["repaired"] = sorted(repairs)
    return fields


def word(value: Any) -> Any:
    """Return a scalar as text (`true`, `3`); anything else as it is, for validation to refuse."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _session_id(raw: Fields, reading: Reading, position: str) -> str:
    value = word(reading.value(raw, "session_id", position))
    if value is None:
        raise missing(
            "session_id",
            f"no session id in {reading.named('session_id')}",
            "name the field that holds it: session_id=FIELD in the mapping",
        )
    if not isinstance(value, str):
        raise bad("session_id", "is neither text nor a number", "map a field that holds the id itself")
    return unicodedata.normalize("NFC", value)


def _started_at(raw: Fields, reading: Reading, turns: list[Fields]) -> Any:
    value = reading.value(raw, "started_at")
    if value is not None:
        return checked_start(parse_time(value, reading.zone, "started_at"))
    times = [turn["at"] for turn in turns if "at" in turn]
    if not times:
        raise missing(
            "started_at",
            f"no time: neither {reading.named('started_at')} nor a turn's time is there",
            "name the field that holds it: started_at=FIELD in the mapping, "
            "or give all records of the file one day: started_at=const:2026-01-31",
        )
    return checked_start(min(times))


def _feedback(
    given: Any, turns: list[Fields], turn_extras: dict[str, Fields], reading: Reading
) -> tuple[list[Fields], dict[str, Fields]]:
    """Return the session's feedback and that of its answers, which is taken out of their extras; and what is no part."""
    pieces, extras = feedback_fields([] if given is None else given, "feedback", reading)
    for index, extra in turn_extras.items():
        if "feedback" in extra and turns[int(index)]["role"] == "assistant":
            of_turn, rest = feedback_fields(extra.pop("feedback"), f"turns.{index}.feedback", reading)
            pieces += [{**piece, "turn_index": int(index)} for piece in of_turn]
            extra.update({"feedback": rest} if rest else {})
    return pieces, extras


def _words(raw: Fields, group: str, sources: dict[str, Any], position: str) -> dict[str, Any]:
    given = raw.get(group)
    words = {name: word(value) for name, value in given.items() if value is not None} if isinstance(given, dict) else {}
    for name, places in sources.items():
        if (value := first_value(raw, places, position)) is not None:
            words[name] = word(value)
    return words


def _meta(raw: Fields, read: frozenset[str]) -> Fields:
    rest = {key: value for key, value in raw.items() if key not in read and not _is_own_structure(key, value)}
    given = raw.get("meta")
    if not isinstance(given, dict):
        return rest
    return {**given, **rest} if given.keys().isdisjoint(rest) else {"meta": given, **rest}


def _is_own_structure(key: str, value: Any) -> bool:
    """Return whether `key` is one that our own form of a session nests, and holds what it should."""
    return (key in STRUCTURED and isinstance(value, dict)) or (key == "origin" and value in ORIGINS)
