"""Judging a frame of sessions: render, settle or ask, parse, and give rows of `judge_verdicts`.

Not here: which sessions go to which endpoint (`by_origin.py`), how calls are made (`asking/`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.judges.asking.asker import Asks, Progress
from eval_pipeline.judges.asking.batches import BATCH_PENDING
from eval_pipeline.judges.asking.line import NOT_SENT
from eval_pipeline.judges.contesting import contest
from eval_pipeline.judges.definition import Judge
from eval_pipeline.judges.rendering import answering, render, request_of
from eval_pipeline.judges.replies import Parsed, parse_reply, storable
from eval_pipeline.judges.settling import why_not_asked
from eval_pipeline.ports import Attempt, JudgeModel, JudgeRequest
from eval_pipeline.tables import JudgeVerdicts
from eval_pipeline.versions import verdict_versions

RAW_REPLY_CHARS = 10_000
"""How much of a reply is kept beside an error; the whole stands in the ledger."""

UNANSWERED = (*NOT_SENT, BATCH_PENDING)
"""What a call comes to that says nothing about its session."""

_USED = ["session_id", "session_day", "turns", "versions", "model_version", "redaction_version"]


@dataclass(frozen=True)
class _Case:
    """One verdict to come; `settled` when no model is needed for it."""

    session_id: str
    session_day: date
    judge: Judge
    judge_version: str
    repeat: int
    call_key: str
    judged_by: str
    versions: dict[str, str]
    settled: Parsed | None
    is_contested: bool


def judge_sessions(
    sessions: pd.DataFrame,
    judges: Sequence[Judge],
    model: JudgeModel | None,
    asker: Asks,
    versions: Mapping[str, str],
    repeats: int = 1,
    progress: Progress | None = None,
    first_repeat: int = 0,
) -> pd.DataFrame:
    """Return one row of `judge_verdicts` for each closed session of `sessions`, judge and repeat (from `first_repeat`).

    `sessions` are rows of `raw_sessions`; open ones are left out until they close. `versions` are the evaluation's own
    (code, redaction, taxonomy), laid over those that the session brought. What the ledger knows is not asked again;
    without a `model` nothing is. Sessions without an answer are settled by rule, see `settling.py`. A session that
    speaks to its judge can fail; what else the model says of it is an error with reason `contested`, see `contesting.py`.

    A call that was not answered for want of a model, money, a working endpoint or, in a batch, of time gives no row: it
    says nothing about the session, which a later run asks about; `asker.left_undone` counts it. A judge of which no
    call could be made and no reply is known gives no row at all, for the sessions settled by rule, most of them
    failures, would pass for its findings.

    Must be called from a thread without a running event loop. Raises what `Asker.ask` raises.
    """
    closed = sessions.loc[sessions["is_closed"].astype(bool), _USED]
    cases: list[_Case] = []
    numbers = range(first_repeat, first_repeat + repeats)
    attempts = asker.ask(_requests(closed, judges, model, versions, numbers, cases), model, progress)
    made = {key: attempt for key, attempt in attempts.items() if attempt not in UNANSWERED}
    asker.left_undone.update(_left_undone(cases, attempts))
    return _frame([_row(case, made.get(case.call_key)) for case in _judged(cases, made)])


def _left_undone(cases: Sequence[_Case], attempts: Mapping[str, Attempt]) -> Iterable[tuple[str, str]]:
    """Return the reason and the judge of each call that is not answered so far."""
    asked = {case.call_key: case.judge.name for case in cases if case.settled is None}
    return [(attempts[key].status, name) for key, name in asked.items() if attempts.get(key) in UNANSWERED]


def _judged(cases: Sequence[_Case], made: Collection[str]) -> list[_Case]:
    """Return the cases that have a verdict or an error: those whose call was made, and the settled ones of judges that
    made one or needed none."""
    asked = {case.judge.name for case in cases if case.settled is None}
    has_run = {case.judge.name for case in cases if case.call_key in made}
    idle = asked - has_run
    return [case for case in cases if (case.call_key in made if case.settled is None else case.judge.name not in idle)]


def _requests(
    closed: pd.DataFrame,
    judges: Sequence[Judge],
    model: JudgeModel | None,
    versions: Mapping[str, str],
    repeats: range,
    cases: list[_Case],
) -> Iterator[JudgeRequest]:
    """Yield the calls to make, one rendered prompt at a time, and note in `cases` what each is for."""
    judge_versions = {judge.name: judge.version for judge in judges}
    for values in closed.itertuples(index=False, name=None):
        row = dict(zip(_USED, values, strict=True))
        is_contested = contest(row["turns"]) is not None
        for judge in judges:
            judged_by, judge_version = answering(judge, model), judge_versions[judge.name]
            behind = _versions_behind(row, {**versions, "judge": judge_version, "judge_model": judged_by})
            messages, settled = render(judge, row), _settled(judge, row["turns"])
            for repeat in repeats:
                request = request_of(judge, messages, repeat, judged_by, row["session_day"])
                cases.append(
                    _Case(
                        session_id=row["session_id"],
                        session_day=row["session_day"],
                        judge=judge,
                        judge_version=judge_version,
                        repeat=repeat,
                        call_key=request.call_key,
                        judged_by=judged_by,
                        versions=behind,
                        settled=settled,
                        is_contested=is_contested,
                    )
                )
                if settled is None:
                    yield request


def _settled(judge: Judge, turns: Sequence[Mapping[str, Any]]) -> Parsed | None:
    reason = why_not_asked(judge.view.turns, turns)
    if reason == "nothing_asked":
        return Parsed("not_applicable", "Settled without asking the model: the user asked nothing.")
    if reason == "no_answer":
        return Parsed(judge.no_answer, "Settled without asking the model: the assistant gave no answer.")
    return None


def _versions_behind(row: Mapping[str, Any], ours: dict[str, str]) -> dict[str, str]:
    if isinstance(row["redaction_version"], str):
        ours["redaction"] = row["redaction_version"]
    model_version = row["model_version"] if isinstance(row["model_version"], str) else None
    return verdict_versions(row["versions"] or {}, model_version, ours)


def _row(case: _Case, attempt: Attempt | None) -> dict[str, Any]:
    parsed = case.settled or parse_reply(attempt or Attempt("not_asked", 0.0))
    if case.is_contested and _may_be_talked_into(parsed, case.settled is not None):
        parsed = Parsed("error", error_reason="contested")
    raw = attempt.reply if attempt and parsed.verdict == "error" else None
    return {
        "session_id": case.session_id,
        "session_day": case.session_day,
        "judge": case.judge.name,
        "judge_version": case.judge_version,
        "repeat": case.repeat,
        "verdict": parsed.verdict,
        "critique": parsed.critique,
        "error_reason": parsed.error_reason,
        "raw_reply": storable(raw[:RAW_REPLY_CHARS]) if raw is not None else None,
        "call_key": case.call_key,
        "judge_model": case.judged_by,
        "versions": case.versions,
        "is_contested": case.is_contested,
    }


def _may_be_talked_into(parsed: Parsed, is_settled: bool) -> bool:
    """Return whether a verdict is one that words to the judge aim at: a pass, or to be let off by the model."""
    return parsed.verdict == "pass" or (parsed.verdict == "not_applicable" and not is_settled)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return JudgeVerdicts.validate(pd.DataFrame(rows, columns=list(JudgeVerdicts.to_schema().columns)))
