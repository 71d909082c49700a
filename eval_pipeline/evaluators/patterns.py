"""Tells regular expressions that can take for ever on a text made for it: `(\\w+\\s?)+$`.

Looked for is one shape: a repeat without limit around nothing but another one and what may be left out, so that there
are many ways to share one text between the two. Other slow patterns are not told, and a few told ones are harmless.
Not here: what is done about it (`loading.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

_parser, _constants = re._parser, re._constants  # type: ignore[attr-defined]
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)
_ANCHORS = (_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT)
_PATTERN_FIELDS = frozenset({"pattern", "tools", "claims", "agrees", "refuses"})


def may_explode(pattern: str) -> bool:
    """Return whether `pattern` repeats without limit what repeats without limit. Raises `re.error` for a bad one."""
    return any(
        operator in _REPEATS and argument[1] == _constants.MAXREPEAT and _is_loose(argument[2])
        for operator, argument in _operations(_parser.parse(pattern))
    )


def patterns_of(value: Any) -> Iterator[str]:
    """Yield the patterns that a check or a selector is made of, those of its parts included."""
    if isinstance(value, tuple):
        for item in value:
            yield from patterns_of(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            inner = getattr(value, field.name)
            if field.name in _PATTERN_FIELDS and isinstance(inner, str):
                yield inner
            else:
                yield from patterns_of(inner)


def _operations(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every operation of a parsed pattern, however deep."""
    if isinstance(tree, _parser.SubPattern):
        yield from tree
    if isinstance(tree, _parser.SubPattern | tuple | list):
        for part in tree:
            yield from _operations(part)


def _is_loose(tree: Any) -> bool:
    """Return whether one unlimited repeat can make up all of `tree`, with nothing that must stand beside it."""
    for position, (operator, argument) in enumerate(tree):
        beside = [*tree[:position], *tree[position + 1 :]]
        is_alone = tree[:position].getwidth()[0] == 0 and tree[position + 1 :].getwidth()[0] == 0
        if is_alone and not any(other in _ANCHORS for other, _ in beside) and _is_unlimited(operator, argument):
            return True
    return False


def _is_unlimited(operator: Any, argument: Any) -> bool:
    if operator in _REPEATS:
        return bool(argument[1] == _constants.MAXREPEAT)
    if operator == _constants.SUBPATTERN:
        return _is_loose(argument[3])
    return operator == _constants.BRANCH and any(_is_loose(branch) for branch in argument[1])
