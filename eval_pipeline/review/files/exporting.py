"""Labels and reviews written to a file, with every column of their table, as JSONL, CSV or Parquet.

CSV is RFC 4180 in UTF-8, its cells safe against formulas (`formula_safety.py`); objects are JSON text in CSV and Parquet. The
two sets are never in one file: see `LabelSet`. Held-out labels of judges that leave one by one use their sets up (`use_up`).
Not here: reading such a file again (`reviews_file.py`).
"""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from eval_pipeline.calibration.held_out import EXPORTED, Look, in_use, record_look, retire
from eval_pipeline.calibration.known_groups import known_groups
from eval_pipeline.calibration.split import LabelSet
from eval_pipeline.errors import SettingsError
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.files.formula_safety import formula_safe
from eval_pipeline.tables import HumanLabels, RawSessions, Reviews
from eval_pipeline.versions import content_hash

JUDGE = "judge:"


def labels_of(warehouse: Warehouse, in_set: LabelSet, target: str | None = None) -> pd.DataFrame:
    """Return the rows of `human_labels` of one set, of one target or of all."""
    labels = warehouse.read(HumanLabels)
    is_wanted = labels["label_set"] == in_set
    if target is not None:
        is_wanted &= labels["target"] == target
    return labels[is_wanted].reset_index(drop=True)


def reviews_of(warehouse: Warehouse, in_set: LabelSet, target: str | None = None) -> pd.DataFrame:
    """Return the rows of `reviews` of the sessions whose groups stand in one set, those that answer a target or all.

    A review may answer targets of both sets, so whole sessions are told apart: no blind answer of a held-out session
    stands among the reviews of the calibration set. Reviews of sessions that are no longer stored are in neither.
    """
    reviews = warehouse.read(Reviews)
    users = warehouse.read(RawSessions, columns=["session_id", "user_id"], session_ids=reviews["session_id"])
    groups = known_groups(warehouse, users)
    is_stored = groups["session_id"].isin(users["session_id"])
    wanted = groups.loc[is_stored & (groups["label_set"] == in_set), "session_id"]
    is_wanted = reviews["session_id"].isin(wanted)
    if target is not None:
        is_wanted &= reviews["answers"].map(lambda answers: target in answers).astype("bool")
    return reviews[is_wanted].reset_index(drop=True)


def judges_shown(warehouse: Warehouse, rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return target and origin of the judges whose held-out labels, or blind answers, stand in `rows` (of `labels_of`,
    `reviews_of`) and were not used up before."""
    sessions = warehouse.read(RawSessions, columns=["session_id", "user_id", "origin"], session_ids=rows["session_id"])
    targets = rows["answers"].map(list) if "answers" in rows else rows["target"].map(lambda target: [target])
    shown = rows[["session_id", "is_blind"]].assign(target=targets).explode("target").dropna(subset="target")
    shown = shown[shown["is_blind"].astype("bool") & shown["target"].str.startswith(JUDGE).astype("bool")]
    alive = [
        rows_of.merge(in_use(warehouse, sessions, str(target))[["session_id"]], on="session_id")
        for target, rows_of in shown.groupby("target")
    ]
    pairs = pd.concat([shown.iloc[:0], *alive]).merge(sessions, on="session_id")[["target", "origin"]]
    return sorted(set(pairs.itertuples(index=False, name=None)))


def use_up(warehouse: Warehouse, rows: pd.DataFrame, by: str, now: datetime) -> list[str]:
    """Retire the held-out sets of the judges whose labels stand in `rows`, on record as a look of `by`; return a sentence
    for each.

    Whoever has seen the labels one by one could tune on them, so nothing measured on this set would be worth anything.
    """
    said = []
    for target, origin in judges_shown(warehouse, rows):
        look = Look(target.removeprefix(JUDGE), EXPORTED, by, now, content_hash(sorted(set(rows["session_id"]))))
        taken = record_look(warehouse, target, origin, look)
        days = retire(warehouse, target, origin, taken.look_id, now)
        said.append(
            f"held-out set {taken.held_out_version} of {target} ({origin}) is retired: its labels, of {len(days)} days, are "
            f"calibration now; set {taken.held_out_version + 1} fills with new reviews"
        )
    return said


def check_path(path: Path, may_overwrite: bool = False) -> None:
    """Raise what `write_rows` would raise for the ending of `path`, or because it is there."""
    if path.suffix.lower() not in WRITERS:
        raise SettingsError(f"{path}: labels are written as {', '.join(WRITERS)}", "give the file one of these endings")
    if path.exists() and not may_overwrite:
        raise SettingsError(f"{path} is there already", "name another file, or add --force to replace it")
    if not path.parent.is_dir():
        raise SettingsError(f"{path} cannot be written: there is no folder {path.parent}", "make the folder first")


def write_rows(frame: pd.DataFrame, path: Path, may_overwrite: bool = False) -> None:
    """Write `frame` to `path` in the format of its ending.

    Raises `SettingsError` for another ending, when the file is there and `may_overwrite` is false, or when it cannot be
    written.
    """
    check_path(path, may_overwrite)
    content = WRITERS[path.suffix.lower()](frame)
    try:
        with path.open("wb" if may_overwrite else "xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise SettingsError(f"{path} is there already", "name another file, or add --force to replace it") from error
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written: {error.strerror}", "check the folder and its permissions"
        ) from error


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows as JSON holds them: nulls as None, days and times (UTC) in ISO 8601."""
    for row in frame.astype("object").to_dict("records"):
        yield {str(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict | list):
        return value
    if pd.isna(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _jsonl(frame: pd.DataFrame) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in _rows(frame))


def _csv(frame: pd.DataFrame) -> bytes:
    text = StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(frame.columns)
    writer.writerows([_cell(value) for value in row.values()] for row in _rows(frame))
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return formula_safe(value if isinstance(value, str) else orjson.dumps(value).decode())


def _parquet(frame: pd.DataFrame) -> bytes:
    """Objects as JSON text: two rows of one column may have other keys, for which Parquet has no shape."""
    is_object = frame.columns[[any(isinstance(value, dict | list) for value in frame[name]) for name in frame.columns]]
    texts = {name: frame[name].map(lambda value: orjson.dumps(value).decode()) for name in is_object}
    file = BytesIO()
    frame.assign(**texts).to_parquet(file, index=False)
    return file.getvalue()


WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
"""File ending to what writes it."""
