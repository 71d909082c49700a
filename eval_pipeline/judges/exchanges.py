"""Which part of a session a view looks at: its last exchange, an answer with what was retrieved for it, or all of it.

Not here: how the turns are put into words (`views.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

TurnData = Mapping[str, Any]

_NOTHING = frozenset({"", "null", "none", "[]", "{}", '""', "''"})


def is_answer(turn: TurnData) -> bool:
    """Return whether `turn` is something that the assistant said, or should have: not one that only calls tools."""
    return turn["role"] == "assistant" and bool(words(turn) or not turn.get("tool_calls"))


def has_retrieved(turn: TurnData) -> bool:
    """Return whether `turn` is the result of a tool that returned something: neither marked as an error nor empty."""
    return turn["role"] == "tool" and not turn.get("is_error") and words(turn).casefold() not in _NOTHING


def words(turn: TurnData) -> str:
    """Return what a turn says, without surrounding space."""
    return str(turn.get("content") or "").strip()


def stretch(view: str, turns: Sequence[TurnData]) -> tuple[int, int]:
    """Return the slice of `turns` that `view` (`View.turns`) looks at.

    `transcript`: all. `last_exchange`: from the user's words behind the last answer up to the next user turn.
    `answer_and_context`: from the user's words for which something was last retrieved, to the end, so that a parting
    word does not stand for the answer; all when nothing was retrieved.
    """
    if view == "transcript":
        return 0, len(turns)
    if view == "answer_and_context":
        retrieved = max((i for i, turn in enumerate(turns) if has_retrieved(turn)), default=-1)
        return _asked_at(turns, retrieved), len(turns)
    answer = max((i for i, turn in enumerate(turns) if is_answer(turn)), default=len(turns) - 1)
    end = next((i for i in range(answer + 1, len(turns)) if turns[i]["role"] == "user"), len(turns))
    return _asked_at(turns, answer), end


def _asked_at(turns: Sequence[TurnData], index: int) -> int:
    """Return where the user's words before `index` begin; 0 when there are none."""
    start = max((i for i in range(index + 1) if turns[i]["role"] == "user"), default=0)
    while start > 0 and turns[start - 1]["role"] == "user":
        start -= 1
    return start
