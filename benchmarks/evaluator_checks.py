"""The eight checks of the benchmark of evaluators: their parameters, and ours with these parameters.

The peers get the same parameters as JSON. Not here: the texts, the measuring.
"""

from typing import Any

from eval_pipeline.evaluators.checks import (
    LAST_ANSWER,
    Check,
    Evaluator,
    all_of,
    at,
    contains_none,
    has_length,
    has_number,
    is_valid_json,
    matches,
    matches_none,
    satisfies_schema,
)
from eval_pipeline.evaluators.leaves.text_checks import ends_with, starts_with
from eval_pipeline.evaluators.views import Text

PARAMETERS: dict[str, Any] = {
    "schema": {
        "title": "answer",
        "type": "object",
        "required": ["answer", "order", "status", "amount", "currency", "items"],
        "additionalProperties": False,
        "properties": {
            "answer": {"type": "string", "minLength": 1, "maxLength": 2000},
            "order": {"type": "string", "pattern": "^ORD-[0-9]{6}$"},
            "status": {"enum": ["shipped", "delivered", "returned", "refunded", "waiting"]},
            "amount": {"type": "number", "minimum": 0},
            "currency": {"enum": ["EUR", "GBP", "USD"]},
            "items": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["sku", "quantity"],
                    "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}},
                },
            },
        },
    },
    "pattern": "ORD-[0-9]{6}",
    "forbidden": ["as an ai language model", "i guarantee", "contact the manufacturer", "lorem ipsum", "legal advice"],
    "length": [250, 560],
    "ends": ['{"', "}"],
    "number": {"key": "amount", "at_least": 0, "at_most": 500},
    "bad_citation": "\\[(?!doc-[0-9]{1,4}\\])[A-Za-z#:. -]{0,20}[0-9]{1,6}\\]",
}
"""What the checks ask. Prefix and suffix are one check; the number must be there; no reference may look otherwise."""


def our_checks() -> dict[str, Check[Text]]:
    """Return the eight checks by name, in the order in which the peers run them."""
    prefix, suffix = PARAMETERS["ends"]
    number = PARAMETERS["number"]
    shortest, longest = PARAMETERS["length"]
    place = at(f"/{number['key']}")
    return {
        "valid_json": is_valid_json(),
        "json_schema": satisfies_schema(PARAMETERS["schema"]),
        "regex": matches(PARAMETERS["pattern"]),
        "forbidden_phrases": contains_none(*PARAMETERS["forbidden"]),
        "length": has_length(shortest, longest),
        "prefix_and_suffix": all_of(
            starts_with(prefix, ignore_case=False),
            ends_with(suffix, ignore_case=False),
        ),
        "number": has_number(place, at_least=number["at_least"], at_most=number["at_most"], is_required=True),
        "citation_format": matches_none(PARAMETERS["bad_citation"]),
    }


def our_evaluators() -> list[Evaluator]:
    """Return the checks as evaluators of the last answer."""
    return [Evaluator(name, LAST_ANSWER, check, f"the answer passes {name}") for name, check in our_checks().items()]
