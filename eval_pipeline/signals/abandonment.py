"""Signal: the user leaves after an unanswered or failed turn of the assistant, told apart from a content goodbye.

Silence after a full answer is the commonest end of a good session, and quiet; so is a greeting that nothing follows.
A session that ends with a hand-over to a person is `handover.py`'s. Not here: where a session ends (`endings.py`), and
what the last words mean (`leaving.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from eval_pipeline.signals.contract import Batch, Evidence, Parameters, Signal, Strength, combined_strength, cut
from eval_pipeline.signals.reading.endings import Endings, ends_in_question
from eval_pipeline.signals.reading.leaving import LONGER_THAN_SMALL_TALK, PROTESTS, LastAnswer, LastWords
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.texts import QUESTION_MARK, Mask, Positions
from eval_pipeline.signals.reading.transfers import Transfers

Strengths = npt.NDArray[np.float64]

_MOST_COUNTED = 2
_AFTER_TOOL_ERROR = "a tool failed, and no answer followed"


class AbandonmentParameters(Parameters):
    """Strengths by how the session ended; what each means stands beside it in `catalog/signals.yaml`."""

    gave_up: Strength = 0.8
    dropped: Strength = 0.55
    never_answered: Strength = 0.8
    unanswered: Strength = 0.7
    protested: Strength = 0.65
    sighed: Strength = 0.4
    silent_after_protest: Strength = 0.3
    reply_ignored: Strength = 0.55
    after_tool_error: Strength = 0.8
    only_tools: Strength = 0.5
    greeting_ignored: Strength = 0.35
    broken_promise: Strength = 0.65
    failed: Strength = 0.45
    passed_by: Strength = 0.5
    asked_back: Strength = 0.45
    question: Strength = 0.3
    resigned: Strength = 0.3
    asked_before: Strength = 0.2
    softened: Strength = 0.6
    hurry: timedelta = Field(default=timedelta(seconds=10), gt=timedelta(0))
    hurried: Strength = 0.7


class _Case(NamedTuple):
    """One way to end: which sessions end so, how strong that is, whose turn it rests on, why, and by which words."""

    is_in: Mask
    strength: float | Strengths
    is_users: bool
    reason: str
    sections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Abandonment(Signal):
    """Fires where the user gave up, was left without an answer, or left after a failed one or a question back."""

    name: ClassVar[str] = "abandonment"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = (
        *LastWords.SECTIONS, *LastAnswer.SECTIONS, *Transfers.SECTIONS,
    )  # fmt: skip

    parameters: AbandonmentParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "The user leaves in the middle: gives up in words, gets no answer, leaves with a complaint or correction, is "
            "promised an answer that never comes, or says nothing more after one that failed or asked him for "
            "something. A goodbye, thanks, or silence after a full answer are quiet."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing where the user said nothing."""
        return batch.sessions_with(batch.has_role("user") & batch.dialogue.has_text), "the user said nothing"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return at most one piece per session: the first of the ways to end that fits."""
        endings = Endings.of(batch)
        words, answer = LastWords(self.lexicon, endings), LastAnswer(self.lexicon, endings)
        is_open = ~self._is_handed_over(endings, answer)
        pieces: list[Evidence] = []
        for case in self._cases(words, answer):
            pieces += _evidence(endings, case, np.flatnonzero(case.is_in & is_open), self.lexicon)
            is_open &= ~case.is_in
        return pieces

    def _is_handed_over(self, endings: Endings, answer: LastAnswer) -> Mask:
        """Return whether a person took over after the user's last words: what is open then is no longer the product's."""
        called = np.fromiter(Transfers(self.lexicon).called_in(endings.batch.turns), np.int64)
        last_call = np.full(len(endings.batch.sessions), -1, dtype=np.int64)
        last_call[endings.batch.owner[called]] = called
        return (answer.hands_over & ~endings.is_user_last) | (last_call[endings.sessions] > endings.user)

    def _cases(self, words: LastWords, answer: LastAnswer) -> Iterator[_Case]:
        """Yield the ways to end, the surest reading first."""
        yield from self._of_words(words)
        yield from self._of_no_answer(words)
        yield from self._of_protests(words)
        yield from self._of_no_reply(words, answer)
        yield from self._of_promises(words, answer)
        yield from self._of_failures(words, answer)
        yield from self._of_questions(words, answer)
        yield from self._of_silence(words)

    def _of_words(self, words: LastWords) -> Iterator[_Case]:
        """Yield what the user says himself, whatever the assistant answers to that."""
        sections = ("dropped_asks", "other_ways")
        yield _Case(words.gives_up, self.parameters.gave_up, True, "gives up in so many words", ("giving_up",))
        yield _Case(words.drops, self.parameters.dropped, True, "drops what was asked for", sections)

    def _of_no_answer(self, words: LastWords) -> Iterator[_Case]:
        """Yield the ways in which a request got no answer, with "no answer at all" before "none any more"."""
        end, set_to, timed = words.endings, self.parameters, self._timed(words.endings)
        is_unheard = ~end.has_answer & words.has_words
        waits = end.is_user_last & (words.asks | words.objects | (is_unheard & ~words.only_greets))
        yield _Case(waits & end.is_tool_error_last, set_to.after_tool_error, True, _AFTER_TOOL_ERROR)
        yield _Case(waits & end.is_tool_last, set_to.only_tools, True, "only tool calls followed, and no answer")
        yield _Case(waits & ~end.has_answer, set_to.never_answered * timed, True, "the assistant never answered")
        yield _Case(waits, set_to.unanswered * timed, True, "what the user said last got no answer", ("further_asks",))
        yield _Case(is_unheard & words.only_greets, set_to.greeting_ignored, True, "a greeting got no answer")

    def _of_protests(self, words: LastWords) -> Iterator[_Case]:
        """Yield the sessions whose last word is the user's displeasure; however soon he left, it was no content end."""
        protests, sighs = words.endings.is_user_last & words.protests, words.endings.is_user_last & words.sighs
        yield _Case(protests, self.parameters.protested, True, "leaves with a complaint or correction", PROTESTS)
        yield _Case(sighs, self.parameters.sighed, True, "leaves with a sigh", ("sighs", "resignations"))

    def _of_silence(self, words: LastWords) -> Iterator[_Case]:
        """Yield the sessions in which the user had protested or asked again, and says nothing to what came then."""
        is_silent = ~words.endings.is_user_last & ~words.is_content
        reason = "had to complain, correct or ask again, and said nothing to the last answer"
        displeased = is_silent & (words.protests | words.asks_again)
        yield _Case(displeased, self.parameters.silent_after_protest, True, reason, PROTESTS)

    def _of_no_reply(self, words: LastWords, answer: LastAnswer) -> Iterator[_Case]:
        """Yield the sessions that end with the user's reply to a question."""
        replies = words.endings.is_user_last & words.has_words & ~words.is_content
        strength = self.parameters.reply_ignored * self._timed(words.endings)
        reason = "answers what the assistant asked, and hears no more"
        is_needed = (answer.asks_back & self._is_wanting(answer)) | (self._wonders(answer) & answer.only_asks)
        yield _Case(replies & is_needed, strength, True, reason)

    def _of_promises(self, words: LastWords, answer: LastAnswer) -> Iterator[_Case]:
        """Yield the promises to come back that were not kept; "ok, thanks" to one does not redeem it."""
        is_open = answer.promises & ~words.takes_leave
        strength = self.parameters.broken_promise * self._timed(words.endings)
        failed = is_open & words.endings.is_tool_error_last
        yield _Case(failed, self.parameters.after_tool_error, False, _AFTER_TOOL_ERROR)
        yield _Case(is_open, strength, False, "the assistant promised to come back, and did not")

    def _of_failures(self, words: LastWords, answer: LastAnswer) -> Iterator[_Case]:
        """Yield failed answers to which the user says nothing, or nothing but "ok", and greetings for an answer."""
        is_user_last = words.endings.is_user_last
        is_silent = ~is_user_last & ~words.is_content & ~answer.asks_back
        nods = is_user_last & ~words.is_content & words.is_nod
        weight = np.where(answer.has_alternative, self.parameters.softened, 1.0)
        reason = "left after the assistant said that it cannot, or failed"
        yield _Case(is_silent & answer.fails, self.parameters.failed * weight, False, reason)
        reason = "took a failed answer with a nod, and left"
        yield _Case(nods & answer.fails, self.parameters.resigned * weight, False, reason)
        passed_by = is_silent & answer.only_opens & words.states_a_need
        yield _Case(passed_by, self.parameters.passed_by, False, "left after a request was met with a mere greeting")

    def _of_questions(self, words: LastWords, answer: LastAnswer) -> Iterator[_Case]:
        """Yield the questions that the user left open; thanks do not answer what the assistant needs."""
        is_left = ~words.endings.is_user_last & ~words.takes_leave
        needed, other = is_left & answer.asks_back, is_left & ~words.thanks & self._wonders(answer)
        weight = np.where(answer.is_short, 1.0, self.parameters.softened)
        strength = self._rising(words.endings, needed, self.parameters.asked_back) * weight
        yield _Case(needed, strength, False, "left without giving what the assistant asked for")
        strength = self._rising(words.endings, other, self.parameters.question)
        yield _Case(other, strength, False, "left without answering a question")

    def _timed(self, endings: Endings) -> Strengths:
        """Return the share of a strength that is left to a user who left in a hurry: an answer had no time to come.

        No time passes on the clock of a session that ended by idling, and a negative one is out of order: no share lost.
        """
        left = endings.seconds_left
        in_hurry = (left > 0) & (left < self.parameters.hurry.total_seconds())
        return np.where(in_hurry, self.parameters.hurried, 1.0)

    def _wonders(self, answer: LastAnswer) -> Mask:
        """Return which last answers end with a question in a session where the user wanted something: no small talk."""
        sessions = answer.endings.sessions
        user = answer.endings.batch.dialogue.user
        near = user.where(np.isin(user.owners, sessions[answer.questions]))
        wanting = near.owners[self.phrases("requests").found_in(near.texts)]
        return answer.questions & np.isin(sessions, wanting)

    def _is_wanting(self, answer: LastAnswer) -> Mask:
        """Return in which of the sessions that end with a question back the user had wanted anything."""
        user = answer.endings.batch.dialogue.user
        near = user.where(np.isin(user.owners, answer.endings.sessions[answer.asks_back]))
        is_want = self.phrases("requests").found_in(near.texts) | near.texts.matched(QUESTION_MARK)
        is_want |= near.texts.lengths >= LONGER_THAN_SMALL_TALK
        return answer.asks_back & np.isin(answer.endings.sessions, near.owners[is_want])

    def _rising(self, endings: Endings, is_in: Mask, once: float) -> Strengths:
        """Return the strength of a question left open: grows with the questions that the user had answered before."""
        dialogue = endings.batch.dialogue
        asked = dialogue.assistant.where(np.isin(dialogue.assistant.owners, endings.sessions[is_in]))
        earlier = asked.where(asked.positions < _row_of_user(endings)[asked.owners])
        is_question = ends_in_question(earlier.texts) & ~self.phrases("closing_offers").found_in(earlier.texts)
        n_before = np.bincount(earlier.owners[is_question], minlength=len(endings.batch.sessions))[endings.sessions]
        by_count = [combined_strength([once] + [self.parameters.asked_before] * n) for n in range(_MOST_COUNTED + 1)]
        return np.asarray(by_count)[np.minimum(n_before, _MOST_COUNTED)]


def _row_of_user(endings: Endings) -> Positions:
    """Return for each session of the batch the row of the user's last words, or -1."""
    rows = np.full(len(endings.batch.sessions), -1, dtype=np.int64)
    rows[endings.sessions] = endings.user
    return rows


def _evidence(endings: Endings, case: _Case, chosen: Positions, lexicon: Mapping[str, Phrases]) -> Iterator[Evidence]:
    turns = endings.batch.turns
    rows = (endings.user if case.is_users else endings.answer)[chosen]
    strengths = np.broadcast_to(case.strength, len(endings.sessions))[chosen]
    turn_indices = turns["turn_index"].to_numpy(dtype=np.int64)[rows]
    texts = (endings.words if case.is_users else endings.answers).values[chosen]
    lasts = endings.last_sentence.values[chosen]
    for session, strength, turn, text, last in zip(
        endings.sessions[chosen], strengths, turn_indices, texts, lasts, strict=True
    ):
        found = [match.start() for name in case.sections for match in [lexicon[name].search(text)] if match]
        start = min(found, default=0) if case.is_users else text.rfind(last)
        yield Evidence(int(session), float(strength), int(turn), cut(text, start), case.reason)
