import pytest

from eval_pipeline.judges.settling import is_trivial, why_not_asked

ASKED = {"role": "user", "content": "Where is my order?"}
CALL = {"role": "assistant", "tool_calls": [{"name": "find", "arguments": {}}]}


@pytest.mark.parametrize(
    "answer",
    ["", " ", ":", ".", "...", "Thought process:", "**Solution**", "Let's think step by step.", "解", "# Answer\n"],
)
def test_a_bare_opener_is_no_answer(answer: str) -> None:
    assert is_trivial(answer)


@pytest.mark.parametrize("answer", ["No.", "42", "👍", "Solution: restart it.", "[ORDER_1a2b]", "Ответ: да"])
def test_a_short_answer_is_an_answer(answer: str) -> None:
    assert not is_trivial(answer)


@pytest.mark.parametrize(
    ("turns", "in_last_exchange", "in_transcript"),
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
    turns: list[dict[str, object]], in_last_exchange: str | None, in_transcript: str | None
) -> None:
    assert why_not_asked("last_exchange", turns) == in_last_exchange
    assert why_not_asked("transcript", turns) == in_transcript
