import pytest

from eval_pipeline.judges.settling import is_trivial, why_not_asked

ASKED = {"role": "user", "content": "Where is my order?"}
CALL = {"role": "assistant", "tool_calls": [{"name": "find", "arguments": {}}]}


@pytest.mark.parametrize(
    "answer",
    [
        *["", " ", ":", ".", "...", "\uff1a", "\u3002", "\ufeff", "\u200b", "\U000e0041", "\ufffd\ufffd", "---\n***"],
        *[
            "Thought process:",
            "**Solution**",
            "Let\u2019s think step by step.",
            "解",
            "# Answer\n",
            "Solution:\n\nAnswer:",
        ],
    ],
)
def test_a_bare_opener_is_no_answer(answer: str) -> None:
    assert is_trivial(answer)


@pytest.mark.parametrize(
    "answer", ["No.", "42", "👍", "✓", "Answer:\n\n42", "Solution: restart it.", "[ORDER_1a2b]", "Ответ: да"]
)
def test_a_short_answer_is_an_answer(answer: str) -> None:
    assert not is_trivial(answer)


@pytest.mark.parametrize(
    ("turns", "in_last_exchange", "in_others"),
    [
        ([], "nothing_asked", "nothing_asked"),
        ([{"role": "assistant", "content": "Hello!"}], "nothing_asked", "nothing_asked"),
        ([ASKED], "no_answer", "no_answer"),
        ([ASKED, CALL], "no_answer", "no_answer"),
        ([ASKED, {"role": "assistant"}], "no_answer", "no_answer"),
        ([ASKED, {"role": "assistant", "content": ":"}], "no_answer", "no_answer"),
        ([ASKED, {"role": "assistant", "content": "On its way."}, ASKED, {"role": "assistant"}], "no_answer", None),
        ([ASKED, {"role": "assistant", "content": "On its way."}, CALL], None, None),
    ],
)
def test_a_session_without_an_answer_needs_no_model(
    turns: list[dict[str, object]], in_last_exchange: str | None, in_others: str | None
) -> None:
    assert why_not_asked("last_exchange", turns) == in_last_exchange
    assert why_not_asked("transcript", turns) == in_others
    assert why_not_asked("answer_and_context", turns) == in_others


def test_an_answer_before_the_context_does_not_count() -> None:
    greeting = {"role": "assistant", "content": "Hello, how can I help?"}
    found = {"role": "tool", "content": "order 7: shipped"}
    turns = [greeting, ASKED, CALL, found, {"role": "assistant", "content": "Solution:"}]
    assert why_not_asked("answer_and_context", turns) == "no_answer"
    assert why_not_asked("transcript", turns) is None
