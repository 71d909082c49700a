"""Cost, tokens and waiting time of a session, from what its source said in `meta` and spans, and from the times of its turns.

Nothing is worked out that nobody said: no price of a model, no guess at tokens. Not here: the session's other facts
(`session_facts.py`).
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

COST_KEYS = ("cost_usd", "total_cost_usd", "total_cost", "cost")
_DOLLAR_KEYS = frozenset(key for key in COST_KEYS if key.endswith("_usd"))
LATENCY_KEYS = {"latency_ms": 0.001, "duration_ms": 0.001, "latency_s": 1.0, "latency_seconds": 1.0, "latency": 1.0}
"""Keys of a waiting time, and what turns each into seconds."""
TOKEN_KEYS = ("total_tokens", "prompt_tokens", "input_tokens", "completion_tokens", "output_tokens")
USAGE_KEYS = ("usage", "token_usage")


def measures(meta: Mapping[str, Any], turns: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what is known, as name -> words: cost, tokens, latency, answers after.

    A total of the session goes before one that is added up over the spans of its turns and of `meta.spans`. A key may have a
    prefix up to its last dot, as `gen_ai.usage.input_tokens`.
    """
    spans = list(_spans(meta, turns))
    found = {
        "cost": _cost(meta, spans),
        "tokens": _tokens(meta, spans),
        "latency": _latency(meta),
        "answers after": _waits(turns),
    }
    return {name: words for name, words in found.items() if words is not None}


def seconds_in_words(seconds: float) -> str:
    """Return a duration: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" + (f" {rest} s" if rest else "")


def moment(value: Any) -> datetime | None:
    """Return the time that ISO 8601 text says, None for anything else."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _spans(meta: Mapping[str, Any], turns: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield what each span says, its attributes included."""
    for given in (meta.get("spans"), *(turn.get("spans") for turn in turns)):
        spans = list(given.values()) if isinstance(given, dict) else given if isinstance(given, list) else []
        for span in spans:
            if isinstance(span, dict):
                attributes = span.get("attributes")
                yield {**attributes, **span} if isinstance(attributes, dict) else span


def _cost(meta: Mapping[str, Any], spans: Sequence[Mapping[str, Any]]) -> str | None:
    total = _number(meta, COST_KEYS)
    summed = [cost for span in spans if (cost := _number(span, COST_KEYS)) is not None]
    if total is None and not summed:
        return None
    # Only a key that says so is in dollars.
    is_dollars = any(_bare(key) in _DOLLAR_KEYS for one in (spans if total is None else [meta]) for key in one)
    amount = sum(summed) if total is None else total
    return f"{'$' if is_dollars else ''}{amount:.4g}" + (_over(len(summed)) if total is None else "")


def _tokens(meta: Mapping[str, Any], spans: Sequence[Mapping[str, Any]]) -> str | None:
    own = _token_counts(meta)
    counts = own or [count for span in spans for count in _token_counts(span)]
    total = [n for name, n in counts if name == "total_tokens"] or [n for _, n in counts]
    return f"{sum(total):,.0f}" + ("" if own else _over(len(spans))) if total else None


def _token_counts(given: Mapping[str, Any]) -> list[tuple[str, float]]:
    for place in (given, *(given.get(key) for key in USAGE_KEYS)):
        if isinstance(place, dict):
            counts = [(key, n) for key in TOKEN_KEYS if (n := _number(place, (key,))) is not None]
            if counts:
                return counts
    return []


def _latency(meta: Mapping[str, Any]) -> str | None:
    for key, factor in LATENCY_KEYS.items():
        if (value := _number(meta, (key,))) is not None:
            return seconds_in_words(value * factor)
    return None


def _waits(turns: Sequence[Mapping[str, Any]]) -> str | None:
    """Return how long the user waited for the first word after his own, where the turns have times."""
    waits = []
    asked: datetime | None = None
    for turn in turns:
        if turn.get("role") == "user":
            asked = moment(turn.get("at"))
        elif turn.get("role") == "assistant" and turn.get("content"):
            said = moment(turn.get("at"))
            if asked is not None and said is not None and said >= asked:
                waits.append((said - asked).total_seconds())
            asked = None
    if not waits:
        return None
    middle = seconds_in_words(statistics.median(waits))
    return middle if len(waits) == 1 else f"{middle} in the middle, {seconds_in_words(max(waits))} at the longest"


def _number(given: Mapping[str, Any], keys: Sequence[str]) -> float | None:
    bare = {_bare(key): value for key, value in given.items()}
    for key in keys:
        value = bare.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15:
            return float(value)
    return None


def _over(n: int) -> str:
    return f" over {n} span{'' if n == 1 else 's'}"


def _bare(key: Any) -> str:
    return str(key).rpartition(".")[2]
