"""The formats that can be read, by name, and which of them a file is written in.

Not here: the formats themselves (one module each).
"""

from pathlib import Path
from typing import Any

from eval_pipeline.errors import RejectedRecord, SourceError
from eval_pipeline.formats.contract import Importer
from eval_pipeline.formats.delimited import CSV
from eval_pipeline.formats.json_lines import JsonLines
from eval_pipeline.formats.json_text import parse_json
from eval_pipeline.formats.lines import open_text, read_lines
from eval_pipeline.formats.openai_chat_jsonl import OPENAI_CHAT_JSONL
from eval_pipeline.formats.parquet import PARQUET
from eval_pipeline.formats.sessions_jsonl import SESSIONS_JSONL

_IMPORTERS: tuple[Importer, ...] = (SESSIONS_JSONL, OPENAI_CHAT_JSONL, CSV, PARQUET)
FORMATS: dict[str, Importer] = {importer.name: importer for importer in _IMPORTERS}

SUFFIXES: dict[str, tuple[Importer, ...]] = {
    ".csv": (CSV,),
    ".tsv": (CSV,),
    ".parquet": (PARQUET,),
    ".jsonl": (SESSIONS_JSONL, OPENAI_CHAT_JSONL),
    ".ndjson": (SESSIONS_JSONL, OPENAI_CHAT_JSONL),
}
"""What a file's name promises; JSON lines are told apart by their first records."""

N_LINES_TO_LOOK_AT = 20


def importer_named(name: str) -> Importer:
    """Return the importer of a format. Raises `SourceError` listing the formats when there is none of that name."""
    if name not in FORMATS:
        raise SourceError(f"there is no format `{name}`", _choose())
    return FORMATS[name]


def detect(path: Path) -> Importer:
    """Return the importer of the format that `path` is written in, by its name and its first records.

    Raises `SourceError` listing the formats when that is not plain to see.
    """
    promised = SUFFIXES.get(suffix(path), ())
    if len(promised) == 1:
        return promised[0]
    for record in _first_records(path):
        for importer in FORMATS.values():
            if isinstance(importer, JsonLines) and importer.is_like(record):
                return importer
    raise SourceError(f"{path} is in none of the formats that can be told from its first lines", _choose())


def suffix(path: Path) -> str:
    """Return the lower-case suffix that tells the format; `.gz` does not."""
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return plain.suffix.lower()


def _first_records(path: Path) -> list[dict[str, Any]]:
    records = []
    with open_text(path) as stream:
        for _, line in zip(range(N_LINES_TO_LOOK_AT), read_lines(stream), strict=False):
            try:
                value = parse_json(line.data or b"null", set())
            except RejectedRecord:
                continue
            if isinstance(value, dict):
                records.append(value)
    return records


def _choose() -> str:
    listed = "\n".join(f"    {importer.name}: {importer.about}" for importer in FORMATS.values())
    return f"name one with --format (any may be gzipped; a JSON array must become one record a line):\n{listed}"
