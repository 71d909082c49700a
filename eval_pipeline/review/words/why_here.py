"""Why a session stands in the review queue, in words, and which turns that rests on.

Shown only after a reviewer has locked his own answer: the arm, the stratum and the reasons would tell him what to find.
Not here: what every machine says (`machine_words.py`), the draw itself (`queue.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.design import CONTESTED, REPORT_SIGNAL, REPORTED

Row = Mapping[str, Any]

NOT_QUEUED = "It is not in the queue: you opened it yourself."
STRATUM_WORDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("quiet", "unflagged"),
        "Drawn at random from the sessions nothing points at, so that misses can be counted.",
    ),
    "flag_only": "Drawn from the sessions that a signal points at and no verdict fails.",
    "verdict_only": "Drawn from the sessions that a verdict fails and no signal points at.",
    "both": "Drawn from the sessions that a signal points at and a verdict fails.",
    "flagged": "Drawn from the sessions that a signal points at.",
    REPORTED: "The user reported it.",
    CONTESTED: "It speaks to a judge, so that no judge's pass of it counts: people alone can say what it is.",
}
_ARM_WORDS = {
    "error_analysis": "Set aside for open-ended reading.",
    "double_review": "Drawn to be read by two people.",
    "control": STRATUM_WORDS["quiet"],
    "flagged": STRATUM_WORDS["flagged"],
}


@dataclass(frozen=True)
class Reason:
    """One reason in words: what points at the session, what it found, the turn (from 0) and the words it rests on."""

    target: str
    name: str
    text: str
    turn_index: int | None = None
    quote: str | None = None


@dataclass(frozen=True)
class WhyHere:
    """Why a session is in the queue. `sentences`: of the draw; `reasons`: what pointed at it then, strongest first.

    `marks`: turn -> what to show beside it, each `{"label", "quote"}`: of all that fired or fails now, in the queue for it or not.
    """

    sentences: tuple[str, ...]
    reasons: tuple[Reason, ...]
    marks: Mapping[int, list[dict[str, str | None]]]


def why_here(warehouse: Warehouse, session_id: str) -> WhyHere:
    """Return why a stored session stands in the queue; `NOT_QUEUED` where it does not."""
    rows = warehouse.query(
        """
        select 'queue' as kind, to_jsonb(f) as said from evals.flagged_sessions f where session_id = %(id)s
        union all
        select 'signal', to_jsonb(s) from evals.session_signals s where session_id = %(id)s and outcome = 'fired'
        union all
        select 'judge', to_jsonb(j) - '{versions,raw_reply}'::text[] from evals.judge_verdicts j
        where session_id = %(id)s and repeat = 0 and verdict = 'fail'
        union all
        select 'evaluator', to_jsonb(e) - 'versions' from evals.evaluator_verdicts e
        where session_id = %(id)s and verdict = 'fail'""",
        {"id": session_id},
    )
    found = list(zip(rows["kind"].tolist(), rows["said"].tolist(), strict=True))
    queued = next((row for kind, row in found if kind == "queue"), None)
    evidence = list(_evidence(found))
    reasons = tuple(_reasons(queued["reasons"], evidence)) if queued else ()
    sentences = tuple(_sentences(queued, reasons)) if queued else (NOT_QUEUED,)
    return WhyHere(sentences, reasons, _marks(evidence))


def _evidence(found: Sequence[tuple[str, Row]]) -> Iterator[Reason]:
    """Yield all that fired or fails, by turn."""
    pieces = [
        Reason(
            target=f"{kind}:{row[kind]}",
            name=row[kind],
            text=_text(row),
            turn_index=row.get("turn_index"),
            quote=row.get("quote") or row.get("found"),
        )
        for kind, row in found
        if kind != "queue"
    ]
    yield from sorted(pieces, key=lambda piece: (piece.turn_index is None, piece.turn_index or 0, piece.target))


def _text(row: Row) -> str:
    """Return what was found, without what an evaluator found: that is the quote."""
    text = str(row.get("reason") or row.get("explanation") or row.get("critique") or "")
    return text.removesuffix(f"; found: {row.get('found')}")


def _reasons(named: Sequence[str], evidence: Sequence[Reason]) -> Iterator[Reason]:
    """Yield the reasons of the queue in its order, with what is stored of each now; a signal has no prefix there."""
    for name in named:
        target = name if name.partition(":")[0] in ("evaluator", "judge") and ":" in name else f"signal:{name}"
        bare = target.partition(":")[2]
        gone = Reason(target, bare, "pointed at it when it was drawn, and no longer does")
        yield next((piece for piece in evidence if piece.target == target), gone)


def _sentences(queued: Row, reasons: Sequence[Reason]) -> Iterator[str]:
    stratum, arm = queued["stratum"], queued["arm"]
    report = next((r for r in reasons if r.target == f"signal:{REPORT_SIGNAL}"), None)
    if stratum == REPORTED and report is not None:
        quote = f", “{report.quote}”" if report.quote else ""
        yield f"The user reported it: {report.text}{quote}."
    else:
        yield STRATUM_WORDS.get(stratum) or _ARM_WORDS[arm]
    probability = queued["inclusion_probability"]
    if probability < 1:
        stands_for = round(1 / probability)
        so = f", so it stands for about {stands_for} such sessions" if stands_for > 1 else ""
        yield f"Its chance to be drawn was {100 * probability:.3g} %{so}."
    else:
        yield "Every such session of that day is read."
    if queued["is_double_review"]:
        yield "Two people read it, each for himself."


def _marks(evidence: Sequence[Reason]) -> dict[int, list[dict[str, str | None]]]:
    marks: dict[int, list[dict[str, str | None]]] = {}
    for piece in evidence:
        if piece.turn_index is not None:
            label = f"{piece.name}: {piece.text}" if piece.text else piece.name
            marks.setdefault(piece.turn_index, []).append({"label": label, "quote": piece.quote})
    return marks
