"""What stands beside the transcript: the user's own word, versions, times, metadata; and what is only told after the reveal.

Two functions with two statements: what a reviewer may not know before he has answered is never read for the blind page.
Not here: the transcript, machine words (`machine_words.py`), cost and waiting time (`session_measures.py`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.unblinded import MAY_SEE
from eval_pipeline.review.words.session_measures import measures, moment, seconds_in_words

MAX_CHARACTERS = 400
"""Length beyond which a value of the metadata is cut."""
MAX_REVIEWS = 20
"""How many earlier reviews are shown, the latest first."""

Row = Mapping[str, Any]
"""A row as PostgreSQL writes it in JSON, nulls as None."""

_READ_ELSEWHERE = {"turn_extras", "spans"}
"""Parts of the metadata that belong to the transcript and its timeline."""


@dataclass(frozen=True)
class Said:
    """One piece of the user's feedback in words, and the turn it is about, from 0."""

    text: str
    quote: str | None
    turn_index: int | None


@dataclass(frozen=True)
class SessionFacts:
    """What a reviewer may know of a session before he answers. `turns` and `meta` as stored; `feedback`: the user's own word.

    `facts`: name -> words, in order; `versions`: all upstream versions; `slices`: name -> value; `other_meta`: name -> value as text, cut.
    """

    session_id: str
    session_day: date
    origin: str
    surface: str
    is_closed: bool
    turns: Sequence[Mapping[str, Any]]
    meta: Mapping[str, Any]
    feedback: tuple[Said, ...]
    facts: Mapping[str, str]
    versions: Mapping[str, str]
    slices: Mapping[str, str]
    other_meta: Mapping[str, str]


@dataclass(frozen=True)
class EarlierReview:
    """What a person answered on another session of the same user."""

    session_id: str
    session_day: date
    reviewer: str
    answer: str
    category: str | None
    note: str | None
    reviewed_on: date


@dataclass(frozen=True)
class AfterReveal:
    """What is told after the reveal: `claims` of the source (name -> value as text), and `earlier` reviews of the same user's
    other sessions, the latest first."""

    claims: Mapping[str, str]
    earlier: tuple[EarlierReview, ...]


def session_facts(warehouse: Warehouse, session_id: str) -> SessionFacts | None:
    """Return what may be shown of a session before the reveal; None when no such session is stored."""
    rows = warehouse.query(
        """
        select to_jsonb(s) as said from (
            select session_id, session_day, started_at, ended_at, is_closed, user_id, surface, slices, model_version,
                   versions, turns, n_turns, n_user_turns, n_tool_calls, feedback, meta, origin, redaction_version,
                   n_redactions
            from evals.raw_sessions where session_id = %(id)s) s""",
        {"id": session_id},
    )["said"].tolist()
    if not rows:
        return None
    row: Row = rows[0]
    meta = _named_parts(row["meta"], "meta")
    return SessionFacts(
        session_id=row["session_id"],
        session_day=date.fromisoformat(row["session_day"]),
        origin=row["origin"],
        surface=row["surface"],
        is_closed=row["is_closed"],
        turns=row["turns"],
        meta=meta,
        feedback=tuple(_feedback(row["feedback"] or [])),
        facts=dict(_facts(row)) | measures(meta, row["turns"]),
        versions=_versions(row),
        slices=_texts(_named_parts(row["slices"], "slices")),
        other_meta=_texts({name: value for name, value in meta.items() if name not in _READ_ELSEWHERE}),
    )


def after_reveal(warehouse: Warehouse, session_id: str, reviewer: str) -> AfterReveal:
    """Return what is told once `reviewer` has answered.

    Never a review of this session, nor one of a session that he may not be led to (`unblinded.MAY_SEE`): it would tell him
    what others, or he himself before a repeat, made of what he is still to read.
    """
    told = warehouse.query(_TOLD, {"id": session_id, "person": reviewer, "most": MAX_REVIEWS})
    claims: dict[str, str] = {}
    earlier = []
    for kind, row in zip(told["kind"].tolist(), told["said"].tolist(), strict=True):
        if kind == "claims":
            claims |= {f"outcome {name}".strip(): text for name, text in _named(row["outcome"])}
            claims |= {f"label {name}": text for name, text in _named(row["recorded_labels"])}
        else:
            earlier.append(_review(row))
    return AfterReveal(claims, tuple(earlier))


