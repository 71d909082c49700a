"""Writes small input files for the tests of the formats, and reads them back as (position, fields or reason)."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.contract import Importer
from eval_pipeline.formats.mapping import Mapping, load_mapping

SESSION: dict[str, Any] = {
    "session_id": "s1",
    "started_at": "2026-01-05T10:00:00Z",
    "turns": [{"role": "user", "content": "Where is my order?", "ts": "2026-01-05T10:00:00Z"}],
}


def session(**changes: Any) -> dict[str, Any]:
    return {**SESSION, **changes}


def write_lines(path: Path, records: Iterable[Any]) -> Path:
    path.write_bytes(b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in records))
    return path


def read_all(importer: Importer, path: Path, mapping: str = "") -> list[tuple[str, Any]]:
    said = load_mapping(mapping) if mapping else Mapping()
    return list(importer.records(path, said))


def read_good(importer: Importer, path: Path, mapping: str = "") -> list[dict[str, Any]]:
    items = [item for _, item in read_all(importer, path, mapping)]
    assert not [item for item in items if isinstance(item, RejectedRecord)]
    return items


def reasons(importer: Importer, path: Path, mapping: str = "") -> list[tuple[str, str]]:
    return [
        (position, item.reason if isinstance(item, RejectedRecord) else "good")
        for position, item in read_all(importer, path, mapping)
    ]
