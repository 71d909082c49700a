"""What a label's category comes to, step by step over any number of migrations; a split is decided by its rules.

Each label ends in exactly one of these: a category of the taxonomy in force; split, and no rule decides; retired without a
successor. The view `current_categories` says the same of a category, which knows no rules. Not here: reading labels and
storing what became of them (`planning.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    one that led to None; `rule`: of a split that was decided, the rule in words. `is_by_machine`: on the way a verdict decided,
    so that the name is no person's word: it counts in trends, and is held against no machine."""

    version: str
    category: str | None
    state: State = "same"
    rule: str | None = None
    is_by_machine: bool = False


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
        into, why, is_by_machine = decided(step.rule or {}, evidence)
        return Standing(version, into, "split", why, now.is_by_machine or is_by_machine)
    if step.to_category is None:
        return replace(now, version=version, category=None, state="retired")
    state = max(now.state, _state(step.kind), key=_ORDER.index)
    return replace(now, version=version, category=step.to_category, state=state)


def may_be(version: str, category: str, steps: Steps) -> frozenset[str]:
    """Return every name that a category of `version` may have where `steps` end: of a split, all its parts; none if retired."""
    if (version, category) not in steps:
        return frozenset({category})
    next_version, step = steps[version, category]
    return frozenset().union(*(may_be(next_version, name, steps) for name in step.becomes))


def decided(rule: Mapping[str, Any], evidence: Evidence) -> tuple[str | None, str, bool]:
    """Return the part of a split that its rules choose, None for no part; the rule that did in words; whether by a verdict."""
    for each in rule["relabel"]:
        when = each["when"]
        if "fails" in when and when["fails"] in evidence.fails:
            return each["into"], f"{when['fails']} fails", True
        if "note" in when and found_in_any(when["note"], evidence.notes):
            return each["into"], f"the note matches {when['note']}", False
    if rule["otherwise"] == UNRESOLVED:
        return None, "no rule decides", False
    return rule["otherwise"], "otherwise", False


def _state(kind: Kind) -> State:
    return "same" if kind in ("same", "reworded") else kind  # type: ignore[return-value]
