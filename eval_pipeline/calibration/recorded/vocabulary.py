"""What the values of a file mean, as far as the user said: pass, fail or not_applicable. Nothing is guessed.

`pass` and `fail` mean themselves unless it is said otherwise; every other value is off the vocabulary until it is given a
meaning. Not here: where a value stands in a record (`places.py`).
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from eval_pipeline.errors import SettingsError

OFF_VOCABULARY = "off_vocabulary"
MEANINGS = ("pass", "fail", "not_applicable")
_OPPOSITE = {"pass": "fail", "fail": "pass"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Vocabulary:
    """The meaning of each value, and thresholds for numbers: under `fail_below` or over `fail_above` is a fail.

    Verdicts of the variants in `reversed_variants` are turned round after that: what is recorded there is a position, and
    the answers were shown the other way round.
    """

    meanings: dict[str, str] = field(default_factory=lambda: {"pass": "pass", "fail": "fail"})
    fail_below: float | None = None
    fail_above: float | None = None
    reversed_variants: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        values: Sequence[str] = (),
        fail_below: float | None = None,
        fail_above: float | None = None,
        reversed_variants: Sequence[str] = (),
    ) -> "Vocabulary":
        """Return the vocabulary that the options `VALUE=MEANING` say. Raises `SettingsError` for one that says nothing."""
        if any(limit is not None and not math.isfinite(limit) for limit in (fail_below, fail_above)):
            raise SettingsError("a threshold is no number", "give a number, e.g. --fail-below 5")
        said: dict[str, str] = {}
        for option in values:
            value, separator, meaning = option.rpartition("=")
            if not separator or meaning not in MEANINGS:
                raise SettingsError(
                    f"--value {option!r} gives a value no meaning", f"write VALUE=MEANING, one of {', '.join(MEANINGS)}"
                )
            if said.setdefault(value.strip(), meaning) != meaning:
                raise SettingsError(f"--value gives {value!r} two meanings", "give it one")
        return cls({**cls().meanings, **said}, fail_below, fail_above, frozenset(reversed_variants))

    def meaning(self, raw: str | None, variant: str = "") -> str:
        """Return pass, fail, not_applicable or off_vocabulary; a missing value is off the vocabulary."""
        meaning = OFF_VOCABULARY if raw is None else self.meanings.get(raw) or self._by_threshold(raw)
        return _OPPOSITE.get(meaning, meaning) if variant in self.reversed_variants else meaning

    def _by_threshold(self, raw: str) -> str:
        if (self.fail_below is None and self.fail_above is None) or not _NUMBER.fullmatch(raw):
            return OFF_VOCABULARY
        number = float(raw)
        is_low = self.fail_below is not None and number < self.fail_below
        is_high = self.fail_above is not None and number > self.fail_above
        return "fail" if is_low or is_high else "pass"
