"""Labels and reviews written to a file, with every column of their table, as JSONL, CSV or Parquet.

CSV is RFC 4180 in UTF-8, its cells safe against formulas (`formula_safety.py`); objects are JSON text in CSV and Parquet. The
two sets are never in one file: see `LabelSet`. Not here: reading such a file again (`reviews_file.py`).
"""

import csv
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from eval_pipeline.calibration.split import LabelSet, group_of, label_set
from eval_pipeline.errors import SettingsError
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.files.formula_safety import formula_safe
from eval_pipeline.tables import HumanLabels, RawSessions, Reviews


def labels_of(warehouse: Warehouse, in_set: LabelSet, target: str | None = None) -> pd.DataFrame:
    """Return the rows of `human_labels` of one set, of one target or of all."""
    labels = warehouse.read(HumanLabels)
    is_wanted = labels["label_set"] == in_set
    if target is not None:
        is_wanted &= labels["target"] == target
    return labels[is_wanted].reset_index(drop=True)


def reviews_of(warehouse: Warehouse, in_set: LabelSet, target: str | None = None) -> pd.DataFrame:
    """Return the rows of `reviews` of the sessions whose users' hash falls in one set, those that answer a target or all.

    A review may answer targets of both sets, so whole sessions are told apart: no blind answer of a held-out session
    stands among the reviews of the calibration set. Reviews of sessions that are no longer stored are in neither.
    """
    reviews = warehouse.read(Reviews)
    users = warehouse.read(RawSessions, columns=["session_id", "user_id"], session_ids=reviews["session_id"])
    wanted = [
        session
        for session, user in users[["session_id", "user_id"]].itertuples(index=False, name=None)
        if label_set(group_of(user, session)) == in_set
    ]
    is_wanted = reviews["session_id"].isin(wanted)
    if target is not None:
        is_wanted &= reviews["answers"].map(lambda answers: target in answers).astype("bool")
    return reviews[is_wanted].reset_index(drop=True)


def write_rows(frame: pd.DataFrame, path: Path, may_overwrite: bool = False) -> None:
    """Write `frame` to `path` in the format of its ending.

    Raises `SettingsError` for another ending, when the file is there and `may_overwrite` is false, or when it cannot be
    written.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise SettingsError(f"{path}: labels are written as {', '.join(WRITERS)}", "give the file one of these endings")
    content = writer(frame)
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
