"""Each final answer of the assistant beside the request before it, and the requests that got a blank one.

Not here: what is wrong with an answer (`answer_flaws.py`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eval_pipeline.signals.contract import Batch
from eval_pipeline.signals.reading.dialogue import Spoken
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.texts import Mask, Positions, Texts


@dataclass(frozen=True)
class Exchanges:
    """The final answers of a batch. `asked_at`: position of the user turn before each, or -1."""

    batch: Batch
    answers: Spoken
    asked_at: Positions

    @classmethod
    def of(cls, batch: Batch) -> "Exchanges":
        """Return the final answers of a batch."""
        dialogue = batch.dialogue
        is_final = dialogue.is_final_answer
        return cls(batch, dialogue.assistant.where(is_final), dialogue.user_before[is_final])

    @cached_property
    def requests(self) -> Texts:
        """What the user said before each answer, "" for nothing."""
        return Texts(np.where(self.asked_at >= 0, self.batch.dialogue.contents[self.asked_at], ""))

    def requests_of(self, chosen: Positions) -> Texts:
        """Return what the user said before each of the answers with these numbers, "" for nothing."""
        return Texts(self.requests.values[chosen])

    @cached_property
    def is_followed(self) -> Mask:
        """Whether another answer comes later in the session."""
        is_last = np.ones(len(self.answers), dtype=bool)
        is_last[:-1] = self.answers.owners[1:] != self.answers.owners[:-1]
        return ~is_last

    def is_answered_after(self, position: int) -> bool:
        """Return whether an answer comes after a turn of the batch, in its session."""
        following = int(np.searchsorted(self.answers.positions, position, side="right"))
        return following < len(self.answers) and bool(self.answers.owners[following] == self.batch.owner[position])

    @cached_property
    def blank_answers(self) -> Positions:
        """Positions of the last blank turn after each user turn that got no other answer.

        Turns that call a tool are blank by nature, and none of these.
        """
        dialogue, turns = self.batch.dialogue, self.batch.turns
        assistant, asked_at = dialogue.assistant, dialogue.user_before
        calls = np.fromiter((len(made) > 0 for made in turns["tool_calls"]), bool, len(turns))
        has_text = dialogue.has_text[assistant.positions]
        answered = np.zeros(len(turns), dtype=bool)
        answered[asked_at[has_text & (asked_at >= 0)]] = True
        is_blank = ~has_text & ~calls[assistant.positions] & (asked_at >= 0)
        blank, asked = assistant.positions[is_blank], asked_at[is_blank]
        is_open = dialogue.has_text[asked] & ~answered[asked]
        blank, asked = blank[is_open], asked[is_open]
        is_last = np.append(np.diff(asked) > 0, True)[: len(blank)]
        return np.asarray(blank[is_last], dtype=np.int64)

    def asks_for(self, phrases: Phrases, chosen: Positions) -> Mask:
        """Return for each of the answers with these numbers whether the request before it has one of the phrases."""
        return phrases.found_in(self.requests_of(chosen))

    def talks_of(self, phrases: Phrases, chosen: Positions) -> Mask:
        """Return for each of the answers with these numbers whether the user of its session ever used a phrase."""
        user, owners = self.batch.dialogue.user, self.answers.owners[chosen]
        near = user.where(np.isin(user.owners, owners))
        return np.isin(owners, near.owners[phrases.found_in(near.texts)])
