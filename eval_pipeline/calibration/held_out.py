"""Held-out sets: which one is in use, who looked at it, how it is used up, and what a judge must not have been told of it.

A set belongs to a target (judge:NAME) and an origin, and has a number: the first is 1, the next begins when one is retired.
Every look is a row of `heldout_looks`. After the last look that is allowed, or when its labels were shown one by one, the
set is retired: its groups are calibration for that target for ever (`heldout_retirements`), and new groups fill the next.

Not here: the split (`split.py`), how many looks there are and what one decides (`gate_policy.py`, `gate.py`).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pandas as pd

from eval_pipeline.calibration.known_groups import known_groups, retired_groups
from eval_pipeline.calibration.near_duplicates import fingerprints, text_fingerprints
from eval_pipeline.calibration.split import retired_clusters
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.judges.definition import Judge
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.labelling import moved_days, relabel
from eval_pipeline.tables import HeldoutLooks, HeldoutRetirements, RawSessions, SessionFingerprints
from eval_pipeline.versions import content_hash

_VERSION = """
    select coalesce(max(held_out_version), 0) + 1 as version
    from evals.heldout_retirements where target = %(target)s and origin = %(origin)s"""

_LOOKS = """
    select * from evals.heldout_looks
    where target = %(target)s and origin = %(origin)s and held_out_version = %(version)s order by look"""

# Of a session that was reviewed since the labels were derived it is not known whether it will be held-out; it may be.
_IN_SET = """
    select s.session_id, s.user_id from evals.raw_sessions s
    left join evals.human_labels l on l.session_id = s.session_id and l.target = %(target)s
    where s.origin = %(origin)s and (
        l.label_set = 'held_out'
        or (l.session_id is null and exists (
            select 1 from evals.reviews r
            where r.session_id = s.session_id and r.is_blind and r.answers ->> %(target)s is not null)))
    order by s.session_id"""

EXPORTED = "labels exported"
"""In the place of a judge's version: nobody was measured, the labels themselves were shown."""


@dataclass(frozen=True)
class Look:
    """What a look gave away, and to whom: the counts of `HeldoutLooks` and the hash of what was counted."""

    subject: str
    subject_version: str
    looked_by: str
    looked_at: datetime
    labels_hash: str
    n_true_fail: int = 0
    n_missed_fail: int = 0
    n_false_fail: int = 0
    n_true_pass: int = 0
    n_error: int = 0
    n_not_applicable: int = 0


@dataclass(frozen=True)
class Taken:
    """A look on record: its id, the number of the set, and which look at it it was, from 1."""

    look_id: str
    held_out_version: int
    look: int


class NoLooksLeftError(EvalPipelineError):
    """The set was looked at as often as is allowed."""


def held_out_version(warehouse: Warehouse, target: str, origin: str) -> int:
    """Return the number of the set in use: 1 + the last one that was retired."""
    return int(warehouse.query(_VERSION, {"target": target, "origin": origin})["version"].iloc[0])


def looks_taken(warehouse: Warehouse, target: str, origin: str, version: int) -> pd.DataFrame:
    """Return the rows of `heldout_looks` at one set, in their order."""
    return warehouse.query(_LOOKS, {"target": target, "origin": origin, "version": version})


def record_look(
    warehouse: Warehouse, target: str, origin: str, look: Look, most: int | None = None, counted: int | None = None
) -> Taken:
    """Put `look` on record as the next one at the set in use, before anybody is told its counts.

    The id is a hash of target, origin, set and number, so of two at once only one gets a number; the other takes the next.
    The same version on the same labels is the same look, also of two at once: it gives away nothing new. `counted`: the
    set that the counts are of, None for the one in use. Raises `NoLooksLeftError` when that one was retired since, or
    `most` looks were taken already (None: without limit).
    """
    while True:
        version = held_out_version(warehouse, target, origin)
        if counted not in (None, version):
            raise NoLooksLeftError(
                f"{target}: held-out set {counted} of {origin} sessions was retired while it was counted",
                f"run it again: set {version} is in use now, and fills with new reviews",
            )
        looks = looks_taken(warehouse, target, origin, version)
        if (same := same_look(looks, look.subject_version, look.labels_hash)) is not None:
            return same
        number = len(looks) + 1
        if most is not None and number > most:
            raise NoLooksLeftError(
                f"{target}: held-out set {version} of {origin} sessions was looked at {most} times already",
                "retire it; the next set fills with new reviews",
            )
        taken = Taken(content_hash([target, origin, version, number]), version, number)
        row = {"target": target, "origin": origin, **asdict(taken), **asdict(look)}
        if warehouse.append(HeldoutLooks, HeldoutLooks.validate(pd.DataFrame([row])[_columns(HeldoutLooks)])):
            return taken


