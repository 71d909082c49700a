"""What the session page shows: one session as one person has opened it, and what stands in the fields of his panel.

Blindness is kept here: the code that reads machines' words, why the session is in the queue and what its source claims runs
for a person who has locked his answer or has looked, and for nobody else. Not here: routes (`session_page.py`,
`session_acts.py`).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException

from eval_pipeline.judges.definition import Judge
from eval_pipeline.review.answers import Entry, given_responses, standing
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.forms import MAX_ID, MAX_NOTE, Form, session_url, wanted_fields
from eval_pipeline.review.ports import ReviewState, UnknownSession, Wanted
from eval_pipeline.review.transcript.timeline import timeline
from eval_pipeline.review.transcript.turns import Window, part_for, window
from eval_pipeline.review.words.blind_question import asked_judge
from eval_pipeline.review.words.machine_words import machine_words
from eval_pipeline.review.words.session_facts import AfterReveal, SessionFacts, after_reveal, session_facts
from eval_pipeline.review.words.why_here import WhyHere, why_here
from eval_pipeline.review.words.word import MachineWords
from eval_pipeline.versions import content_hash

MOST_PREVIOUS = 50
"""How many sessions the way back leads through."""


@dataclass(frozen=True)
class Revealed:
    """What is told once a person has answered or looked."""

    words: MachineWords
    why: WhyHere
    after: AfterReveal

    @property
    def seen(self) -> str:
        """A hash of every word: a page that was served with other words has another."""
        words = (*self.words.shown, *self.words.folded)
        return content_hash(sorted([word.target, word.version, word.said, word.category or ""] for word in words))


@dataclass(frozen=True)
class Opened:
    """A session as one person has opened it. `revealed` is None before he may see it; `asked`: the judge whose question he
    is asked blind."""

    session_id: str
    reviewer: str
    facts: SessionFacts
    state: ReviewState
    asked: Judge | None
    revealed: Revealed | None

    @property
    def n_turns(self) -> int:
        """How many turns it has."""
        return len(self.facts.turns)

    @property
    def question_target(self) -> str | None:
        """The target of the question that is asked blind."""
        return f"judge:{self.asked.name}" if self.asked else None


@dataclass(frozen=True)
class Fields:
    """What stands in the panel's fields, as text."""

    answer: str = ""
    first_bad_turn: str = ""
    category: str = ""
    note: str = ""
    question_answer: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    words_seen: str = ""

    @classmethod
    def of_form(cls, form: Form) -> "Fields":
        """Return what a form brought, right or wrong, to be shown again."""
        return cls(
            **_texts(form),
            words={n.removeprefix("word:"): str(v) for n, v in form.items() if n[:5] == "word:"},
            words_seen=str(form.get("words_seen") or ""),
        )

    @classmethod
    def of_entry(cls, entry: Entry, words: Mapping[str, str]) -> "Fields":
        """Return what stands by the reviews."""
        turn = "" if entry.first_bad_turn is None else str(entry.first_bad_turn)
        return cls(entry.answer or "", turn, entry.category or "", entry.note or "", "", words)

    def overlaid(self, draft: Mapping[str, Any], seen: str | None) -> "Fields":
        """Return these with a draft's entries over them: what the draft leaves empty was emptied.

        Its responses are to the words that it saw: where machines say something else by now (`seen`), they are left out.
        """
        is_of_these_words = draft.get("words_seen") == seen
        return Fields(**_texts(draft), words=draft.get("words", self.words) if is_of_these_words else self.words)

    def differs(self, entry: Entry) -> bool:
        """Return whether these say another answer, turn or category than `entry`."""
        other = Fields.of_entry(entry, {})
        return (self.answer, self.first_bad_turn, self.category) != (other.answer, other.first_bad_turn, other.category)


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    names = ("answer", "first_bad_turn", "category", "note", "question_answer")
    return {name: str(given.get(name) or "")[:MAX_NOTE] for name in names}


