"""JSON from strangers: strict and fast where it is sound, repaired where it can be, rejected where it cannot.

Repaired and noted: NUL and lone surrogates become U+FFFD, as do bytes that are no UTF-8; NaN, Infinity and numbers
beyond a double become null. As in most JSON tools the last of two equal keys wins, and an integer beyond 64 bits
becomes a float. Not here: what the fields mean.
"""

import json
import math
import re
from typing import Any

import orjson

from eval_pipeline.errors import RejectedRecord

MAX_DEPTH = 200
REPLACEMENT = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MAX_INT, _MIN_INT = 2**64 - 1, -(2**63)


def parse_json(data: bytes, repairs: set[str]) -> Any:
    """Return the value of `data`; what had to be repaired is added to `repairs` (`characters`, `numbers`).

    Raises `RejectedRecord` with reason `invalid_json` or `too_deep`.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _cleaned(_parse_leniently(data, repairs), repairs)
    # The search is far cheaper than a walk; text that only mentions the escape is walked for nothing, which is fine.
    return _cleaned(value, repairs) if b"\\u0000" in data else value


def clean_text(text: str, repairs: set[str]) -> str:
    """Return `text` with every NUL and lone surrogate replaced by U+FFFD."""
    cleaned = _UNSTORABLE.sub(REPLACEMENT, text)
    if cleaned != text:
        repairs.add("characters")
    return cleaned


def as_text(value: Any) -> str:
    """Return a JSON value as text: a string as it is, anything else as compact JSON; raises as `parse_json`."""
    try:
        return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    except TypeError:
        raise _too_deep() from None


def _too_deep() -> RejectedRecord:
    return RejectedRecord("too_deep", "the record is nested too deeply", "flatten the record before it is exported")


def _parse_leniently(data: bytes, repairs: set[str]) -> Any:
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if REPLACEMENT in text:
        repairs.add("characters")

    def number(digits: str) -> float | None:
        value = float(digits)
        if math.isfinite(value):
            return value
        repairs.add("numbers")
        return None

    def integer(digits: str) -> int | float | None:
        # 20 characters hold any 64-bit integer; longer ones must not reach int(), whose time grows with the square.
        if len(digits) <= 20 and _MIN_INT <= (value := int(digits)) <= _MAX_INT:
            return value
        return number(digits)

    try:
        return json.loads(text, strict=False, parse_constant=number, parse_float=number, parse_int=integer)
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        raise RejectedRecord(
            "invalid_json",
            f"not valid JSON from character {error.pos + 1} of the record on",
            "write one whole JSON object a line; a record cut short must be exported again",
        ) from None


def _cleaned(value: Any, repairs: set[str], depth: int = 0) -> Any:
    # A limit of our own: Python's depends on who calls, and the same record must fare the same everywhere.
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, str):
        return clean_text(value, repairs)
    if isinstance(value, list):
        return [_cleaned(item, repairs, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean_text(key, repairs): _cleaned(item, repairs, depth + 1) for key, item in value.items()}
    return value
