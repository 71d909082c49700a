"""Filling the cells that no operator can fill by a model, with named real sessions as ground: rows of `synthetic_sessions`.

Only where the catalog names a model. The call goes the way of a judge's: ledger first, within the budget, one at a time
for each key. What comes back is data: read by a strict form, redacted, validated, and held against the cell it was
asked for. Not here: the words (`prompt.py`), the operators (`making.py`).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval_pipeline.coverage.facts import dimensions_of
from eval_pipeline.coverage.policy import NONE
from eval_pipeline.intake import SessionRedactor
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.replies import storable
from eval_pipeline.judges.run import UNANSWERED
from eval_pipeline.ports import Attempt, JudgeModel, JudgeRequest
from eval_pipeline.sessions import ToolCall, Turn
from eval_pipeline.synthetic.making import Filling, Ground, Made, judged
from eval_pipeline.synthetic.prompt import prompt_version, request_for
from eval_pipeline.synthetic.rows import Maker, Row, Target, Turns, made_row, stored_turns, surface_of

BY_MODEL = "by_model"
N_SEEDS = 3
"""Real sessions shown to the model."""

MAX_TURNS = 200

ModelOf = Callable[[str], JudgeModel | None]
"""Origin of the ground in, the endpoint that answers for it out."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Turn(_Strict):
    role: Literal["user", "assistant", "tool"]
    content: str
    tool_name: str | None
    tool_arguments: str | None


class _Reply(_Strict):
    turns: list[_Turn] = Field(min_length=1, max_length=MAX_TURNS)


class _Wish(NamedTuple):
    """A call and what it is for."""

    target: Target
    seeds: Sequence[Row]
    request: JudgeRequest


@dataclass(frozen=True)
class Writer:
    """What the model is asked with. `meanings`: what each category and adversarial kind means, in words."""

    model_of: ModelOf
    asker: Asks
    redactor: SessionRedactor
    meanings: Mapping[str, str]


def fill_by_model(targets: Sequence[Target], ground: Ground, writer: Writer, filling: Filling) -> None:
    """Ask the catalog's model for what `targets` still want, as far as the run's budget goes, into `filling`.

    Does nothing without a model in the catalog or an endpoint; a simulated one writes no sessions. A reply that is no
    session of the cell is kept with its reason and fills nothing; a call that was not answered is counted in
    `asker.left_undone`, and gives no row.
    """
    if ground.policy.synthetic.model is None:
        return
    for origin in sorted({target.origin for target in targets}):
        model = writer.model_of(origin)
        if model is None or model.is_simulated:
            continue
        of_origin = [target for target in targets if target.origin == origin]
        wishes = list(_wishes(of_origin, ground, writer.meanings, filling.n_left))
        attempts = writer.asker.ask([wish.request for wish in wishes], model)
        for wish in wishes:
            attempt = attempts.get(wish.request.call_key)
            if attempt is None or attempt in UNANSWERED:
                writer.asker.left_undone[(attempt.status if attempt else "not_asked", BY_MODEL)] += 1
            elif attempt.is_reply:
                filling.add(_made_of(attempt, wish, ground, writer.redactor))


def _wishes(targets: Sequence[Target], ground: Ground, meanings: Mapping[str, str], n: int) -> Iterator[_Wish]:
    """Yield at most `n` calls: the first for every cell, then the second, and so on."""
    policy = ground.policy.synthetic
    seeds: dict[int, list[Row]] = {}
    most = max((target.n_wanted for target in targets), default=0)
    turns = [(number, i) for number in range(most) for i, target in enumerate(targets) if number < target.n_wanted]
    for number, i in turns[:n]:
        if i not in seeds:
            seeds[i] = ground.seeds(targets[i], N_SEEDS)
        if seeds[i]:
            request = request_for(targets[i], seeds[i], number, ground.day, policy, meanings)
            yield _Wish(targets[i], seeds[i], request)


def _made_of(attempt: Attempt, wish: _Wish, ground: Ground, redactor: SessionRedactor) -> Made:
    policy = ground.policy.synthetic
    maker = Maker(BY_MODEL, prompt_version(policy), f"model:{policy.model}", wish.request.call_key)
    turns, why = read_session(attempt)
    said = _redacted(turns, redactor)
    target, first = wish.target, wish.seeds[0]
    category, adversarial = target.values.get("category", NONE), target.values.get("adversarial", NONE)
    stands = (surface_of(target, first), said, first["meta"], category, adversarial)
    dimensions = dimensions_of(*stands, ground.policy)
    made = made_row(ground.day, target, maker, wish.seeds, said, dimensions)
    made["note"] = f"Written by a model after {len(wish.seeds)} real sessions."
    made["expectations"] = []
    why = why or _why_elsewhere(target, dimensions)
    return {**made, "is_valid": False, "invalid_because": why} if why else judged(made, ground.evaluators)


def read_session(attempt: Attempt) -> tuple[list[Turn], str | None]:
    """Return the turns that a reply holds, or none and the reason: it was cut, has another form, or its calls and results
    do not go together."""
    if (attempt.finish_reason or "stop") != "stop":
        return [], f"the reply did not come to its end: {attempt.finish_reason}"
    try:
        reply = _Reply.model_validate_json(storable(attempt.reply or ""))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return (
            [],
            f"the reply is not of the form asked for: {'.'.join(map(str, first['loc'])) or 'text'}: {first['msg']}",
        )
    turns, waiting = [], list[str]()
    for index, told in enumerate(reply.turns):
        if told.role == "tool" and not waiting:
            return [], f"turn {index} is the result of no call"
        if told.tool_name is not None and told.role != "assistant":
            return [], f"turn {index} calls a tool and is not the assistant's"
        turns.append(_turn(index, told, waiting))
    return turns, None


def _turn(index: int, told: _Turn, waiting: list[str]) -> Turn:
    """Return one turn; `waiting` are the ids of calls without a result, of which a result takes the first."""
    if told.role == "tool":
        return Turn(role="tool", content=told.content, tool_call_id=waiting.pop(0))
    if told.tool_name is None:
        return Turn(role=told.role, content=told.content)
    waiting.append(f"call_{index}")
    call = ToolCall(id=waiting[-1], name=told.tool_name, arguments=_arguments(told.tool_arguments))
    return Turn(role="assistant", content=told.content, tool_calls=[call])


def _arguments(text: str | None) -> Any:
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return text


def _redacted(turns: Sequence[Turn], redactor: SessionRedactor) -> Turns:
    """Return the turns without personal data: a model may write an address that somebody has."""
    if not turns:
        return []
    fields = {"session_id": BY_MODEL, "turns": stored_turns(turns)}
    redacted: Turns = redactor.redact_session(fields).fields["turns"]
    return redacted


def _why_elsewhere(target: Target, dimensions: Mapping[str, str]) -> str | None:
    """Return which property the session has not that was asked for; the category and the kind are taken at their word."""
    wrong = [
        f"{name} is {dimensions[name]}, not {value}"
        for name, value in target.values.items()
        if dimensions[name] != value
    ]
    return f"not of the cell asked for: {', '.join(wrong)}" if wrong else None
