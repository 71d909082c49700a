"""What the gate demands of a judge before it counts in production, from `catalog/promotion.yaml`.

The shipped figures and their error rates are those of STATISTICS.md section 4: with K = 3 looks and 50 failed and 100 good
sessions, a judge whose catch rate lies at the floor is promoted in 1.2 % of all cases, one 2 points under it less often.
Not here: the decision (`gate.py`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import Judge

LEAST_FAIL = 30
LEAST_PASS = 70
"""Under this many failed and good sessions nothing is promoted, whatever a catalog says: the verdicts stay provisional."""

Share = Annotated[float, Field(gt=0, lt=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GatePolicy(_Model):
    """The demands on one judge. Positive is a FAILURE.

    `tpr_floor`, `tnr_floor`: what the lower bounds of catch rate (TPR) and TNR must reach. `most_worse`: by how much
    balanced accuracy may be lower than that of the version in production. `most_flips`: what the upper bound of the flip
    rate may reach. `most_unanswered`: of the held-out sessions that people pass or fail, the share of which the judge may
    say neither. `min_fail`, `min_pass`: held-out sessions that people fail and pass. `looks`: how often a held-out set
    is looked at before it is retired; `alpha`, the error of all looks together, is shared out evenly among them. It is .02, as sets
    follow each other: with .05, of 20 candidates 2 points under the floor one was promoted in 4.6 to 13.7 % of the
    simulated cases, depending on the size of the set; with .02 in at most 4.6 % (exactly, sets of 50 to 300 failures).
    """

    tpr_floor: float = Field(default=0.75, ge=0.5, lt=1)
    tnr_floor: float = Field(default=0.85, ge=0.5, lt=1)
    most_worse: Share = 0.10
    most_flips: Share = 0.12
    most_unanswered: Share = 0.05
    min_fail: int = 50
    min_pass: int = 100
    looks: int = Field(default=3, ge=1, le=5)
    alpha: float = Field(default=0.02, gt=0, le=0.1)

    @field_validator("min_fail", "min_pass")
    @classmethod
    def _is_enough_to_decide(cls, n: int, field: Any) -> int:
        least = LEAST_FAIL if field.field_name == "min_fail" else LEAST_PASS
        if n < least:
            raise ValueError(f"under {least} the figures decide nothing")
        return n

    @property
    def alpha_of_look(self) -> float:
        """The one-sided error of each look: alpha / K (Bonferroni), so that all K together err with `alpha` at most."""
        return self.alpha / self.looks


class Gates(_Model):
    """The demands on every judge: `judges` names what differs from `default`."""

    default: GatePolicy = GatePolicy()
    judges: dict[str, GatePolicy] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_default(cls, document: Any) -> Any:
        """Let a judge name only what differs from the default."""
        if not isinstance(document, dict) or not isinstance(document.get("judges"), dict):
            return document
        default = document.get("default")
        base = dict(default) if isinstance(default, dict) else {}
        judges = {name: {**base, **own} if isinstance(own, dict) else own for name, own in document["judges"].items()}
        return {**document, "judges": judges}

    def of(self, judge: str) -> GatePolicy:
        """Return the demands on `judge`."""
        return self.judges.get(judge, self.default)


def load_gates(path: Path, judges: Sequence[Judge]) -> Gates:
    """Return what the file at `path` demands of `judges`.

    Raises `SettingsError` naming the field at fault, or a judge that there is none of.
    """
    gates = load_yaml(path, Gates)
    if strange := sorted(set(gates.judges) - {judge.name for judge in judges}):
        known = ", ".join(judge.name for judge in judges) or "none"
        raise SettingsError(
            f"{path}: judges.{strange[0]}: there is no such judge", f"name one of catalog/judges: {known}"
        )
    return gates
