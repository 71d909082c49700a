"""When a trend has moved: thresholds and least amounts of data, from `catalog/trends.yaml`.

The shipped figures were chosen by simulation (STATISTICS.md section 5) and are measured anew by `make bench-statistics`.
Not here: the tests themselves (`windows_tested.py`, `discoveries.py`).
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eval_pipeline.catalog import load_yaml

SHORT, LONG = 7, 28
"""Days of the two windows. The thresholds hold for these alone, so they are no setting."""

Z = Annotated[float, Field(gt=0, le=20)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Level(_Model):
    """What a series must pass: `z_7` in the last 7 days or `z_28` in the last 28, and in any case a q of `q` at most.

    q is the share of false ones to be expected among all series that move as much on that day (`discoveries.py`).
    """

    z_7: Z
    z_28: Z
    q: Annotated[float, Field(gt=0, lt=1)]

    def is_under(self, other: "Level") -> bool:
        """Return whether all that passes `other` passes this too."""
        return self.z_7 <= other.z_7 and self.z_28 <= other.z_28 and self.q >= other.q


class TrendPolicy(_Model):
    """When a series is said to have moved.

    `baseline_days`: days with data that the first baseline takes. `least_baseline_days`: under this many, nothing is held
    against a baseline. `least_expected`: failures, and passes, that a window must let expect if nothing had changed.
    `blocks_above`: lag-1 autocorrelation of the baseline from which on overdispersion is taken of weeks. `onset_days`: days
    on the new side of a turn, at least. `look_back_days`: how far back a turn is looked for.
    """

    baseline_days: Annotated[int, Field(ge=14, le=366)]
    least_baseline_days: Annotated[int, Field(ge=14, le=366)]
    least_expected: Annotated[float, Field(ge=1)]
    alert: Level
    watch: Level
    blocks_above: Annotated[float, Field(ge=0, le=1)]
    onset_days: Annotated[int, Field(ge=1, le=SHORT)]
    look_back_days: Annotated[int, Field(ge=LONG, le=366)]

    @model_validator(mode="after")
    def _fits_together(self) -> "TrendPolicy":
        if self.least_baseline_days > self.baseline_days:
            raise ValueError("least_baseline_days is more than baseline_days: no first baseline would ever do")
        if not self.watch.is_under(self.alert):
            raise ValueError("watch asks for more than alert: give it lower z_7 and z_28, and a higher q")
        return self


def load_trends(path: Path) -> TrendPolicy:
    """Return the policy at `path`. Raises `SettingsError` naming the field at fault and the mend."""
    return load_yaml(path, TrendPolicy)
