"""The split of labelled sessions into calibration (to iterate on) and held-out (to measure on), by hash of the group.

A group is what must not be torn apart, as its sessions resemble each other: all sessions of one user (a session alone
where the user is not known). Groups with near-duplicate sessions (`near_duplicates.py`) are linked into a cluster, which
stays together too: it is held-out only if each of its groups is by itself. So the answer depends on the set of sessions
and the salt alone, whatever their order and the machine; without near-duplicates it depends on the group alone; and more
sessions may take a cluster out of the held-out set, never put one in.

Not here: which labels may stand in the held-out set (`review/labels.py`), which of it was used up (`held_out.py`).
"""

from collections.abc import Iterable
from typing import Any, Literal

import pandas as pd

from eval_pipeline.versions import unit_hash

LabelSet = Literal["calibration", "held_out"]

SPLIT_SALT = "label-split-1"
"""Never change it: every group would be dealt anew, and held-out sessions would have been seen."""

GROUP_COLUMNS = ["session_id", "group_id", "cluster_id", "label_set"]

Retired = frozenset[tuple[str, str]]
"""Targets and groups (or clusters) whose held-out labels about the target were used up."""


def group_of(user_id: Any, session_id: str) -> str:
    """Return the group of a session: its user's pseudonym, or the session itself when the user is not known (None, NaN, "")."""
    return f"session:{session_id}" if pd.isna(user_id) or not user_id else f"user:{user_id}"


def label_set(group: str, held_out_share: float = 0.5) -> LabelSet:
    """Return the set that `group` belongs to by itself.

    A larger `held_out_share` only moves groups from calibration to held-out, never the other way.
    """
    return "held_out" if unit_hash(SPLIT_SALT, group) < held_out_share else "calibration"


def groups_of(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return the group, cluster and set of each session (`GROUP_COLUMNS`), in the order given.

    `sessions`: `session_id`, `user_id` and, where near-duplicates are to be kept together, `fingerprints` (lists of str),
    of all sessions that may be linked. `cluster_id`: the first of its groups by name.
    """
    pairs = zip(sessions["user_id"], sessions["session_id"], strict=True)
    groups = [group_of(user, session) for user, session in pairs]
    clusters = _clusters(groups, sessions.get("fingerprints", []))
    torn = {cluster for group, cluster in clusters.items() if label_set(group) == "calibration"}
    cluster_ids = [clusters[group] for group in groups]
    sets = ["calibration" if cluster in torn else "held_out" for cluster in cluster_ids]
    columns = {"session_id": sessions["session_id"], "group_id": groups, "cluster_id": cluster_ids, "label_set": sets}
    return pd.DataFrame(columns, columns=GROUP_COLUMNS, index=sessions.index).astype("str").reset_index(drop=True)


def retired_clusters(groups: pd.DataFrame, retired: Retired) -> Retired:
    """Return target and cluster of each pair of target and group: what holds of a group holds of all it is linked to.

    `groups`: of `groups_of`. A group without a session there is its own cluster.
    """
    clusters = dict(zip(groups["group_id"], groups["cluster_id"], strict=True)) if retired else {}
    return frozenset((target, clusters.get(group, group)) for target, group in retired)


def _clusters(groups: list[str], fingerprints: Iterable[list[str]]) -> dict[str, str]:
    """Return the cluster of each group: union-find over shared fingerprints, the first name being the root."""
    parents = {group: group for group in groups}

    def root(group: str) -> str:
        while parents[group] != group:
            parents[group] = group = parents[parents[group]]
        return group

    seen: dict[str, str] = {}
    for group, marks in zip(groups, fingerprints, strict=False):
        for mark in marks:
            first, second = sorted((root(seen.setdefault(mark, group)), root(group)))
            parents[second] = first
    return {group: root(group) for group in parents}
