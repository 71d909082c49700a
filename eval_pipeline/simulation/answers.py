"""The answer of a simulated session, good or failed in one of the ways of `truth.MODE_SHARES`.

Not here: which of them is due (`truth.py`), what the customer makes of it (`reactions.py`).
"""

from functools import lru_cache

from eval_pipeline.simulation.conversation import Conversation
from eval_pipeline.simulation.script import Topic

RECOVERED_ERROR_SHARE = 0.05
"""Share of good sessions in which a tool failed and the assistant tried again with success."""

WRONG_FORMS = {"wrong_topic": 0.65, "wrong_item": 0.35}
"""A wrong answer is about another request, or about a product that the customer did not name."""

TRUNCATED_FORMS = {"cut": 0.6, "empty": 0.25, "garbled": 0.15}
"""A truncated answer breaks off within a word, is empty, or is no language at all."""

PUT_OFF_SHARE = 0.2
"""Share of incomplete answers that promise the missing part for later."""

TOOL_ERRORS = (
    '{"error": "upstream timeout", "code": 504}',
    '{"error": "order service unavailable", "code": 503}',
    '{"error": "record is locked by another process", "code": 423}',
    "Error: request timed out after 30 s",
    '{"status": "error", "message": "internal server error"}',
    '{"success": false, "reason": "connection refused"}',
    "HTTP 502 Bad Gateway",
    '{"error": {"type": "rate_limit", "message": "too many requests, retry after 20 s"}}',
    'Traceback (most recent call last):\n  File "orders.py", line 88, in fetch\nConnectionError: database unreachable',
    '{"errors": [{"code": "E1042", "detail": "validation failed: field region is missing"}]}',
)
"""What a failing tool returns."""


def answer_well(talk: Conversation, lead: str) -> None:
    """Write the look-up and a whole answer; `lead` is said with the look-up."""
    topic, opening = talk.topic, ""
    if talk.draws.chance(RECOVERED_ERROR_SHARE):
        talk.call(lead, topic.tool, topic.arguments, talk.draws.pick(TOOL_ERRORS))
        lead, opening = talk.line("looks_again"), talk.line("recovers")
    talk.call(lead, topic.tool, topic.arguments, topic.result)
    talk.assistant_says(f"{opening} {_whole(topic)} {talk.line('anything_else')}")


def fail(talk: Conversation, category: str, lead: str) -> None:
    """Write the look-up and an answer that fails as `category` says."""
    topic = talk.topic
    is_hidden_error = category == "tool_error_ignored"
    talk.call(lead, topic.tool, topic.arguments, talk.draws.pick(TOOL_ERRORS) if is_hidden_error else topic.result)
    talk.mishap = category
    match category:
        case "tool_error_ignored":
            talk.assistant_says(f"{_whole(topic)} {talk.line('anything_else')}")
        case "wrong_answer":
            _answer_wrongly(talk)
        case "incomplete_answer":
            _answer_in_part(talk)
        case "truncated":
            _break_off(talk)
        case "refusal":
            talk.assistant("refusals")
        case "loop":
            _go_in_circles(talk)
        case _:
            raise ValueError(f"the simulation does not know how {category!r} looks")


def _answer_wrongly(talk: Conversation) -> None:
    topic, form = talk.topic, talk.draws.weighted(WRONG_FORMS)
    if form == "wrong_item" and "{item}" in topic.first_answer and "{other}" not in topic.first_answer:
        answer = _whole(topic).replace("{item}", "{other}")
    else:
        form = "wrong_topic"
        told = talk.draws.pick([other for other in talk.script.topics if other.surface != topic.surface])
        talk.fields["instead"] = told.about
        answer = _whole(told)
    talk.mishap = form
    talk.assistant_says(f"{answer} {talk.line('anything_else')}")


def _answer_in_part(talk: Conversation) -> None:
    talk.phenomena.add("partial_completion")
    talk.fields["about"] = talk.topic.rest
    more = talk.line("puts_off") if talk.draws.chance(PUT_OFF_SHARE) else talk.line("anything_else")
    talk.assistant_says(f"{talk.topic.first_answer} {more}")


def _break_off(talk: Conversation) -> None:
    talk.mishap = talk.draws.weighted(TRUNCATED_FORMS)
    match talk.mishap:
        case "cut":
            talk.phenomena.add("partial_completion")
            whole = _whole(talk.topic)
            talk.assistant_says(whole[: talk.draws.pick(_cuts(whole))])
        case "empty":
            talk.phenomena.add("empty_or_garbled_answer")
            talk.assistant_says("")
        case _:
            talk.assistant("garbles")


def _go_in_circles(talk: Conversation) -> None:
    talk.phenomena.add("tool_loop")
    topic = talk.topic
    for _ in range(2 + talk.draws.below(2)):
        talk.call(talk.line("loop_fillers"), topic.tool, topic.arguments, topic.result)
    talk.assistant("loop_ends")


def _whole(topic: Topic) -> str:
    return f"{topic.first_answer} {topic.second_answer}"


@lru_cache(maxsize=256)
def _cuts(template: str) -> tuple[int, ...]:
    """Return the places within words, in the middle part of `template` and outside its fields, where it may break off.

    A cut through a field would leave half an e-mail address, which no redaction could be held to.
    """
    depth = [template.count("{", 0, i) - template.count("}", 0, i) for i in range(len(template))]
    middle = range(len(template) * 2 // 5, len(template) * 17 // 20)
    return tuple(i for i in middle if depth[i] == 0 and template[i - 1].isalpha() and template[i].isalpha())
