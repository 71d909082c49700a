"""From what a person enters to the review that is stored: the blind answer, and what he says of the machines' words.

The rules:
- A word of a machine that he agrees with is an answer: what the machine said. One that he overrides is its opposite.
- After the reveal the session itself is answered again only when he changed his mind: another answer, category or turn
  than what stands. Both rows stay, so that it shows how far machines move people.
- Who answered a judge's question blind has answered its word: what he said then decides whether he agrees with it.

Not here: reading forms (`app/forms.py`), storing (`resources/review_store.py`), labels (`labels.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval_pipeline.review.ports import Review, Stage, Submission
from eval_pipeline.review.words.word import Response, Word

SESSION = "session"
"""The target that asks whether the session as a whole failed the user."""

RESPONSES: tuple[Response, ...] = ("agreed", "overridden")
_OPPOSITE = {"pass": "fail", "fail": "pass"}


@dataclass(frozen=True)
class Entry:
    """What a person says of a session as a whole. `note` is redacted; turns count from 0."""

    answer: str | None = None
    first_bad_turn: int | None = None
    category: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Heading:
    """Who submits what on which page: the part of a `Submission` that does not depend on the answers."""

    session_id: str
    reviewer: str
    idempotency_key: str
    revision_seen: int
    taxonomy_version: str
    seconds: float | None


def blind_submission(
    heading: Heading, entry: Entry, question: tuple[str, str] | None = None, has_looked: bool = False
) -> Submission:
    """Return the answer given before machines' words are shown. `question`: a judge's target and the answer to it.

    Of a person who `has_looked` (in another tab, say) it is an answer after the reveal.
    """
    answers = {SESSION: _sure(entry.answer), **dict([question] if question else [])}
    return _submission(heading, "revealed" if has_looked else "blind", entry, answers, {})


def revealed_submission(
    heading: Heading,
    entry: Entry,
    reviews: Sequence[Review],
    words: Iterable[Word],
    responses: Mapping[str, Response],
) -> Submission:
    """Return what a person says once the words are shown.

    `reviews`: his own that the page showed, oldest first. `responses`: by target, to some of `words`; each answerable.
    """
    answered = [word for word in words if word.target in responses]
    answers = {word.target: answer_to(word, responses[word.target]) for word in answered}
    if has_changed_mind(standing(reviews), entry):
        answers = {SESSION: _sure(entry.answer), **answers}
    kept = {word.target: record_of(word, responses[word.target]) for word in answered}
    return _submission(heading, "revealed", entry, answers, kept)


def answer_to(word: Word, response: Response) -> str:
    """Return the answer, pass or fail, that `response` to a word gives its target.

    Raises `ValueError` for a word that is not answerable.
    """
    if not word.is_answerable:
        raise ValueError(f"{word.target} says {word.said}, which nobody can agree with")
    return word.said if response == "agreed" else _OPPOSITE[word.said]


def record_of(word: Word, response: Response) -> dict[str, Any]:
    """Return what is kept of a word and the response to it in `reviews.machine_words`."""
    named = {} if word.category is None else {"category": word.category}
    return {"said": word.said, "version": word.version, "response": response, **named}


def standing(reviews: Sequence[Review]) -> Entry:
    """Return what a person's reviews of a session (oldest first) come to; an empty entry when he has not answered it."""
    own = [review for review in reviews if review.stage != "adjudication"]
    answered = [review for review in own if SESSION in review.answers]
    if not answered:
        return Entry()
    latest = own[-1]
    return Entry(answered[-1].answers[SESSION], latest.first_bad_turn, latest.category, latest.note)


def has_changed_mind(stands: Entry, entry: Entry) -> bool:
    """Whether `entry` says something else of the session than `stands`; a note alone is an addition."""
    before = (stands.answer, stands.category, stands.first_bad_turn)
    return before != (entry.answer, entry.category, entry.first_bad_turn)


def given_responses(reviews: Sequence[Review], words: Iterable[Word]) -> dict[str, Response]:
    """Return how a person's reviews (oldest first) answer `words` already, by target.

    A response counts only for the version and the word that it was given to; a blind answer to a judge's question counts
    for whatever the judge says.
    """
    found: dict[str, Response] = {}
    for word in words:
        for review in reviews:
            if response := _response(review, word):
                found[word.target] = response
    return found


def _response(review: Review, word: Word) -> Response | None:
    seen = review.machine_words.get(word.target)
    if seen is not None:
        same = (seen.get("said"), seen.get("version")) == (word.said, word.version)
        return "overridden" if same and seen["response"] == "overridden" else "agreed" if same else None
    answer = review.answers.get(word.target)
    return next((response for response in RESPONSES if answer_to(word, response) == answer), None)


def _sure(answer: str | None) -> str:
    if answer is None:
        raise ValueError("a review answers the session")
    return answer


def _submission(
    heading: Heading,
    stage: Stage,
    entry: Entry,
    answers: Mapping[str, str],
    machine_words: Mapping[str, Mapping[str, Any]],
) -> Submission:
    return Submission(
        session_id=heading.session_id,
        reviewer=heading.reviewer,
        stage=stage,
        idempotency_key=heading.idempotency_key,
        revision_seen=heading.revision_seen,
        answers=dict(answers),
        taxonomy_version=heading.taxonomy_version,
        first_bad_turn=entry.first_bad_turn,
        category=entry.category,
        note=entry.note,
        machine_words=dict(machine_words),
        seconds=heading.seconds,
    )
