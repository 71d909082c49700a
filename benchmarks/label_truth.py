"""What a labelled file says of its sessions and turns: which failed. Positive = a failure.

The rules (`RULES`) are printed with every report. Spellings are read leniently: files of many hands come here.
Not here: reading files (`labelled_sessions.py`), what signals say (`signal_scores.py`).
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import pandas as pd

RULES = """\
Truth. A session failed if its recorded outcome says so (success or pass false, failure true, a failing word, reward
under 1). Where no outcome does, by each metric of its session labels; where there are only turn labels, if its mean
share of breakdown (of raters where their counts are given, else of turns) is above the file's median. A turn is positive
if its majority label is X or another failing word. People's labels go before a program's, these before a judge's; the
majority of equals counts, a tie is no truth. A number or yes/no is a failure if it is low (no), except where the metric
is named for a fault (breakdown, error, frustration, ...): then if it is high; the border is the middle of its range.
Intervals take sessions and turns as independent; turns of one dialogue, or one task done again, are not, and there they
are too narrow."""

GOOD_NAMES = ("success", "is_success", "succeeded", "successful", "pass", "passed", "is_passed", "resolved",
              "is_resolved", "solved", "task_success", "completed", "correct", "ok")  # fmt: skip
BAD_NAMES = ("failure", "is_failure", "failed", "is_failed", "fail", "has_failed", "breakdown")
WORD_NAMES = ("result", "status", "verdict", "outcome", "value", "label")
FAULTS = re.compile(
    r"breakdown|fail|error|frustrat|problem|issue|\bbad|harm|toxic|hallucinat|incorrect|wrong|refus|abandon|dissatisf"
    r"|unsatisf|unresolved|escalat|violat|complain|defect|misunderst"
)
BAD_WORDS = frozenset(("x", "n", "no", "b", "f", "false", "negative", "poor", "unsafe", "incomplete", "unhelpful",
                       "unsuccessful", "rejected", "broken", "not_ok", "not_resolved", "not_satisfied"))  # fmt: skip
GOOD_WORDS = frozenset(("o", "y", "yes", "ok", "true", "good", "success", "successful", "succeeded", "pass", "passed",
                        "correct", "resolved", "solved", "complete", "completed", "positive", "satisfied"))  # fmt: skip
NO_ANSWER = frozenset(("", "null", "unsure", "unknown", "na", "n/a", "not_applicable", "skip", "skipped", "nan"))

Level = Literal["session", "turn"]
Key = tuple[int, int]
"""Number of the session, and index of the turn (-1: the session)."""


@dataclass(frozen=True)
class Truth:
    """Which failed, by one metric. `is_failure`: of those that have a truth; `rule`: how, where it is no plain label."""

    metric: str
    level: Level
    is_failure: Mapping[Key, bool]
    rule: str = ""


@dataclass(frozen=True)
class _Label:
    rank: int
    """Of the rater: 0 a person or unnamed, 1 a program, 2 a judge."""
    value: Any
    share: float | None
    """Of the raters that say failure, where their counts are given."""


def truths_of(sessions: pd.DataFrame, metrics: Iterable[str] = ()) -> list[Truth]:
    """Return every truth that the file holds, by `RULES`; with `metrics`, of these alone (`outcome` is one).

    `sessions`: `Labelled.sessions`. A metric that says the same as the outcome wherever both are known is left out.
    """
    recorded = ((n, outcome_failed(outcome)) for n, outcome in enumerate(sessions["outcome"]))
    outcome = Truth("outcome", "session", {(n, -1): failed for n, failed in recorded if failed is not None})
    by_session, by_turn = _labels(sessions["recorded_labels"])
    found = [outcome] if outcome.is_failure else []
    for metric, labels in sorted(by_session.items()):
        truth = Truth(metric, "session", _majorities(metric, labels))
        known = [key for key in truth.is_failure if key in outcome.is_failure]
        is_same = known and all(truth.is_failure[key] == outcome.is_failure[key] for key in known)
        if truth.is_failure and not (is_same and len(known) == len(truth.is_failure)):
            found.append(truth)
    turns = [(Truth(metric, "turn", _majorities(metric, labels)), labels) for metric, labels in sorted(by_turn.items())]
    if not found:
        found = [_above_median(truth, labels) for truth, labels in turns]
    wanted = set(metrics)
    every = [*found, *(truth for truth, _ in turns if truth.is_failure)]
    return [truth for truth in every if not wanted or truth.metric in wanted]


def outcome_failed(outcome: Mapping[str, Any] | None) -> bool | None:
    """Return whether a recorded outcome says failure; None where it says nothing of it."""
    fields = {str(name).lower(): _plain(value) for name, value in (outcome or {}).items()}
    for names, metric in ((GOOD_NAMES, "success"), (BAD_NAMES, "failure")):
        said = (value_failed(fields.get(name), metric) for name in names)
        failed = next((answer for answer in said if answer is not None), None)
        if failed is not None:
            return failed
    for name in WORD_NAMES:
        value = fields.get(name)
        if not isinstance(value, str) or value in GOOD_WORDS or value in BAD_WORDS or is_fault_word(value):
            failed = value_failed(value, "success")
            if failed is not None:
                return failed
    reward = fields.get("reward")
    return reward < 1 if isinstance(reward, float) else None


def value_failed(value: Any, metric: str, middle: float = 0.5) -> bool | None:
    """Return whether a label of `metric` says failure; numbers by which side of `middle` they are, None for no answer.

    A word that is known neither as failing nor as no answer says that there is none.
    """
    is_fault = FAULTS.search(metric.lower()) is not None
    value = _plain(value)
    if isinstance(value, bool):
        return value == is_fault
    if isinstance(value, float):
        return value > middle if is_fault else value < middle
    if value is None or value in NO_ANSWER:
        return None
    if value == "none":
        return False if is_fault else None
    return value in BAD_WORDS or is_fault_word(value)


def is_fault_word(word: str) -> bool:
    """Return whether a word names a fault (`failed`, `frustrated`), and does not deny it (`no_error`)."""
    return FAULTS.search(word) is not None and not word.startswith(("no_", "not_", "non_"))


def _plain(value: Any) -> bool | float | str | None:
    """Return a label's value as yes or no, as a number, or as a lower-case word; None for anything else."""
    if isinstance(value, str):
        word = value.strip().lower().replace(" ", "_").replace("-", "_")
        if word in ("true", "false", "yes", "no"):
            return word in ("true", "yes")
        return float(word) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", word) else word
    if isinstance(value, bool):
        return value
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