_TOLD = (
    """
    with latest as (
        select distinct on (v.session_id, v.reviewer) v.session_id, v.session_day, v.reviewer,
               v.answers ->> 'session' as answer, c.read_as as category, v.note, v.submitted_at
        from evals.raw_sessions this
        join evals.raw_sessions s on s.user_id = this.user_id and s.session_id <> this.session_id
        join evals.reviews v on v.session_id = s.session_id and v.answers ->> 'session' is not null
        left join evals.review_categories c using (review_id)
        where this.session_id = %(id)s and not v.is_repeat and """
    + MAY_SEE
    + """
        order by v.session_id, v.reviewer, v.submitted_at desc, v.review_id)
    select 'claims' as kind, to_jsonb(c) as said
    from (select outcome, recorded_labels from evals.raw_sessions where session_id = %(id)s) c
    union all
    (select 'review', to_jsonb(latest) from latest order by submitted_at desc, session_id, reviewer limit %(most)s)"""
)


def _review(row: Row) -> EarlierReview:
    return EarlierReview(
        session_id=row["session_id"],
        session_day=date.fromisoformat(row["session_day"]),
        reviewer=row["reviewer"],
        answer=row["answer"],
        category=row["category"],
        note=row["note"],
        reviewed_on=datetime.fromisoformat(row["submitted_at"]).date(),
    )


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    yield "surface", row["surface"]
    started, ended = moment(row["started_at"]), moment(row["ended_at"])
    if started is not None:
        yield "started", f"{started:%Y-%m-%d %H:%M} UTC"
    if started is not None and ended is not None:
        yield "lasted", seconds_in_words((ended - started).total_seconds())
    if not row["is_closed"]:
        yield "state", "still open when it was taken in"
    yield "turns", f"{row['n_turns']}, {row['n_user_turns']} of them the user's"
    yield "tool calls", str(row["n_tool_calls"])
    if row["user_id"] is not None:
        yield "user", row["user_id"]
    yield "origin", row["origin"]
    yield "redacted", f"{row['n_redactions']} values, by rules {row['redaction_version']}"


def _named_parts(value: Any, name: str) -> Mapping[str, Any]:
    """Return stored JSON as an object, whatever it is: a page must open for any session that is stored."""
    return value if isinstance(value, dict) else {name: value} if value else {}


def _feedback(pieces: Any) -> Iterator[Said]:
    for piece in pieces if isinstance(pieces, list) else []:
        if not isinstance(piece, dict):
            continue
        value = piece.get("value") if isinstance(piece.get("value"), int | float) else None
        match piece.get("kind"):
            case "thumbs":
                text = "thumb up" if (value or 0) > 0 else "thumb down"
            case "rating" if value is not None:
                text = f"rated {value:.2f} on a scale from 0 to 1"
            case _:
                text = "reported it"
        yield Said(text, piece.get("text"), piece.get("turn_index"))


def _versions(row: Row) -> dict[str, str]:
    model = {} if row["model_version"] is None else {"model": row["model_version"]}
    return _texts({**model, **_named_parts(row["versions"], "versions")})


def _named(value: Any) -> Iterator[tuple[str, str]]:
    """Yield what an outcome or a list of labels says, as name and text; a label by its own name where it bears one."""
    if isinstance(value, list):
        for number, part in enumerate(value, 1):
            name = part.get("name") if isinstance(part, dict) else None
            rest = {key: said for key, said in part.items() if key != "name"} if name else part
            yield f"{number} {name or ''}".strip(), _text(rest["value"] if name and rest.keys() == {"value"} else rest)
    elif isinstance(value, dict):
        yield from _texts(value).items()
    elif value is not None:
        yield "", _text(value)


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    """Return a value as text: words as they are, anything else as JSON, cut."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
