"""A judge: one question with its criteria, examples, view, model and parameters, read from `catalog/judges/NAME.yaml`.

Not here: how a judge is put into words (`rendering.py`), what is made of its reply (`replies.py`), how it is asked
(`asking.py`).
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.replies import PARSING_VERSION, Verdict
from eval_pipeline.judges.settling import SETTLING_VERSION
from eval_pipeline.versions import versioned

RENDERING_VERSION = "1"
"""Raise it whenever `rendering.py` or `views.py` puts the same judge and session into other words (a test pins them)."""

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

_JOINED = re.compile(r"\band\b|&|\bas well as\b|\bplus\b|;", re.IGNORECASE)
_SCALE = re.compile(
    r"\bscale\b|\b(?:rate|score)\b|\bhow (?:much|many|well|good|bad)\b|\bout of \d+"
    r"|\b[01]\s*(?:to|-|\u2013|through)\s*(?:3|4|5|7|10|100)\b|\b\d+\s*(?:stars|points)\b",
    re.IGNORECASE,
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class View(_Strict):
    """What of a session a judge sees.

    `last_exchange` is the last answer with the user's words that it answers; `transcript` is everything said. Tool
    calls are always shown, tool results on demand; the product's own system prompt never. Beyond `max_chars`
    characters of rendered data whole turns go, oldest or middle first, and a line says how many.
    """

    turns: Literal["last_exchange", "transcript"]
    with_tool_results: bool = False
    max_chars: int = Field(default=24_000, ge=500, le=2_000_000)
    cut: Literal["drop_oldest", "drop_middle"] = "drop_middle"


class Parameters(_Strict):
    """What is sent to the endpoint beside model and messages; null is not sent.

    `seed` is for the first repeat; each further one sends the next number, so that repeats are draws of their own.
    """

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    reasoning_effort: str | None = None


class Example(_Strict):
    """A worked verdict. `origin` is `own` for one written by hand, otherwise the id of the calibration session."""

    session: Text
    critique: Text
    verdict: Verdict
    origin: Text


class Judge(_Strict):
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
        if question.count("?") != 1 or not question.endswith("?"):
            raise ValueError("a judge asks one question: write one sentence that ends with the only question mark")
        if joined := _JOINED.search(question):
            raise ValueError(f"`{joined[0]}` joins two things in one question: write a judge for each")
        return question

    @field_validator("question", "passes", "fails")
    @classmethod
    def _has_no_scale(cls, value: str | list[str]) -> str | list[str]:
        for text in [value] if isinstance(value, str) else value:
            if scale := _SCALE.search(text):
                raise ValueError(
                    f"`{scale[0]}` asks for a degree: a judge says pass or fail, so state where fail begins"
                )
        return value

    @property
    def version(self) -> str:
        """The declared version plus a hash of everything that decides a verdict: all but owner and description."""
        decides = {
            "file": self.model_dump(exclude={"declared_version", "owner", "description"}),
            "rendering": RENDERING_VERSION,
            "settling": SETTLING_VERSION,
            "parsing": PARSING_VERSION,
            "reply_schema": REPLY_SCHEMA,
        }
        return versioned(self.declared_version, decides)

    def sent_parameters(self, repeat: int) -> dict[str, Any]:
        """Return the parameters that go to the endpoint for `repeat` (from 0)."""
        sent = self.parameters.model_dump(exclude_none=True)
        return {**sent, "seed": sent["seed"] + repeat} if "seed" in sent else sent


def load_judges(folder: Path) -> list[Judge]:
    """Return the judges of `folder`, one a `*.yaml` file, by name.

    Raises `SettingsError` when the folder is missing, a file is not a judge or asks two things, or a file's name
    is not the judge's.
    """
    if not folder.is_dir():
        raise SettingsError(f"{folder} is missing", "restore it, or point EVAL_PIPELINE_CATALOG at a full catalog")
    judges = []
    for path in sorted(folder.glob("*.yaml")):
        judge = load_yaml(path, Judge)
        if judge.name != path.stem:
            raise SettingsError(f"{path}: the judge is named `{judge.name}`", f"name the file {judge.name}.yaml")
        judges.append(judge)
    return judges
