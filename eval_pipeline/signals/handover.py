"""Signal: the user asks for a person, or the assistant hands the session over to one.

Not here: how either is said (`asking_for_a_person.py`, `transfers.py`). An offer of a person that the user does not
take up is no hand-over, and neither is the advice to turn to support.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, combined_strength, cut
from eval_pipeline.signals.reading.asking_for_a_person import PersonAsks
from eval_pipeline.signals.reading.endings import Endings
from eval_pipeline.signals.reading.leaving import LastWords
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.texts import Texts
from eval_pipeline.signals.reading.transfers import Transfers

_LONGEST_AGREEMENT = 80


class HandoverParameters(Parameters):
    """Strengths by what was seen.

    `given` is the share that is left where the person came; `granted`, where the user is content after that.
    """

    asked: Strength = 0.5
    insisted: Strength = 0.8
    given: Strength = 0.9
    granted: Strength = 0.4
    by_tool: Strength = 0.4
    announced: Strength = 0.3
    wonders: Strength = 0.2

    def of_asks(self, n_asks: int) -> float:
        """Return the strength of `n_asks` requests for a person: grows with them up to the third."""
        return combined_strength([self.asked] if n_asks == 1 else [self.insisted] + [self.asked] * (n_asks > 2))


class _Seen(NamedTuple):
    """A turn of the batch that shows something: its row, where its words start, and what else to say of it."""

    row: int
    start: int = 0
    note: str = ""


@dataclass(frozen=True)
class Handover(Signal):
    """Fires on a request for a person, on a hand-over to one, and faintly on the question whether it is one."""

    name: ClassVar[str] = "handover"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = (
        *PersonAsks.SECTIONS, *Transfers.SECTIONS, *LastWords.SECTIONS, "agreements", "asks_if_human",
    )  # fmt: skip

    parameters: HandoverParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "The user asks for a person (surer when he has to ask again), or the assistant hands the session over to "
            "one unasked, in words or by a tool call; much weaker where the user is content after that."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing where neither side speaks."""
        return batch.sessions_with(batch.has_role("user") | batch.has_role("assistant")), "no user or assistant turn"

    @cached_property
    def _transfers(self) -> Transfers:
        return Transfers(self.lexicon)

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return one piece per session: of the asking if there was any, else of the hand-over, else of the doubt."""
        asks = _by_session(batch, self._asks(batch))
        called = _by_session(batch, self._calls(batch))
        announced = _by_session(batch, self._announcements(batch))
        doubts = _by_session(batch, self._doubts(batch))
        content = _content_at(batch, self.lexicon)
        pieces = []
        for session in sorted({*asks, *called, *announced, *doubts}):
            given = [seen.row for seen in (*announced.get(session, ()), *called.get(session, ()))]
            is_content = content.get(session, -1) > max(given, default=-1)
            if session in asks:
                pieces.append(self._of_asks(batch, asks[session], given, is_content))
            elif session in called:
                reason = f"the assistant handed over to a person ({called[session][0].note})"
                pieces.append(self._of_giving(batch, called[session][0], self.parameters.by_tool, reason, is_content))
            elif session in announced:
                reason = "the assistant handed over to a person"
                pieces.append(
                    self._of_giving(batch, announced[session][0], self.parameters.announced, reason, is_content)
                )
            else:
                reason = "asks whether there is a person on the other side"
                pieces.append(_piece(batch, doubts[session][0], self.parameters.wonders, reason))
        return pieces

    def _of_giving(self, batch: Batch, seen: _Seen, strength: float, reason: str, is_content: bool) -> Evidence:
        """Return the piece of a hand-over unasked. `is_content`: whether the user is, after what followed."""
        if is_content:
            return _piece(batch, seen, strength * self.parameters.granted, f"{reason}, and the user is content")
        return _piece(batch, seen, strength, reason)

    def _of_asks(self, batch: Batch, asks: Sequence[_Seen], given: Sequence[int], is_content: bool) -> Evidence:
        """Return the piece of the last request that was made before a person came, if one came."""
        is_given = any(row > asks[0].row for row in given)
        came = min((row for row in given if row > asks[0].row), default=len(batch.turns))
        before = [ask for ask in asks if ask.row < came]
        times = f" {len(before)} times" if len(before) > 1 else ""
        strength = self.parameters.of_asks(len(before))
        if not is_given:
            return _piece(batch, before[-1], strength, f"asks for a person{times}, and gets none")
        reason = f"asks for a person{times}, and is handed over"
        if is_content:
            strength, reason = strength * self.parameters.granted, f"{reason}, and the user is content"
        else:
            strength *= self.parameters.given
        return _piece(batch, before[-1], strength, reason)

    def _asks(self, batch: Batch) -> Iterator[_Seen]:
        """Yield the requests for a person; those made in one breath, with no answer between them, are one."""
        user, answer = batch.dialogue.user, batch.dialogue.answer_before
        found = {i: ask.start for i, ask in PersonAsks(self.lexicon).found_in(user.texts).items()}
        found |= {i: 0 for i in self._accepted(batch) if i not in found}
        last: dict[int, int] = {}
        for i in sorted(found):
            row, session = int(user.positions[i]), int(user.owners[i])
            if session not in last or answer[i] > last[session]:
                yield _Seen(row, found[i])
            last[session] = row

    def _accepted(self, batch: Batch) -> Sequence[int]:
        """Return the user turns that say yes to the offer of a person."""
        user, answer = batch.dialogue.user, batch.dialogue.answer_before
        agrees = self.phrases("agreements").found_in(user.texts, at_start=True)
        agrees &= (answer >= 0) & (user.texts.lengths <= _LONGEST_AGREEMENT)
        near = np.flatnonzero(agrees)
        contents = batch.dialogue.contents
        is_offer = self._transfers.offered_in(Texts(contents[answer[near]]))
        return [int(i) for i in near[is_offer]]

    def _announcements(self, batch: Batch) -> Iterator[_Seen]:
        assistant = batch.dialogue.assistant
        for i, start in self._transfers.announced_in(assistant.texts).items():
            yield _Seen(int(assistant.positions[i]), start)

    def _calls(self, batch: Batch) -> Iterator[_Seen]:
        for row, tool in self._transfers.called_in(batch.turns).items():
            yield _Seen(row, 0, tool)

    def _doubts(self, batch: Batch) -> Iterator[_Seen]:
        """Yield the turns that ask whether the other side is a person; at the start of a session it is curiosity."""
        user = batch.dialogue.user
        phrases = self.phrases("asks_if_human")
        for i in np.flatnonzero(phrases.found_in(user.texts) & ~user.is_first):
            words = phrases.search(user.texts.values[i])
            yield _Seen(int(user.positions[i]), words.start() if words else 0)


def _by_session(batch: Batch, seen: Iterator[_Seen]) -> dict[int, list[_Seen]]:
    """Return what was seen by the number of its session, in order."""
    found: dict[int, list[_Seen]] = defaultdict(list)
    for one in sorted(seen):
        found[int(batch.owner[one.row])].append(one)
    return found


def _content_at(batch: Batch, lexicon: Mapping[str, Phrases]) -> dict[int, int]:
    """Return for each session in which the user's last words are content the row of the answer that they react to.

    Thanks for the announcement of a person react to nothing that the person did.
    """
    endings = Endings.of(batch)
    is_content = LastWords(lexicon, endings).is_content
    heard = endings.row_heard[is_content]
    return dict(zip(endings.sessions[is_content].tolist(), heard.tolist(), strict=True))


def _piece(batch: Batch, seen: _Seen, strength: float, reason: str) -> Evidence:
    quote = cut(str(batch.turns.at[seen.row, "content"]), seen.start) or seen.note or None
    turn_index = int(batch.turns["turn_index"].to_numpy()[seen.row])
    return Evidence(int(batch.owner[seen.row]), strength, turn_index, quote, reason)