def same_look(looks: pd.DataFrame, subject_version: str, labels_hash: str) -> Taken | None:
    """Return the look among `looks` (rows of `heldout_looks`) of the same version at the same labels; None without one."""
    is_same = (looks["subject_version"] == subject_version) & (looks["labels_hash"] == labels_hash)
    rows = looks.loc[is_same, ["look_id", "held_out_version", "look"]].to_dict("records")
    return Taken(**{str(name): value for name, value in rows[0].items()}) if rows else None


def retire(warehouse: Warehouse, target: str, origin: str, look_id: str, now: datetime) -> list[date]:
    """Move the set in use of `target` into calibration, for ever, and return the days whose labels were derived anew.

    Run again after a crash it finishes what was begun: groups that are retired already stay with their first set.
    """
    version = held_out_version(warehouse, target, origin)
    sessions = warehouse.query(_IN_SET, {"target": target, "origin": origin})
    groups = in_use(warehouse, sessions, target)
    mine = groups.loc[groups["session_id"].isin(sessions["session_id"]), ["group_id"]].drop_duplicates()
    rows = mine.assign(target=target, origin=origin, held_out_version=version, look_id=look_id, retired_at=now)
    if len(rows):
        warehouse.append(HeldoutRetirements, HeldoutRetirements.validate(rows[_columns(HeldoutRetirements)]))
    days = moved_days(warehouse)
    relabel(days, warehouse)
    return days


def in_use(warehouse: Warehouse, sessions: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the rows of `split.groups_of` that are held-out for `target` and not retired, labelled or not.

    Of `sessions` (`session_id`, `user_id`) and all that have fingerprints.
    """
    groups = known_groups(warehouse, sessions)
    used_up = retired_clusters(groups, retired_groups(warehouse))
    is_left = [(target, cluster) not in used_up for cluster in groups["cluster_id"]]
    return groups[(groups["label_set"] == "held_out") & pd.Series(is_left, index=groups.index, dtype="bool")]


def held_out_of(warehouse: Warehouse, session_ids: "pd.Series[str]", target: str) -> set[str]:
    """Return those of `session_ids` whose group is held-out for `target` and not retired, whatever set their label is in:
    an answer after the reveal is a calibration label, and its session is nobody's to learn from."""
    sessions = warehouse.read(RawSessions, columns=["session_id", "user_id"], session_ids=sorted(set(session_ids)))
    return set(session_ids) & set(in_use(warehouse, sessions, target)["session_id"])


def leaks_in(judge: Judge, warehouse: Warehouse) -> list[str]:
    """Return a sentence for each example of `judge` that gives away a held-out session; none: it may be measured.

    See `leaks`. Held-out is every session of a group that is held-out for the judge's question and not retired,
    labelled or not, of any origin.
    """
    named = sorted(judge.example_sessions)
    sources = warehouse.read(RawSessions, columns=["session_id", "user_id", "turns"], session_ids=named)
    groups = in_use(warehouse, sources, f"judge:{judge.name}")
    stored = warehouse.read(SessionFingerprints, columns=["session_id", "fingerprints"])
    held_out = groups[["session_id"]].merge(stored, on="session_id", how="left")
    marks = held_out["fingerprints"].map(lambda each: each if isinstance(each, list) else [])
    known = {name: fingerprints(turns) for name, turns in zip(sources["session_id"], sources["turns"], strict=True)}
    return leaks(judge, held_out.assign(fingerprints=marks), known)


def leaks(judge: Judge, held_out: pd.DataFrame, known: dict[str, list[str]]) -> list[str]:
    """Return a sentence for each example of `judge` that comes from a session in `held_out`, from a near-duplicate of one,
    or whose text is nearly the same as one.

    `held_out`: `session_id`, `fingerprints` (lists of str). `known`: fingerprints of the sessions that examples came from.
    """
    ids = set(held_out["session_id"])
    rows = zip(held_out["session_id"], held_out["fingerprints"], strict=True)
    owner = {mark: name for name, marks in rows for mark in marks}
    return list(_sentences(judge, ids, owner, known))


def _sentences(judge: Judge, ids: set[str], owner: dict[str, str], known: dict[str, list[str]]) -> Iterator[str]:
    for number, example in enumerate(judge.examples, start=1):
        marks = [*text_fingerprints(example.session), *known.get(example.origin, [])]
        if example.origin in ids:
            yield f"judge {judge.name}: example {number} comes from held-out session {example.origin}"
        elif twins := sorted({owner[mark] for mark in marks if mark in owner}):
            yield f"judge {judge.name}: example {number} ({example.origin}) is a near-duplicate of held-out session {twins[0]}"


def _columns(table: type[HeldoutLooks] | type[HeldoutRetirements]) -> list[str]:
    return list(table.to_schema().columns)
