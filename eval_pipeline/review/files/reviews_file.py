"""Importing reviews and labels that people gave elsewhere: rows of `reviews`, or a reason why not.

One line is one review of one session: `answers` ({target: value}), or `label` with an optional `target` (default
`session`). Nothing is guessed: a value outside the vocabulary, a category outside the taxonomy, an unknown field or
session rejects the line and says how to mend it. Lines read = reviews + rejected lines.
Not here: the formats (`reviews_lines.py`), writing the reviews, turning them into labels (`labels.py`).
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import orjson
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.review.files.reviews_lines import review_lines
from eval_pipeline.review.labels import ANSWERS
from eval_pipeline.sessions import UtcTime
from eval_pipeline.tables import ARMS, Reviews
from eval_pipeline.versions import content_hash

TARGET = re.compile(r"session|(judge|evaluator|signal|classifier):\S{1,200}")


@dataclass(frozen=True)
class RejectedLine:
    """A line that gave no review. No part of its content stands in any of the fields."""

    position: str
    reason: str
    detail: str
    mend: str
    field: str | None = None

    def __str__(self) -> str:
        at = "" if self.field is None else f" in `{self.field}`"
        return f"{self.position}: {self.reason}{at}: {self.detail}. Mend: {self.mend}"


@dataclass(frozen=True)
class ImportRules:
    """What a file of reviews is checked against.

    `session_days`: UTC day of every known session. `categories`: ids of the closed taxonomy; `known`: by version
    all that a review may name which says of which version its category is. `now`: the time of the
    import (UTC), taken for reviews that bring none. `redact_text` guards notes; when it fails the line is rejected.
    `label_values` maps the file's label values to pass, fail and unsure where they differ (e.g. `{"1": "fail"}`).
    """

    session_days: Mapping[str, date]
    categories: Collection[str]
    taxonomy_version: str
    redaction_version: str
    now: datetime
    redact_text: Callable[[str], str]
    known: Mapping[str, Collection[str]] = field(default_factory=dict)
    label_values: Mapping[str, str] = field(default_factory=lambda: {answer: answer for answer in ANSWERS})


class _Line(BaseModel):
    """The fields of a line, as they come; null and, in CSV, an empty cell mean absent."""

    model_config = ConfigDict(extra="forbid")

    # Composed like the ids of sessions at the door, so that both are found equal.
    session_id: Annotated[str, AfterValidator(partial(unicodedata.normalize, "NFC"))] = Field(min_length=1)
    reviewer: str = Field(min_length=1, max_length=200)
    label: str | int | bool | None = None
    target: str = "session"
    answers: dict[str, str | int | bool] | None = None
    category: str | None = None
    note: str | None = None
    first_bad_turn: int | None = Field(default=None, ge=0, le=1_000_000)
    is_blind: bool = False
    arm: str | None = None
    inclusion_probability: float | None = Field(default=None, gt=0, le=1)
    design_id: str | None = None
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    submitted_at: UtcTime | None = None
    stage: Literal["blind", "revealed", "adjudication"] | None = None
    is_repeat: bool = False
    machine_words: dict[str, dict[str, Any]] = Field(default_factory=dict)
    review_id: str | None = Field(default=None, min_length=1, max_length=200)
    taxonomy_version: str | None = Field(default=None, min_length=1, max_length=200)
    redaction_version: str | None = Field(default=None, min_length=1, max_length=200)
    # Of an exported file, read and not taken: our own session says its day, the source is this import, and revisions
    # are counted by the app that the review was given in.
    session_day: Any = None
    source: Any = None
    revision: Any = None


_EXPORTED = {"review_id", "taxonomy_version", "redaction_version", "session_day", "source", "revision"}
"""Fields that an export writes and that are no part of what the reviewer said."""

_NEWER = {"stage", "is_repeat", "machine_words"}
"""Fields that are part of the hash of a review only where they say something, as they were not always there."""


def read_reviews(path: Path, rules: ImportRules) -> tuple[pd.DataFrame, list[RejectedLine]]:
    """Return the rows of `tables.Reviews` that the file at `path` gives, and the lines that give none, in file order.

    The id of a review is the one that an export gave it, else the hash of what it says without the time of the import:
    importing a file twice adds nothing. A review without `is_blind` counts as not blind, and one without a probability
    carries none.

    Raises `SourceError` when the file as a whole cannot be read.
    """
    rows: list[dict[str, Any]] = []
    rejected: list[RejectedLine] = []
    first_seen: dict[str, str] = {}
    answered: dict[tuple[Any, ...], tuple[str, str]] = {}
    for position, values in review_lines(path):
        try:
            row = _review(values, rules)
            _refuse_repeats(row, position, first_seen, answered)
            rows.append(row)
        except RejectedRecord as why:
            rejected.append(RejectedLine(position, why.reason, why.detail, why.mend, why.field))
    return Reviews.validate(pd.DataFrame(rows, columns=list(Reviews.to_schema().columns))), rejected


def _review(values: Any, rules: ImportRules) -> dict[str, Any]:
    """Return the review that a line says, or raise `RejectedRecord`."""
    line = _parsed(values)
    if line.session_id not in rules.session_days:
        _reject("unknown_session", "no session has this id", "take the session in first, or mend the id", "session_id")
    if line.arm is not None and line.arm not in ARMS:
        _reject("bad_field", "the arm is not known", f"use one of {', '.join(ARMS)}, or leave it out", "arm")
    if line.submitted_at is not None and line.submitted_at > rules.now:
        _reject("bad_time", "it lies in the future", "give the time with its offset from UTC", "submitted_at")
    if line.stage == "revealed" and line.is_blind:
        _reject("bad_field", "what was given after the reveal is not blind", "correct stage or is_blind", "is_blind")
    answers = _answers(line, rules)
    _check_category(line, answers, rules)
    said = {
        **line.model_dump(exclude={"label", "target", "answers", "note", *_EXPORTED, *_NEWER}),
        **line.model_dump(include=_NEWER, exclude_defaults=True),
        "answers": answers,
        "note": _redacted(line.note, rules),
    }
    return {
        "stage": "blind" if line.is_blind else "revealed",
        "is_repeat": False,
        "machine_words": {},
        **said,
        "review_id": line.review_id or content_hash(said),
        "session_day": rules.session_days[line.session_id],
        "source": "import",
        "revision": None,
        "submitted_at": line.submitted_at or rules.now,
        "taxonomy_version": line.taxonomy_version or rules.taxonomy_version,
        "redaction_version": line.redaction_version or rules.redaction_version,
    }


def _parsed(values: Any) -> _Line:
    if not isinstance(values, dict):
        _reject("invalid_json", "the line is not a JSON object", "write one JSON object a line", None)
    if None in values:
        _reject("too_many_cells", "the line has more cells than the header", "quote cells that hold a comma", None)
    given = {k: v.strip() if isinstance(v, str) else v for k, v in values.items() if v is not None}
    for name in ("answers", "machine_words"):
        if isinstance(given.get(name), str):
            given[name] = _json_cell(given[name])
    if any("\x00" in text for text in _texts(given)):
        _reject("nul_character", "a field holds a NUL character", "remove it", None)
    try:
        return _Line.model_validate(given)
    except OverflowError:  # a time that has no place in UTC, e.g. in the year 1
        _reject("bad_time", "the time is out of range", "mend `submitted_at`", "submitted_at")
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            known = ", ".join(_Line.model_fields)
            _reject("unknown_field", "a field is not known", f"remove or rename it; known are {known}", None)
        reason = "missing_field" if first["type"] == "missing" else "bad_field"
        _reject(reason, _kind_of(first["type"]), f"mend `{name}`", name)


def _kind_of(error_type: str) -> str:
    return "the field is missing" if error_type == "missing" else f"the value does not fit ({error_type})"


def _json_cell(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text  # not an object either: the model refuses it and names the field


def _texts(given: Any) -> Iterator[str]:
    if isinstance(given, str):
        yield given
    elif isinstance(given, Mapping):
        yield from (text for pair in given.items() for part in pair for text in _texts(part))
    elif isinstance(given, list):
        yield from (text for part in given for text in _texts(part))


def _answers(line: _Line, rules: ImportRules) -> dict[str, str]:
    """Return target to answer in our words; exactly one of `answers` and `label` says it."""
    if (line.answers is None) == (line.label is None):
        _reject("bad_field", "there must be either a label or answers", "give exactly one of the two", "label")
    given = {line.target: line.label} if line.answers is None else line.answers
    if not given and line.stage != "revealed":  # there, a reviewer may have had nothing to confirm
        _reject("bad_field", "there is no answer", "answer at least one target", "answers")
    return {_target(name): _answer(value, rules) for name, value in sorted(given.items())}


def _target(name: str) -> str:
    if not TARGET.fullmatch(name):
        mend = "use session, judge:NAME, evaluator:NAME, signal:NAME or classifier:NAME"
        _reject("bad_target", "the target is none that can be labelled", mend, "target")
    return name


def _answer(value: Any, rules: ImportRules) -> str:
    text = orjson.dumps(value).decode() if isinstance(value, bool | int) else str(value).strip()
    answer = rules.label_values.get(text)
    if answer not in ANSWERS:
        mend = f"use one of {', '.join(sorted(rules.label_values))}, or map the file's values to {', '.join(ANSWERS)}"
        _reject("off_vocabulary", "the label is not one of the values that are known", mend, "label")
    return answer


def _check_category(line: _Line, answers: Mapping[str, str], rules: ImportRules) -> None:
    if line.category is None:
        return
    version = line.taxonomy_version or rules.taxonomy_version
    categories = rules.categories if version == rules.taxonomy_version else rules.known.get(version, ())
    if not categories:
        mend = "leave it out where the category is one of the taxonomy in force; eval-pipeline taxonomy list says what is known"
        _reject("unknown_taxonomy", "no such version of the taxonomy was in force here", mend, "taxonomy_version")
    if line.category not in categories:
        mend = f"use one of {', '.join(sorted(categories))}, and say the rest in the note"
        _reject("unknown_category", "the category is not in the taxonomy", mend, "category")
    # After the reveal the category stands beside answers about machines' words, which may all be pass.
    if "fail" not in answers.values() and line.stage != "revealed":
        _reject("bad_field", "a category without a failure", "leave it out, or answer fail", "category")


def _redacted(note: str | None, rules: ImportRules) -> str | None:
    if note is None:
        return None
    try:
        return rules.redact_text(note)
    except Exception:  # fail closed: whatever went wrong, a note that was not redacted is not stored
        return _reject("redaction_failed", "the note could not be redacted", "shorten or remove it", "note")


def _refuse_repeats(
    row: Mapping[str, Any],
    position: str,
    first_seen: dict[str, str],
    answered: dict[tuple[Any, ...], tuple[str, str]],
) -> None:
    """Reject a line that repeats an earlier one, or contradicts it without a later time to say which one counts."""
    earlier = first_seen.setdefault(row["review_id"], position)
    if earlier != position:
        _reject("duplicate", f"it says the same as {earlier}", "nothing: that one counts", None)
    keys = [(row["session_id"], row["reviewer"], target, row["submitted_at"]) for target in row["answers"]]
    for key in keys:
        if key in answered and answered[key][0] != row["answers"][key[2]]:
            mend = "give submitted_at, so that the later answer counts"
            _reject(
                "contradiction", f"the same reviewer answered otherwise in {answered[key][1]}", mend, "submitted_at"
            )
    for key in keys:
        answered.setdefault(key, (row["answers"][key[2]], position))


def _reject(reason: str, detail: str, mend: str, at: str | None) -> NoReturn:
    raise RejectedRecord(reason, detail, mend, at)
