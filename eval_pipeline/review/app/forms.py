"""What a person sent, read and checked: every field is one of a closed set, in range, or text of a bounded length.

Not here: what the answers come to (`review/answers.py`), whether the session is known and the words are really there
(`session_acts.py`).
"""

import math
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson

from eval_pipeline.review.answers import RESPONSES, Entry
from eval_pipeline.review.ports import Wanted
from eval_pipeline.review.words.word import Response

Form = Mapping[str, Any]

ANSWERS = ("pass", "fail", "unsure")
MAX_NOTE = 8_000
MAX_REASON = 500
MAX_ID = 1_000
MAX_LIST = 64_000
MAX_WORDS = 500
MAX_SEEN = 64
MOST_SKIPPED = 50
MAX_SECONDS = 4 * 3600.0
"""No session is read for longer at a time; what is beyond is a clock that went wrong."""

PUT_OFF = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_DRAFT_TEXTS = {"answer", "first_bad_turn", "category", "note", "question_answer"}


class BadForm(Exception):
    """A form that cannot be taken. `problems`: field name to what is wrong with it, in words for the person who sent it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


def text_of(form: Form, name: str, most: int, what: str) -> str | None:
    """Return a field without surrounding space and with bare line feeds; None when it is empty or not there."""
    value = form.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadForm({name: f"{what} must be text"})
    value = value.replace("\r\n", "\n").strip()
    if len(value) > most:
        raise BadForm({name: f"{what} is longer than {most:,} characters: shorten it"})
    return _checked(value, name, what) or None


def session_id_of(form: Form, name: str = "session_id") -> str:
    """Return the session's id as it was sent: it may hold any character, spaces at its ends too."""
    value = form.get(name)
    if not isinstance(value, str) or not value or len(value) > MAX_ID:
        raise BadForm({name: "the form names no session"})
    return _checked(value, name, "the session's id")


def key_of(form: Form) -> str:
    """Return the page's idempotency key: 8 to 64 letters, digits and hyphens."""
    value = form.get("idempotency_key")
    if not isinstance(value, str) or not 8 <= len(value) <= 64 or not value.replace("-", "").isalnum():
        raise BadForm({"idempotency_key": "the form brings no key: load the page again"})
    return value


def whole_number(form: Form, name: str, most: int = 2**31) -> int:
    """Return a number that the page itself wrote, from 0 to `most`."""
    value = form.get(name)
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or int(value[:12]) > most:
        raise BadForm({name: "the form is not whole: load the page again"})
    return int(value[:12])


def seconds_of(form: Form, now: datetime) -> float | None:
    """Return the active seconds that the page counted, at most the time since it was served; None when it counted none."""
    counted, since = _number(form.get("seconds")), _number(form.get("counting_since"))
    if counted is None or counted < 0:
        return None
    served_for = max(now.timestamp() - since, 0.0) if since is not None else MAX_SECONDS
    return round(min(counted, served_for, MAX_SECONDS), 1)