Labels = dict[Key, list[_Label]]


def _labels(recorded: Iterable[Any]) -> tuple[dict[str, Labels], dict[str, Labels]]:
    """Return the labels by metric, those of sessions and those of turns."""
    by_session: dict[str, Labels] = defaultdict(lambda: defaultdict(list))
    by_turn: dict[str, Labels] = defaultdict(lambda: defaultdict(list))
    for number, labels in enumerate(recorded):
        for label in labels if isinstance(labels, list) else []:
            turn = turn_of(label.get("target", "session"))
            if turn is not None:
                metric = str(label.get("metric") or "label")
                (by_session if turn < 0 else by_turn)[metric][number, turn].append(_label(label, metric))
    return by_session, by_turn


def turn_of(target: Any) -> int | None:
    """Return the index that a label's target names, -1 for the whole session, None for anything else."""
    text = str(target).strip().lower()
    if text in ("session", "conversation", "dialogue", "dialog"):
        return -1
    match = re.fullmatch(r"turns?\W*(\d{1,9})", text)
    return int(match.group(1)) if match else None


def _label(label: Mapping[str, Any], metric: str) -> _Label:
    rater = str(label.get("rater") or "").lower()
    rank = 2 if rater.startswith(("judge", "llm", "model")) else 1 if rater.startswith("program") else 0
    counts = label.get("dist")
    known = {word: n for word, n in counts.items() if isinstance(n, int | float)} if isinstance(counts, dict) else {}
    if not sum(known.values()) > 0:
        return _Label(rank, label.get("value"), None)
    bad = sum(n for word, n in known.items() if value_failed(word, metric))
    value = label.get("value", max(known, key=lambda word: known[word]))
    return _Label(rank, value, bad / sum(known.values()))


def _majorities(metric: str, labels: Labels) -> dict[Key, bool]:
    middle = _middle(labels)
    found = {}
    for key, given in labels.items():
        failed = _majority(metric, given, middle)
        if failed is not None:
            found[key] = failed
    return found


def _majority(metric: str, given: list[_Label], middle: float) -> bool | None:
    first = min(label.rank for label in given)
    says = Counter(value_failed(label.value, metric, middle) for label in given if label.rank == first)
    return None if says[True] == says[False] else says[True] > says[False]


def _middle(labels: Labels) -> float:
    """Return the middle of the range of a metric's numbers; 0.5 where there are none but 0 and 1."""
    plain = {_plain(label.value) for given in labels.values() for label in given}
    numbers = {value for value in plain if isinstance(value, float)}
    return 0.5 if numbers <= {0.0, 1.0} else (min(numbers) + max(numbers)) / 2


def _above_median(turns: Truth, labels: Labels) -> Truth:
    shares: dict[int, list[float]] = defaultdict(list)
    for key, failed in turns.is_failure.items():
        given = [label.share for label in labels[key] if label.share is not None]
        shares[key[0]].append(sum(given) / len(given) if given else float(failed))
    means = {number: sum(values) / len(values) for number, values in shares.items()}
    border = median(means.values()) if means else 0.0
    is_failure = {(n, -1): mean > border for n, mean in means.items()}
    return Truth(turns.metric, "session", is_failure, f"mean share above the file's median, {border:.3f}")
