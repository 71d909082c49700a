"""The real and the synthetic sessions, read side by side: what every evaluator, signal and judge says of each.

Not here: what must have changed between the two (`expecting.py`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.evaluators.run import evaluate
from eval_pipeline.signals.contract import Signal
from eval_pipeline.signals.run import detect_signals

JudgeVerdictsOf = Callable[[pd.DataFrame], pd.DataFrame]
"""Rows of `raw_sessions` in, rows of `judge_verdicts` out, as `judges.run.judge_sessions` gives them."""

CONTESTED = "contested"
"""The word of a judge whose answer is withheld because the session speaks to it."""

_WORST_FIRST = ("error", "fail", CONTESTED, "pass", "not_applicable")
_SIGNAL_RAISED = "the signal raised"

Words = dict[tuple[str, str, str], str]
"""(session, kind of subject, subject) to its word: a verdict, or what a signal came to."""


class Subject(NamedTuple):
    """An evaluator, a signal or a judge."""

    kind: str
    name: str


def before_and_after(synthetic: pd.DataFrame, seeds: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the sessions to read, and of each synthetic row the id of its real one among them ("" for none).

    Each real session stands there once, under `before/N`, and for each synthetic row the same with the made turns, under
    `after/N`. The ids are our own: what is computed here is no traffic, and no table takes it.
    """
    row_of = {session_id: row for row, session_id in enumerate(seeds["session_id"])}
    first = [row_of.get(ids[0]) for ids in synthetic["seed_session_ids"]]
    used = [row for row in first if row is not None]
    before = seeds.iloc[sorted(set(used))].assign(session_id=[f"before/{row}" for row in sorted(set(used))])
    made = [number for number, row in enumerate(first) if row is not None]
    after = seeds.iloc[used].assign(session_id=[f"after/{number}" for number in made])
    after["turns"] = pd.Series(list(synthetic["turns"].iloc[made]), index=after.index, dtype="object")
    ids = ["" if row is None else f"before/{row}" for row in first]
    return pd.concat([before, after], ignore_index=True), ids


def words_of(
    sessions: pd.DataFrame,
    evaluators: Sequence[Evaluator],
    signals: Sequence[Signal],
    judge_verdicts_of: JudgeVerdictsOf | None,
) -> tuple[Words, dict[Subject, str]]:
    """Return what each subject says of each of `sessions` (rows of `raw_sessions`), and the version of each subject.

    Of verdicts on turns and of repeats the worst counts. A signal that raises says `error`, as an evaluator does.
    """
    versions = {Subject("evaluator", e.name): e.version for e in evaluators}
    versions |= {Subject("signal", s.name): s.version for s in signals}
    words = _worst(evaluate(sessions, evaluators, {}), "evaluator") | _of_signals(detect_signals(sessions, signals))
    if judge_verdicts_of is not None:
        judged = judge_verdicts_of(sessions)
        withheld = judged["error_reason"].eq(CONTESTED).fillna(False).to_numpy(dtype=bool)
        judged = judged.assign(verdict=judged["verdict"].astype("object").mask(withheld, CONTESTED))
        words |= _worst(judged, "judge")
        versions |= {Subject("judge", n): v for n, v in zip(judged["judge"], judged["judge_version"], strict=True)}
    return words, versions


def _worst(verdicts: pd.DataFrame, kind: str) -> Words:
    """Return the worst verdict of each subject on each session, over turns and repeats."""
    words: Words = {}
    for session, name, verdict in zip(verdicts["session_id"], verdicts[kind], verdicts["verdict"], strict=True):
        key = (str(session), kind, str(name))
        words[key] = min(words.get(key, verdict), verdict, key=_WORST_FIRST.index)
    return words


def _of_signals(found: pd.DataFrame) -> Words:
    raised = found["reason"].str.startswith(_SIGNAL_RAISED).fillna(False).to_numpy(dtype=bool)
    outcomes = found["outcome"].astype("object").mask(raised, "error")
    keys = zip(found["session_id"], found["signal"], outcomes, strict=True)
    return {(str(session), "signal", str(name)): str(word) for session, name, word in keys}
