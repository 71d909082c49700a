"""Scaffolding an evaluator: an entry in `catalog/evaluators.py` and a test of it, both made to be edited.

The catalog is the author's own Python: the entry is put where `EVALUATORS` ends, what it needs is imported, and not
a character besides is touched. Not here: running it (`trying.py`), what it is built from (`checks.py`).
"""

import ast
import io
import itertools
import os
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.errors import SettingsError
from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.evaluators.scaffold_kinds import KINDS, LooksAt, entry_text, text_of_test

VOCABULARY = "eval_pipeline.evaluators.checks"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Scaffold:
    """What was made: the catalog with the line (from 1) where the new entry starts, and the test."""

    catalog: Path
    line: int
    test: Path


def scaffold(name: str, looks_at: LooksAt, catalog: Path, tests: Path) -> Scaffold:
    """Add an evaluator `name` to the file `catalog`, and its test to the folder `tests`.

    Raises `SettingsError`, and writes nothing, when the name is bad or taken, when the folder is missing or holds such
    a test already, or when the catalog does not write its EVALUATORS out as a list.
    """
    test = tests / f"test_{name}.py"
    _refuse(name, catalog, test)
    source = catalog.read_bytes().decode("utf-8")  # as it is, line ends included
    changed = with_entry(source, name, looks_at)
    load_evaluators(catalog, changed)  # so that the catalog is never left broken
    test.write_text(text_of_test(name, looks_at, os.path.relpath(catalog, tests)), encoding="utf-8")
    catalog.write_bytes(changed.encode("utf-8"))
    line = changed[: changed.index(f'name="{name}"')].count("\n")
    return Scaffold(catalog, line, test)


def with_entry(source: str, name: str, looks_at: LooksAt) -> str:
    """Return the catalog's text with an entry `name` at the end of EVALUATORS, and with the imports that it needs.

    Raises `SettingsError` when EVALUATORS is not a list written out.
    """
    entry = entry_text(name, looks_at)
    declared = _declared(ast.parse(source))
    if declared is None:
        raise SettingsError("EVALUATORS is not a list written out in the catalog", f"add the entry yourself:\n{entry}")
    return _with_imports(_with_item(source, declared, entry), ["Evaluator", *KINDS[looks_at].needs])


def _refuse(name: str, catalog: Path, test: Path) -> None:
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} is not a name for an evaluator",
            "use up to 63 small letters, digits and underscores, a letter first",
        )
    if any(evaluator.name == name for evaluator in load_evaluators(catalog)):
        raise SettingsError(
            f"{catalog} has an evaluator named {name!r} already", "choose another name, or edit that one"
        )
    if not test.parent.is_dir():
        raise SettingsError(f"there is no folder {test.parent} for its test", "make it, or name another: --tests DIR")
    if test.exists():
        raise SettingsError(f"{test} exists already", "choose another name, or move the test away")


def _declared(tree: ast.Module) -> ast.List | None:
    """Return the list that EVALUATORS is at last, where it is written out."""
    for node in reversed(tree.body):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == "EVALUATORS" for target in targets):
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            return value if isinstance(value, ast.List) else None
    return None


def _with_item(source: str, declared: ast.List, entry: str) -> str:
    """Return `source` with `entry` as the last item of the list."""
    bracket = _offset(source, declared.end_lineno, declared.end_col_offset) - 1
    text, after = _last_token(source, bracket)
    comma = "" if text in ("[", ",") else ","
    head = f"{source[:after]}{comma}{source[after:bracket]}".rstrip(" ")
    return f"{head}{'' if head.endswith(chr(10)) else chr(10)}{entry}{source[bracket:]}"


def _last_token(source: str, end: int) -> tuple[str, int]:
    """Return the text of the last token before the place `end`, comments aside, and where it ends."""
    starts = [0, *itertools.accumulate(len(line) + 1 for line in source.split("\n"))]
    found = ("", 0)
    for token in tokenize.generate_tokens(io.StringIO(source, newline="").readline):
        if starts[token.start[0] - 1] + token.start[1] >= end:
            break
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            found = (token.string, starts[token.end[0] - 1] + token.end[1])
    return found


def _with_imports(source: str, names: list[str]) -> str:
    """Return `source` with those of `names` imported that it does not import by their own name."""
    tree = ast.parse(source)
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == VOCABULARY]
    known = {alias.name for node in imports for alias in node.names if alias.asname in (None, alias.name)}
    missing = sorted(set(names) - known)
    if not missing:
        return source
    if imports and all(alias.name != "*" for alias in imports[0].names):
        return _replaced(source, imports[0], _import_text([*imports[0].names, *map(ast.alias, missing)]))
    first = next((node for node in tree.body if not _is_docstring(node) and not _is_future(node)), tree.body[-1])
    start = _offset(source, first.lineno, 0)
    return f"{source[:start]}{_import_text([*map(ast.alias, missing)])}\n{source[start:]}"


def _import_text(aliases: list[ast.alias]) -> str:
    """Return an import of the vocabulary, sorted as ruff sorts it: constants, classes, functions."""
    ordered = sorted(aliases, key=lambda alias: (not alias.name.isupper(), alias.name[0].islower(), alias.name))
    lines = "".join(f"    {ast.unparse(alias)},\n" for alias in ordered)
    return f"from {VOCABULARY} import (\n{lines})"


def _replaced(source: str, node: ast.stmt, text: str) -> str:
    start = _offset(source, node.lineno, node.col_offset)
    return source[:start] + text + source[_offset(source, node.end_lineno, node.end_col_offset) :]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _offset(source: str, line: int | None, column: int | None) -> int:
    """Return the place of an `ast` position (line from 1, column in UTF-8 bytes) in the text."""
    lines = source.split("\n")
    before = lines[: (line or 1) - 1]
    return sum(len(text) + 1 for text in before) + len(lines[len(before)].encode()[:column].decode())
