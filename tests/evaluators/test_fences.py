"""Fenced code blocks: found whatever the fence, and quickly whatever the text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.evaluators.fences import fenced_blocks
from tests.evaluators.conversations import message

SIMPLE = re.compile(r"^[ \t]*```[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)
LINES = st.sampled_from(["```", "```json", "  ``` sql x", "words", "", " {} ", "`code`", "\t```\t", "```c++"])


@given(st.lists(LINES).map("\n".join))
def test_three_backticks_are_read_as_by_a_simple_pattern(text: str) -> None:
    assert list(fenced_blocks(text)) == SIMPLE.findall(text)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("~~~json\n{}\n~~~", [("json", "{}\n")]),
        ("````md\n```json\n{}\n```\n````", [("md", "```json\n{}\n```\n")]),
        ("```json\n{}\n`````", [("json", "{}\n")]),
        ("```json\r\n{}\r\n```\r\nand\r\n~~~\r\nx\r\n~~~", [("json", "{}\r\n"), ("", "x\r\n")]),
        ("```json\n{}\n~~~\n```", [("json", "{}\n~~~\n")]),
        ("Title\n~~~~~\n```json\n{}\n```", [("json", "{}\n")]),
        ("````\n```json\n{}\n```", [("json", "{}\n")]),
        ("```this``` is code\n```json\n{}\n```", [("json", "{}\n")]),
        ("```json\n{}", []),
        ("```\n```", [("", "")]),
    ],
)
def test_blocks_of_any_fence(text: str, blocks: list[tuple[str, str]]) -> None:
    assert [(block.language, block.text) for block in message(text).blocks()] == blocks


@pytest.mark.parametrize("piece", ["```a\n", "````\n```a\n", "~~~\n", "```a\n```\n", "   \t", "`", "~", "```a\r"])
def test_a_long_hostile_text_is_read_in_passing(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert all(len(block.text) <= len(text) for block in fenced_blocks(text))
