"""The sampling design of the review queue: how many sessions of which stratum are read, per day and surface.

Strata (STATISTICS.md section 7): whether a counting signal fired x whether any verdict fails; where no verdict of the day
is known yet, fired or not alone. Sessions that the user reported are a stratum of their own, outside the budget, and so
are those that speak to a judge: no judge's pass of them counts, so that people alone can say what they are.
Not here: the draw (`queue.py`).
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eval_pipeline.catalog import load_yaml
from eval_pipeline.versions import content_hash

REPORT_SIGNAL = "explicit_report"
"""The signal whose sessions are the stratum of reports, where it counts."""

CONTESTED_SIGNAL = "judge_manipulation"
"""The signal whose sessions are the stratum of contested ones, where it counts."""

REPORTED = "explicit_report"
CONTESTED = "contested"
OUTSIDE_BUDGET = frozenset({REPORTED, CONTESTED})
BY_FLAG = ("unflagged", "flagged")
BY_FLAG_AND_VERDICT = ("quiet", "flag_only", "verdict_only", "both")
CONTROL_STRATA = frozenset({"quiet", "unflagged"})
"""Of sessions that nothing points at: no counting signal fired and no known verdict fails them."""

FEWEST = 2
"""No stratum is given less: one session says nothing of the spread within its stratum."""

_RULE_VERSION = 1
"""Of the way of drawing; raise it when the same budgets would draw other sessions."""

Share = Annotated[float, Field(gt=0, lt=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shares(_Model):
    """Shares of the daily budget. None may be 0: sessions that can never be drawn can never be estimated."""

    quiet: Share = 0.30
    verdict_only: Share = 0.30
    flag_only: Share = 0.15
    both: Share = 0.25

    @model_validator(mode="after")
    def _sum_is_one(self) -> "Shares":
        total = self.quiet + self.verdict_only + self.flag_only + self.both
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the four shares must sum to 1, not {total:g}")
        return self


class SurfacePlan(_Model):
    """What one surface's reviewers read of a day.

    `sessions_per_day`: the budget that `shares` divides. `report_cap`: reports are read whole up to this many, on top;
    `contested_cap`: so are sessions that speak to a judge.
    `double_review_share`: share of what is drawn, in every stratum, that two people read.
    """

    sessions_per_day: int = Field(default=30, ge=8)
    shares: Shares = Shares()
    report_cap: int = Field(default=20, ge=FEWEST)
    contested_cap: int = Field(default=10, ge=FEWEST)
    double_review_share: float = Field(default=0.15, ge=0, le=1)

    def budget(self, stratum: str) -> int:
        """Return how many sessions of a stratum are drawn when it has that many."""
        match stratum:
            case "explicit_report":
                return self.report_cap
            case "contested":
                return self.contested_cap
            case "flagged":
                share = self.shares.flag_only + self.shares.both
            case "unflagged":
                share = self.shares.quiet + self.shares.verdict_only
            case _:
                share = float(getattr(self.shares, stratum))
        return max(FEWEST, int(share * self.sessions_per_day + 0.5))


class Design(_Model):
    """The plans of all surfaces and the seed of the draw, as `catalog/surfaces.yaml` states them."""

    seed: str = Field(default="1", min_length=1, coerce_numbers_to_str=True)
    default: SurfacePlan = SurfacePlan()
    surfaces: dict[str, SurfacePlan] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_default(cls, document: Any) -> Any:
        """Let a surface name only what differs from the default."""
        if not isinstance(document, dict) or not isinstance(document.get("surfaces"), dict):
            return document
        default = document.get("default")
        base = dict(default) if isinstance(default, dict) else {}
        plans = {
            name: {**base, **plan} if isinstance(plan, dict) else plan for name, plan in document["surfaces"].items()
        }
        return {**document, "surfaces": plans}

    @property
    def design_id(self) -> str:
        """Hash of all that decides who is drawn: budgets, seed, and the rule."""
        return content_hash([_RULE_VERSION, self.model_dump(mode="json")])

    def plan(self, surface: str) -> SurfacePlan:
        """Return the plan of a surface."""
        return self.surfaces.get(surface, self.default)


def load_design(path: Path) -> Design:
    """Return the design in the file at `path`; raises `SettingsError` naming the field at fault."""
    return load_yaml(path, Design)
