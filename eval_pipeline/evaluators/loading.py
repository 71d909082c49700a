"""Loading `catalog/evaluators.py`, with errors that name the file and the mend.

Not here: what an evaluator is (`contract.py`).
"""

import re
import sys
import traceback
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

from eval_pipeline.errors import SettingsError
from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.versions import content_hash

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def load_evaluators(path: Path) -> list[Evaluator]:
    """Return the `EVALUATORS` that the Python file at `path` declares, in its order.

    Raises `SettingsError` naming the file when it is missing or raises, declares none, or when a name is bad or
    stands twice.
    """
    declared = getattr(_run(path), "EVALUATORS", None)
    if not isinstance(declared, list) or not declared:
        raise SettingsError(f"{path} declares no EVALUATORS", "let it end in `EVALUATORS = [Evaluator(...), ...]`")
    for position, item in enumerate(declared, start=1):
        _check_item(path, position, item)
    for name, count in Counter(evaluator.name for evaluator in declared).items():
        if count > 1:
            raise SettingsError(f"{path}: {count} evaluators are named {name!r}", "give each a name of its own")
    return declared


def _check_item(path: Path, position: int, item: Any) -> None:
    if not isinstance(item, Evaluator):
        raise SettingsError(
            f"{path}: item {position} of EVALUATORS is a {type(item).__name__}", "make it an `Evaluator(...)`"
        )
    if not _NAME.fullmatch(item.name):
        raise SettingsError(
            f"{path}: {item.name!r} is not a name for an evaluator",
            "use up to 63 small letters, digits and underscores, a letter first",
        )


def _run(path: Path) -> ModuleType:
    """Run the file from its source: no bytecode is kept beside it, so an edit is always seen."""
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            f"{path} is missing", "restore it, or point EVAL_PIPELINE_CATALOG at a full catalog"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8: {error}", "save it as UTF-8") from error
    name = f"catalog_evaluators_{content_hash(str(path.absolute()), 8)}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses and `inspect.getsource` look the module up by name
    try:
        exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102 the catalog is the deployment's own code
    except Exception as error:
        del sys.modules[name]
        problem = f"{path}, line {_line(path, error)}: {type(error).__name__}: {error}"
        raise SettingsError(problem, "mend the line; it is Python that must run without the pipeline") from error
    return module


def _line(path: Path, error: Exception) -> int:
    if isinstance(error, SyntaxError):
        return error.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return next((line for line in reversed(lines) if line is not None), 1)
