"""Loading `catalog/evaluators.py`, with errors that name the file and the mend.

A catalog is written by hand, so its likeliest slips are looked for here: each evaluator is asked once about a small
session that holds a piece of every kind. Not here: what an evaluator is (`contract.py`).
"""

import linecache
import re
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from eval_pipeline.errors import SettingsError
from eval_pipeline.evaluators import checks
from eval_pipeline.evaluators.contract import Check, Evaluator, Per, Selector
from eval_pipeline.evaluators.operators import of_each
from eval_pipeline.evaluators.patterns import may_explode, patterns_of
from eval_pipeline.evaluators.views import SessionView, Text
from eval_pipeline.versions import content_hash

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PROBE: tuple[dict[str, Any], ...] = (
    {"role": "system", "content": "You help."},
    {"role": "user", "content": "Where is it?"},
    {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "name": "find", "arguments": {"a": 1}}]},
    {"role": "tool", "tool_call_id": "1", "content": '{"a": 1}'},
    {"role": "assistant", "content": 'Here:\n```json\n{"a": 1}\n```\n'},
)
"""Turns with a piece of every kind, save blocks of code that could be run."""


def load_evaluators(path: Path, source: str | None = None) -> list[Evaluator]:
    """Return the `EVALUATORS` that the Python file at `path` declares, in its order.

    With `source`, that text is run in place of what the file holds. Raises `SettingsError` naming the file when it is
    missing or raises, declares none, when a name is bad or stands twice, or when an evaluator is put together wrongly.
    Warns of a pattern that can take for ever.
    """
    declared = getattr(_run(path, _read(path) if source is None else source), "EVALUATORS", None)
    if not isinstance(declared, list) or not declared:
        raise SettingsError(f"{path} declares no EVALUATORS", "let it end in `EVALUATORS = [Evaluator(...), ...]`")
    for position, item in enumerate(declared, start=1):
        _check_item(path, position, item)
    for name, count in Counter(evaluator.name for evaluator in declared).items():
        if count > 1:
            raise SettingsError(f"{path}: {count} evaluators are named {name!r}", "give each a name of its own")
    for evaluator in declared:
        _probe(path, evaluator)
        _warn_of_patterns(path, evaluator)
    return declared


def _check_item(path: Path, position: int, item: Any) -> None:
    if not isinstance(item, Evaluator):
        raise SettingsError(
            f"{path}: item {position} of EVALUATORS is a {type(item).__name__}", "make it an `Evaluator(...)`"
        )
    if not isinstance(item.name, str) or not _NAME.fullmatch(item.name):
        raise SettingsError(
            f"{path}: {item.name!r} is not a name for an evaluator",
            "use up to 63 small letters, digits and underscores, a letter first",
        )
    where = f"{path}: {item.name}"
    if not isinstance(item.check, Check):
        raise SettingsError(f"{where}: its check is a {type(item.check).__name__}", _as_check(item.check))
    if not isinstance(item.looks_at, Selector):
        kind = type(item.looks_at).__name__
        raise SettingsError(
            f"{where}: its looks_at is a {kind}", "give it what to look at: ANSWERS, TOOL_CALLS, SESSION"
        )
    if item.per not in get_args(Per):
        raise SettingsError(f"{where}: per is {item.per!r}", 'give per="session" or per="turn"')


def _as_check(value: Any) -> str:
    """Return how what stands in the place of a check becomes one."""
    if isinstance(value, list | tuple):
        return "join the checks without brackets: all_of(one, other)"
    name = getattr(value, "__name__", None)
    return f"call it: {name}()" if name in checks.__all__ else "give it a check, such as is_valid_json()"


def _probe(path: Path, evaluator: Evaluator) -> None:
    """Ask the evaluator once. Raises `SettingsError` when it asks a piece for what only other pieces have.

    Whatever else it raises is a matter of what sessions hold, and becomes a verdict of theirs.
    """
    try:
        pieces = evaluator.looks_at.pieces(SessionView("probe", "chat", {}, _PROBE))
        if pieces:
            of_each(evaluator.check, pieces)
    except AttributeError as error:
        subject = error.obj
        if not isinstance(subject, Text | SessionView):
            return
        problem = f"{path}: {evaluator.name}: its check is not asked of a {subject.noun}, which has no {error.name!r}"
        raise SettingsError(problem, _wrapped(subject)) from error
    except Exception:
        return  # it may well depend on the session


def _warn_of_patterns(path: Path, evaluator: Evaluator) -> None:
    """Warn, and no more: whether a pattern is slow in earnest depends on what it meets."""
    for pattern in (*patterns_of(evaluator.looks_at), *patterns_of(evaluator.check)):
        if may_explode(pattern):
            mend = r"put between its repeats what they do not match themselves: (?:\w+ )+ for (\w+\s?)+"
            warnings.warn(f"{path}: {evaluator.name}: {pattern!r} can take for ever; {mend}", stacklevel=3)


def _wrapped(subject: Text | SessionView) -> str:
    if isinstance(subject, SessionView):
        return "wrap it: each(ANSWERS, ...), within(ANSWERS, blocks(...)); or let looks_at be ANSWERS, TOOL_CALLS, ..."
    return "let looks_at be what the check is for: SESSION for a check of the whole, TOOL_CALLS for one of a call"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            f"{path} is missing", "restore it, or point EVAL_PIPELINE_CATALOG at a full catalog"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8: {error}", "save it as UTF-8") from error


def _run(path: Path, source: str) -> ModuleType:
    """Run the text as the file at `path`: no bytecode is kept beside it, so an edit is always seen."""
    name = f"catalog_evaluators_{content_hash(str(path.absolute()), 8)}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses and `inspect.getsource` look the module up by name
    # `inspect.getsource` must see this text, whatever the file holds.
    linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
    try:
        exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102 the catalog is the deployment's own code
    except Exception as error:
        del sys.modules[name]
        raise _told(f"{path}, line {_line(path, error)}", error) from error
    finally:
        linecache.cache.pop(str(path), None)
    return module


def _told(where: str, error: Exception) -> SettingsError:
    """Return what the file raised, for its author."""
    if isinstance(error, SettingsError):
        return SettingsError(f"{where}: {error.problem}", error.mend)
    mend = "mend that line"
    if isinstance(error, NameError) and error.name in checks.__all__:
        mend = f"import it: from {checks.__name__} import {error.name}"
    return SettingsError(f"{where}: {type(error).__name__}: {error}", mend)


def _line(path: Path, error: Exception) -> int:
    if isinstance(error, SyntaxError):
        return error.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return next((line for line in reversed(lines) if line is not None), 1)
