"""Signal: the session holds words aimed at a judge, whoever wrote them: the user, the assistant, or a tool's result.

Not here: what such words are, and that no judge's pass of such a session counts (`judges/contesting.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from eval_pipeline.judges.contesting import CONTESTING_VERSION, contest
from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, cut


class JudgeManipulationParameters(Parameters):
    """`aimed`: how likely a failure is, of whatever kind, where somebody speaks to the judge."""

    aimed: Strength = 0.5


@dataclass(frozen=True)
class JudgeManipulation(Signal):
    """Fires on an order to pass the session, a forged verdict, a forged end of the data, and the like."""

    name: ClassVar[str] = "judge_manipulation"
    declared_version: ClassVar[str] = CONTESTING_VERSION

    parameters: JudgeManipulationParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "The session speaks to a judge: it orders a verdict, forges one, forges the end of the data or the frame of a "
            "prompt. It is contested: a person reads it, and no judge's pass of it counts."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing of a session without turns."""
        return batch.sessions_with(np.ones(len(batch.turns), dtype=bool)), "no turn"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return the first such turn of each session."""
        found = []
        turns: list[dict[Any, Any]] = batch.turns[["content", "tool_calls"]].to_dict("records")
        ends = np.searchsorted(batch.owner, np.arange(len(batch.sessions)), side="right")
        starts = np.searchsorted(batch.owner, np.arange(len(batch.sessions)), side="left")
        for session, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            here = contest(turns[start:end])
            if here is not None:
                evidence = Evidence(session, self.parameters.aimed, here.turn_index, cut(here.quote), here.reason)
                found.append(evidence)
        return found
