"""Search over all turns of a session: any spelling of a letter, any case. Not here: the address that asks (`review/app`)."""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval_pipeline.review.transcript.controls import without_controls
from eval_pipeline.review.transcript.joining import calls_of

MAX_QUERY = 200
"""Characters of the longest query."""

MAX_HITS = 200
"""Turns that a search returns at most."""

_AROUND = 40


@dataclass(frozen=True)
class Hit:
    """A turn in which the query stands `count` times; `before`, `match`, `after`: the first place, as plain text."""

    turn: int
    role: str
    count: int
    before: str
    match: str
    after: str


@dataclass(frozen=True)
class Found:
    """`n_matches` in `n_turns` turns; `hits`: the first `MAX_HITS` of these turns."""

    query: str
    n_matches: int
    n_turns: int
    hits: tuple[Hit, ...]


def search(turns: Sequence[Mapping[str, Any]], query: str) -> Found:
    """Return where `query` stands in what was said, reasoned, called (name and arguments) or answered by a tool."""
    query = " ".join(query[:MAX_QUERY].split())
    wanted = _folded(query)
    n_matches, n_turns, hits = 0, 0, []
    for index, turn in enumerate(turns if wanted else ()):
        text = "\n".join(_texts(turn))
        folded = _folded(text)
        if not (count := folded.count(wanted)):
            continue
        n_matches, n_turns = n_matches + count, n_turns + 1
        if n_turns <= MAX_HITS:
            hits.append(Hit(index, str(turn.get("role")), count, *_around(text, folded, wanted)))
    return Found(query, n_matches, n_turns, tuple(hits))


def _texts(turn: Mapping[str, Any]) -> Iterator[str]:
    yield str(turn.get("content") or "")
    if turn.get("reasoning"):
        yield str(turn["reasoning"])
    for call in calls_of(turn):
        arguments = call.get("arguments")
        said = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False, default=str)
        yield f"{call.get('name')} {said}"


def _folded(text: str) -> str:
    return (
        text.lower()
        if text.isascii()
        else unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    )


def _around(text: str, folded: str, wanted: str) -> tuple[str, str, str]:
    # Folding may change lengths: where it did, the folded text is what is shown.
    shown = text if len(text) == len(folded) else folded
    at = folded.find(wanted)
    end = at + len(wanted)
    parts = shown[max(0, at - _AROUND) : at], shown[at:end], shown[end : end + _AROUND]
    before, match, after = (" ".join(without_controls(part).split(" ")) for part in parts)
    return before, match, after
