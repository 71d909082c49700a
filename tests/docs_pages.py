"""Reads the pages of docs/ for the tests that keep them true: fenced blocks, tables, and the reason codes in the code."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block; `name` is the file that it shows, if it shows one."""

    language: str
    name: str
    text: str


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    found = [Block(*match.groups(default="")) for match in FENCE.finditer(text)]
    assert len(found) * 2 == len(re.findall("^```", text, re.MULTILINE)), "a fenced block names no language"
    return found


def commands(text: str, command: str) -> list[tuple[str, int]]:
    """Return the arguments of every `command` that the page shows, with the number that its comment promises."""
    shown = [line for block in blocks(text) if block.language == "sh" for line in block.text.splitlines()]
    found = [re.fullmatch(rf"{command} (.*?)\s+# (\d+) \w+", line) for line in shown if line.startswith(command)]
    assert found and all(found), f"a `{command}` on the page does not say how many it takes in"
    return [(match[1], int(match[2])) for match in found if match]


def table_keys(text: str, heading: str) -> list[str]:
    """Return the code words that stand first in the rows of the tables under `heading`."""
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def code_words(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))


def reason_codes(paths: Iterable[Path], calls: frozenset[str]) -> set[str]:
    """Return the reasons that the modules give to `calls`: their first argument, or the one named `reason`.

    A name is followed to what its function assigns to it; a parameter of that name is the business of the callers.
    """
    codes: set[str] = set()
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
                if isinstance(call.func, ast.Name) and call.func.id in calls:
                    codes |= _reasons_of(call, function, path)
    return codes


def _reasons_of(call: ast.Call, function: ast.FunctionDef, path: Path) -> set[str]:
    reason = next((keyword.value for keyword in call.keywords if keyword.arg == "reason"), None) or call.args[0]
    if isinstance(reason, ast.Name):
        if reason.id in {parameter.arg for parameter in function.args.args}:
            return set()
        values = [v for node in ast.walk(function) if isinstance(node, ast.Assign) for v in _assigned(node, reason.id)]
    else:
        values = _branches(reason)
    said = {value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)}
    assert said and len(said) == len(values), f"{path}:{call.lineno}: the reason cannot be read from the code"
    return said


def _assigned(node: ast.Assign, name: str) -> list[ast.expr]:
    is_it = any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    return _branches(node.value) if is_it else []


def _branches(value: ast.expr) -> list[ast.expr]:
    return [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
