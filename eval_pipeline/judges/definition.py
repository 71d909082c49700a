"""A judge: one question with its criteria, examples, view, model and parameters, read from `catalog/judges/NAME.yaml`.

Not here: when a question is one (`one_question.py`), how a judge is put into words (`rendering.py`), what is made of its
reply (`replies.py`), how it is asked (`asking/`).
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.contesting import CONTESTING_VERSION
from eval_pipeline.judges.one_question import why_a_degree, why_not_one
from eval_pipeline.judges.replies import PARSING_VERSION, Verdict
from eval_pipeline.judges.settling import SETTLING_VERSION
from eval_pipeline.tokens import TOKENS_VERSION
from eval_pipeline.versions import versioned

RENDERING_VERSION = "2"
"""Raise it whenever `rendering.py`, `views.py` or `exchanges.py` puts the same judge and session into other words (a test pins them)."""

_NOT_ASKED = {"declared_version", "owner", "description", "examples"}

REPLY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "critique": {"type": "string"},
        "verdict": {"type": "string", "enum": ["pass", "fail", "not_applicable"]},
    },
    "required": ["critique", "verdict"],
    "additionalProperties": False,
}
"""What a judge replies: the critique first, so that the verdict rests on it."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

OWN = "own"
"""Origin of an example that was written by hand. Any other origin is the id of a session."""


class Strict(BaseModel):
    """A value of a catalog file: frozen, without unknown fields; `version: 1` may be written as a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class View(Strict):
    """What of a session a judge sees.

    `transcript` is everything said. `last_exchange` is the last answer with the user's words that it answers.
    `answer_and_context` is what was said from the user's words on for which a tool last returned something, with all
    that tools returned until then. Tool calls are shown wherever the assistant's words are; tool results only on
    demand, but for those that are the context: the demand adds those that are errors or empty. The product's own
    system prompt is never shown.

    Beyond `max_tokens` estimated tokens of rendered session whole turns go, oldest or middle first, and a line says
    how many; a turn of more than half the budget loses its middle.
    """

    turns: Literal["last_exchange", "transcript", "answer_and_context"]
    with_tool_results: bool = False
    max_tokens: int = Field(default=6_000, ge=200, le=500_000)
    cut: Literal["drop_oldest", "drop_middle"] = "drop_middle"


class Parameters(Strict):
    """What is sent to the endpoint beside model and messages; null is not sent.

    `seed` is for the first repeat; each further one sends the next number, so that repeats are draws of their own.
    """

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None

    @model_validator(mode="after")
    def _limits_the_reply_once(self) -> Self:
        if self.max_tokens is not None and self.max_completion_tokens is not None:
            raise ValueError("`max_tokens` and `max_completion_tokens` both limit the reply: keep one of them")
        return self


class Example(Strict):
    """A worked verdict. `origin` is `own` for one written by hand, otherwise the id of the session that it came from."""

    session: Text
    critique: Text
    verdict: Verdict
    origin: Text


class Judge(Strict):
    """An LLM judge. `no_answer` is the verdict on a session without an answer, which no model is asked about."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    declared_version: str = Field(alias="version", pattern=r"^[A-Za-z0-9._-]{1,32}$")
    owner: Text
    description: str = ""
    question: Text
    passes: list[Text] = Field(alias="pass_when", min_length=1)
    fails: list[Text] = Field(alias="fail_when", min_length=1)
    not_applicable: list[Text] = Field(alias="not_applicable_when", default_factory=list)
    no_answer: Literal["fail", "not_applicable"] = "fail"
    examples: list[Example] = Field(default_factory=list)
    view: View
    model: Text
    parameters: Parameters = Parameters()

    @field_validator("question")
    @classmethod
    def _asks_one_thing(cls, question: str) -> str:
        if why := why_not_one(question):
            raise ValueError(why)
        return question

    @field_validator("passes", "fails", "not_applicable")
    @classmethod
    def _has_no_scale(cls, criteria: list[str]) -> list[str]:
        for why in filter(None, map(why_a_degree, criteria)):
            raise ValueError(why)
        return criteria

    @field_validator("examples")
    @classmethod
    def _shows_both_verdicts(cls, examples: list[Example]) -> list[Example]:
        if examples and not {"pass", "fail"} <= {example.verdict for example in examples}:
            raise ValueError("examples of one verdict alone lead the judge to it: show at least one pass and one fail")
        twice = [origin for origin, n in Counter(e.origin for e in examples if e.origin != OWN).items() if n > 1]
        if twice:
            raise ValueError(f"two examples come from session {twice[0]}: keep one")
        return examples

    @model_validator(mode="after")
    def _says_when_not_applicable(self) -> Self:
        if not self.not_applicable and any(example.verdict == "not_applicable" for example in self.examples):
            raise ValueError("an example is not_applicable, and `not_applicable_when` does not say when that is")
        return self

    @model_validator(mode="after")
    def _tells_the_verdicts_apart(self) -> Self:
        lists = (self.passes, self.fails, self.not_applicable)
        told = Counter(said for criteria in lists for said in {_bare(criterion) for criterion in criteria})
        if twice := [said for said, n in told.items() if n > 1]:
            raise ValueError(f"the criterion `{twice[0]}` stands under two verdicts: keep it under one")
        return self

    @property
    def example_sessions(self) -> frozenset[str]:
        """Ids of the sessions that examples came from: the judge is told their verdicts, so they measure nothing."""
        return frozenset(example.origin for example in self.examples) - {OWN}

    @property
    def asked_version(self) -> str:
        """The declared version plus a hash of all that the model is asked by.

        It stands in the prompt and in the key of a call, so that nothing else makes a call anew. Owner, description and
        the origins of examples are not among it: no model sees them.
        """
        decides = {
            "file": self.model_dump(exclude={*_NOT_ASKED, "no_answer"}, exclude_none=True),
            "examples": [[example.session, example.critique, example.verdict] for example in self.examples],
            "rendering": RENDERING_VERSION,
            "tokens": TOKENS_VERSION,
            "reply_schema": REPLY_SCHEMA,
        }
        return versioned(self.declared_version, decides)

    @property
    def version(self) -> str:
        """The declared version plus a hash of everything that decides a verdict.

        That is what the model is asked by, and what is made of sessions and replies without it.
        """
        decides = [self.asked_version, self.no_answer, SETTLING_VERSION, PARSING_VERSION, CONTESTING_VERSION]
        return versioned(self.declared_version, decides)

    def sent_parameters(self, repeat: int) -> dict[str, Any]:
        """Return the parameters that go to the endpoint for `repeat` (from 0)."""
        sent = self.parameters.model_dump(exclude_none=True)
        return {**sent, "seed": sent["seed"] + repeat} if "seed" in sent else sent


