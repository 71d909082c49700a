"""How sessions end: the last words of the user, the last answer, and what happened after both.

Not here: what the words mean (`abandonment.py`).
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from eval_pipeline.signals.contract import Batch
from eval_pipeline.signals.reading.texts import QUESTION_MARK, Mask, Positions, Texts

SHORT_ANSWER = 300
"""Characters up to which an answer is one message as a whole; of a longer one, only its last sentences decide."""

_TAIL = 500
_SENTENCE_BREAK = re.compile(r"(?<=[.!?\u2026])\s+|\n+|(?<=[\u3002\uff01\uff1f])")
_ENDS_IN_QUESTION = rf"{QUESTION_MARK}[^\pL\pN]*$"


@dataclass(frozen=True)
class Endings:
    """The ends of all sessions in which the user said something, one array each, one entry a session.

    `sessions`: number in the batch. `user`: row of the user's last turn with text. `answer`: row of the last assistant
    turn with text, or -1. `last_row`: the last row of the session, tool traffic included.
    """

    batch: Batch
    sessions: Positions
    user: Positions
    answer: Positions
    last_row: Positions

    @classmethod
    def of(cls, batch: Batch) -> "Endings":
        """Return the endings of the sessions of `batch`."""
        n = len(batch.sessions)
        dialogue = batch.dialogue
        user = _last(batch.owner, batch.has_role("user") & dialogue.has_text, n)
        answer = _last(batch.owner, batch.has_role("assistant") & dialogue.has_text, n)
        last_row = _last(batch.owner, np.ones(len(batch.owner), dtype=bool), n)
        sessions = np.flatnonzero(user >= 0)
        return cls(batch, sessions, user[sessions], answer[sessions], last_row[sessions])

    @cached_property
    def has_answer(self) -> Mask:
        """Whether the assistant said anything at all."""
        return self.answer >= 0

    @cached_property
    def has_heard(self) -> Mask:
        """Whether the assistant had said anything before the user's last words."""
        return self.row_heard >= 0

    @cached_property
    def row_heard(self) -> Positions:
        """Row of the answer that the user's last words react to, or -1."""
        dialogue = self.batch.dialogue
        return dialogue.answer_before[np.searchsorted(dialogue.user.positions, self.user)]

    @cached_property
    def answer_heard(self) -> Texts:
        """The answer that the user's last words react to, "" for none."""
        return Texts(np.where(self.has_heard, self.batch.dialogue.contents[self.row_heard], ""))

    @cached_property
    def is_user_last(self) -> Mask:
        """Whether the user's words are the last ones."""
        return self.user > self.answer

    @cached_property
    def is_tool_last(self) -> Mask:
        """Whether tools were called after the last words, with nothing said any more."""
        return self.last_row > np.maximum(self.user, self.answer)

    @cached_property
    def is_tool_error_last(self) -> Mask:
        """Whether the last of that was a tool result marked as an error."""
        is_error: Mask = self.batch.turns["is_error"].to_numpy(dtype=bool)
        return self.is_tool_last & is_error[self.last_row]

    @cached_property
    def seconds_left(self) -> npt.NDArray[np.float64]:
        """Seconds from the last words to the end of the session; NaN where one of the two has no time."""
        ended = pd.to_datetime(self.batch.sessions["ended_at"], utc=True).dt.tz_localize(None)
        at = ended.to_numpy(dtype="datetime64[us]")
        seconds = np.where(np.isnat(at), np.nan, at.astype("int64") / 1e6)
        spoken: npt.NDArray[np.float64] = self.batch.dialogue.seconds[np.maximum(self.user, self.answer)]
        return seconds[self.sessions] - spoken

    @cached_property
    def words(self) -> Texts:
        """The user's last turn."""
        return Texts(self.batch.dialogue.contents[self.user])

    @cached_property
    def answers(self) -> Texts:
        """The last answer, "" for none."""
        return Texts(np.where(self.has_answer, self.batch.dialogue.contents[self.answer], ""))

    @cached_property
    def closing(self) -> Texts:
        """What decides of the last answer: the whole of a short one, the last two sentences of a longer one."""
        pairs = zip(self.answers, self._before_last, self._last, strict=True)
        whole = [text if len(text) <= SHORT_ANSWER else f"{before} {last}" for text, before, last in pairs]
        return Texts(_objects(whole))

    @cached_property
    def last_sentence(self) -> Texts:
        """The last sentence of the last answer."""
        return Texts(self._last)

    @cached_property
    def sentence_before(self) -> Texts:
        """The sentence before that, "" for none."""
        return Texts(self._before_last)

    @cached_property
    def _last(self) -> npt.NDArray[np.object_]:
        return _objects([last for _, last in self._last_two])

    @cached_property
    def _before_last(self) -> npt.NDArray[np.object_]:
        return _objects([before for before, _ in self._last_two])

    @cached_property
    def _last_two(self) -> list[tuple[str, str]]:
        return [_last_two_sentences(text) for text in self.answers]


def ends_in_question(texts: Texts) -> Mask:
    """Return for each text whether a question mark ends it, whatever brackets or pictures follow."""
    return texts.matched(_ENDS_IN_QUESTION)


def _last_two_sentences(text: str) -> tuple[str, str]:
    """Return the last sentence but one and the last, "" where there is none; pictures alone are no sentence."""
    parts = [part for part in _SENTENCE_BREAK.split(text[-_TAIL:]) if any(map(str.isalnum, part))]
    before, last = ["", "", *parts][-2:]
    return before.strip(), last.strip()


def _last(owner: Positions, is_in: Mask, n_sessions: int) -> Positions:
    """Return the last marked row of each session, or -1."""
    rows = np.flatnonzero(is_in)
    last = np.full(n_sessions, -1, dtype=np.int64)
    last[owner[rows]] = rows  # rows rise, so the last one stays
    return last


def _objects(texts: list[str]) -> npt.NDArray[np.object_]:
    return np.array(texts, dtype=object)