def entry_of(form: Form, categories: Collection[str], n_turns: int, redact: Callable[[str], str]) -> Entry:
    """Return what a person says of the session. Raises `BadForm` with every problem at once.

    Turn and category belong to a failure (the turn to a doubt as well): with another answer the page hides what was
    chosen there, and it is left out. A failure has a category, or a note that says why none fits.
    """
    problems: dict[str, str] = {}

    def checked(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except BadForm as fault:
            problems.update(fault.problems)

    answer = checked(lambda: choice(form, "answer", ANSWERS, "say first whether it failed the user"))
    turn = checked(lambda: _turn(form, n_turns))
    category = checked(lambda: _category(form, categories))
    note = checked(lambda: text_of(form, "note", MAX_NOTE, "the note"))
    if answer == "fail" and category is None and note is None and not problems:
        problems["category"] = "choose a category, or say in the note why none fits"
    if problems:
        raise BadForm(problems)
    return Entry(
        answer=answer,
        first_bad_turn=turn if answer != "pass" else None,
        category=category if answer == "fail" else None,
        note=redact(note) if note else None,
    )


def question_of(form: Form, asked: str | None) -> tuple[str, str] | None:
    """Return target and answer of the one judge's question that is asked blind; None when it was left out."""
    answer = form.get("question_answer") or None
    if answer is None:
        return None
    if answer not in ANSWERS:
        raise BadForm({"question_answer": "the answer to the question is none of those offered"})
    if asked is None or form.get("question_target") != asked:
        raise BadForm({"question_answer": "the question is not the one asked of this session: load the page again"})
    return asked, str(answer)


def responses_of(form: Form, answerable: Collection[str]) -> dict[str, Response]:
    """Return the responses by target, from the fields `word:TARGET`; only `answerable` targets may be named."""
    found: dict[str, Response] = {}
    for name, value in form.items():
        if not name.startswith("word:") or value == "":
            continue
        target = name.removeprefix("word:")
        response = next((response for response in RESPONSES if response == value), None)
        if target not in answerable or response is None:
            raise BadForm({"words": "a word that was answered is not on this page: look at the words again"})
        found[target] = response
    return found


def draft_of(form: Form, redact: Callable[[str], str]) -> dict[str, Any]:
    """Return the content of a draft: what is entered so far, not yet held against any rule but form and size."""
    sent = form.get("content")
    if not isinstance(sent, dict) or len(sent) > len(_DRAFT_TEXTS) + 3:
        raise BadForm({"content": "the draft cannot be read"})
    texts = {name: text_of(sent, name, MAX_NOTE, "the draft") for name in _DRAFT_TEXTS}
    content: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
    if "note" in content:
        content["note"] = redact(content["note"])
    if sent.get("words") is not None:
        content["words"] = _draft_words(sent["words"])
        content["words_seen"] = text_of(sent, "words_seen", MAX_SEEN, "the draft") or ""
    seconds = _number(sent.get("seconds"))
    return {**content, "seconds": min(max(seconds, 0.0), MAX_SECONDS)} if seconds is not None else content


def _draft_words(words: Any) -> dict[str, str]:
    if not isinstance(words, dict) or len(words) > MAX_WORDS or not all(value in RESPONSES for value in words.values()):
        raise BadForm({"content": "the draft cannot be read"})
    return {_checked(target, "content", "the draft"): value for target, value in words.items()}


def reason_of(form: Form) -> str:
    """Return why a session is set aside."""
    reason = text_of(form, "reason", MAX_REASON, "the reason")
    if reason is None:
        raise BadForm({"reason": "say in a few words why"})
    return reason


def choice(form: Form, name: str, offered: Collection[str], problem: str) -> str:
    """Return a field that must be one of `offered`."""
    value = form.get(name)
    if not isinstance(value, str) or value not in offered:
        raise BadForm({name: problem})
    return value


def wanted_of(form: Form) -> Wanted:
    """Return which part of the queue a person reads; a day that is none counts as any."""
    surface, day = form.get("surface") or None, form.get("day") or None
    try:
        on = date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        on = None
    is_name = isinstance(surface, str) and len(surface) <= MAX_ID and _is_storable(surface)
    return Wanted(str(surface) if is_name else None, on)


def skipped_of(form: Form) -> list[str]:
    """Return the sessions to pass over, sent as a JSON list; at most the last 50."""
    text = form.get("but")
    if not isinstance(text, str) or not text or len(text) > MAX_LIST:
        return []
    try:
        sent = orjson.loads(text)
    except ValueError:
        return []
    names = sent if isinstance(sent, list) else []
    return [name for name in names if isinstance(name, str) and _is_storable(name)][-MOST_SKIPPED:]


def wanted_fields(wanted: Wanted) -> dict[str, str]:
    """Return `wanted` as fields of a form or query: only what is asked for."""
    day = wanted.day.isoformat() if wanted.day else None
    return {name: value for name, value in (("surface", wanted.surface), ("day", day)) if value}


def queue_url(wanted: Wanted, **more: str) -> str:
    """Return the address of the queue, of the part that is read."""
    return "/?" + urlencode({**wanted_fields(wanted), **more})


def session_url(session_id: str, wanted: Wanted, **more: str) -> str:
    """Return the address of a session's page within the part of the queue that is read."""
    return "/session?" + urlencode({"id": session_id, **wanted_fields(wanted), **more})


def _checked(value: str, name: str, what: str) -> str:
    """Return text that the database can store."""
    if not _is_storable(value):
        raise BadForm({name: f"{what} holds a character that cannot be stored (NUL or half a pair): remove it"})
    return value


def _is_storable(value: str) -> bool:
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in value)


def _turn(form: Form, n_turns: int) -> int | None:
    value = form.get("first_bad_turn")
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or int(value[:12]) >= n_turns:
        raise BadForm({"first_bad_turn": f"there is no such turn: they go from 0 to {n_turns - 1}"})
    return int(value[:12])


def _category(form: Form, categories: Collection[str]) -> str | None:
    return choice(form, "category", categories, "there is no such category") if form.get("category") else None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
