"""Signal: the user says on purpose that the product failed, by thumb, rating, report, or in so many words.

Not here: signs that the user does not mean as a message (`rephrasing.py`, ...).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, cut

NEGATION_REACH = 24
"""How many characters before a word of praise a negation can stand and still turn it round."""


class ReportParameters(Parameters):
    """Strengths by the form of the report; `low_rating` is the highest rating (0 to 1) that counts as one."""

    thumbs_down: Strength = 0.9
    report: Strength = 0.95
    low_rating: float = Field(default=0.4, ge=0, lt=1)
    lowest_rating: Strength = 0.9
    highest_low_rating: Strength = 0.6
    complaint: Strength = 0.7
    doubt: Strength = 0.5

    def of_rating(self, rating: float) -> float:
        """Return the strength of a rating: falls from worst to `low_rating`, 0 above."""
        if not 0 <= rating <= self.low_rating:
            return 0.0
        low, high = sorted((self.lowest_rating, self.highest_low_rating))
        return high - (high - low) * (rating / self.low_rating if self.low_rating else 0.0)


@dataclass(frozen=True)
class ExplicitReport(Signal):
    """Fires on a thumb down, a low rating, a report that is not praise, or words that reject an answer."""

    name: ClassVar[str] = "explicit_report"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = ("complaints", "doubts", "praise", "negations")

    parameters: ReportParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            f"The user reports a failure on purpose: thumb down, a rating of {self.parameters.low_rating:g} or less "
            "(of 1), a report in words, or a turn that says the answer is wrong or no help."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing where there is neither feedback nor a user turn."""
        has_feedback = np.fromiter((len(given or ()) > 0 for given in batch.sessions["feedback"]), bool)
        return has_feedback | batch.sessions_with(batch.has_role("user")), "no user turn and no feedback"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return each piece of feedback that reports a failure, and each user turn that says so."""
        return [*self._in_feedback(batch), *self._in_turns(batch)]

    def _in_feedback(self, batch: Batch) -> Iterator[Evidence]:
        for session, given in enumerate(batch.sessions["feedback"]):
            for item in given or ():
                strength, reason = self._reading(item)
                if strength > 0:
                    text = item.get("text")
                    yield Evidence(session, strength, item.get("turn_index"), cut(text) if text else None, reason)

    def _reading(self, item: Mapping[str, Any]) -> tuple[float, str]:
        value = item.get("value")
        match item.get("kind"):
            case "thumbs" if value is not None and value < 0:
                return self.parameters.thumbs_down, "thumb down"
            case "rating" if value is not None:
                return self.parameters.of_rating(value), f"rated {value:.2f} of 1"
            case "report" if not self._is_praise(item.get("text") or "", value):
                return self.parameters.report, "reported by the user"
        return 0.0, ""

    def _is_praise(self, text: str, value: float | None) -> bool:
        """Return whether a report is a kind word: by its value if it has one, else by its words."""
        if value is not None:
            return value > self.parameters.low_rating
        praise = self.phrases("praise").search(text)
        if praise is None or self.phrases("complaints").search(text) or self.phrases("doubts").search(text):
            return False
        before = text[max(0, praise.start() - NEGATION_REACH) : praise.start()]
        return self.phrases("negations").search(before) is None

    def _in_turns(self, batch: Batch) -> Iterator[Evidence]:
        """Yield user turns that reject an answer; the first user turn has no answer to reject."""
        positions = np.flatnonzero(batch.has_role("user"))
        owners = batch.owner[positions]
        positions = positions[1:][owners[1:] == owners[:-1]]
        turns = batch.turns.iloc[positions]
        for section, strength in (("complaints", self.parameters.complaint), ("doubts", self.parameters.doubt)):
            phrases = self.phrases(section)
            hits = phrases.found_in(turns["content"])
            found = zip(positions[hits], turns["turn_index"][hits], turns["content"][hits], strict=True)
            for position, turn_index, content in found:
                words = phrases.search(content)
                said = words.group() if words else content
                quote = cut(content, words.start() if words else 0)
                yield Evidence(
                    int(batch.owner[position]), strength, int(turn_index), quote, f"the user says “{cut(said)}”"
                )
