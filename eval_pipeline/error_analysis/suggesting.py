"""A name and a definition for a proposed kind: from a model where one is configured, else from the kind's own terms.

The model is the classifier's, asked as judges and classifiers are: through the ledger, within the budget. What it says is
a suggestion to a person, who edits it. Transcripts stand between delimiters that no text can write; of a reply that does
not fit nothing is taken. Not here: what a person makes of it (`deciding.py`).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval_pipeline.classifiers.definition import Classifier
from eval_pipeline.error_analysis.proposing import Kind
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.definition import View
from eval_pipeline.judges.rendering import RULES, Messages, data_message
from eval_pipeline.judges.replies import storable
from eval_pipeline.judges.views import escaped_json
from eval_pipeline.ports import Attempt, JudgeModel, JudgeRequest
from eval_pipeline.taxonomy.categories import Taxonomy
from eval_pipeline.versions import content_hash

PROMPT_VERSION = "1"
BY_TERMS = "terms"
SUBJECT = "error_analysis"
MOST_SHOWN = 3
"""Example sessions that the model is shown."""

_VIEW = View(turns="transcript", with_tool_results=True, max_tokens=3_000)
_TASK = """\
You are shown sessions between users and an assistant that failed in a way that no category of a closed taxonomy describes. \
Suggest one new category for what they have in common: an id, a title and a definition of one sentence that says what the \
assistant does wrong. Describe the behaviour, not the customers or their requests. A person will decide on it."""
_REPLY = """\
Reply
One JSON object and nothing else, with these three fields:
{"id": "small_letters_and_underscores", "title": "two to five words", "definition": "one sentence"}"""

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "title", "definition")},
    "required": ["id", "title", "definition"],
    "additionalProperties": False,
}


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)
    title: str = Field(min_length=3, max_length=80)
    definition: str = Field(min_length=10, max_length=500)


class Suggestion(NamedTuple):
    """Suggested words, and who suggests them: `terms`, or the model's name."""

    suggested_id: str
    suggested_title: str
    suggested_definition: str
    suggested_by: str


def suggestions(
    kinds: Mapping[str, Kind],
    turns_of: Mapping[str, Sequence[Mapping[str, Any]]],
    taxonomy: Taxonomy,
    classifier: Classifier,
    model: JudgeModel | None,
    asker: Asks,
) -> dict[str, Suggestion]:
    """Return a suggestion for each of `kinds`; `turns_of`: the turns of their examples.

    From terms where the catalog names no model, none is configured or a simulation answers; where the call could not be
    made, which is counted in `asker.left_undone`; and where the reply does not fit or names a category that is there.
    """
    if classifier.model is None or model is None or model.is_simulated:
        return {name: by_terms(kind, taxonomy) for name, kind in kinds.items()}
    requests = {name: _request(kind, turns_of, taxonomy, classifier, classifier.model) for name, kind in kinds.items()}
    attempts = asker.ask(iter(requests.values()), model)
    found = {}
    for name, kind in kinds.items():
        attempt = attempts.get(requests[name].call_key)
        if attempt is not None and not attempt.is_reply:
            asker.left_undone[attempt.status, SUBJECT] += 1
        said = None if attempt is None else read_suggestion(attempt, taxonomy, classifier.model)
        found[name] = said or by_terms(kind, taxonomy)
    return found


def read_suggestion(attempt: Attempt, taxonomy: Taxonomy, model: str) -> Suggestion | None:
    """Return what a reply suggests; None unless it is one JSON object of the asked form with an id that is free."""
    try:
        said = _Reply.model_validate(orjson.loads(attempt.reply or ""))
    except (ValueError, ValidationError):
        return None
    if not attempt.is_reply or said.id in taxonomy.ids:
        return None
    return Suggestion(said.id, storable(said.title), storable(said.definition), model)


def by_terms(kind: Kind, taxonomy: Taxonomy) -> Suggestion:
    """Return words made of the kind's terms alone: honest rather than good, for a person to replace."""
    told = [term.removeprefix("tool error: ") for term in kind.terms]
    plain = unicodedata.normalize("NFKD", "_".join(told[:2])).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:48]
    if not re.match(r"[a-z]", name) or name in taxonomy.ids:
        name = f"kind_{content_hash(kind.terms, 8)}"
    quoted = ", ".join(f'"{term}"' for term in told[:5])
    definition = f"Failed sessions that no category explains, and that have these words in common: {quoted}."
    return Suggestion(name, f"Unnamed: {', '.join(told[:3])}"[:80], definition, BY_TERMS)


def _request(
    kind: Kind,
    turns_of: Mapping[str, Sequence[Mapping[str, Any]]],
    taxonomy: Taxonomy,
    classifier: Classifier,
    model: str,
) -> JudgeRequest:
    version = content_hash([PROMPT_VERSION, taxonomy.version], 12)
    messages: Messages = tuple(_messages(kind, turns_of, taxonomy, version))
    parameters = classifier.parameters.model_dump(exclude_none=True)
    deciding = {"subject": SUBJECT, "model": model, "parameters": parameters, "messages": messages}
    return JudgeRequest(content_hash(deciding, 32), model, messages, parameters, _SCHEMA)


def _messages(
    kind: Kind, turns_of: Mapping[str, Sequence[Mapping[str, Any]]], taxonomy: Taxonomy, version: str
) -> Iterator[Mapping[str, str]]:
    there = "\n".join(f"- {category.id}: {category.definition}" for category in taxonomy.categories)
    terms = f"Words that tell these sessions from other failures, as data\n{escaped_json(kind.terms)}"
    system = "\n\n".join([_TASK, f"Categories that there are, and that do not fit\n{there}", terms, RULES, _REPLY])
    yield {"role": "system", "content": system}
    for session in kind.examples[:MOST_SHOWN]:
        if session in turns_of:
            yield data_message(_VIEW, version, turns_of[session])
