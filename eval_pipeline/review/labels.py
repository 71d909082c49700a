"""From reviews to labels: one adjudicated label per session and target. Only people make labels.

The rules:
- *Latest answer counts*: per reviewer, session and target, the latest answer replaces the earlier ones. A target that
  a later review does not answer keeps its earlier answer (blind first, then the machine's words in a second review).
- *A repeat makes no label*: a session shown to the same person again tells how consistent he is, and nothing else.
- *Agreement settles*: those who are sure and agree settle the label; `unsure` abstains, and decides only when nobody
  is sure. Those who are sure and disagree leave the label null and `disputed`.
- *A lead decides*: the latest adjudication that answers the target settles it, whatever the reviewers said, also later.
  A lead who is unsure takes an earlier decision back: what was disputed is then `unsure`, what was agreed on stays.
- *Held-out is blind*: a label stands in the held-out set when its group does (`calibration/split.py`), was not used up
  for this target (`calibration/held_out.py`), AND the first answer to the target was blind; it then rests on its blind answers alone, so neither second thoughts after the reveal nor a lead who
  saw the machines' words move it. Any other label is in the calibration set. Later reviews never move a label from one
  set to the other; a near-duplicate session and a retired set move it into calibration, nothing ever moves it back.
- *Category*: the lead's, else the one that all reviewers who failed the target and named one agree on in today's terms
  (`taxonomy/terms.py`), in the words of the latest of them; null when they differ. A category that was split, and which no
  rule decides, agrees with its parts, and the part is the label's. `taxonomy_version` is that of these words.
- *Provenance*: `reviews_hash` names every review of the session with an answer (repeats apart), so that it shows when
  one is missing. `seconds` is the time of all reviews that answer the target and may count, each once.
- *Sampling*: arm, probability and design come from the first answer that carries a probability, else from the first
  with an arm: the draw that put the session before a person.

A judge's labels are of two kinds. Its question is asked blind in one of J sessions (J judges), chosen by a hash of the
session, which knows nothing of verdict or answer; after the reveal it is answered in all of them, and that answer stands
in the calibration set whatever the user's hash. Ratios of the held-out set stay unbiased: within a stratum and verdict, the
sessions asked blind are a simple random sample of those reviewed, whose probability 1/J is the same for all and cancels
(`calibration/traffic.py`); fewer labels only widen the interval. In the calibration set, every reviewed session of
its users is answered. Users of the other set bring it unblind labels as well; these enter raw counts, no weighted rate.

Not here: reading reviews from a file (`reviews_file.py`), agreement between reviewers, writing reviews (the app).
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from eval_pipeline.calibration.split import LabelSet, Retired, groups_of, retired_clusters
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.tables import HumanLabels
from eval_pipeline.taxonomy.terms import AS_THEY_STAND, Terms

ANSWERS = ("pass", "fail", "unsure")


@dataclass(frozen=True)
class _Answer:
    """One reviewer's answer to one target, with the review it was part of (nulls as None)."""

    value: str
    review: dict[str, Any]

    @property
    def order(self) -> tuple[pd.Timestamp, str]:
        return self.review["submitted_at"], self.review["review_id"]

    @property
    def is_blind(self) -> bool:
        return bool(self.review["is_blind"])

    @property
    def is_adjudication(self) -> bool:
        return bool(self.review["stage"] == "adjudication")


