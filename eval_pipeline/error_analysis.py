"""Drawing fresh sessions for open-ended reading: where do failures hide that nothing we have names yet?

Strata: `unexplained_failure` (a verdict fails, no signal fired), `flagged` (a signal fired), `quiet` (neither). Half of
the sample is unexplained failures and a quarter each of the others; what a stratum cannot fill, the others take.
Not here: grouping what was read, proposals to the taxonomy.
"""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from eval_pipeline.tables import ErrorAnalysisSamples
from eval_pipeline.versions import unit_hash

SHARES: Mapping[str, int] = {"unexplained_failure": 2, "flagged": 1, "quiet": 1}


def draw_sample(
    as_of_day: dt.date, sessions: pd.DataFrame, signals: pd.DataFrame, verdicts: pd.DataFrame, size: int, seed: int
) -> pd.DataFrame:
    """Return the rows of `error_analysis_samples` for `as_of_day`: up to `size` sessions of each origin.

    `sessions`: `session_id, session_day, origin`, closed ones; synthetic ones are never drawn, and origins are drawn
    apart. `signals`: rows of `session_signals`. `verdicts`: `session_id, verdict` of evaluators and judges.
    Within a stratum every session has the same probability, drawn / there: the smallest hashes of seed, day and
    session are taken, so the sample depends on nothing else, least of all on the order of rows.
    """
    real = sessions.loc[sessions["origin"] != "synthetic", ["session_id", "session_day", "origin"]]
    if real["session_id"].duplicated().any():
        raise ValueError("a session stands twice in the sessions to draw from")
    drawn = real.assign(
        stratum=_strata(real["session_id"], signals, verdicts),
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


def _strata(session_ids: pd.Series, signals: pd.DataFrame, verdicts: pd.DataFrame) -> list[str]:
    fired = set(signals.loc[signals["outcome"] == "fired", "session_id"])
    failed = set(verdicts.loc[verdicts["verdict"] == "fail", "session_id"])
    return [
        "flagged" if session in fired else "unexplained_failure" if session in failed else "quiet"
        for session in session_ids
    ]
