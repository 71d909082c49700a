"""Grouping sessions by what they say: TF-IDF vectors and average-linkage clusters under a cosine distance.

The weight of a term in a session is (1 + ln tf) * (ln((1 + n) / (1 + df)) + 1), the vector scaled to length 1 (Salton and
Buckley 1988, as scikit-learn has it). Two groups are merged while the mean cosine distance between their sessions is under
`MAX_DISTANCE` (UPGMA, Sokal and Michener 1958). Nothing is drawn: the same sessions give the same groups in any order.
Clustering knows nothing of days: that keeps the comparison in time honest (`growth.py`).
Not here: which groups matter (`proposing.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.versions import unit_hash

MAX_DISTANCE = 0.85
MIN_SESSIONS = 5
"""Smaller groups are no kind yet; five is also how many examples a proposal shows."""

MAX_CLUSTERED = 3_000
"""Sessions that are clustered, drawn by hash beyond that; the others join the group they resemble."""

FEW_SESSIONS = 20
"""A term of no more sessions is kept, however few failed in all."""

N_FINGERPRINT = 40
"""Terms of a centre that are kept to know a kind again."""

Matrix = NDArray[np.float64]
Fingerprint = Mapping[str, float]


@dataclass(frozen=True)
class Space:
    """Sessions as rows of unit vectors (sparse) over `vocabulary`, in the order of `session_ids`."""

    session_ids: Sequence[str]
    vectors: Any
    vocabulary: NDArray[np.object_]

    def centre(self, rows: NDArray[np.int64]) -> Matrix:
        """Return the mean of the vectors of `rows`, scaled to length 1."""
        mean = np.asarray(self.vectors[rows].mean(axis=0)).ravel()
        length = float(np.linalg.norm(mean))
        return mean / length if length else mean


def space_of(session_ids: Sequence[str], terms: Sequence[Sequence[str]]) -> Space | None:
    """Return the sessions as vectors; None when no term stands in two of them.

    Terms of more than half of all sessions are left out, as they tell nothing apart; of few sessions one kind may be half.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    most = max(len(terms) // 2, FEW_SESSIONS)
    vectorizer = TfidfVectorizer(analyzer=list, min_df=2, max_df=most, sublinear_tf=True)
    try:
        vectors = vectorizer.fit_transform(terms)
    except ValueError:
        return None
    return Space(session_ids, vectors.tocsr(), vectorizer.get_feature_names_out())


def grouped(space: Space, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the groups of at least `MIN_SESSIONS` among `rows` (positions in `space`), the largest first."""
    rows = rows[np.asarray(space.vectors[rows].getnnz(axis=1)) > 0]
    order = sorted(rows.tolist(), key=lambda row: (unit_hash("clustered", space.session_ids[row]), row))
    drawn, others = np.array(order[:MAX_CLUSTERED], dtype="int64"), np.array(order[MAX_CLUSTERED:], dtype="int64")
    if len(drawn) < MIN_SESSIONS:
        return []
    groups = [drawn[np.flatnonzero(labels)] for labels in _cluster_masks(space.vectors[drawn])]
    groups = [group for group in groups if len(group) >= MIN_SESSIONS]
    if len(others) and groups:
        groups = _joined(space, groups, others)
    return sorted((np.sort(group) for group in groups), key=lambda g: (-len(g), space.session_ids[g[0]]))


def _cluster_masks(vectors: Any) -> list[NDArray[np.bool_]]:
    from sklearn.cluster import AgglomerativeClustering

    distances = 1 - np.clip((vectors @ vectors.T).toarray(), 0, 1)
    np.fill_diagonal(distances, 0)
    found = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=MAX_DISTANCE
    ).fit_predict(distances)
    return [found == label for label in range(found.max() + 1)]


def _joined(space: Space, groups: list[NDArray[np.int64]], others: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return `groups` with those of `others` whose mean distance to one of them is small enough; the nearest takes it."""
    means = np.vstack([np.asarray(space.vectors[group].mean(axis=0)).ravel() for group in groups])
    likeness = np.asarray(space.vectors[others] @ means.T)
    nearest = likeness.argmax(axis=1)
    is_near = 1 - likeness.max(axis=1) < MAX_DISTANCE
    return [np.concatenate([group, others[is_near & (nearest == i)]]) for i, group in enumerate(groups)]


def fingerprint(space: Space, centre: Matrix) -> dict[str, float]:
    """Return the heaviest terms of a centre with their weights, as a vector of length 1."""
    top = sorted(np.flatnonzero(centre), key=lambda i: (-centre[i], space.vocabulary[i]))[:N_FINGERPRINT]
    length = float(np.linalg.norm(centre[top])) or 1.0
    return {str(space.vocabulary[i]): round(float(centre[i]) / length, 6) for i in top}


def likeness(one: Fingerprint, other: Fingerprint) -> float:
    """Return the cosine of two fingerprints, in [0, 1]."""
    shared = sum(weight * other[term] for term, weight in one.items() if term in other)
    lengths = float(np.linalg.norm([*one.values()])) * float(np.linalg.norm([*other.values()]))
    return min(shared / lengths, 1.0) if lengths else 0.0


def telling_terms(space: Space, group: NDArray[np.int64], n: int = 8) -> list[str]:
    """Return the `n` terms of the group whose mean weight is furthest above that in all sessions, most telling first."""
    mean = np.asarray(space.vectors[group].mean(axis=0)).ravel()
    apart = mean - np.asarray(space.vectors.mean(axis=0)).ravel()
    order = sorted(np.flatnonzero(mean), key=lambda i: (-apart[i], space.vocabulary[i]))
    return [str(space.vocabulary[i]) for i in order[:n]]


def typical(space: Space, group: NDArray[np.int64], centre: Matrix, n: int = 5) -> list[str]:
    """Return the ids of the `n` sessions nearest to the centre, the nearest first."""
    near = np.asarray(space.vectors[group] @ centre).ravel()
    order = sorted(range(len(group)), key=lambda i: (-round(float(near[i]), 9), space.session_ids[int(group[i])]))
    return [space.session_ids[int(group[i])] for i in order[:n]]


def category_centres(space: Space, categories: pd.Series) -> dict[str, Matrix]:
    """Return the centre of the sessions of each category; `categories` by position in `space`, null for none."""
    rows = categories[categories.notna()].groupby(categories).groups
    return {str(name): space.centre(np.asarray(found, dtype="int64")) for name, found in sorted(rows.items())}
