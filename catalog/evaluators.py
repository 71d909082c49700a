"""The deterministic evaluators of this deployment: the one file to edit.

`EVALUATORS` is what runs. An evaluator looks at pieces of a session (`looks_at`) and asks a check of each; the words
to build checks from are listed in `eval_pipeline/evaluators/checks.py`. Give a new one a test in `tests/catalog/`.
"""

from eval_pipeline.evaluators.checks import (
    ANSWERS,
    ASSISTANT_TURNS,
    CONVERSATION,
    SESSION,
    TOOL_CALLS,
    Evaluator,
    all_of,
    any_of,
    breaks_off,
    calls_tool,
    contains_any,
    contains_none,
    error_not_told_as_success,
    has_length,
    in_words,
    is_from,
    is_json_object,
    last,
    matches,
    not_,
    repeats_call,
    shows_machinery,
    shows_no_secret,
    when,
)

ASKS = r"\?|\b(?:please|can you|could you|would you|will you|i need|i want|i would like|bitte|können sie|kannst du|ich möchte)\b"
SAYS_GOODBYE = (
    "thank",
    "bye",
    "have a great",
    "have a good",
    "have a nice",
    "that's all",
    "that\u2019s all",
    "that is all",
    "nothing else",
    "never mind",
    "danke",
    "tschüs",
    "auf wiedersehen",
)

LEFT_WITHOUT_ANSWER = in_words(
    "is a request of the user that got no answer",
    all_of(
        is_from("user"),
        matches(ASKS, ignore_case=True),
        any_of(contains_any("?"), contains_none(*SAYS_GOODBYE)),
    ),
)

EVALUATORS = [
    Evaluator(
        name="tool_arguments_are_objects",
        description="Every tool call has a JSON object as its arguments, not broken or bare text.",
        looks_at=TOOL_CALLS,
        check=is_json_object(),
    ),
    Evaluator(
        name="no_unanswered_user",
        description="The session does not end on a question or request of the user that nobody answered.",
        looks_at=SESSION,
        check=last(CONVERSATION, not_(LEFT_WITHOUT_ANSWER)),
    ),
    Evaluator(
        name="tool_errors_not_told_as_success",
        description="After a tool call has failed, the reply does not claim success without a word of the failure.",
        looks_at=TOOL_CALLS,
        check=error_not_told_as_success(),
    ),
    Evaluator(
        name="no_tool_call_loop",
        description="No tool call is made three times with the same arguments and the same result.",
        looks_at=SESSION,
        check=not_(repeats_call(times=3)),
    ),
    Evaluator(
        name="answer_not_empty_or_cut",
        description="A turn without tool calls says something, and does not break off in the middle.",
        looks_at=ASSISTANT_TURNS,
        check=when(not_(calls_tool()), all_of(has_length(at_least=1), not_(breaks_off()))),
    ),
    Evaluator(
        name="no_machinery_or_secret_in_answer",
        description="No answer shows a secret, a raw tool call, raw JSON, template mark-up or a stack trace.",
        looks_at=ANSWERS,
        check=all_of(shows_no_secret(), not_(shows_machinery())),
    ),
]
