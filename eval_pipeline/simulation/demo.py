"""The demo's part of the command line: simulated people answer the queue, and known truth stands beside estimates."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from eval_pipeline.judges.definition import load_judges
from eval_pipeline.ports import Warehouse
from eval_pipeline.report import Section, with_rate
from eval_pipeline.simulation.reviewers import REVIEWERS, Reviewer, simulate_reviews
from eval_pipeline.simulation.truth import DEMO_SEED, known_truth
from eval_pipeline.tables import FlaggedSessions, HumanLabels, JudgeVerdicts, RawSessions, Reviews, SessionSignals
from eval_pipeline.taxonomy.categories import load_taxonomy


def simulate_queue_reviews(
    warehouse: Warehouse, catalog: Path, before: date | None = None, reviewers: Sequence[Reviewer] = REVIEWERS
) -> int:
    """Have the simulated reviewers answer queued simulated sessions; return how many reviews are new.

    `before`: only sessions of earlier days, None for all. What people have reviewed is theirs, and left alone. The simulation
    knows the shipped taxonomy: a category that the catalog's no longer has is not named.
    """
    queue = _queued(warehouse)
    theirs = warehouse.read(Reviews, columns=["session_id", "source"], session_ids=queue["session_id"])
    is_free = ~queue["session_id"].isin(theirs.loc[theirs["source"] != "simulation", "session_id"])
    queue = queue[is_free & (queue["session_day"] < (before or date.max))].reset_index(drop=True)
    sessions = warehouse.read(RawSessions, session_ids=queue["session_id"])
    taxonomy = load_taxonomy(catalog / "taxonomy.yaml")
    reviews = simulate_reviews(
        queue,
        sessions,
        [judge.name for judge in load_judges(catalog / "judges")],
        DEMO_SEED,
        taxonomy.version,
        _redaction_version(sessions),
        reviewers,
    )
    named = reviews["category"].where(reviews["category"].isin(taxonomy.ids))
    return warehouse.append(Reviews, reviews.assign(category=named))


def newest_queued_day(warehouse: Warehouse) -> date | None:
    """Return the newest day of which simulated sessions are queued: the one left to the person at the screen."""
    days = _queued(warehouse)["session_day"]
    return max(days) if len(days) else None


def _queued(warehouse: Warehouse) -> pd.DataFrame:
    queue = warehouse.read(FlaggedSessions)
    return queue[queue["origin"] == "simulated"].reset_index(drop=True)


def _redaction_version(sessions: pd.DataFrame) -> str:
    return str(sessions["redaction_version"].max()) if len(sessions) else ""


def known_truth_section(warehouse: Warehouse) -> Iterator[Section]:
    """Yield what the simulation knows beside what the system estimates; nothing when no session is simulated."""
    sessions = warehouse.read(RawSessions, columns=["session_id", "turns", "origin", "is_closed"])
    sessions = sessions[(sessions["origin"] == "simulated") & sessions["is_closed"]].reset_index(drop=True)
    if sessions.empty:
        return
    truth = known_truth(sessions, DEMO_SEED).set_index("session_id")
    rows = [*_judges(warehouse, truth), *_signals(warehouse, truth), *_labels(warehouse, truth)]
    frame = pd.DataFrame(rows, columns=["what", "failures", "caught", "good", "passed"])
    frame = with_rate(frame, "caught", frame["failures"], "true tpr")
    frame = with_rate(frame, "passed", frame["good"], "true tnr")
    share = float(np.mean(truth["is_failure"].to_numpy(dtype="float64")))
    note = f"only a simulation knows this: {share:.1%} of {len(truth)} sessions truly failed; compare with Calibration"
    yield Section("Known truth of the simulation, over all its sessions", frame, note)


Row = tuple[str, int, int, int, int]


def _judges(warehouse: Warehouse, truth: pd.DataFrame) -> Iterator[Row]:
    verdicts = warehouse.read(JudgeVerdicts, columns=["session_id", "judge", "repeat", "verdict"])
    verdicts = verdicts[(verdicts["repeat"] == 0) & verdicts["session_id"].isin(truth.index)]
    for judge, group in verdicts.groupby("judge", sort=True):
        answers = truth["answers"].map(lambda answer, target=f"judge:{judge}": answer.get(target))
        is_bad = answers.reindex(group["session_id"]).to_numpy() == "fail"
        yield _row(f"judge {judge}", is_bad, group["verdict"].to_numpy())


def _signals(warehouse: Warehouse, truth: pd.DataFrame) -> Iterator[Row]:
    fired = warehouse.read(SessionSignals, columns=["session_id", "outcome"])
    fired = fired[fired["session_id"].isin(truth.index)]
    any_fired = fired["outcome"].eq("fired").groupby(fired["session_id"]).any()
    is_bad = truth["is_failure"].reindex(any_fired.index).to_numpy(dtype="bool")
    yield _row("any signal fired", is_bad, np.where(any_fired, "fail", "pass"))


def _labels(warehouse: Warehouse, truth: pd.DataFrame) -> Iterator[Row]:
    labels = warehouse.read(HumanLabels, columns=["session_id", "target", "label"])
    labels = labels[(labels["target"] == "session") & labels["session_id"].isin(truth.index) & labels["label"].notna()]
    is_bad = truth["is_failure"].reindex(labels["session_id"]).to_numpy(dtype="bool")
    yield _row("reviewers (queued sessions)", is_bad, labels["label"].to_numpy())


def _row(name: str, is_bad: np.ndarray, said: np.ndarray) -> Row:
    decided = np.isin(said, ["pass", "fail"])
    bad, good = is_bad & decided, ~is_bad & decided
    return (
        name,
        int(bad.sum()),
        int((bad & (said == "fail")).sum()),
        int(good.sum()),
        int((good & (said == "pass")).sum()),
    )
