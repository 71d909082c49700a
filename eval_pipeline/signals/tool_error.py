"""Signal: a tool failed, by its own mark or by the form of its result.

Not here: the same call made again and again, or a tool that answered with nothing (signals of their own).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import orjson

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, cut
from eval_pipeline.signals.reading.texts import Texts
from eval_pipeline.tool_errors import is_error_object

LONGEST_PARSED = 100_000
"""Characters of the longest result that is read as JSON; an error message is short."""

_ERROR_KEYS = r'"(?:error|errors|exception|is_?error|success|ok|status|status_?code|code)"\s*:'
_NAMED = ("error", "errors", "exception")
_NOTHING = ("", "none", "null", "false", "no", "0", "ok")
_OPENS_AS_ERROR = re.compile(r'\s*\{\s*"(?:error|exception)"\s*:\s*["{]')


class ToolErrorParameters(Parameters):
    """Strengths by how the error is known; `recovered` is the share that is left when the same tool worked later."""

    marked: Strength = 0.8
    by_structure: Strength = 0.7
    by_opening: Strength = 0.6
    recovered: Strength = 0.4


@dataclass(frozen=True)
class ToolError(Signal):
    """Fires on a tool result that is an error; weaker where a later call of the same tool worked."""

    name: ClassVar[str] = "tool_error"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = ("tool_errors",)

    parameters: ToolErrorParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "A tool failed: its result is marked as an error, is an error object, or opens like an error message. "
            f"It counts {self.parameters.recovered:.0%} when the same tool worked later in the session."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing where no tool answered."""
        return batch.sessions_with(batch.has_role("tool")), "no tool result"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return each tool result that is an error."""
        positions = batch.dialogue.tool.positions
        is_marked = batch.turns["is_error"].to_numpy(dtype=bool)[positions]
        base = self._strengths(batch.dialogue.tool.texts, is_marked)
        failed = positions[base > 0]
        if not len(failed):
            return []
        # Names and recoveries are looked up only in sessions where a tool failed.
        suspects = np.isin(batch.owner[positions], batch.owner[failed])
        return list(self._evidence(batch, positions[suspects], base[suspects]))

    def _strengths(self, results: Texts, is_marked: Mask) -> npt.NDArray[np.float64]:
        """Return for each result how surely it is an error, 0 for none, by the surest of the three ways."""
        is_opening = self.phrases("tool_errors").found_in(results, at_start=True)
        strengths = np.where(is_opening, self.parameters.by_opening, 0.0)
        for i in np.flatnonzero(results.matched(_ERROR_KEYS)):
            strengths[i] = max(strengths[i], self._of_object(results.values[i]))
        return np.where(is_marked, np.maximum(strengths, self.parameters.marked), strengths)

    def _of_object(self, text: str) -> float:
        result = _parsed(text)
        if result is None:  # cut off, or too long to read
            return self.parameters.by_opening if _OPENS_AS_ERROR.match(text) else 0.0
        return self.parameters.by_structure if is_error_object(result, _NAMED, _NOTHING) else 0.0

    def _evidence(self, batch: Batch, positions: npt.NDArray[Any], base: npt.NDArray[Any]) -> Iterator[Evidence]:
        names = _tool_names(batch, positions)
        last_success: dict[tuple[int, str | None], int] = {}
        for position, name, strength in zip(positions, names, base, strict=True):
            if strength == 0:
                last_success[int(batch.owner[position]), name] = int(position)
        for position, name, strength in zip(positions, names, base, strict=True):
            if strength > 0:
                session = int(batch.owner[position])
                is_recovered = last_success.get((session, name), -1) > position
                reason = f"{name or 'a tool'} failed" + (" and worked later" if is_recovered else "")
                turn = batch.turns.iloc[position]
                weight = self.parameters.recovered if is_recovered else 1.0
                yield Evidence(session, float(strength) * weight, int(turn["turn_index"]), cut(turn["content"]), reason)


def _tool_names(batch: Batch, positions: npt.NDArray[Any]) -> list[str | None]:
    """Return the tool behind each result: by its call id, else None."""
    asking = batch.has_role("assistant") & np.isin(batch.owner, batch.owner[positions])
    called: dict[tuple[int, str], str] = {}
    for owner, calls in zip(batch.owner[asking], batch.turns["tool_calls"][asking], strict=True):
        for call in calls:
            if call.get("id") is not None:
                called[int(owner), call["id"]] = call["name"]
    ids = batch.turns["tool_call_id"].iloc[positions]
    return [called.get((int(owner), call_id)) for owner, call_id in zip(batch.owner[positions], ids, strict=True)]


def _parsed(content: str) -> Any:
    if len(content) > LONGEST_PARSED or not content.lstrip().startswith(("{", "[")):
        return None
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
