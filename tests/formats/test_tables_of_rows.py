import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval_pipeline.errors import SourceError
from eval_pipeline.formats.delimited import CSV
from eval_pipeline.formats.parquet import PARQUET
from eval_pipeline.sessions import Session
from tests.formats.format_files import read_all, read_good, reasons

TURNS = [
    {"chat": "a", "who": "customer", "text": "Hi", "time": "2026-01-05 10:00", "lang": "de", "page": "1"},
    {"chat": "b", "who": "customer", "text": 'Yo; "you"\nthere', "time": "2026-01-05 11:00", "lang": "en", "page": "9"},
    {"chat": "a", "who": "bot", "text": "Hello", "time": "2026-01-05 10:01", "lang": "de", "page": "2"},
]
SAID = "session_id=chat,role=who,content=text,at=time,slices.locale=lang,timezone=Europe/Berlin"
ROLES = "roles: {customer: user, bot: assistant}\n"


def write_csv(path: Path, rows: list[dict[str, Any]], delimiter: str = ",") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode("utf-8-sig")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def yaml_mapping(tmp_path: Path) -> str:
    pairs = dict(pair.split("=") for pair in SAID.split(","))
    locale = pairs.pop("slices.locale")
    lines = [f"{key}: {value}\n" for key, value in pairs.items()]
    path = tmp_path / "mapping.yaml"
    path.write_text("".join(lines) + f"slices: {{locale: {locale}}}\n" + ROLES)
    return str(path)


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    data = pd.DataFrame(rows).to_parquet(None, index=False)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "semicolon.csv", "a.parquet", "a.parquet.gz"])
def test_rows_that_are_turns_are_gathered_into_sessions(tmp_path: Path, name: str) -> None:
    importer = CSV if "csv" in name else PARQUET
    path = tmp_path / name
    if importer is CSV:
        write_csv(path, TURNS, ";" if name == "semicolon.csv" else ",")
    else:
        write_parquet(path, TURNS)

    first, second = (Session.model_validate(f) for f in read_good(importer, path, yaml_mapping(tmp_path)))

    assert [(turn.role, turn.content) for turn in first.turns] == [("user", "Hi"), ("assistant", "Hello")]
    assert first.started_at.isoformat() == "2026-01-05T09:00:00+00:00"
    assert first.slices == {"locale": "de"}
    assert first.meta["turn_extras"] == {"0": {"page": "1"}, "1": {"page": "2"}}
    assert (second.turns[0].content, second.meta) == ('Yo; "you"\nthere', {"page": "9"})


def test_turns_of_a_table_are_put_in_order_of_time(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", TURNS[::-1])
    sessions = {fields["session_id"]: fields for fields in read_good(CSV, path, yaml_mapping(tmp_path))}
    assert [turn["content"] for turn in sessions["a"]["turns"]] == ["Hi", "Hello"]


def test_a_row_may_be_an_exchange(tmp_path: Path) -> None:
    rows = [
        {"session_id": "a", "at": "2026-01-05T10:00Z", "input": "Hi", "output": "Hello"},
        {"session_id": "a", "at": "2026-01-05T10:01Z", "input": "Bye", "output": ""},
    ]
    [fields] = read_good(CSV, write_csv(tmp_path / "a.csv", rows))
    assert [(t["role"], t["content"]) for t in fields["turns"]] == [
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "Bye"),
    ]


@pytest.mark.parametrize("nested", [True, False])
def test_a_row_may_be_a_session_with_its_turns_inside(tmp_path: Path, nested: bool) -> None:
    messages = [{"role": "user", "content": "Hi\x00"}, {"role": "assistant", "content": "Hello"}]
    row = {"session_id": 7, "started_at": pd.Timestamp("2026-01-05 10:00"), "score": float("nan")}
    rows = [row | {"messages": messages if nested else json.dumps(messages), "outcome": '{"ok": true}'}]
    [fields] = read_good(PARQUET, write_parquet(tmp_path / "a.parquet", rows))

    assert [turn["content"] for turn in fields["turns"]] == ["Hi\ufffd", "Hello"]
    assert (fields["session_id"], fields["outcome"]) == ("7", {"ok": True})


def test_a_bad_row_is_rejected_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    header = "session_id,role,content,at\n"
    good = "s,user,hi,2026-01-05\n"
    path.write_text(header + good + "one,cell short,x\n" + ",user,no id,2026-01-05\n\n" + 't,user,hi,"2026-01-05\n')
    assert sorted(reasons(CSV, path)) == [
        ("line 2", "good"),
        ("line 3", "invalid_csv"),
        ("line 4", "missing_field"),
        ("line 6", "invalid_csv"),
    ]


def test_a_mapping_to_a_column_that_is_not_there_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", TURNS)
    with pytest.raises(SourceError, match=r"a\.csv has no column `wer`.*\n.*chat, who, text"):
        read_good(CSV, path, "role=wer,content=text")
    with pytest.raises(SourceError, match="role=COLUMN"):
        read_good(CSV, path)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", TURNS)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SourceError, match=r"a\.parquet"):
        read_good(PARQUET, path)


def test_a_column_that_the_layout_has_no_use_for_is_kept(tmp_path: Path) -> None:
    exchange = {"session_id": "a", "at": "2026-01-05T10:00Z", "input": "Hi", "output": "Hello", "error": "timeout"}
    whole = {"session_id": "a", "started_at": "2026-01-05", "turns": "[]", "timestamp": "later", "input": "typed"}
    assert read_good(CSV, write_csv(tmp_path / "a.csv", [exchange]))[0]["meta"] == {"error": "timeout"}
    assert read_good(CSV, write_csv(tmp_path / "b.csv", [whole]))[0]["meta"] == {"timestamp": "later", "input": "typed"}


def test_a_mapping_names_the_fields_of_messages_in_a_cell(tmp_path: Path) -> None:
    row = {"session_id": "a", "started_at": "2026-01-05", "turns": '[{"from": "human", "value": "Hi"}]', "value": "9"}
    [fields] = read_good(CSV, write_csv(tmp_path / "a.csv", [row]), "role=from,content=value")
    assert (fields["turns"], fields["meta"]) == ([{"role": "user", "content": "Hi"}], {"value": "9"})


@pytest.mark.parametrize(
    ("values", "arrow_type"),
    [
        ([2**45, 0], pa.timestamp("s")),
        ([2**62, 0], pa.timestamp("us")),
        ([2**30, 0], pa.date32()),
        ([[2**45], [0]], pa.list_(pa.timestamp("s"))),
        ([1, None], pa.timestamp("us", tz="Mars/Phobos")),
    ],
)
@pytest.mark.parametrize("column", ["extra", "started_at"])
def test_a_cell_that_python_has_no_value_for_costs_its_row_alone(
    tmp_path: Path, column: str, values: list[Any], arrow_type: pa.DataType
) -> None:
    columns: dict[str, Any] = {"session_id": ["a", "b"], "turns": ["[]", "[]"], "started_at": ["2026-01-05"] * 2}
    if column == "started_at" and values[1] is not None:
        values = [values[0], values[0]]
    pq.write_table(pa.table(columns | {column: pa.array(values, arrow_type)}), tmp_path / "a.parquet")

    found = dict(read_all(PARQUET, tmp_path / "a.parquet"))

    assert found.keys() == {"row 1", "row 2"}
    rejection = found["row 1"]
    assert (rejection.reason, rejection.field) == ("bad_field", "column 4" if column == "extra" else "started_at")
    assert "Mars" not in str(rejection.detail) and rejection.mend
    if column == "extra":
        assert found["row 2"]["session_id"] == "b"
