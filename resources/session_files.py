"""Sessions from files: a file is registered once, then read day by day. Implements `ports.SessionSource`.

What is registered stands in `session_sources`; what each file holds per day, in `source_days`. Both are counted by a
scan of their own, so that the intake's count has something to be checked against. A file that takes another's place
(same path, other content or mapping) marks the older reading as superseded in the same write: its rows in
`source_days` no longer count, and come to zero when their day is taken in again; none is ever deleted. Not here: the
formats, what becomes of a record (`eval_pipeline/intake.py`).
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from eval_pipeline.errors import RejectedRecord, SourceError
from eval_pipeline.formats.contract import Importer
from eval_pipeline.formats.mapping import Mapping
from eval_pipeline.formats.registry import SUFFIXES, detect, importer_named, suffix
from eval_pipeline.ports import SourceRecord, Warehouse
from eval_pipeline.sessions import TrafficOrigin, as_utc
from eval_pipeline.tables import SessionSources, SourceDays
from eval_pipeline.versions import content_hash
from resources.file_days import FileDays, count_days, hash_file

MAX_OPEN = 16
"""Files that are kept open or in memory at a time; the others are opened again when a day needs them."""


@dataclass(frozen=True)
class Registration:
    """What registering a path came to.

    `days` are those to be taken in (again): the file's own, and those of a reading that it supersedes. For a folder,
    `parts` has one registration a file, and the others are their sums; `source_id` is then a hash of theirs.
    """

    source_id: str
    n_read: int
    days: tuple[date, ...]
    is_new: bool
    parts: tuple["Registration", ...] = ()


@dataclass(frozen=True)
class _Scan:
    """A file as it is to be stored: its row of `session_sources`, and its records by day where those are not known."""

    source_id: str
    path: Path
    source: pd.DataFrame
    n_read: Counter[date] | None


class SessionFiles:
    """Registered files as a source of sessions."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._files: dict[tuple[str, str], FileDays] = {}

    def register(
        self, path: Path, format: str | None, mapping: Mapping | None, origin: TrafficOrigin, now: datetime
    ) -> Registration:
        """Scan and register a file, or every file of known suffix in a folder and its subfolders.

        Without a `format` it is detected. Records without a usable time count on the UTC day of `now`, as do those
        that start after it. The same bytes, format, mapping and origin again are a no-op.
        Raises `SourceError` when a file cannot be read, or the folder holds none; nothing was registered then.
        """
        path, said = path.resolve(), mapping or Mapping()
        files = _files_in(path) if path.is_dir() else [path]
        # All are looked at before any is stored: a folder is registered as a whole, or not at all.
        importers = [importer_named(format) if format else detect(file) for file in files]
        known = self._warehouse.read(SessionSources)
        scans = [self._scan(*pair, said, origin, now, known) for pair in zip(files, importers, strict=True)]
        parts = [self._store(scan) for scan in scans]
        return _summed(parts) if path.is_dir() else parts[0]

    def days(self) -> list[date]:
        """Return the UTC days that the sources cover, in order.

        A day that only a superseded reading held is among them until it was taken in again: its sessions then leave.
        """
        rows = self._warehouse.read(SourceDays, columns=["session_day", "n_read"])
        return sorted(set(rows.loc[rows["n_read"] > 0, "session_day"]))

    def counts(self, day: date) -> dict[str, int]:
        """Return how many records the scan of each live source counted for `day`; sources without any are left out."""
        live = set(self._live()["source_id"])
        rows = self._warehouse.read(SourceDays, [day], ["source_id", "n_read"])
        rows = rows[rows["source_id"].isin(live)]
        return {str(source): int(n) for source, n in zip(rows["source_id"], rows["n_read"], strict=True)}

    def read(self, day: date) -> Iterator[SourceRecord]:
        """Yield the records that count on `day`, source by source in order of registration; see `ports.SessionSource`.

        The first read of a file verifies its hash and indexes its days; later reads go straight to their records.
        """
        counted = self.counts(day)
        live = self._live().sort_values(["registered_at", "source_id"])
        for row in live[live["source_id"].isin(counted.keys())].to_dict("records"):
            for position, item in self._file_days(row).items(day):
                yield SourceRecord(
                    source_id=row["source_id"],
                    source_path=row["path"],
                    position=position,
                    origin=row["origin"],
                    fields=None if isinstance(item, RejectedRecord) else item,
                    rejection=item if isinstance(item, RejectedRecord) else None,
                )

    def _live(self) -> pd.DataFrame:
        sources = self._warehouse.read(SessionSources)
        return sources[~sources["is_superseded"]]

    def _file_days(self, row: dict[Hashable, Any]) -> FileDays:
        """Return the file of a row of `session_sources`; the one used last is closed last."""
        key = (row["source_id"], row["path"])
        opened = self._files.pop(key, None) or FileDays(
            Path(row["path"]),
            importer_named(row["format"]),
            Mapping.model_validate(row["mapping"] if isinstance(row["mapping"], dict) else {}),
            sha256=row["sha256"],
            n_bytes=int(row["n_bytes"]),
            registered_on=row["registered_at"].date(),
        )
        self._files[key] = opened
        for file in list(self._files.values())[:-MAX_OPEN]:
            file.close()
        return opened

    def _scan(
        self,
        path: Path,
        importer: Importer,
        mapping: Mapping,
        origin: TrafficOrigin,
        now: datetime,
        sources: pd.DataFrame,
    ) -> "_Scan":
        """Read a file for what is to be stored of it; one that is known and complete is hashed only."""
        said = mapping.as_json()
        sha256, n_bytes = hash_file(path)
        source_id = content_hash([sha256, importer.name, said, origin])
        present = sources[sources["source_id"] == source_id]
        # A reading that returns keeps its day of registration: its undatable records count there.
        registered_at = present["registered_at"].iloc[0] if len(present) else pd.Timestamp(as_utc(now))
        n_read = None if self._is_complete(present) else count_days(importer, path, mapping, registered_at.date())
        if n_read is not None and hash_file(path) != (sha256, n_bytes):
            raise SourceError(f"{path} changed while it was read", "register it when nothing writes to it any more")
        row = {
            "source_id": source_id,
            "path": str(path),
            "format": importer.name,
            "mapping": said,
            "origin": origin,
            "sha256": sha256,
            "n_bytes": n_bytes,
            "n_read": int(present["n_read"].iloc[0]) if n_read is None else n_read.total(),
            "registered_at": registered_at,
            "is_superseded": False,
        }
        return _Scan(source_id, path, pd.DataFrame([row]), n_read)

    def _is_complete(self, present: pd.DataFrame) -> bool:
        """Return whether a source is there, live, and has all its days."""
        if present.empty or present["is_superseded"].iloc[0]:
            return False
        rows = self._days_rows([str(present["source_id"].iloc[0])])
        return int(rows["n_read"].sum()) == int(present["n_read"].iloc[0])

    def _store(self, scan: "_Scan") -> Registration:
        sources = self._warehouse.read(SessionSources)
        is_this = sources["source_id"] == scan.source_id
        older = sources[(sources["path"] == str(scan.path)) & ~sources["is_superseded"] & ~is_this]
        is_live = bool((is_this & ~sources["is_superseded"]).any())
        # The days come first: until the source is there they count for nothing, so a crash in between is harmless.
        self._put_days(scan, anew=not is_live)
        self._put(self._moved(sources[is_this], scan.path) if is_live else SessionSources.validate(scan.source), older)
        # A run that saw the source still superseded may just have emptied its days.
        self._put_days(scan, anew=False)
        days = set(self._days_rows([scan.source_id, *older["source_id"]]).query("n_read > 0")["session_day"])
        return Registration(scan.source_id, int(scan.source["n_read"].iloc[0]), tuple(sorted(days)), not is_live)

    @staticmethod
    def _moved(present: pd.DataFrame, path: Path) -> pd.DataFrame:
        """Leave a live source as it is; only when its file has moved, note where it is now."""
        return present if Path(str(present["path"].iloc[0])).exists() else present.assign(path=str(path))

    def _put_days(self, scan: "_Scan", anew: bool) -> None:
        """Store what the scan counted by day: all of it `anew`, or only what is missing or was counted otherwise."""
        if scan.n_read is None:
            return
        stored = {} if anew else dict(self._days_rows([scan.source_id])[["session_day", "n_read"]].to_numpy())
        rows = [
            {
                "source_id": scan.source_id,
                "session_day": day,
                "n_read": n,
                "n_accepted": None,
                "n_quarantined": None,
                "n_duplicate": None,
            }
            for day, n in sorted(scan.n_read.items())
            if stored.get(day) != n
        ]
        if rows:
            self._warehouse.upsert(SourceDays, SourceDays.validate(pd.DataFrame(rows)))

    def _put(self, source: pd.DataFrame, older: pd.DataFrame) -> None:
        """Store a source and mark those it supersedes, in one write."""
        rows = [source, older.assign(is_superseded=True)] if len(older) else [source]
        self._warehouse.upsert(SessionSources, pd.concat(rows, ignore_index=True))

    def _days_rows(self, source_ids: Iterable[str]) -> pd.DataFrame:
        rows = self._warehouse.read(SourceDays)
        return rows[rows["source_id"].isin(list(source_ids))]


def _files_in(folder: Path) -> list[Path]:
    """Return the files of known suffix below `folder`, hidden ones left out, in order of their names."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and suffix(path) in SUFFIXES]
    files = [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not files:
        known = ", ".join(SUFFIXES)
        raise SourceError(f"{folder} holds no file of sessions", f"their names end in {known}, or these with .gz")
    return files


def _summed(parts: list[Registration]) -> Registration:
    return Registration(
        source_id=content_hash([part.source_id for part in parts]),
        n_read=sum(part.n_read for part in parts),
        days=tuple(sorted({day for part in parts for day in part.days})),
        is_new=any(part.is_new for part in parts),
        parts=tuple(parts),
    )
