"""Frames as text for a terminal, CSV or JSON lines. Not here: what is printed (`report.py`, `cli/`)."""

import csv
import sys

import orjson
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable


def print_rows(console: Console, rows: pd.DataFrame, form: str) -> None:
    """Print `rows` as `table`, `csv` (formula-safe cells) or `json` (one object a line)."""
    if form == "table":
        print_frame(console, rows)
    elif form == "csv":
        # Texts are quoted always: the csv module of Python 3.11 leaves a lone carriage return bare, and so ends the row.
        rows.map(_formula_safe).to_csv(sys.stdout, index=False, quoting=csv.QUOTE_NONNUMERIC)
    else:
        for record in rows.to_dict("records"):
            sys.stdout.write(orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")


def print_frame(console: Console, rows: pd.DataFrame, title: str = "", note: str = "") -> None:
    """Print `rows` as a table. Cells are data: they cannot carry markup or terminal control codes."""
    table = RichTable(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for name, values in rows.items():
        is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        table.add_column(str(name).replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in rows.itertuples(index=False, name=None):
        table.add_row(*[escape(_printable(value)) for value in row])
    console.print(table)
    if note:
        # Apart from the table, so that a narrow table does not squeeze it.
        console.print(escape(note), style="dim italic", highlight=False)
    console.print()


def _printable(value: object) -> str:
    if value is None or (not isinstance(value, list | dict) and pd.isna(value)):  # type: ignore[call-overload]
        return ""
    return printable(orjson.dumps(value, default=str).decode() if isinstance(value, list | dict) else str(value))


def printable(text: str) -> str:
    """Return `text` without what would drive a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)


def _formula_safe(value: object) -> object:
    # A spreadsheet runs a cell that starts with one of these; the apostrophe makes it text (OWASP ASVS 1.2.10).
    if isinstance(value, list | dict):
        value = orjson.dumps(value, default=str).decode()
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0"))
        else value
    )
