"""What a label's category comes to, step by step over any number of migrations; a split is decided by its rules.

Each label ends in exactly one of these: a category of the taxonomy in force; split, and no rule decides; retired without a
successor. The view `current_categories` says the same of a category, which knows no rules. Not here: reading labels and
storing what became of them (`planning.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eval_pipeline.taxonomy.applying import Kind, Step
from eval_pipeline.taxonomy.changes import UNRESOLVED
from eval_pipeline.taxonomy.patterns import found_in_any

State = Literal["same", "renamed", "merged", "retired", "split"]
_ORDER: tuple[State, ...] = ("same", "renamed", "merged", "retired", "split")

Steps = Mapping[tuple[str, str], tuple[str, Step]]
"""By version and category: the next version, and what becomes of the category in it."""


@dataclass(frozen=True)
class Evidence:
    """What the rules of a split look at: notes of the reviewers who gave the category, and verdicts that fail."""

    notes: Sequence[str] = ()
    fails: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Standing:
    """What a category has come to at `version`: its name there, or None; `state` is the greatest change on the way, or the
    one that led to None; `rule`: of a split that was decided, the rule in words."""

    version: str
    category: str | None
    state: State = "same"
    rule: str | None = None


NOTHING_KNOWN = Evidence()


def carried(start: Standing, steps: Steps, evidence: Evidence = NOTHING_KNOWN) -> Standing:
    """Return what `start` comes to where `steps` end. Without evidence a split is decided by its `otherwise` alone."""
    now = start
    while now.category is not None and (now.version, now.category) in steps:
        version, step = steps[now.version, now.category]
        now = _after(now, version, step, evidence)
    return now


def carried_without_rules(start: Standing, steps: Steps) -> Standing:
    """Return what a category comes to for whoever knows no label: a split ends it."""
    now = start
    while now.category is not None and (now.version, now.category) in steps:
        version, step = steps[now.version, now.category]
        is_end = step.kind == "split"
        now = Standing(version, None, "split") if is_end else _after(now, version, step, NOTHING_KNOWN)
    return now


def _after(now: Standing, version: str, step: Step, evidence: Evidence) -> Standing:
    if step.kind == "split":
        into, why = decided(step.rule or {}, evidence)
        return Standing(version, into, "split", why)
    if step.to_category is None:
        return Standing(version, None, "retired", now.rule)
    return Standing(version, step.to_category, max(now.state, _state(step.kind), key=_ORDER.index), now.rule)


def decided(rule: Mapping[str, Any], evidence: Evidence) -> tuple[str | None, str]:
    """Return the part of a split that its rules choose, None for no part, and the rule that did in words."""
    for each in rule["relabel"]:
        when = each["when"]
        if "fails" in when and when["fails"] in evidence.fails:
            return each["into"], f"{when['fails']} fails"
        if "note" in when and found_in_any(when["note"], evidence.notes):
            return each["into"], f"the note matches {when['note']}"
    return (None, "no rule decides") if rule["otherwise"] == UNRESOLVED else (rule["otherwise"], "otherwise")


def _state(kind: Kind) -> State:
    return "same" if kind in ("same", "reworded") else kind  # type: ignore[return-value]