def opened(context: AppContext, session_id: str, reviewer: str) -> Opened:
    """Open a session for a person. Answers 404 for one that is not stored."""
    state = state_of(context, session_id, reviewer)
    facts = session_facts(context.warehouse, session_id)
    if facts is None:
        raise _unknown()
    asked = asked_judge(session_id, context.deployment.judges)
    revealed = _revealed(context, session_id, reviewer) if state.is_revealed else None
    return Opened(session_id, reviewer, facts, state, asked, revealed)


def state_of(context: AppContext, session_id: str, reviewer: str) -> ReviewState:
    """Return how a person stands to a session. Answers 404 for one that is not stored."""
    if not is_an_id(session_id):
        raise _unknown()
    try:
        return context.store.state(session_id, reviewer)
    except UnknownSession:
        raise _unknown() from None


def _unknown() -> HTTPException:
    return HTTPException(404, "There is no such session: it was withdrawn, or the address is cut.")


def is_an_id(text: str) -> bool:
    """Whether a session could have this id."""
    return 0 < len(text) <= MAX_ID and "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def stored_fields(session: Opened) -> Fields:
    """Return what stands in the fields when the page is opened: what he has answered, under what he has drafted since."""
    words: Mapping[str, str] = {}
    if session.revealed:
        words = dict(given_responses(session.state.reviews, session.revealed.words.answerable.values()))
    fields = Fields.of_entry(standing(session.state.reviews), words)
    seen = session.revealed.seen if session.revealed else None
    return fields.overlaid(session.state.draft.content, seen) if session.state.draft else fields


def page_values(
    context: AppContext,
    session: Opened,
    wanted: Wanted,
    turn: int = 0,
    fields: Fields | None = None,
    problems: Mapping[str, str] | None = None,
    key: str | None = None,
) -> dict[str, Any]:
    """Return the values of `session.html`. `turn`: where the transcript opens; `fields`, `problems`, `key`: of a refused form."""
    state, revealed = session.state, session.revealed
    if fields is None or (revealed is not None and fields.words_seen != revealed.seen):
        kept = stored_fields(session)
        fields = kept if fields is None else replace(fields, words=kept.words)
    seconds = state.draft.content.get("seconds", 0.0) if state.draft else 0.0
    return {
        "session_id": session.session_id,
        "facts": session.facts,
        "window": _window(session, turn),
        "timeline": timeline(session.facts.turns, session.facts.meta, session.session_id),
        "turn": turn,
        "n_turns": session.n_turns,
        "state": state,
        "is_own": any(review.stage != "adjudication" for review in state.reviews),
        "stands": standing(state.reviews),
        "latest": state.reviews[-1] if state.reviews else None,
        "revealed": revealed,
        "marks": revealed.why.marks if revealed else {},
        "judge": session.asked,
        "question_target": session.question_target or "",
        "taxonomy": context.deployment.taxonomy,
        "fields": fields,
        "is_changed": fields.differs(standing(state.reviews)),
        "problems": problems or {},
        "max_note": MAX_NOTE,
        "idempotency_key": key or str(uuid.uuid4()),
        "seconds": seconds,
        "counting_since": datetime.now(UTC).timestamp() - seconds,
        "wanted": wanted_fields(wanted),
        "previous": _previous(context, session, wanted),
        "here": session_url(session.session_id, wanted),
    }


def _window(session: Opened, turn: int) -> Window:
    first, end = part_for(turn, session.n_turns)
    part = session.facts.turns[first:end]
    return window(part, turn, session_id=session.session_id, offset=first, n_total=session.n_turns)


def _revealed(context: AppContext, session_id: str, reviewer: str) -> Revealed:
    return Revealed(
        machine_words(context.warehouse, session_id),
        why_here(context.warehouse, session_id),
        after_reveal(context.warehouse, session_id, reviewer),
    )


def _previous(context: AppContext, session: Opened, wanted: Wanted) -> str | None:
    """Return the address of the session that he answered before this one, None at the end of the way back."""
    answered = context.store.latest(session.reviewer, MOST_PREVIOUS)
    # Of a session shown again nothing is said yet: where it stood the first time would tell that it is.
    has_answered = bool(session.state.reviews) and session.session_id in answered
    here = answered.index(session.session_id) + 1 if has_answered else 0
    return session_url(answered[here], wanted) if here < len(answered) else None
