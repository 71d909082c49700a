"""Makes the pages of docs/ that are derived: the data dictionary from the pandera models, the picture of the
graph, the lists of signals and of evaluators with the words that they are made of.

Run by `make docs`; a test fails when a page is out of date.
"""

import inspect
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import dagster as dg

from assets.definitions import ASSETS
from assets.jobs import NIGHTLY
from eval_pipeline.evaluators import checks
from eval_pipeline.evaluators.contract import Selector
from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.signals.contract import Signal
from eval_pipeline.signals.registry import load_signals
from eval_pipeline.synthetic.operators.overview import operators_page
from eval_pipeline.tables import TABLES, VIEWS, Table
from resources.copying import columns_of

HERE = Path(__file__).parent
CATALOG = PROJECT_ROOT / "catalog"
COLUMN, ROW, WIDTH, HEIGHT, MARGIN = 260, 74, 212, 46, 24
LONGEST_DEFAULT = 20
COLOURS = {
    "surface_failures": "#2f6f9f",
    "evaluate": "#7a4fa0",
    "review": "#2e7d4f",
    "calibration": "#a3572a",
    "trends": "#8a6d1a",
    "error_analysis": "#8f3a56",
    "coverage": "#35707a",
}


def data_dictionary() -> str:
    """Return the data dictionary as Markdown, one table per pandera model: the tables, then the views."""
    head = [
        "# Data dictionary",
        "",
        "Made from `eval_pipeline/tables.py` by `make docs`. All tables are in the schema `evals`; the same words are the",
        "COMMENTs in PostgreSQL, so `\\d+ evals.raw_sessions` shows them too. Times are UTC. A null rate means no data.",
    ]
    return "\n".join(head + [line for table in (*TABLES, *VIEWS) for line in _table_lines(table)]) + "\n"


def _table_lines(table: type[Table]) -> list[str]:
    key = f"Key: {', '.join(f'`{name}`' for name in table.primary_key())}. " if table.primary_key() else ""
    lines = ["", f"## {table.table_name()}", "", " ".join((inspect.getdoc(table) or "").split()), ""]
    lines += [f"{key}{_written(table)}.", ""]
    lines += ["| column | type | null | meaning |", "|---|---|---|---|"]
    kinds = {column.name: column.sql_type for column in columns_of(table)}
    for name, column in table.to_schema().columns.items():
        kind = kinds[name]
        meaning = str(column.description).replace("|", "\\|")
        lines.append(f"| `{name}` | {kind} | {'yes' if column.nullable else 'no'} | {meaning} |")
    return lines


def _written(table: type[Table]) -> str:
    if table in VIEWS:
        return "A view: derived from the tables, nothing is written to it"
    if table.is_append_only():
        return "Rows are only ever added"
    return "A row is replaced by its key" if table.day_column() is None else "A day is replaced as a whole"


def asset_graph() -> str:
    """Return the asset graph as SVG: one box an asset, left to right along its dependencies, coloured by group."""
    specs = {spec.key.to_user_string(): spec for asset in ASSETS for spec in _specs(asset)}
    depth = {name: _depth(name, specs) for name in specs}
    rows: dict[int, int] = {}
    place = {}
    for name in sorted(specs, key=lambda n: (depth[n], list(COLOURS).index(specs[n].group_name or ""), n)):
        row = rows.get(depth[name], 0)
        rows[depth[name]] = row + 1
        place[name] = (MARGIN + depth[name] * COLUMN, MARGIN + 30 + row * ROW)
    width = MARGIN * 2 + max(depth.values()) * COLUMN + WIDTH
    height = MARGIN * 2 + 30 + max(rows.values()) * ROW
    body = [_edge(place[parent], place[name]) for name in specs for parent in _shown_parents(name, specs)]
    body += [_box(name, specs[name], *place[name]) for name in specs]
    legend = [
        f'<text x="{MARGIN + i * 150}" y="24" fill="{colour}" font-weight="600">{group.replace("_", " ")}</text>'
        for i, (group, colour) in enumerate(COLOURS.items())
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">'
    frame = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, frame, *legend, *body, "</svg>"]) + "\n"


def _specs(asset: Any) -> list[dg.AssetSpec]:
    return [asset] if isinstance(asset, dg.AssetSpec) else list(asset.specs)


def _depth(name: str, specs: dict[str, dg.AssetSpec]) -> int:
    return max((1 + _depth(dep.asset_key.to_user_string(), specs) for dep in specs[name].deps), default=0)


def _parents(name: str, specs: dict[str, dg.AssetSpec]) -> set[str]:
    return {dep.asset_key.to_user_string() for dep in specs[name].deps}


def _ancestors(name: str, specs: dict[str, dg.AssetSpec]) -> set[str]:
    parents = _parents(name, specs)
    return parents.union(*(_ancestors(parent, specs) for parent in parents))


