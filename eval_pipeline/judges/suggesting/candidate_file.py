"""The candidate's file: the old file as its author wrote it, with the proposals at the head of their lists.

Only these lines are new, and the version, so that a diff against the old file shows the proposal and nothing else. Not
here: what is proposed (`choosing.py`, `wording.py`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import CANDIDATE, Example, Judge, load_candidate
from eval_pipeline.judges.suggesting.wording import Proposal

_HEAD = """\
# A CANDIDATE, proposed by `eval-pipeline judges suggest {name}`: it is never run in production. Read each line under
# the word PROPOSAL, change or delete it, then run `eval-pipeline judges run {name} --candidate --set calibration`.
# Labels of sessions quoted below measure this judge no more.
"""


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it stands."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def refuse_existing(folder: Path, name: str, force: bool) -> None:
    """Raise `SettingsError` when there is a candidate for `name` and `force` is not given."""
    path = _path(folder, name)
    if path.exists() and not force:
        raise SettingsError(f"{path} is there already", "rename or delete it, or overwrite it with --force")


def write_candidate(
    folder: Path, judge: Judge, examples: Sequence[Example], why: Sequence[str], lines: Sequence[Proposal], force: bool
) -> Judge:
    """Write `NAME.candidate.yaml` beside the judge's file and return it as a judge. `why`: a comment for each example.

    The same arguments give the same bytes. Raises `SettingsError` when the file is there and `force` is not given, and
    when a list in the judge's file is written in one line.
    """
    refuse_existing(folder, judge.name, force)
    source = (folder / f"{judge.name}.yaml").read_text(encoding="utf-8")
    text = candidate_text(source, judge, examples, why, lines)
    try:
        Judge.model_validate(yaml.safe_load(text))
    except ValueError as error:
        raise SettingsError(
            f"the proposal for {judge.name} is no judge: {error}", "write the candidate by hand"
        ) from error
    _path(folder, judge.name).write_text(text, encoding="utf-8")
    return load_candidate(folder, judge.name)


def candidate_text(
    source: str, judge: Judge, examples: Sequence[Example], why: Sequence[str], lines: Sequence[Proposal]
) -> str:
    """Return `source`, the text of a judge's file, with the proposals in it."""
    root = yaml.compose(source, Loader=yaml.SafeLoader)
    nodes = {key.value: value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    shown = [_item(f"PROPOSAL, {reason}", _as_document(each)) for each, reason in zip(examples, why, strict=True)]
    added = {"examples": shown, "fail_when": _criteria(lines, "fail_when"), "pass_when": _criteria(lines, "pass_when")}
    edits = [_insertion(source, nodes.get(key), key, items) for key, items in added.items() if items]
    if (version := judge.declared_version).isdecimal():
        node = nodes["version"]
        edits.append((node.start_mark.index, node.end_mark.index, str(int(version) + 1)))
    for start, end, new in sorted(edits, reverse=True):
        source = source[:start] + new + source[end:]
    return _HEAD.format(name=judge.name) + source


def _as_document(example: Example) -> dict[str, str]:
    return {
        "origin": example.origin,
        "session": example.session,
        "critique": example.critique,
        "verdict": example.verdict,
    }


def _criteria(lines: Sequence[Proposal], key: str) -> list[str]:
    return [
        _item(
            f'PROPOSAL, a note on session {line.session_id}; "{line.term}" is in notes about {line.n_groups} users',
            line.text,
        )
        for line in lines
        if line.criteria == key
    ]


def _item(comment: str, value: Any) -> str:
    dumped = yaml.dump([value], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return f"# {comment}\n{dumped}"


def _insertion(source: str, node: yaml.Node | None, key: str, items: Sequence[str]) -> tuple[int, int, str]:
    """Return where text is put in (start, end; equal) and the text: before the first item of the list at `node`."""
    if node is None:
        gap = "" if source.endswith("\n") else "\n"
        return len(source), len(source), gap + f"\n{key}:\n" + _indented(items, 2)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        raise SettingsError(f"`{key}` is written in one line", f"write each item of `{key}` on a line of its own")
    start = node.start_mark.index - node.start_mark.column
    return start, start, _indented(items, node.start_mark.column)


def _indented(items: Sequence[str], column: int) -> str:
    rows = "".join(items).split("\n")
    return "\n".join(" " * column + row if row else row for row in rows)


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}{CANDIDATE}.yaml"
