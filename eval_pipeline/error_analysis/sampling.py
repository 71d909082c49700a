"""Drawing fresh sessions for open-ended reading: where do failures hide that nothing we have names yet?

Strata, the first that fits: `unexplained_failure` (a verdict fails, no signal fired), `new_version` and `new_surface`
(seen for the first time in the last 14 days), `flagged` (a signal fired), `quiet` (none of these). `SHARES` says how the
seats go; what a stratum cannot fill, the others take. Not here: grouping what was read (`proposing.py`).
"""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from eval_pipeline.tables import ErrorAnalysisSamples
from eval_pipeline.versions import unit_hash

SHARES: Mapping[str, int] = {
    "unexplained_failure": 4,
    "new_version": 2,
    "new_surface": 2,
    "flagged": 1,
    "quiet": 1,
}


def draw_sample(
    as_of_day: dt.date, sessions: pd.DataFrame, signals: pd.DataFrame, verdicts: pd.DataFrame, size: int, seed: int
) -> pd.DataFrame:
    """Return the rows of `error_analysis_samples` for `as_of_day`: up to `size` sessions of each origin.

    `sessions`: `session_id, session_day, origin, is_new_version, is_new_surface`, closed ones; origins are drawn apart.
    `signals`: rows of `session_signals`. `verdicts`: `session_id, verdict` of evaluators and judges.
    Within a stratum every session has the same probability, drawn / there: the smallest hashes of seed, day and
    session are taken, so the sample depends on nothing else, least of all on the order of rows.
    """
    columns = ["session_id", "session_day", "origin", "is_new_version", "is_new_surface"]
    real = sessions.loc[sessions["origin"] != "synthetic", columns]
    if real["session_id"].duplicated().any():
        raise ValueError("a session stands twice in the sessions to draw from")
    drawn = real.assign(
        stratum=_strata(real, signals, verdicts),
        draw=[unit_hash("error analysis", str(seed), as_of_day.isoformat(), s) for s in real["session_id"]],
    ).sort_values(["draw", "session_id"], ignore_index=True)
    there = drawn.groupby(["origin", "stratum"]).size()
    quota = {
        (origin, stratum): n
        for origin in sorted(real["origin"].unique())
        for stratum, n in allocate(size, {s: int(there.get((origin, s), 0)) for s in SHARES}).items()
    }
    cells = list(zip(drawn["origin"], drawn["stratum"], strict=True))
    n_drawn = pd.Series([quota[cell] for cell in cells], dtype="int64")
    n_there = pd.Series([there[cell] for cell in cells], dtype="int64")
    rank = drawn.groupby(["origin", "stratum"]).cumcount()
    sample = drawn.assign(as_of_day=as_of_day, inclusion_probability=n_drawn / n_there)[rank < n_drawn]
    columns = list(ErrorAnalysisSamples.to_schema().columns)
    return ErrorAnalysisSamples.validate(sample.sort_values("session_id", ignore_index=True)[columns])


def allocate(size: int, there: Mapping[str, int]) -> dict[str, int]:
    """Return how many to draw of each stratum when `there` are so many, in all min(size, sum(there)).

    One seat at a time goes to the stratum that is furthest behind its share (d'Hondt: most share per seat) and still
    has sessions, ties in the order of `SHARES`. So a larger `size` never takes a seat away.
    """
    seats = dict.fromkeys(SHARES, 0)
    for _ in range(min(size, sum(there.values()))):
        open_strata = [s for s in SHARES if seats[s] < there[s]]
        seats[max(open_strata, key=lambda s: SHARES[s] / (seats[s] + 1))] += 1
    return seats


def _strata(sessions: pd.DataFrame, signals: pd.DataFrame, verdicts: pd.DataFrame) -> list[str]:
    fired = set(signals.loc[signals["outcome"] == "fired", "session_id"])
    failed = set(verdicts.loc[verdicts["verdict"] == "fail", "session_id"])
    return [
        _stratum(row["session_id"] in fired, row["session_id"] in failed, row["is_new_version"], row["is_new_surface"])
        for row in sessions.to_dict("records")
    ]


def _stratum(is_fired: bool, is_failed: bool, is_new_version: bool, is_new_surface: bool) -> str:
    if is_failed and not is_fired:
        return "unexplained_failure"
    if is_new_version:
        return "new_version"
    if is_new_surface:
        return "new_surface"
    return "flagged" if is_fired else "quiet"
