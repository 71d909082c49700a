"""Passes and fails by the version of each component behind the session: where a change of version is found again.

Components are the product's, as sessions bring them (model; prompt, retrieval, datasets, tools and whatever else is under
`versions`), and ours (`subject`, the version of the evaluator, judge or signal itself; judge_model, taxonomy, redaction,
code). Not here: which change explains a turn (`candidates.py`).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.table_model import TRAFFIC_ORIGINS
from eval_pipeline.tables import TrendVersions
from eval_pipeline.trends.cells import ALL, NOT_STATED, apart_from_all
from eval_pipeline.trends.rollups import SUBJECT, on_day, session_verdicts

_OF_VERDICT = ("judge_model", "taxonomy", "code")
_OURS = ("model", "subject", "redaction", *_OF_VERDICT)
"""Components that a session's own `versions` cannot speak for; there such a key is called `product_<key>`."""

_BEHIND = ["behind", "behind_verdict"]
_KEY = [name for name in TrendVersions.primary_key() if name != "session_day"]


def version_rollups(
    day: date,
    sessions: pd.DataFrame,
    evaluator_verdicts: pd.DataFrame,
    judge_verdicts: pd.DataFrame,
    session_signals: pd.DataFrame,
) -> pd.DataFrame:
    """Return the rows of `trend_versions` for `day`, ordered by primary key.

    The frames are those of `rollups.roll_up`; sessions have `versions` and redaction_version too, the verdicts of evaluators
    and judges `versions`, those of judges judge_model. What a session does not state although another of its surface does is
    `not stated`, and so is a model that none states. Synthetic sessions are in no row.
    """
    verdicts = session_verdicts(evaluator_verdicts, judge_verdicts, session_signals)
    answered = verdicts[(verdicts["n_fail"] + verdicts["n_pass"]) > 0].merge(_profiles(sessions), on="session_id")
    ours = pd.concat(
        [
            _ours(evaluator_verdicts, "evaluator"),
            _ours(judge_verdicts[judge_verdicts["repeat"] == 0], "judge"),
        ],
        ignore_index=True,
    )
    known = answered.merge(ours, on=["session_id", *SUBJECT], how="left")
    # Few sets of versions stand behind many sessions: counted first, spread over the components then.
    known["behind_verdict"] = [value if isinstance(value, tuple) else () for value in known["behind_verdict"]]
    counts = known.groupby([*SUBJECT, "surface", "origin", *_BEHIND], sort=False)[["n_fail", "n_pass"]].sum()
    rows = pd.DataFrame(list(_spread(counts.reset_index())), columns=[*_KEY, "n", "n_fail"])
    typed = rows.astype({**dict.fromkeys(_KEY, "str"), "n": "int64", "n_fail": "int64"})
    summed = typed.groupby(_KEY, as_index=False, sort=True)[["n", "n_fail"]].sum()
    return on_day(day, summed)[list(TrendVersions.to_schema().columns)]


def _profiles(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return session_id, surface, origin and `behind`, the components of the session as sorted pairs."""
    counted = sessions[sessions["origin"].isin(TRAFFIC_ORIGINS)]
    columns = [counted[name] for name in ("versions", "model_version", "redaction_version")]
    stated = [_stated(*values) for values in zip(*columns, strict=True)]
    frame = counted[["session_id", "origin"]].assign(surface=apart_from_all(counted["surface"]))
    places = list(zip(frame["surface"], frame["origin"], strict=True))
    known: dict[tuple[str, str], set[str]] = {}
    for place, components in zip(places, stated, strict=True):
        known.setdefault(place, set()).update(components)
    behind = [
        tuple((name, components.get(name, NOT_STATED)) for name in sorted(known[place]))
        for place, components in zip(places, stated, strict=True)
    ]
    return frame.assign(behind=pd.Series(behind, index=frame.index, dtype="object"))


def _stated(versions: Mapping[str, Any] | None, model: Any, redaction: str) -> dict[str, str]:
    """Return the version of each component of a session, `prompt_version` being that of `prompt`."""
    named = {key.removesuffix("_version") or key: str(value) for key, value in (versions or {}).items()}
    upstream = {f"product_{key}" if key in _OURS else key: value for key, value in named.items()}
    return {**upstream, "model": NOT_STATED if pd.isna(model) else str(model), "redaction": redaction}


def _ours(verdicts: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return session_id, `SUBJECT` and `behind_verdict`, what the verdict adds to the session's versions."""
    first = verdicts.drop_duplicates(["session_id", kind, f"{kind}_version"])
    added = [
        tuple((name, str(versions[name])) for name in _OF_VERDICT if (versions or {}).get(name) is not None)
        for versions in first["versions"]
    ]
    return pd.DataFrame(
        {
            "session_id": first["session_id"].astype("str"),
            "subject_kind": pd.Series(kind, index=first.index, dtype="str"),
            "subject": first[kind].astype("str"),
            "subject_version": first[f"{kind}_version"].astype("str"),
            "behind_verdict": pd.Series(added, index=first.index, dtype="object"),
        }
    )


def _spread(counts: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each component of each row of `counts`, of its surface and of all."""
    for kind, subject, version, surface, origin, behind, verdict, n_fail, n_pass in counts.itertuples(index=False):
        for component, component_version in (*behind, *verdict, ("subject", version)):
            for place in (ALL, surface):
                yield kind, subject, version, place, origin, component, component_version, n_fail + n_pass, n_fail