def _shown_parents(name: str, specs: dict[str, dg.AssetSpec]) -> list[str]:
    """Return the parents that stand behind no other parent: an arrow that another path implies is left out."""
    parents = _parents(name, specs)
    implied: set[str] = set().union(*(_ancestors(parent, specs) for parent in parents))
    return sorted(parents - implied)


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1, x2, y2 = start[0] + WIDTH, start[1] + HEIGHT // 2, end[0], end[1] + HEIGHT // 2
    bend = (x1 + x2) // 2
    return f'<path d="M{x1} {y1} C{bend} {y1} {bend} {y2} {x2} {y2}" fill="none" stroke="#9aa4ad" stroke-width="1.3"/>'


def _box(name: str, spec: dg.AssetSpec, x: int, y: int) -> str:
    colour = COLOURS[spec.group_name or ""]
    note = "nightly" if name in NIGHTLY else ("written by people" if name == "reviews" else "weekly")
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7" fill="#fff" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{x + 12}" y="{y + 20}" font-weight="600" fill="#1b1f23">{escape(name)}</text>'
        f'<text x="{x + 12}" y="{y + 37}" font-size="11" fill="#57606a">{note}</text>'
    )


def signals() -> str:
    """Return the signals of the shipped catalog as Markdown: what each looks for, by which words and parameters."""
    lines = [
        "# Signals",
        "",
        "Made from the signals and `catalog/signals.yaml` by `make docs`. A strength is a judgement, made beforehand, of how likely",
        "it is that a careful reviewer calls the session a failure, given that evidence alone. Further pieces add to it:",
        "1 - prod(1 - s). What each parameter means stands beside it in `catalog/signals.yaml`.",
    ]
    return "\n".join(lines + [line for signal in load_signals(CATALOG) for line in _signal_lines(signal)]) + "\n"


def _signal_lines(signal: Signal) -> list[str]:
    values = ", ".join(f"`{name}` {value}" for name, value in signal.parameters.model_dump(mode="json").items())
    words = ", ".join(f"`{name}`" for name in signal.sections) or "none"
    queue = "A session on which it fires is flagged." if signal.counts else "It is recorded, and flags nothing."
    lines = ["", f"## {signal.name}", "", f"{signal.describe} {queue}", ""]
    return [*lines, f"Parameters: {values}.", "", f"Sections of the lexicons: {words}."]


def evaluators() -> str:
    """Return the shipped evaluators and the vocabulary of `catalog/evaluators.py` as Markdown."""
    lines = [
        "# Evaluators",
        "",
        "Made from `catalog/evaluators.py` and `eval_pipeline/evaluators/checks.py` by `make docs`. An evaluator looks at pieces of a",
        "session and asks a check of each: `Evaluator(name=..., description=..., looks_at=ANSWERS, check=all_of(...))`. What does not apply",
        "is neither a pass nor a fail. `eval-pipeline evaluators new NAME` makes one with its test, `evaluators try NAME` runs it.",
        "",
        "## The shipped ones",
        "",
        "| evaluator | looks at | holds when |",
        "|---|---|---|",
    ]
    shipped = load_evaluators(CATALOG / "evaluators.py")
    lines += [f"| `{e.name}` | {e.looks_at.words} | {_cell(e.description)} |" for e in shipped]
    for title, names in _vocabulary().items():
        lines += ["", f"## {title}", "", "| word | meaning |", "|---|---|"]
        lines += [f"| `{_cell(_call(name))}` | {_cell(_meaning(name))} |" for name in names]
    return "\n".join(lines) + "\n"


def _vocabulary() -> dict[str, list[str]]:
    """Return the words of the vocabulary by the module that they come from."""
    words: dict[str, list[str]] = {"what is looked at": []}
    for name in checks.__all__:
        value = getattr(checks, name)
        if isinstance(value, Selector):
            words["what is looked at"].append(name)
        elif inspect.isfunction(value):
            title = value.__module__.rpartition(".")[2].replace("_", " ")
            words.setdefault(title, []).append(name)
    return words


def _call(name: str) -> str:
    value = getattr(checks, name)
    if not inspect.isfunction(value):
        return name
    return f"{name}{inspect.Signature([_shown(given) for given in inspect.signature(value).parameters.values()])}"


def _shown(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return `parameter` without its type, and without a default that is a table or a pattern of its module."""
    is_long = parameter.default is not parameter.empty and len(repr(parameter.default)) > LONGEST_DEFAULT
    default = _Unsaid() if is_long else parameter.default
    return parameter.replace(annotation=inspect.Parameter.empty, default=default)


class _Unsaid:
    def __repr__(self) -> str:
        return "..."


def _meaning(name: str) -> str:
    value = getattr(checks, name)
    return str(value.words) if isinstance(value, Selector) else (inspect.getdoc(value) or "").split("\n\n")[0]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES = {
    "data-dictionary.md": data_dictionary,
    "asset-graph.svg": asset_graph,
    "signals.md": signals,
    "evaluators.md": evaluators,
    "synthetic-operators.md": operators_page,
}

if __name__ == "__main__":
    for file, make in PAGES.items():
        (HERE / file).write_text(make(), encoding="utf-8")
