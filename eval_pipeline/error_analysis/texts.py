"""What a failed session says, as words to compare: its open notes, the turns its failure rests on, its tool errors.

Words are about kinds of failure, not customers: numbers, ids, addresses and pseudonyms are left out.
Not here: weights (`kinds.py`), which sessions are looked at (`misfits.py`).
"""

import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from eval_pipeline.error_analysis.misfits import Evidence
from eval_pipeline.redaction.pseudonyms import TOKEN
from eval_pipeline.tool_errors import ERROR_START, is_error_object, may_be_error_object
from eval_pipeline.versions import unit_hash

MAX_CHARS = 4_000
"""Of one text; a kind of failure shows at its beginning or nowhere."""

ERROR_WORDS = 12
"""First words of a tool error; what follows is the case, not the kind."""

CHUNK = 500
"""Sessions whose turns are in memory at a time."""

ORDINARY_SESSIONS = 400
ORDINARY_SHARE = 0.01

_NOISE = re.compile(rf"{TOKEN.pattern}|<[^<>]{{0,200}}>", re.IGNORECASE)
_OF_A_CASE = re.compile(r"\d|@|https?:|www\.", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3,30}")
_TURN_NAMED = re.compile(r"\bturns? (\d{1,4})\b", re.IGNORECASE)


def words(text: str) -> list[str]:
    """Return the words of `text` in order, in small letters: three letters or more, nothing that holds a digit."""
    # Piece by piece, so that a long text without a blank costs no more than any other.
    pieces = _NOISE.sub(" ", text[:MAX_CHARS]).split()
    return _WORD.findall(" ".join(piece for piece in pieces if not _OF_A_CASE.search(piece)).casefold())


def session_terms(evidence: Evidence, session_ids: Sequence[str]) -> list[list[str]]:
    """Return for each of `session_ids` the terms of its notes, its failing turns and its tool errors."""
    notes = _lists(evidence.notes, "note")
    rests_on = _rests_on(evidence)
    found = []
    for start in range(0, len(session_ids), CHUNK):
        wanted = session_ids[start : start + CHUNK]
        turns_of = {row["session_id"]: row["turns"] for row in evidence.turns(wanted).to_dict("records")}
        for session in wanted:
            turns: Sequence[Mapping[str, Any]] = turns_of.get(session, ())
            said = [*notes.get(session, ()), *failing_turns(turns, rests_on.get(session, ()))]
            # Interned: thousands of sessions say the same few thousand words.
            found.append([sys.intern(word) for text in said for word in words(text)] + list(_errors(turns)))
    return found


def ordinary_words(evidence: Evidence, failed: Collection[str]) -> set[str]:
    """Return the words that sessions say in which nothing failed: what everybody says tells no kind of failure.

    A word is ordinary when more than `ORDINARY_SHARE` of up to `ORDINARY_SESSIONS` such sessions, and at least three, say it
    where a failed one is looked at. They are drawn by hash over all days, so that days make no difference.
    """
    bad = {*failed, *evidence.failed["session_id"]}
    good = sorted(
        set(evidence.sessions["session_id"]) - bad, key=lambda session: (unit_hash("ordinary", session), session)
    )
    drawn = good[:ORDINARY_SESSIONS]
    said = Counter(word for found in session_terms(evidence, drawn) for word in set(found))
    return {word for word, n in said.items() if n >= 3 and n > ORDINARY_SHARE * len(drawn)}


def failing_turns(turns: Sequence[Mapping[str, Any]], rests_on: Iterable[int]) -> list[str]:
    """Return the texts of the turns that the failure rests on, each once and in order.

    These are the turns named by verdicts and signals (of a user's turn what it answers to as well), the assistant's last
    turn, and his last one before the user's last: a goodbye says nothing of what went wrong.
    """
    spoken = [i for i, turn in enumerate(turns) if turn["role"] == "assistant" and turn.get("content")]
    user = [i for i, turn in enumerate(turns) if turn["role"] == "user"]
    wanted = set(spoken[-1:]) | set([i for i in spoken if user and i < user[-1]][-1:])
    for named in rests_on:
        if named < len(turns):
            wanted.add(named)
            wanted |= set([i for i in spoken if i < named][-1:]) if turns[named]["role"] == "user" else set()
    kept = [turns[i] for i in sorted(wanted) if turns[i]["role"] in ("user", "assistant")]
    return [str(turn.get("content") or "") for turn in kept]


def _errors(turns: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the terms of each tool error: its first words, marked as a tool's."""
    for turn in turns:
        text = str(turn.get("content") or "") if turn["role"] == "tool" else ""
        if text and (turn.get("error") or turn.get("is_error") or _tells_error(text)):
            yield from (sys.intern(f"tool error: {word}") for word in dict.fromkeys(words(text)[:ERROR_WORDS]))


def _tells_error(text: str) -> bool:
    import orjson

    if ERROR_START.match(text):
        return True
    if not may_be_error_object(text):
        return False
    try:
        return is_error_object(orjson.loads(text))
    except ValueError:
        return False


def _rests_on(evidence: Evidence) -> dict[str, list[int]]:
    """Return the turns that verdicts and signals name for each session; a judge's critique names them in words."""
    said = pd.concat([evidence.failed[["session_id", "turn_index"]], evidence.signals[["session_id", "turn_index"]]])
    said = said.dropna().astype({"turn_index": "int64"})
    critiques = evidence.failed[["session_id", "explanation"]].dropna()
    in_words = [
        (session, int(found[1]))
        for session, text in critiques.itertuples(index=False)
        for found in _TURN_NAMED.finditer(text)
    ]
    named = pd.concat([said, pd.DataFrame(in_words, columns=["session_id", "turn_index"])])
    return _lists(named, "turn_index")


def _lists(frame: pd.DataFrame, column: str) -> dict[str, list[Any]]:
    """Return the different values of `column` by session, sorted."""
    there = frame[["session_id", column]].dropna().drop_duplicates().sort_values(["session_id", column])
    return {str(session): values.tolist() for session, values in there.groupby("session_id")[column]}
