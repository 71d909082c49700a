"""Signal: part of what was asked for is missing from the answer, or the answer breaks off.

What decides is beside it: how a text breaks off (`breaking_off.py`), what a request asks for (`asked_for.py`), what an
answer delivers (`delivered.py`). Not here: answers that decline the whole, or say nothing (signals of their own).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from pydantic import Field

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, cut
from eval_pipeline.signals.fading import faded
from eval_pipeline.signals.reading.asked_for import Counting, Forms, Matter, Matters, Request, beginnings
from eval_pipeline.signals.reading.breaking_off import Break, Breaks
from eval_pipeline.signals.reading.compound_requests import Compound
from eval_pipeline.signals.reading.delivered import Form, code_lines, has_form, n_items
from eval_pipeline.signals.reading.dialogue import Spoken
from eval_pipeline.signals.reading.replies import Replies, Reply
from eval_pipeline.signals.reading.texts import QUESTION_MARK

LONGEST_NOD = 40
"""Characters of a user turn that only asks to go on."""

_COMMENT = re.compile(r"(?:^|\s)(?://|#|--|/\*|<!--|;|%)\s*(.+)")
_UNWRITTEN = re.compile(r"\bNotImplementedError\b|\b(?:todo|unimplemented)!\(|^\s*(?:\.\.\.|…)\s*$")


class PartialCompletionParameters(Parameters):
    """Strengths by what was seen.

    `open_block`, `hanging`, `loose_end`, `colon`: the answer breaks off, from the surest form to the least. `announced`:
    it announces what does not follow. `admitted`, `shortened`: the assistant says so. `said_missing`: the user says so.
    `elided`: delivered code leaves parts out. `no_items`: strength of a list with none of the items asked for; with
    some, it falls to half. `unaddressed`: one of several questions is not touched;
    `left_out`: likewise, where the request does not say that there are several. `no_such_form`: a form that was asked
    for is not there. `resumed`: share left when the user asked to go on and got an answer. `repeated`: share by which
    each further piece of a session weighs less. `min_topics`: words of its own that a question must have to be missed.
    `reach`: assistant turns after a request in which the rest may still come.
    """

    open_block: Strength = 0.75
    hanging: Strength = 0.65
    loose_end: Strength = 0.4
    colon: Strength = 0.25
    announced: Strength = 0.5
    admitted: Strength = 0.6
    shortened: Strength = 0.35
    said_missing: Strength = 0.6
    elided: Strength = 0.35
    no_items: Strength = 0.7
    unaddressed: Strength = 0.4
    left_out: Strength = 0.35
    no_such_form: Strength = 0.45
    resumed: Strength = 0.5
    repeated: Strength = 0.5
    min_topics: int = Field(default=3, ge=1)
    reach: int = Field(default=20, ge=1)

    def of_break(self, kind: Break) -> float:
        """Return the strength of an answer that breaks off this way."""
        match kind:
            case Break.OPEN_BLOCK:
                return self.open_block
            case Break.HANGING:
                return self.hanging
            case Break.FEWER_THAN_SAID | Break.NOTHING_ANNOUNCED:
                return self.announced
            case Break.UNCLOSED | Break.COMMA | Break.UNENDED:
                return self.loose_end
            case Break.COLON:
                return self.colon

    def of_count(self, n_asked: int, n_found: int) -> float:
        """Return the strength of a list of too few items: half of `no_items`, rising to it with the share missing."""
        return self.no_items * (1 - 0.5 * n_found / n_asked)


@dataclass(frozen=True)
class PartialCompletion(Signal):
    """Fires where an answer breaks off, delivers less than was asked for, or is said by either side to be incomplete."""

    name: ClassVar[str] = "partial_completion"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = (
        "partial_admissions", "shortened_answers", "missing_parts", "elided_code", "go_on",
        "hanging_words", "announcing_words", "choosing_words",
        "number_words", "counted_things", "counting_units", "listing_verbs", "count_lead_ins", "scarcity",
        "form_demands", "shape_demands", "code_things", "table_things", "data_things", "link_things", "list_things", "sent_elsewhere",
        "matter_joiners", "matter_links", "matter_openers", "time_asks", "time_answers", "price_asks", "price_answers",
        "wish_openings", "ask_restatements", "ask_courtesies", "declined_asks", "writing_requests", "promises", "transfers",
        "polite_questions", "requests", "negations", "stop_words", "plain_answers",
    )  # fmt: skip

    parameters: PartialCompletionParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "Part of what was asked for is missing: an answer breaks off, lists fewer items than asked for, leaves one "
            "of several questions or a demanded form out, or the assistant or the user says that it is incomplete."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing where no user turn has an answer in words after it."""
        dialogue = batch.dialogue
        is_answer = dialogue.is_final_answer & (dialogue.user_before >= 0)
        answered = np.zeros(len(batch.turns), dtype=bool)
        answered[dialogue.assistant.positions[is_answer]] = True
        return batch.sessions_with(answered), "no user turn has an answer"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return the evidence of incomplete answers: of each turn the strongest piece, of each session the first three."""
        strongest: dict[tuple[int, int | None], Evidence] = {}
        for piece in (*self._in_answers(batch), *self._in_complaints(batch), *self._in_requests(batch)):
            key = (piece.session, piece.turn_index)
            if key not in strongest or piece.strength > strongest[key].strength:
                strongest[key] = piece
        return list(faded(strongest.values(), share=self.parameters.repeated, most=3))

    # What the answers themselves show

    def _in_answers(self, batch: Batch) -> Iterator[Evidence]:
        """Yield answers that break off, or say that they are not whole; weaker where the user had them go on."""
        assistant, replies = batch.dialogue.assistant, Replies(batch.dialogue, self.parameters.reach)
        has_calls = np.fromiter((len(calls) > 0 for calls in batch.turns["tool_calls"]), bool, len(batch.turns))
        is_answer = batch.dialogue.is_final_answer & ~has_calls[assistant.positions]
        numbers = np.flatnonzero(is_answer)
        answers = assistant.where(is_answer)
        pieces = [*self._broken_off(answers), *self._admitted(answers), *self._elided(answers)]
        unfinished = {int(numbers[i]) for i, _ in pieces}
        for i, piece in pieces:
            is_resumed = self._is_resumed(replies, int(numbers[i]), unfinished)
            weight = self.parameters.resumed if is_resumed else 1.0
            yield piece._replace(strength=piece.strength * weight)

    def _broken_off(self, answers: Spoken) -> Iterator[tuple[int, Evidence]]:
        for i, text in enumerate(answers.texts):
            broken = self._breaks.of(text)
            if broken is not None:
                yield i, _piece(answers, i, self.parameters.of_break(broken.kind), broken.at, broken.kind.value)

    def _admitted(self, answers: Spoken) -> Iterator[tuple[int, Evidence]]:
        for section, strength in (
            ("partial_admissions", self.parameters.admitted),
            ("shortened_answers", self.parameters.shortened),
        ):
            for i in np.flatnonzero(self.phrases(section).found_in(answers.texts)):
                words = self.phrases(section).search(answers.texts.values[i])
                if words is not None:
                    reason = f"the assistant says “{words.group()}”"
                    yield int(i), _piece(answers, int(i), strength, words.start(), reason)

    def _elided(self, answers: Spoken) -> Iterator[tuple[int, Evidence]]:
        """Yield answers whose code stands for more code: a comment that says so, or a body that is not written."""
        for i in np.flatnonzero(answers.texts.matched("```|~~~")):
            for start, line in code_lines(answers.texts.values[i]):
                comment = _COMMENT.search(line)
                if _UNWRITTEN.search(line) or (comment and self.phrases("elided_code").search(comment[1])):
                    reason = "the code that was delivered leaves parts out"
                    yield int(i), _piece(answers, int(i), self.parameters.elided, start, reason)
                    break

    def _is_resumed(self, replies: Replies, assistant: int, unfinished: set[int]) -> bool:
        """Return whether the user asked to go on after an answer, and the next answer is whole."""
        user = replies.next_user(assistant)
        if user is None or assistant + 1 in unfinished:
            return False
        text = replies.dialogue.user.texts.values[user]
        return len(text) <= LONGEST_NOD and bool(self.phrases("go_on").search(text)) and replies.to(user) is not None

    # What the user says is missing

    def _in_complaints(self, batch: Batch) -> Iterator[Evidence]:
        user, missing = batch.dialogue.user, self.phrases("missing_parts")
        for i in np.flatnonzero(missing.found_in(user.texts) & (batch.dialogue.answer_before >= 0)):
            words = missing.search(user.texts.values[i])
            if words is not None:
                reason = f"the user says “{words.group()}”"
                yield _piece(user, int(i), self.parameters.said_missing, words.start(), reason)

    # What was asked for and did not come

    def _in_requests(self, batch: Batch) -> Iterator[Evidence]:
        """Yield requests of which the rest of the session leaves a part out. A question back leaves them open."""
        user, replies = batch.dialogue.user, Replies(batch.dialogue, self.parameters.reach)
        for is_candidate, missed in (
            (self.phrases("listing_verbs").found_in(user.texts), self._too_few),
            (self._names_form(user), self._no_such_form),
            (self._matters.may_be_in(user.texts), self._unaddressed),
            (self._compound.may_be_in(user.texts), self._left_out),
        ):
            for i in np.flatnonzero(is_candidate).tolist():
                reply = replies.to(i)
                for piece in missed(user, i, reply) if reply else ():
                    if reply and not self._asks_back(reply.said[-1]):
                        yield piece

    def _names_form(self, user: Spoken) -> Mask:
        named = np.zeros(len(user), dtype=bool)
        for _, things, _ in _REQUESTS.values():
            named |= self.phrases(things).found_in(user.texts)
        return named

    def _too_few(self, user: Spoken, i: int, reply: Reply) -> Iterator[Evidence]:
        count = self._counting.asked(user.texts.values[i])
        if count is None or self.phrases("scarcity").search(reply.at_once):
            return
        n_found = n_items(reply.at_once)
        if 0 < n_found < count.n and sum(map(n_items, reply.said)) < count.n:
            strength = self.parameters.of_count(count.n, n_found)
            yield _piece(user, i, strength, count.start, f"asked for {count.n}, the answer lists {n_found}")

    def _no_such_form(self, user: Spoken, i: int, reply: Reply) -> Iterator[Evidence]:
        for wanted in self._forms.asked(user.texts.values[i]):
            is_sent = wanted.form is Form.LINK and any(map(self.phrases("sent_elsewhere").search, reply.said))
            if not is_sent and not any(has_form(text, wanted.form) for text in reply.said):
                article = "a " if wanted.form in _COUNTABLE else ""
                reason = f"asked for {article}{wanted.form.value}, and none came"
                yield _piece(user, i, self.parameters.no_such_form, wanted.start, reason)

    def _unaddressed(self, user: Spoken, i: int, reply: Reply) -> Iterator[Evidence]:
        matters = self._matters.asked(user.texts.values[i])
        said = "\n".join(reply.said)
        if len(matters) < 2 or self.phrases("plain_answers").search(said):
            return
        answered = beginnings(said, self._matters.ignored)
        missed = [matter for matter in matters if not matter.is_touched_by(answered)]
        clear = [matter for matter in missed if len(matter.topics) >= self.parameters.min_topics]
        if clear and len(missed) < len(matters):
            left_out = _brief(user.texts.values[i], clear[0])
            reason = f"asked about several things, and the answer leaves out “{left_out}”"
            yield _piece(user, i, self.parameters.unaddressed, clear[0].start, reason)

    def _left_out(self, user: Spoken, i: int, reply: Reply) -> Iterator[Evidence]:
        text = user.texts.values[i]
        missed = self._compound.missed(text, "\n".join(reply.said))
        if missed is not None and not self.phrases("writing_requests").search(text) and not self._leaves_open(reply):
            reason = f"asked several things at once, and the answer leaves out “{_brief(text, missed)}”"
            yield _piece(user, i, self.parameters.left_out, missed.start, reason)

    def _leaves_open(self, reply: Reply) -> bool:
        """Return whether an answer is no, so that the rest may fall away, or the last one is still to be followed up."""
        is_put_off = any(self.phrases(section).search(reply.said[-1]) for section in ("promises", "transfers"))
        return is_put_off or self.phrases("declined_asks").search(reply.at_once) is not None

    def _asks_back(self, text: str) -> bool:
        """Return whether an answer ends by asking the user something, other than whether that is all."""
        sentences = [part for part in re.split(r"(?<=[.!?\n\u3002\uff1f\u061f])", text[-600:]) if part.strip()]
        asking = [part for part in sentences if re.search(QUESTION_MARK, part)]
        return any(not self.phrases("polite_questions").search(part) for part in asking)

    @cached_property
    def _counting(self) -> Counting:
        sections = ("number_words", "counted_things", "counting_units", "listing_verbs", "count_lead_ins")
        return Counting(*map(self.phrases, sections))

    @cached_property
    def _breaks(self) -> Breaks:
        hanging, announcing, choosing = map(self.phrases, ("hanging_words", "announcing_words", "choosing_words"))
        return Breaks(hanging, announcing, choosing, self._counting)

    @cached_property
    def _forms(self) -> Forms:
        requests = (
            Request(form, self.phrases(demands), self.phrases(things), reach)
            for form, (demands, things, reach) in _REQUESTS.items()
        )
        return Forms(tuple(requests), self.phrases("negations"))

    @cached_property
    def _compound(self) -> Compound:
        sections = (
            "matter_links", "matter_openers", "time_asks", "time_answers", "price_asks", "price_answers", "requests",
            "stop_words", "wish_openings", "ask_restatements", "ask_courtesies", "plain_answers",
        )  # fmt: skip
        return Compound(*map(self.phrases, sections))

    @cached_property
    def _matters(self) -> Matters:
        return Matters(*map(self.phrases, ("matter_joiners", "requests", "stop_words")))


_COUNTABLE = (Form.TABLE, Form.LINK, Form.LIST)
_REQUESTS = {
    Form.CODE: ("form_demands", "code_things", 3),
    Form.LINK: ("form_demands", "link_things", 3),
    Form.TABLE: ("shape_demands", "table_things", 15),
    Form.DATA: ("shape_demands", "data_things", 15),
    Form.LIST: ("shape_demands", "list_things", 15),
}
"""The sections of the demand and of the thing, and how many words may stand between: a thing is the object of its demand,
a shape may stand at the end of the sentence."""


def _piece(spoken: Spoken, i: int, strength: float, at: int, reason: str) -> Evidence:
    return Evidence(int(spoken.owners[i]), strength, int(spoken.turn_index[i]), cut(spoken.texts.values[i], at), reason)


def _brief(text: str, matter: Matter, longest: int = 60) -> str:
    words = " ".join(text[matter.start : matter.end].split())
    return words if len(words) <= longest else words[: longest - 1] + "…"
