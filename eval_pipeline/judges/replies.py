"""What is made of a reply: exactly one word of a closed vocabulary, or an error with its reason. Never a guess.

Not here: asking again (`asking/`); a reply that says nothing usable was paid for and stays what it is.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eval_pipeline.ports import Attempt

PARSING_VERSION = "2"
"""Raise it whenever a reply comes to another verdict."""

Verdict = Literal["pass", "fail", "not_applicable"]
VOCABULARY: tuple[Verdict, ...] = ("pass", "fail", "not_applicable")

_FENCE = re.compile(r"```(?:json)?[ \t]*\r?\n(.*?)\r?\n?[ \t]*```", re.DOTALL | re.IGNORECASE)
_HTML = re.compile(r"\s*<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\W*(?:i(?:['\u2019]m| am) (?:so |very )?sorry|sorry|i (?:can(?:['\u2019]t|not)|won['\u2019]t|will not)|"
    r"i(?:['\u2019]m| am) (?:not able|unable)|as an ai)\b",
    re.IGNORECASE,
)
_STOPPED = {"length": "truncated", "content_filter": "content_filter", "refusal": "refusal"}
_ENDED = frozenset({"stop", "unknown", "eos", "eos_token", "stop_sequence", "end_turn", "completed"})
"""Finish reasons, in lower case, of a reply that came to its end; an endpoint that gives none is taken at its word."""

_MAX_REASON_CHARS = 40


@dataclass(frozen=True)
class Parsed:
    """A verdict with its critique, or `error` with the reason and no critique."""

    verdict: Literal["pass", "fail", "not_applicable", "error"]
    critique: str | None = None
    error_reason: str | None = None


@dataclass(frozen=True)
class Word:
    """The word that a reply gives with its critique, or None with the reason why there is none."""

    value: str | None
    critique: str | None = None
    error_reason: str | None = None


class _Twice(ValueError):
    pass


def parse_reply(attempt: Attempt) -> Parsed:
    """Return the verdict that `attempt` comes to, as `read_word` reads it in the field `verdict`."""
    word = read_word(attempt, "verdict", VOCABULARY)
    for verdict in VOCABULARY:
        if word.value == verdict:
            return Parsed(verdict, word.critique)
    return Parsed("error", error_reason=word.error_reason)


def read_word(attempt: Attempt, field: str, words: Sequence[str]) -> Word:
    """Return the word that `attempt` gives in `field`.

    The reply must be one JSON object, bare or as the whole of one fenced block, whose `field` is one of `words`, letter
    for letter. Reasons, for the field `verdict`: `truncated`, `refusal`, `content_filter`, `stopped_*` (any other
    finish reason than that of a reply that came to its end), `empty`, `html`, `two_verdicts`, `extra_text` (an object
    among other words), `invalid_json`, `not_an_object`, `no_verdict`, `off_vocabulary`, or the attempt's own status when there was no reply (`http_429`, `timeout`, ...).
    """
    text = (attempt.reply or "").strip()
    if not attempt.is_reply:
        return _error("html" if _HTML.match(text) else attempt.status)
    if (stopped := _stopped(attempt.finish_reason)) is not None:
        return _error(stopped)
    if not text:
        return _error("empty")
    fenced = _FENCE.fullmatch(text)
    try:
        document = _loads(fenced[1] if fenced else text, field)
    except _Twice:
        return _error(_twice(field))
    except (ValueError, RecursionError):
        return _error(_why_not_json(text, field))
    return _word_of(document, field, words)


def storable(text: str) -> str:
    """Return `text` with NUL and lone surrogates replaced by U+FFFD: PostgreSQL and UTF-8 know neither."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", text)


def _stopped(finish_reason: str | None) -> str | None:
    """Return why a reply did not come to its end; None when it did."""
    reason = (finish_reason or "unknown").casefold()
    if reason in _ENDED:
        return None
    return _STOPPED.get(reason) or "stopped_" + re.sub(r"[^a-z0-9]+", "_", reason).strip("_")[:_MAX_REASON_CHARS]


def _twice(field: str) -> str:
    return f"two_{field.removesuffix('y')}ies" if field.endswith("y") else f"two_{field}s"


def _error(reason: str) -> Word:
    return Word(None, error_reason=reason)


def _word_of(document: Any, field: str, words: Sequence[str]) -> Word:
    if not isinstance(document, dict):
        return _error("not_an_object")
    if field not in document:
        return _error(f"no_{field}")
    word, critique = document[field], document.get("critique")
    if any(field in key.casefold() and value != word for key, value in document.items()):
        return _error(_twice(field))
    if not isinstance(word, str) or word not in words:
        return _error("off_vocabulary")
    return Word(word, storable(critique) if isinstance(critique, str) else None)


def _loads(text: str, field: str) -> Any:
    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if sum(key == field for key, _ in pairs) > 1:
            raise _Twice
        return dict(pairs)

    return json.loads(text, object_pairs_hook=as_object, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _why_not_json(text: str, field: str) -> str:
    if _HTML.match(text):
        return "html"
    n_words = _objects_with(field, text)
    if n_words:
        return _twice(field) if n_words > 1 else "extra_text"
    return "refusal" if _REFUSAL.match(text) else "invalid_json"


def _objects_with(field: str, text: str) -> int:
    """Return how many JSON objects that have `field` stand in `text`, in sequence; two are as good as any more."""
    decoder, found, at = json.JSONDecoder(parse_constant=_no_constant), 0, text.find("{")
    # An unclosed bracket costs a scan of the rest: few tries bound the work on garbage.
    for _ in range(50):
        if at < 0 or found > 1:
            break
        try:
            document, end = decoder.raw_decode(text, at)
            found += field in document
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    return found
