"""What no person should see in an answer: placeholders, broken encodings, words glued together, inner workings.

Each form has a search that finds candidates in bulk (RE2, linear), and a closer look at one text. Only the form
decides here; whether the user asked for such a thing is the signal's to know (`empty_or_garbled_answer.py`).
"""

import re
from typing import NamedTuple

PLACEHOLDER = r"^\s*(?:[\p{P}$+<=>^`|~\s]+|null|none|undefined|nan|nil|\[object object\]|<[a-z_/ ]{2,30}>)\s*$"
"""The whole of an answer that stands for an answer."""

UNFILLED = (
    r"\{\{\s*[a-z_][\w. ]*\}\}|\$\{[a-z_][\w.]*\}|\{[a-z]+(?:_[a-z]+)+\}|\{(?:name|user|username|email|date|time|city|"
    r"amount|price|product|company|customer)\}|%\([a-z_]+\)s|<(?:insert|your|customer|answer|response)(?:[ _][a-z _]+)?>|"
    r"\[(?:insert|placeholder)\b[^\]\n]*\]"
)
"""A field of a template that was not filled."""

_HIGH = r"[\x{80}-\x{bf}\x{152}\x{153}\x{160}\x{161}\x{178}\x{17d}\x{17e}\x{192}\x{2c6}\x{2dc}\x{2013}-\x{203a}\x{20ac}\x{2122}]"
MOJIBAKE = (
    rf"\x{{c3}}[\x{{80}}-\x{{bf}}]|\x{{c2}}[\x{{80}}-\x{{bf}}]|\x{{e2}}\x{{20ac}}{_HIGH}?|\x{{ef}}\x{{bb}}\x{{bf}}|"
    rf"\x{{f0}}\x{{178}}{_HIGH}|(?:[\x{{d0}}\x{{d1}}]{_HIGH}){{3,}}|(?:[\x{{e3}}-\x{{e9}}]{_HIGH}{{2}}){{2,}}|\x{{fffd}}+"
)
"""UTF-8 that was read as Latin-1 or Windows-1252 (each byte is in `_HIGH` after the first), and U+FFFD."""

CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]|\x1b\[?"
"""Control characters other than tab and line ends."""

SPECIAL_TOKENS = (
    r"<\|[a-z_0-9]{2,30}\|>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|</s>|<(?:eos|bos|pad|unk)>|"
    r"</?(?:tool_calls?|function_calls?|tool_responses?|tool_results?|invoke)[ >:]|<function="
)
"""Marks by which models and their tools talk to each other."""

RAW_CALL = (
    r'^\s*(?:```(?:json)?\s*)?\[?\s*\{\s*"(?:name|tool|tool_name|function|function_name|action|recipient_name)"\s*:\s*'
    r'"[\w.-]+"\s*,\s*"(?:arguments|parameters|args|input|action_input|tool_input|kwargs)"\s*:|"tool_calls"\s*:\s*\['
)
"""A tool call as the model writes it."""

REASONING_AND_ACTION = r"(?ms)^\s*thought\s*:.*^\s*action(?: input)?\s*:"
"""The notes of a ReAct agent (Yao et al. 2023) to itself."""

STACK_TRACE = (
    r"traceback \(most recent call last\)|\n\s+at [\w$.<>]+ ?\([^()\n]*:\d+\)|"
    r"uncaught (?:type|reference|syntax|range)error|unhandled(?:promise)?(?:rejection|exception)"
)
"""An error as a program prints it."""

LONG_RUN = r"[^\x00-/:-@\[-`{-\x{bf}\x{2000}-\x{206f}\x{3000}-\x{303f}\x{ff00}-\x{ff20}]{40}"
"""Letters without a break: glued words, or the same few letters again and again; usual in scripts without spaces.

Said by what is no letter, since RE2 needs a hundred times as long for `\\p{L}{40}`.
"""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_OF_AN_ADDRESS = ("//", "www.", "@")
_TABLE_OR_LIST = re.compile(r"^[ \t]*(?:[|>#*\u2022\u2013-]|\d+[.)]|[^\n:.!?]{1,40}:).*$", re.MULTILINE)
_EMOTICON = re.compile(r"\s*(?:[:;=8]['o^-]?[)(\]\[|/\\*]+|[)(]+[-^]?[:;=]|<3|\^[_.]?\^|-_-)\s*")
_LATIN_RUN = re.compile("[A-Za-z]{45,}")
_PERIODIC = re.compile(r"(.{1,8}?)\1{9,}", re.DOTALL)
_FEWEST_LETTERS = 5
"""Different letters in a run that is made of words."""

_CLOSED_UP = 40
"""More letters for each space than this: words are not set apart."""


class Run(NamedTuple):
    """A run of letters without a break: what it is, and where it stands in the text."""

    is_periodic: bool
    words: str


def without_code(text: str) -> str:
    """Return `text` with code blanked, so that the rest keeps its place."""
    return _CODE.sub(_blank, text)


def prose_of(text: str) -> str:
    """Return `text` without code, tables, lists and labelled lines, in which words are meant to come again."""
    return _TABLE_OR_LIST.sub(_blank, without_code(text))


def _blank(match: re.Match[str]) -> str:
    return " " * (match.end() - match.start())


def is_placeholder(text: str) -> bool:
    """Return whether a text that `PLACEHOLDER` found stands for no answer: a smiley, or "none.", is one."""
    said = text.strip()
    return not _EMOTICON.fullmatch(said) and (said == "None" or said.lower() != "none")


def run_of_letters(text: str) -> Run | None:
    """Return the first run of letters in `text` that is no word of any language; None where there is none."""
    for word in without_code(text).split():
        if len(word) < _CLOSED_UP or any(mark in word for mark in _OF_AN_ADDRESS):
            continue
        found = _PERIODIC.search(word)
        if found and re.search(r"[^\W\d_xX]", found.group(1)):  # not a masked number
            return Run(True, found.group())
        found = _LATIN_RUN.search(word)
        if found and len(set(found.group())) >= _FEWEST_LETTERS:
            return Run(False, found.group())
    return None


def is_closed_up(text: str) -> bool:
    """Return whether the words of a whole text are not set apart."""
    return len(text) > _CLOSED_UP * max(1, len(text.split()))