def split_known(reviews: pd.DataFrame, sessions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the reviews of `sessions`, and those of any other session: for a caller who reports them and goes on."""
    is_known = reviews["session_id"].isin(sessions["session_id"])
    return reviews[is_known].reset_index(drop=True), reviews[~is_known].reset_index(drop=True)


def derive_labels(
    day: dt.date,
    reviews: pd.DataFrame,
    sessions: pd.DataFrame,
    retired: Retired = frozenset(),
    groups: pd.DataFrame | None = None,
    terms: Terms = AS_THEY_STAND,
) -> pd.DataFrame:
    """Return the rows of `human_labels` for the sessions of `day`, ordered by session and target.

    `reviews`: rows of `tables.Reviews`, in any order; a review that stands twice counts once. `sessions`: the
    sessions of the day (`session_id`, `user_id`, `origin`), labelled or not. `retired`: targets and groups whose
    held-out labels were used up. `groups`: of `split.groups_of`, of these sessions and all they may be linked to;
    None: of these sessions alone, by user. `terms`: what categories of earlier taxonomies are called today.

    Raises `EvalPipelineError` when a review is of a session that is not in `sessions` (see `split_known`), or when an
    answer is none of pass, fail, unsure.
    """
    unknown = sorted(set(split_known(reviews, sessions)[1]["session_id"]))
    if unknown:
        raise EvalPipelineError(
            f"{len(unknown)} reviewed sessions are not among the sessions of {day}: {', '.join(unknown[:5])}",
            "take the sessions in again, or set these reviews aside with split_known and report them",
        )
    counting = reviews[~reviews["is_repeat"].astype("bool")].drop_duplicates("review_id")
    groups = groups_of(sessions[["session_id", "user_id"]]) if groups is None else groups
    used_up = retired_clusters(groups, retired)
    placed = sessions[["session_id", "origin"]].merge(groups, on="session_id", how="left", validate="one_to_one")
    known = {row["session_id"]: row for row in placed.to_dict("records")}
    hashes = _reviews_hashes(counting)
    rows = [
        {
            "session_day": day,
            "target": target,
            "reviews_hash": hashes[session_id],
            **_label(known[session_id], answers, (target, known[session_id]["cluster_id"]) in used_up, terms),
        }
        for (session_id, target), answers in sorted(_answers_by_target(counting).items())
    ]
    return HumanLabels.validate(pd.DataFrame(rows, columns=list(HumanLabels.to_schema().columns)))


def _reviews_hashes(reviews: pd.DataFrame) -> dict[str, str]:
    """Return per session the MD5 of the sorted ids of its reviews, as `md5(string_agg(...))` gives it in PostgreSQL."""
    answered = reviews[reviews["answers"].map(len) > 0]
    by_session = answered.groupby("session_id")["review_id"]
    return {
        str(key): hashlib.md5(",".join(sorted(ids)).encode(), usedforsecurity=False).hexdigest()
        for key, ids in by_session
    }


def _answers_by_target(reviews: pd.DataFrame) -> dict[tuple[str, str], list[_Answer]]:
    """Return all answers to each session and target, oldest first."""
    found: dict[tuple[str, str], list[_Answer]] = {}
    for raw in reviews.to_dict("records"):
        review: dict[str, Any] = {str(k): v if isinstance(v, dict) or pd.notna(v) else None for k, v in raw.items()}
        for target, value in review["answers"].items():
            if value not in ANSWERS:
                raise EvalPipelineError(
                    f"review {review['review_id']}: the answer to {target} is none of {', '.join(ANSWERS)}",
                    "remove that row from reviews: neither the app nor the import writes such an answer",
                )
            found.setdefault((review["session_id"], target), []).append(_Answer(value, review))
    return {key: sorted(answers, key=lambda answer: answer.order) for key, answers in found.items()}


def _label(session: dict[Any, Any], answers: Sequence[_Answer], is_used_up: bool, terms: Terms) -> dict[str, Any]:
    """Return the label that `answers` (oldest first) come to, without its day and target."""
    in_set: LabelSet = "calibration" if is_used_up or not answers[0].is_blind else session["label_set"]
    able = [answer for answer in answers if answer.is_blind or in_set == "calibration"]
    reviewed = _latest_per_reviewer([answer for answer in able if not answer.is_adjudication])
    lead = next((answer for answer in reversed(able) if answer.is_adjudication), None)
    counted = sorted([*reviewed, *([lead] if lead else [])], key=lambda answer: answer.order)
    label, status = _decided([answer.value for answer in reviewed], lead)
    named = _naming_the_category(reviewed, lead, terms) if label == "fail" else None
    return {
        "session_id": session["session_id"],
        "label": label,
        "status": status,
        "category": None if named is None else str(named["category"]),
        "label_set": in_set,
        "n_reviews": len(counted),
        "reviewers": sorted({answer.review["reviewer"] for answer in counted}),
        "is_blind": all(answer.is_blind for answer in counted),
        **_drawn([answer.review for answer in able]),
        "seconds": _seconds(able),
        **_latest_facts(counted[-1].review),
        **({} if named is None else {"taxonomy_version": named["taxonomy_version"]}),
        "origin": session["origin"],
        "is_adjudicated": lead is not None and lead.value != "unsure",
    }


def _decided(values: Sequence[str], lead: _Answer | None) -> tuple[str | None, str]:
    """Return label and status of a target that reviewers answered with `values` and a lead decided, or did not."""
    if lead is not None and lead.value != "unsure":
        return lead.value, "settled"
    label, status = adjudicate(values)
    # The lead has looked and cannot tell either: it is no longer his to decide.
    return (label, "unsure") if lead is not None and status == "disputed" else (label, status)


def adjudicate(values: Iterable[str]) -> tuple[str | None, str]:
    """Return label and status for what the reviewers answered (one answer each)."""
    sure = {value for value in values if value != "unsure"}
    if not sure:
        return None, "unsure"
    return (sure.pop(), "settled") if len(sure) == 1 else (None, "disputed")


def _latest_per_reviewer(answers: Sequence[_Answer]) -> list[_Answer]:
    latest = {answer.review["reviewer"]: answer for answer in answers}
    return sorted(latest.values(), key=lambda answer: answer.order)


def _naming_the_category(reviewed: Sequence[_Answer], lead: _Answer | None, terms: Terms) -> dict[str, Any] | None:
    """Return the review whose category is the label's; None where there is none, or reviewers differ."""
    if lead is not None and lead.value == "fail" and lead.review["category"] is not None:
        return lead.review
    named = [a.review for a in reviewed if a.value == "fail" and a.review["category"] is not None]
    meant = [terms.may_be(*(str(r[name]) for name in ("session_id", "taxonomy_version", "category"))) for r in named]
    if not meant or not frozenset.intersection(*meant):
        return None
    narrowest = min(map(len, meant))
    narrow = [review for review, names in zip(named, meant, strict=True) if len(names) == narrowest]
    return narrow[-1]


def _drawn(reviews: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return arm, probability and design of the first review with a probability, else of the first with an arm."""
    with_probability = [r for r in reviews if r["inclusion_probability"] is not None]
    with_arm = [r for r in reviews if r["arm"] is not None]
    drawn: dict[str, Any] = next(iter(with_probability or with_arm), {})
    return {name: drawn.get(name) for name in ("arm", "inclusion_probability", "design_id")}


def _seconds(answers: Sequence[_Answer]) -> float | None:
    given = [answer.review["seconds"] for answer in answers if answer.review["seconds"] is not None]
    return sum(given) if given else None


def _latest_facts(review: dict[str, Any]) -> dict[str, Any]:
    return {
        "labelled_at": review["submitted_at"],
        "taxonomy_version": review["taxonomy_version"],
        "redaction_version": review["redaction_version"],
    }
