"""Few-shot examples chosen from labelled sessions: informative, balanced, short, and the same for the same labels.

Not here: the sessions themselves (`pool.py`), how an example is put into the file (`candidate_file.py`).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import pandas as pd

from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.judges.definition import Example, Judge
from eval_pipeline.judges.exchanges import TurnData
from eval_pipeline.judges.replies import Verdict
from eval_pipeline.judges.views import view_lines

EXAMPLE_TOKENS = 450
"""The budget of one example's session, in estimated tokens."""

NOTE_CHARS = 400
"""A person's note is cut beyond this."""

Leaks = Callable[[Example], bool]


def choose(judge: Judge, pool: pd.DataFrame, n_each: int, leaks: Leaks, shown_groups: set[str]) -> list[Example]:
    """Return up to `n_each` failures and as many good sessions of `pool`, failures first, as examples for `judge`.

    First come sessions that the judge got wrong, then those with a person's note, then those it got wrong in more of its
    repeats, then the shorter ones; ties by session id. Never two of one group, none of `shown_groups` (of examples that
    are there already), and none that `leaks` (gives away a held-out session).

    Raises `EvalPipelineError` when there is no session of one of the two kinds: one verdict alone would lead the judge
    to it.
    """
    groups = set(shown_groups)
    found = {word: _of_kind(judge, pool, word, n_each, leaks, groups) for word in ("fail", "pass")}
    n = min(map(len, found.values()))
    if n == 0:
        word = next(word for word, examples in found.items() if not examples)
        raise EvalPipelineError(
            f"no calibration session that people call {word} can be an example of {judge.name}",
            "examples need at least one of each verdict: have more sessions reviewed",
        )
    return [example for examples in found.values() for example in examples[:n]]


def _of_kind(judge: Judge, pool: pd.DataFrame, word: str, n: int, leaks: Leaks, groups: set[str]) -> list[Example]:
    chosen: list[Example] = []
    for row in _ranked(pool[pool["person"] == word]):
        if len(chosen) == n:
            break
        if row["group_id"] not in groups and not leaks(example := example_of(judge, row)):
            groups.add(row["group_id"])
            chosen.append(example)
    return chosen


def _ranked(rows: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    keys = rows.assign(
        is_right=rows["judge"] == rows["person"],
        has_no_note=rows["note"] == "",
        length=[sum(len(str(turn.get("content") or "")) for turn in turns) for turns in rows["turns"]],
    )
    by = ["is_right", "has_no_note", "wrong_share", "length", "session_id"]
    ranked = keys.sort_values(by, ascending=[True, True, False, True, True])
    return (cast("Mapping[str, Any]", row) for row in ranked.to_dict("records"))


def example_of(judge: Judge, row: Mapping[str, Any]) -> Example:
    """Return a row of the pool as an example: what the judge's own view shows of it, cut, and why people say so."""
    return Example(
        session=_shown(judge, row["turns"]),
        critique=_critique(row),
        verdict=cast("Verdict", row["person"]),
        origin=row["session_id"],
    )


def _shown(judge: Judge, turns: Sequence[TurnData]) -> str:
    """Return one line a turn, with the turn's number; a line end in a turn is a blank, so that no text can add a turn."""
    view = judge.view.model_copy(update={"max_tokens": min(EXAMPLE_TOKENS, judge.view.max_tokens)})
    return "\n".join(" ".join(_line(json.loads(line)).split()) for line in view_lines(view, turns))


def _line(entry: Mapping[str, Any]) -> str:
    if "turns_left_out" in entry:
        return f"[{entry['turns_left_out']} turns left out]"
    calls = [
        f"calls {call['name']}({json.dumps(call['arguments'], ensure_ascii=False)})"
        for call in entry.get("tool_calls", [])
    ]
    told = [str(entry.get("content", entry.get("left_out", ""))), *calls, "(error)" if entry.get("is_error") else ""]
    return f"turn {entry['turn']} {entry.get('role', '')}: {' '.join(told)}"


def _critique(row: Mapping[str, Any]) -> str:
    note = " ".join(row["note"].split())[:NOTE_CHARS]
    has_turn = row["person"] == "fail" and not pd.isna(row["first_bad_turn"])
    if note:
        return f"Turn {row['first_bad_turn']}: {note}" if has_turn else note
    if row["person"] == "pass":
        return "A person found nothing that the criteria for a failure name."
    return "A person found a failure" + (f", first at turn {row['first_bad_turn']}." if has_turn else ".")
