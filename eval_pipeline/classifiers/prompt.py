"""The words in which a model is asked for a category: the closed taxonomy, then the session as data.

The session stands between delimiters that no text can write, as in a judge's prompt. Not here: rules (`run.py`).
"""

from collections.abc import Mapping
from typing import Any

from eval_pipeline.classifiers.definition import ABSTAIN, Classifier
from eval_pipeline.judges.rendering import RULES, Messages, data_message
from eval_pipeline.ports import JudgeRequest
from eval_pipeline.taxonomy.categories import Category, Taxonomy
from eval_pipeline.versions import content_hash

_TASK = (
    "You look at one session between a user and an assistant that is believed to have failed, and say which one category "
    "of a closed list the failure belongs to."
)


def reply_schema(taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the schema of a reply: the reasons first, so that the category rests on them."""
    return {
        "type": "object",
        "properties": {
            "critique": {"type": "string"},
            "category": {"type": "string", "enum": [*taxonomy.ids, ABSTAIN]},
        },
        "required": ["critique", "category"],
        "additionalProperties": False,
    }


def request_of(
    classifier: Classifier, taxonomy: Taxonomy, session_row: Mapping[str, Any], answered_by: str
) -> JudgeRequest:
    """Return the call that asks for the category of a session (a row of `raw_sessions`, of which `turns` is read).

    `answered_by` is the classifier's model, or the name of a simulation: part of the key, as with a judge.
    """
    version = classifier.asked_version(taxonomy)
    messages: Messages = (
        {"role": "system", "content": _system(classifier, taxonomy, version)},
        data_message(classifier.view, version, session_row["turns"]),
    )
    parameters = classifier.parameters.model_dump(exclude_none=True)
    deciding = {"classifier_version": version, "model": answered_by, "parameters": parameters, "messages": messages}
    key = content_hash(deciding, 32)
    model = classifier.model or answered_by
    return JudgeRequest(key, model, messages, parameters, reply_schema(taxonomy), session_row.get("session_day"))


def _system(classifier: Classifier, taxonomy: Taxonomy, version: str) -> str:
    words = ", ".join([*taxonomy.ids, ABSTAIN])
    parts = [
        # The first line is a contract: the simulated endpoint knows the classifier by it.
        f'You are the classifier "{classifier.name}", version {version}.\n{_TASK}',
        "\n\n".join(map(_described, taxonomy.categories)),
        f"When several fit\n{taxonomy.tie_rule}",
        f"{ABSTAIN}, when\n- nothing in the session went wrong\n- what went wrong fits none of the categories",
        RULES,
        "Reply\nOne JSON object and nothing else, with these two fields in this order:\n"
        '{"critique": "two or three sentences that name the turn that went wrong first", "category": "..."}\n'
        f"`category` is exactly one of {words}.",
    ]
    return "\n\n".join(parts)


def _described(category: Category) -> str:
    includes = [f"- is: {text}" for text in category.includes]
    excludes = [f"- is not: {text}" for text in category.excludes]
    return "\n".join([f"{category.id}\n{category.definition}", *includes, *excludes])
