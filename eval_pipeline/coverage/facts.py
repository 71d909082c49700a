"""Where a session stands in every dimension: surface, intent, tool, category, language, length, adversarial kind.

Frames and rows in, plain values out. Values are data of whoever sent the session: they are made short and plain before
they name a cell. Not here: reading the tables (`reading.py`), counting (`cells.py`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from eval_pipeline.coverage.policy import DIMENSIONS, NONE, UNKNOWN, CoveragePolicy
from eval_pipeline.evaluators.leaves.language_checks import told_language

FACT_COLUMNS = ["session_id", "session_day", "origin", *DIMENSIONS]

USED = ["session_id", "session_day", "origin", "surface", "turns", "meta", "is_closed"]
"""Columns of `raw_sessions` that are read."""

_MAX_CHARS = 60
_CONFIDENCE, _MIN_LETTERS = 0.8, 10
"""As sure as an evaluator must be to hold a language against an answer (`language_checks.is_in_language`)."""


def session_facts(
    sessions: pd.DataFrame, categories: Mapping[str, str], fired: Mapping[str, Sequence[str]], policy: CoveragePolicy
) -> pd.DataFrame:
    """Return one row of `FACT_COLUMNS` (all str but session_day) for each closed session of `sessions`.

    `sessions`: rows of `raw_sessions` with the columns `USED`. `categories`: session id to the category of its failure.
    `fired`: session id to the signals that fired on it.
    """
    rows = [
        {
            **{name: row[name] for name in ("session_id", "session_day", "origin")},
            **dimensions_of(
                row["surface"],
                row["turns"],
                row["meta"],
                categories.get(row["session_id"], NONE),
                _adversarial(fired.get(row["session_id"], ()), policy),
                policy,
            ),
        }
        for row in _closed(sessions)
    ]
    return pd.DataFrame(rows, columns=FACT_COLUMNS)


def dimensions_of(
    surface: str,
    turns: Sequence[Mapping[str, Any]],
    meta: Mapping[str, Any] | None,
    category: str,
    adversarial: str,
    policy: CoveragePolicy,
) -> dict[str, str]:
    """Return the value of every dimension. `turns`: as in `raw_sessions`.

    tool: the one called most, of several the first by name; none without a call. intent: what `meta` says under the
    policy's `intent_from`; without such a key the tool. language: of the user's words, by py3langid; unknown where they
    are too few or too mixed.
    """
    tool = _tool(turns)
    return {
        "surface": plain(surface),
        "intent": _intent(meta, tool, policy),
        "tool": tool,
        "category": plain(category),
        "language": _language(turns),
        "length": policy.length_of(len(turns)),
        "adversarial": plain(adversarial),
    }


def plain(value: str) -> str:
    """Return `value` as it may name a cell: on one line, without signs that separate values, at most 60 characters."""
    printable = "".join(sign if sign.isprintable() and sign not in ",=" else " " for sign in value)
    return " ".join(printable.split())[:_MAX_CHARS] or UNKNOWN


def _closed(sessions: pd.DataFrame) -> Iterator[dict[str, Any]]:
    closed = sessions.loc[sessions["is_closed"].astype(bool), USED]
    for values in closed.itertuples(index=False, name=None):
        yield dict(zip(USED, values, strict=True))


def _tool(turns: Sequence[Mapping[str, Any]]) -> str:
    calls = Counter(str(call["name"]) for turn in turns for call in turn.get("tool_calls") or ())
    return plain(min(calls, key=lambda name: (-calls[name], name))) if calls else NONE


def _intent(meta: Mapping[str, Any] | None, tool: str, policy: CoveragePolicy) -> str:
    if policy.intent_from is None:
        return tool
    given = (meta or {}).get(policy.intent_from)
    return plain(str(given)) if isinstance(given, str | int) else UNKNOWN


def _language(turns: Sequence[Mapping[str, Any]]) -> str:
    words = " ".join(str(turn.get("content") or "") for turn in turns if turn["role"] == "user")
    return told_language(words, _CONFIDENCE, _MIN_LETTERS) or UNKNOWN


def _adversarial(fired: Sequence[str], policy: CoveragePolicy) -> str:
    return next((kind for signal, kind in policy.adversarial_signals.items() if signal in fired), NONE)
