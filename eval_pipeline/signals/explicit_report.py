"""Signal: the user says on purpose that the product failed, by thumb, rating, report, or in so many words.

Not here: the shapes in which feedback comes in (`formats/feedback.py`); a correction, which goes on with the matter
(`corrective_followup.py`); signs that the user does not mean as a message (`rephrasing.py`, ...).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, cut
from eval_pipeline.signals.reading.reactions import Kindness


class ReportParameters(Parameters):
    """Strengths by the form of the report.

    `wish`: a report that wishes for something and names no failure.
    `low_rating`: the highest rating (0 to 1) that counts.
    """

    thumbs_down: Strength = 0.9
    report: Strength = 0.95
    wish: Strength = 0.5
    low_rating: float = Field(default=0.4, ge=0, lt=1)
    lowest_rating: Strength = 0.9
    highest_low_rating: Strength = 0.6
    complaint: Strength = 0.7

    def of_rating(self, rating: float) -> float:
        """Return the strength of a rating: falls from worst to `low_rating`, 0 above."""
        if not 0 <= rating <= self.low_rating:
            return 0.0
        low, high = sorted((self.lowest_rating, self.highest_low_rating))
        return high - (high - low) * (rating / self.low_rating if self.low_rating else 0.0)


@dataclass(frozen=True)
class ExplicitReport(Signal):
    """Fires on a thumb down, a low rating, a report that is not praise, or words that call the product a failure."""

    name: ClassVar[str] = "explicit_report"
    declared_version: ClassVar[str] = "2"
    sections: ClassVar[tuple[str, ...]] = (
        *Kindness.SECTIONS, "complaints", "not_complaints", "doubts", "failings", "wishes", "nothing_to_say",
    )  # fmt: skip

    parameters: ReportParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            f"The user reports a failure on purpose: thumb down, a rating of {self.parameters.low_rating:g} or less "
            "(of 1), a report in words or tags, or a turn that says the product is no help."
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
        value, text = item.get("value"), (item.get("text") or "").strip()
        match item.get("kind"):
            case "thumbs" if value is not None and value < 0:
                return self.parameters.thumbs_down, "thumb down"
            case "rating" if value is not None:
                return self.parameters.of_rating(value), f"rated {value:.2f} of 1"
            case "report" if value is None or value <= self.parameters.low_rating:
                return self._of_report(text, is_rated=value is not None), "reported by the user"
        return 0.0, ""

    def _of_report(self, text: str, *, is_rated: bool) -> float:
        """Return the strength of a report by its words; a low value beside it leaves no doubt."""
        if is_rated or not text or self._tells_of_failure(text):
            return self.parameters.report
        if not any(map(str.isalnum, text)) or self._says_nothing(text) or self._kindness.is_kind(text):
            return 0.0
        return self.parameters.wish if self.phrases("wishes").search(text) else self.parameters.report

    def _tells_of_failure(self, text: str) -> bool:
        rejects = [self.phrases(section) for section in ("complaints", "doubts")]
        is_rejected = any(phrases.search(text) is not None for phrases in rejects)
        negated_praise = (
            self._kindness.is_negated(text, words.start())
            for phrases in self._kindness.praise
            for words in phrases.every(text)
        )
        return is_rejected or self._kindness.has_plain(self.phrases("failings"), text) or any(negated_praise)

    def _says_nothing(self, text: str) -> bool:
        """Return whether a text field was only filled to be left ("n/a", "no comment")."""
        words = self.phrases("nothing_to_say").search(text)
        return words is not None and not any(map(str.isalnum, text[: words.start()] + text[words.end() :]))

    @cached_property
    def _kindness(self) -> Kindness:
        return Kindness.of(self.lexicon)

    def _in_turns(self, batch: Batch) -> Iterator[Evidence]:
        """Yield user turns that report a failure; the first user turn has no answer to report."""
        reactions = batch.reactions
        said, phrases = reactions.said, self.phrases("complaints")
        for i in np.flatnonzero(phrases.found_in(said.texts) & ~said.is_first).tolist():
            words = phrases.search(self.phrases("not_complaints").blanked(said.texts.values[i]))
            if words is not None:
                content = batch.dialogue.user.texts.values[i]
                reason = f"the user says “{reactions.quoted(i, words)}”"
                quote = cut(content, words.start())
                yield Evidence(int(said.owners[i]), self.parameters.complaint, int(said.turn_index[i]), quote, reason)
