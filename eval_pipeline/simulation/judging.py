"""What the simulated judges say: the truth, spoilt by known error rates.

Positive = a failure. Not here: the protocol they are asked over (`judge_endpoint.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from eval_pipeline.simulation.cases import last_case
from eval_pipeline.simulation.draws import Draws
from eval_pipeline.simulation.novel import MODES
from eval_pipeline.simulation.truth import TONE, Truth, truth
from eval_pipeline.versions import unit_hash

_INTRODUCTION = re.compile(r'You are the judge "([^"]+)"(?:, version ([^+\s]+))?')


@dataclass(frozen=True)
class JudgeSkill:
    """How good a judge is: `tpr` is the share of true failures that it fails, `tnr` of true passes that it passes.

    Most errors are tied to the session and come back with every repeat; on `unstable_share` of the sessions each
    repeat (told apart by the request's `seed`) errs anew. Both rates hold whatever the share.
    """

    tpr: float
    tnr: float
    unstable_share: float = 0.1


JUDGE_SKILLS: Mapping[str, JudgeSkill] = {
    "relevance": JudgeSkill(tpr=0.92, tnr=0.97),
    "completeness": JudgeSkill(tpr=0.85, tnr=0.95),
    "faithfulness": JudgeSkill(tpr=0.88, tnr=0.94),
    "usefulness": JudgeSkill(tpr=0.82, tnr=0.93),
    "tone": JudgeSkill(tpr=0.9, tnr=0.98),
}
"""The known skill of each simulated judge, by name. The declared version NAME@VERSION may have a skill of its own."""

FINDINGS = {
    "wrong_answer": "The assistant answers something else than what the user asked for.",
    "incomplete_answer": "The assistant deals with one part of the request and never with the other.",
    "tool_error_ignored": "The tool reported an error, yet the assistant confirms the result.",
    "refusal": "The assistant turns down a request that it is there to serve.",
    "truncated": "The answer breaks off in the middle of a word.",
    "loop": "The assistant repeats the same look-up and never gets to an answer.",
}


RUDENESS = "As it looks the order up, the assistant talks down to the user."

_DOUBTS = {
    "relevance": "It is not clear to me that the assistant answers what the user asked for.",
    "completeness": "It is not clear to me that the assistant does all that the user asked for.",
    "faithfulness": "I do not find everything that the assistant claims in what the tools returned.",
    "usefulness": "I do not see what the user gains from this answer.",
    "tone": "The assistant is rather short with the user here.",
}
"""What each judge says when it fails a session wrongly."""


@dataclass(frozen=True)
class JudgeReply:
    """A judge's reply, in the order in which it is given."""

    critique: str
    verdict: Literal["pass", "fail", "not_applicable"]


def judge_name(system_message: str) -> str | None:
    """Return the name in the first line of a judge's system message, or None if it introduces no judge."""
    match = _INTRODUCTION.match(system_message)
    return match.group(1) if match else None


def judge_reply(
    system_message: str,
    user_message: str,
    repeat: str,
    seed: int,
    skills: Mapping[str, JudgeSkill] = JUDGE_SKILLS,
) -> JudgeReply:
    """Return what the judge of `system_message` says of the session in `user_message`: the same for the same request.

    `not_applicable` when no judge is introduced, the judge's question is not one with a known truth, or the session
    shows no case number.
    """
    name, case = judge_name(system_message), last_case(user_message)
    skill = _skill(system_message, skills)
    if name is None or skill is None:
        return JudgeReply("The simulation has no judge for this question.", "not_applicable")
    if case is None:
        return JudgeReply("The session shows no case number, so the simulation knows nothing of it.", "not_applicable")
    known = truth(case, seed)
    answer = known.answers.get(f"judge:{name}")
    if answer is None:
        return JudgeReply("The simulation knows no truth for this question.", "not_applicable")
    return _say(known, name, case, answer == "fail", _errs(skill, answer, name, case, repeat, seed))


def _skill(system_message: str, skills: Mapping[str, JudgeSkill]) -> JudgeSkill | None:
    """Return how good the introduced judge is: its declared version, or else whatever bears its name."""
    match = _INTRODUCTION.match(system_message)
    if match is None:
        return None
    return skills.get(f"{match.group(1)}@{match.group(2)}", skills.get(match.group(1)))


def _errs(skill: JudgeSkill, answer: str, name: str, case: str, repeat: str, seed: int) -> bool:
    parts = (str(seed), case, name)
    is_unstable = unit_hash("judge is unstable", *parts) < skill.unstable_share
    draw = unit_hash("judge errs", *parts, repeat) if is_unstable else unit_hash("judge errs", *parts)
    return draw >= (skill.tpr if answer == "fail" else skill.tnr)


def _say(known: Truth, name: str, case: str, is_failed: bool, errs: bool) -> JudgeReply:
    if is_failed == errs:
        return JudgeReply("I see nothing in the session that a criterion for fail would meet.", "pass")
    if errs:
        return JudgeReply(_DOUBTS[name], "fail")
    if f"judge:{name}" == TONE or not known.is_failure:
        return JudgeReply(RUDENESS, "fail")
    return JudgeReply(f"Turn {known.first_bad_turn}: {_finding(known, case)}", "fail")


def _finding(known: Truth, case: str) -> str:
    if known.planted is not None:
        return Draws("finding", case).pick(MODES[known.planted].findings)
    return FINDINGS[str(known.category)]