CANDIDATE = ".candidate"
"""`NAME.candidate.yaml` is a proposal for judge NAME: measured on request, never run in production."""


def load_candidate(folder: Path, name: str) -> Judge:
    """Return the candidate for the judge called `name`.

    Raises `SettingsError` when there is none, it is no judge, or bears another name.
    """
    path = folder / f"{name}{CANDIDATE}.yaml"
    if not path.is_file():
        raise SettingsError(f"{path} is missing", f"make it with `eval-pipeline judges suggest {name}`, or by hand")
    return _named(path, name)


def load_judges(folder: Path) -> list[Judge]:
    """Return the judges of `folder`, one a `*.yaml` file, by name; candidates (`load_candidate`) are left out.

    Raises `SettingsError`, naming file and field, when the folder is missing, a file is no judge or asks two things,
    a file's name is not the judge's, or a file ends in `.yml`.
    """
    if not folder.is_dir():
        raise SettingsError(f"{folder} is missing", "restore it, or point EVAL_PIPELINE_CATALOG at a full catalog")
    judges = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in (".yaml", ".yml"):
            continue
        if path.suffix != ".yaml":
            raise SettingsError(f"{path} is not read: a judge's file ends in .yaml", f"name the file {path.stem}.yaml")
        if not path.stem.endswith(CANDIDATE):
            judges.append(_named(path, path.stem))
    return judges


def _named(path: Path, name: str) -> Judge:
    judge = load_yaml(path, Judge)
    if judge.name != name:
        ending = path.name.removeprefix(name)
        raise SettingsError(f"{path}: the judge is named `{judge.name}`", f"name the file {judge.name}{ending}")
    return judge


def _bare(criterion: str) -> str:
    """Return `criterion` without what does not change its sense: case, spaces and the full stop."""
    return " ".join(criterion.casefold().split()).rstrip(".! ")
