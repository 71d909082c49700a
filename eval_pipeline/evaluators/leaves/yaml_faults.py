"""What is wrong with a text as YAML 1.1: the parser's complaint, an alias of nothing, an unknown tag, too many levels.

The text is read as a stream of events: aliases are never expanded and nothing is built, so that no text costs more
than its length. Not here: keys given twice, which are let pass; the check (`format_checks.py`).
"""

from importlib.metadata import version
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KNOWN_TAGS = "tag:yaml.org,2002:"
_PYTHON_TAGS = "tag:yaml.org,2002:python"
_MAX_DEPTH = 100

YAML_CONSTANTS = (version("PyYAML"), _LOADER.__name__, _KNOWN_TAGS, _PYTHON_TAGS, _MAX_DEPTH)
"""What decides, for the version of a check."""


def yaml_fault(text: str, is_mapping: bool) -> str | None:
    """Return the first thing wrong with `text` as YAML (each document a mapping, if asked), with its line, or None."""
    reading = _Reading()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            problem = reading.problem(event)
            if problem is not None:
                return f"line {_line_of(event.start_mark)}: {problem}"
    except (yaml.YAMLError, UnicodeError) as error:
        return _complaint(error)
    if not reading.roots:
        return "empty"
    return "not a mapping" if is_mapping and set(reading.roots) != {yaml.MappingStartEvent} else None


class _Reading:
    """What is known in the middle of a stream of YAML events."""

    def __init__(self) -> None:
        self.roots: list[type[yaml.Event]] = []
        self._anchors: set[str] = set()
        self._depth = 0
        self._is_at_root = False

    def problem(self, event: yaml.Event) -> str | None:
        """Take in the next event, and return what is wrong with it beyond syntax."""
        if self._is_at_root:
            self.roots.append(type(event))
        self._is_at_root = isinstance(event, yaml.DocumentStartEvent)
        self._depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if self._depth > _MAX_DEPTH:
            return "too deeply nested"
        return self._name_problem(event)

    def _name_problem(self, event: yaml.Event) -> str | None:
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            return None if anchor in self._anchors else f"alias *{anchor} of nothing"
        if anchor is not None:
            self._anchors.add(anchor)
        tag = getattr(event, "tag", None)
        is_known = tag is None or tag == "!" or (tag.startswith(_KNOWN_TAGS) and not tag.startswith(_PYTHON_TAGS))
        return None if is_known else f"unknown tag {tag}"


def _complaint(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return problem if mark is None else f"line {_line_of(mark)}: {problem}"


def _line_of(mark: Any) -> int:
    return int(mark.line) + 1
