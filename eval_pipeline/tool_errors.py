"""How the text of a tool result says that the call failed: by its first words, or as an object with an error.

Of an object only its top counts: a field deeper down, such as the status of a payment, is what the tool was asked for,
not how the call went. Evaluators and the signal `tool_error` read objects by the same rule, each by its own words.
Not here: the source's own mark (`views.Message.is_error`), strengths (`signals/tool_error.py`).
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

ERROR_START = re.compile(
    r"""\s*+(?:
    (?:error|exception|traceback)\b(?!-)
    | \w{1,40}(?:error|exception|fehler):
    | (?:fatal|failed|failure|fehler|ausnahme):
    | fail(?:ed|ure)[ ](?:to|with|in|at)\b | fehler[ ](?:bei|beim|während|in)\b
    | (?:the[ ]|your[ ])?(?:tool[ ]|api[ ])?(?:request|call|query|operation|command|execution|connection|action|lookup
        |update|transaction)[ ](?:has[ ])?(?:failed|timed[ ]out|refused|reset)\b
    | (?:die[ ])?(?:anfrage|abfrage|verbindung|aktion)[ ](?:ist[ ])?(?:fehlgeschlagen|abgelehnt|unterbrochen)\b
    | an[ ](?:\w{1,20}[ ])?error[ ](?:has[ ])?occurred\b | (?:es[ ]ist[ ])?ein[ ]fehler[ ](?:ist[ ])?aufgetreten\b
    | (?:internal|unexpected|unknown)[ ](?:server[ ])?error\b
    | (?:interner|unerwarteter|unbekannter)[ ](?:server)?fehler\b
    | http[ ](?:error|(?:status[ ])?[45]\d\d)\b
    | [45]\d\d[ ](?:bad[ ]request|unauthorized|forbidden|not[ ]found|too[ ]many[ ]requests|internal[ ]server[ ]error
        |bad[ ]gateway|service[ ]unavailable|gateway[ ]timeout)\b
    | (?:service[ ]unavailable|gateway[ ]timeout|timed[ ]out|timeout|permission[ ]denied|access[ ]denied
        |command[ ]not[ ]found|no[ ]such[ ]file[ ]or[ ]directory|rate[ ]limit[ ]exceeded|unknown[ ]tool
        |tool[ ]not[ ]found|invalid[ ]arguments)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""The first words of an error message, English and German."""

_NAMED = ("error", "errors", "exception", "errorcode")
_KEY = re.compile(
    r'"(?:errors?|exception|error_?code|is_?error|success|ok|status|status_?code|code)"\s*:', re.IGNORECASE
)
_CUT_OFF = re.compile(r'\s*+\{\s*"(?:error|exception)"\s*:\s*["{]', re.IGNORECASE)
_NOTHING = ("", "none", "null", "false", "no", "0", "ok", "success")

ERROR_KEYS = (_KEY, _CUT_OFF, _NAMED, _NOTHING)
"""All by which an object is known as an error, for the version of a check."""


def may_be_error_object(text: str) -> bool:
    """Return whether it is worth reading `text` as JSON: a key that tells an error stands in it."""
    return _KEY.search(text) is not None


def opens_as_error_object(text: str) -> bool:
    """Return whether `text`, which is no JSON as it stands, is the beginning of an error object."""
    return _CUT_OFF.match(text) is not None


def is_error_object(value: Any, named: Collection[str] = _NAMED, nothing: Collection[str] = _NOTHING) -> bool:
    """Return whether a parsed result, or the only item of one, is an object that says that the call failed.

    `named`: keys that hold an error, without underscores; `nothing`: texts by which they hold none.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        return False
    fields = {str(key).lower().replace("_", ""): field for key, field in value.items()}
    return (
        any(_says_something(fields.get(key), nothing) for key in named)
        or fields.get("iserror") is True
        or any(fields.get(key) is False for key in ("success", "ok"))
        or fields.get("status") == "error"
        or ("message" in fields and any(_is_http_error(fields.get(key)) for key in ("status", "statuscode", "code")))
    )


def _says_something(value: Any, nothing: Collection[str]) -> bool:
    return value.strip().lower() not in nothing if isinstance(value, str) else bool(value)


def _is_http_error(value: Any) -> bool:
    return isinstance(value, int) and 400 <= value < 600
