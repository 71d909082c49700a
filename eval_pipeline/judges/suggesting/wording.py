"""Criteria proposed in people's own words: what keeps coming back in their notes on sessions that the judge got wrong.

Not here: whether the wording helps. That is measured (`comparing.py`), and an author may well say it better.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from eval_pipeline.judges.definition import Judge
from eval_pipeline.judges.one_question import why_a_degree
from eval_pipeline.judges.suggesting.pool import false_alarms, missed

MAX_LINES = 2
"""Proposals for each list of criteria."""

LINE_CHARS = 200
"""A longer note is no criterion."""

MIN_GROUPS = 2
"""A term counts when it stands in notes about this many users or more."""

_TERM = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True)
class Proposal:
    """A criterion for `fail_when` or `pass_when`: a note as a person wrote it, and the term it was taken for."""

    criteria: str
    text: str
    term: str
    n_groups: int
    session_id: str


def proposals(judge: Judge, pool: pd.DataFrame) -> list[Proposal]:
    """Return at most `MAX_LINES` lines for `fail_when`, from notes on missed failures, and for `pass_when`, from notes on
    false alarms.

    A term is a word of four letters or more in the notes of at least `MIN_GROUPS` users. It scores the share of these
    sessions whose notes hold it, less that share among all other sessions with notes; only a positive score counts. For
    each term, best first, the shortest note that holds it is quoted.
    """
    taken = {" ".join(line.casefold().split()).rstrip(".! ") for line in _criteria(judge)}
    found: list[Proposal] = []
    for criteria, wrong in (("fail_when", missed(pool)), ("pass_when", false_alarms(pool))):
        found += _lines(criteria, _notes(wrong), _notes(pool.drop(wrong.index)), taken)
    return found


def _criteria(judge: Judge) -> list[str]:
    return [*judge.passes, *judge.fails, *judge.not_applicable]


def _notes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per note: session_id, group_id, note, terms."""
    parts = rows.assign(note=rows["note"].str.split(" | ", regex=False)).explode("note")
    parts["note"] = parts["note"].fillna("").map(lambda note: " ".join(str(note).split()))
    parts = parts[parts["note"] != ""]
    terms = [sorted(set(_TERM.findall(note.casefold()))) for note in parts["note"]]
    return parts[["session_id", "group_id", "note"]].assign(terms=pd.Series(terms, index=parts.index, dtype="object"))


def _lines(criteria: str, wrong: pd.DataFrame, others: pd.DataFrame, taken: set[str]) -> Iterator[Proposal]:
    n_lines = 0
    for term, n_groups in _terms(wrong, others):
        holding = wrong[[term in terms for terms in wrong["terms"]]]
        holding = holding.assign(length=holding["note"].str.len()).sort_values(["length", "note", "session_id"])
        for note, session_id in zip(holding["note"], holding["session_id"], strict=True):
            bare = note.casefold().rstrip(".! ")
            if len(note) <= LINE_CHARS and bare not in taken and why_a_degree(note) is None:
                taken.add(bare)
                yield Proposal(criteria, note, term, n_groups, session_id)
                n_lines += 1
                break
        if n_lines == MAX_LINES:
            return


def _terms(wrong: pd.DataFrame, others: pd.DataFrame) -> list[tuple[str, int]]:
    """Return each term that counts with the number of groups whose notes hold it, best score first, then by name."""
    inside, outside = _shares(wrong), _shares(others)
    groups = wrong.explode("terms").groupby("terms")["group_id"].nunique()
    scores = {str(term): inside[term] - outside.get(term, 0.0) for term in groups.index if groups[term] >= MIN_GROUPS}
    best = sorted((term for term in scores if scores[term] > 0), key=lambda term: (-scores[term], term))
    return [(term, int(groups[term])) for term in best]


def _shares(notes: pd.DataFrame) -> dict[str, float]:
    n = notes["session_id"].nunique()
    counts = notes.explode("terms").groupby("terms")["session_id"].nunique()
    return {str(term): count / n for term, count in counts.items()}
