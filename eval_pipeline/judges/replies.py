"""What is made of a reply: exactly pass, fail or not_applicable, or an error with its reason. Never a guess.

Not here: asking again (`asking.py`); a reply that says nothing usable was paid for and stays what it is.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from eval_pipeline.ports import Attempt

PARSING_VERSION = "1"
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


@dataclass(frozen=True)
class Parsed:
    """A verdict with its critique, or `error` with the reason and no critique."""

    verdict: Literal["pass", "fail", "not_applicable", "error"]
    critique: str | None = None
    error_reason: str | None = None


class _TwoVerdicts(ValueError):
    pass


def parse_reply(attempt: Attempt) -> Parsed:
    """Return what `attempt` comes to.

    The reply must be one JSON object, bare or as the whole of one fenced block, whose `verdict` is a word of the
    vocabulary, letter for letter. Reasons: `truncated`, `refusal`, `content_filter`, `empty`, `html`, `two_verdicts`,
    `extra_text` (an object among other words), `invalid_json`, `not_an_object`, `no_verdict`, `off_vocabulary`, or
    the attempt's own status when there was no reply (`http_429`, `timeout`, ...).
    """
    text = (attempt.reply or "").strip()
    if not attempt.is_reply:
        return _error("html" if _HTML.match(text) else attempt.status)
    if attempt.finish_reason in _STOPPED:
        return _error(_STOPPED[attempt.finish_reason])
    if not text:
        return _error("empty")
    fenced = _FENCE.fullmatch(text)
    try:
        document = _loads(fenced[1] if fenced else text)
    except _TwoVerdicts:
        return _error("two_verdicts")
    except (ValueError, RecursionError):
        return _error(_why_not_json(text))
    return _verdict_of(document)


def storable(text: str) -> str:
    """Return `text` with NUL and lone surrogates replaced by U+FFFD: PostgreSQL and UTF-8 know neither."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", text)


def _error(reason: str) -> Parsed:
    return Parsed("error", error_reason=reason)


def _verdict_of(document: Any) -> Parsed:
    if not isinstance(document, dict):
        return _error("not_an_object")
    if "verdict" not in document:
        return _error("no_verdict")
    verdict, critique = document["verdict"], document.get("critique")
    if any("verdict" in key.casefold() and value != verdict for key, value in document.items()):
        return _error("two_verdicts")
    for word in VOCABULARY:
        if verdict == word:
            return Parsed(word, storable(critique) if isinstance(critique, str) else None)
    return _error("off_vocabulary")


def _loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if sum(key == "verdict" for key, _ in pairs) > 1:
        raise _TwoVerdicts
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _why_not_json(text: str) -> str:
    if _HTML.match(text):
        return "html"
    n_verdicts = _objects_with_verdict(text)
    if n_verdicts:
        return "two_verdicts" if n_verdicts > 1 else "extra_text"
    return "refusal" if _REFUSAL.match(text) else "invalid_json"


def _objects_with_verdict(text: str) -> int:
    """Return how many JSON objects with a verdict stand in `text`, in sequence; two are as good as any more."""
    decoder, found, at = json.JSONDecoder(parse_constant=_no_constant), 0, text.find("{")
    # An unclosed bracket costs a scan of the rest: few tries bound the work on garbage.
    for _ in range(50):
        if at < 0 or found > 1:
            break
        try:
            document, end = decoder.raw_decode(text, at)
            found += "verdict" in document
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    return found
