"""Every machine word on one session: what evaluators, judges, signals and classifiers say of it, and how far each is trusted.

Shown only after a reviewer has locked his own answer. A word is answered as one, whatever rows are behind it: an evaluator that looks
at every turn is one word. Not here: why the session is in the queue (`why_here.py`), what a person answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from eval_pipeline.classifiers.definition import ABSTAIN, ERROR
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.words.trust import measured_of
from eval_pipeline.review.words.word import Kind, Said
from eval_pipeline.review.words.word import MachineWords as MachineWords
from eval_pipeline.review.words.word import Response as Response
from eval_pipeline.review.words.word import Word as Word

Row = Mapping[str, Any]
"""A row of one of the tables of verdicts, nulls as None."""

WORST_FIRST = ("fail", "error", "pass", "not_applicable")
"""Which of several verdicts of one evaluator is the session's, as calibration and trends count it."""

_OUTCOMES: Mapping[str, Said] = {"fired": "fail", "quiet": "pass", "not_applicable": "not_applicable"}


def machine_words(warehouse: Warehouse, session_id: str) -> MachineWords:
    """Return every machine word on a stored session, of each subject's newest version; none for a session without any."""
    rows = warehouse.query(
        """
        select 'evaluator' as kind, to_jsonb(e) - 'versions' as said from evals.evaluator_verdicts e where session_id = %(id)s
        union all
        select 'judge', to_jsonb(j) - '{versions,raw_reply}'::text[] from evals.judge_verdicts j where session_id = %(id)s
        union all
        select 'classifier', to_jsonb(c) - 'versions' from evals.category_predictions c where session_id = %(id)s
        union all
        select 'signal', to_jsonb(s) from evals.session_signals s where session_id = %(id)s""",
        {"id": session_id},
    )
    words = list(words_of(zip(rows["kind"].tolist(), rows["said"].tolist(), strict=True)))
    measured = measured_of(warehouse, session_id, [word.target for word in words])
    trusted = [replace(w, trust=measured.trust(w.kind, w.name, w.version, w.category)) for w in words]
    ordered = sorted(trusted, key=_place)
    shown, folded = ([word for word in ordered if word.is_folded is is_folded] for is_folded in (False, True))
    return MachineWords(tuple(shown), tuple(folded))


def words_of(rows: Iterable[tuple[Kind, Row]]) -> Iterable[Word]:
    """Yield the word of each subject that `rows` (its kind, a row of its table) hold, without trust, in no order."""
    subjects: dict[tuple[Kind, str], list[Row]] = {}
    for kind, row in rows:
        subjects.setdefault((kind, row[kind]), []).append(row)
    for (kind, name), all_rows in subjects.items():
        newest = max((row[f"{kind}_version"] for row in all_rows), key=_declared)
        mine = [row for row in all_rows if row[f"{kind}_version"] == newest]
        yield _WORD_OF[kind](f"{kind}:{name}", mine)


def _declared(version: str) -> tuple[int, str]:
    """Order versions: 10+... is newer than 9+.... A day is replaced as a whole, so there is seldom more than one."""
    number = version.partition("+")[0]
    return (int(number) if number.isdecimal() else -1), version


def _evaluator(target: str, rows: Sequence[Row]) -> Word:
    ordered = sorted(rows, key=lambda row: (WORST_FIRST.index(row["verdict"]), row["turn_index"] or 0))
    first = ordered[0]
    failing = {row["turn_index"] for row in rows if row["verdict"] == "fail" and row["turn_index"] is not None}
    return Word(
        target=target,
        kind="evaluator",
        name=first["evaluator"],
        version=first["evaluator_version"],
        said=first["verdict"],
        said_in_words=_in_words(first["verdict"]),
        explanation=first["explanation"],
        turn_index=first["turn_index"],
        turns=tuple(sorted(failing)),
        expected=first["expected"],
        found=first["found"],
        pointer=first["pointer"],
    )


def _judge(target: str, rows: Sequence[Row]) -> Word:
    ordered = sorted(rows, key=lambda row: int(row["repeat"]))
    first = ordered[0]
    n_fail = sum(row["verdict"] == "fail" for row in rows)
    return Word(
        target=target,
        kind="judge",
        name=first["judge"],
        version=first["judge_version"],
        said=first["verdict"],
        said_in_words=_in_words(first["verdict"]),
        explanation=first["critique"],
        error_reason=first["error_reason"],
        repeats=f"{n_fail} of {len(rows)} repeats fail" if len(rows) > 1 else None,
        is_contested=first["is_contested"],
    )


def _signal(target: str, rows: Sequence[Row]) -> Word:
    row = rows[0]
    return Word(
        target=target,
        kind="signal",
        name=row["signal"],
        version=row["signal_version"],
        said=_OUTCOMES[row["outcome"]],
        said_in_words=_in_words(row["outcome"]),
        explanation=row["reason"],
        turn_index=row["turn_index"],
        turns=() if row["turn_index"] is None or row["outcome"] != "fired" else (row["turn_index"],),
        quote=row["quote"],
        strength=row["strength"],
    )


def _classifier(target: str, rows: Sequence[Row]) -> Word:
    row = rows[0]
    said: dict[str, Said] = {ABSTAIN: "not_applicable", ERROR: "error"}
    category = None if row["category"] in said else row["category"]
    return Word(
        target=target,
        kind="classifier",
        name=row["classifier"],
        version=row["classifier_version"],
        said=said.get(row["category"], "fail"),
        said_in_words="abstains" if row["category"] == ABSTAIN else str(row["category"]),
        category=category,
        explanation=row["explanation"],
        turn_index=row["turn_index"],
        turns=() if row["turn_index"] is None else (row["turn_index"],),
        decided_by=row["decided_by"],
    )


_WORD_OF = {"evaluator": _evaluator, "judge": _judge, "signal": _signal, "classifier": _classifier}
_KIND_ORDER = ("evaluator", "judge", "signal")


def _in_words(verdict: str) -> str:
    return verdict.replace("_", " ")


def _place(word: Word) -> tuple[int, int, float, str]:
    """Order: what fails, by kind and strength; then judges; what crashed; predictions. In the fold what passes comes first."""
    if word.is_folded:
        return 4, WORST_FIRST.index(word.said), 0.0, word.target
    if word.kind == "classifier":
        return 3, 0, 0.0, word.target
    if word.said == "fail":
        return 0, _KIND_ORDER.index(word.kind), -word.strength, word.target
    return (1 if word.kind == "judge" else 2), WORST_FIRST.index(word.said), 0.0, word.target
