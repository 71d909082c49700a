"""Files of recorded verdicts and labels are read in every form, and what cannot be read is named."""

from pathlib import Path

import pandas as pd
import pytest

from eval_pipeline.calibration.recorded.places import Places
from eval_pipeline.calibration.recorded.statements import Statement, read_statements
from eval_pipeline.errors import EvalPipelineError, SettingsError
from tests.calibration.recorded.files import jsonl, judged_pairs, judged_sessions

NONE = Places.of(None)
ROWS = [
    {"item_id": "i-1", "judge": "gpt", "version": "2", "metric": "tone", "order": "ab", "value": "pass"},
    {"item_id": "i-1", "judge": "gpt", "version": "2", "metric": "tone", "order": "ba", "value": "fail"},
    {"item_id": "i-2", "judge": "gpt", "version": "2", "metric": "tone", "order": "ab", "value": None},
]


def said(statement: Statement) -> tuple[object, ...]:
    return (statement.item_id, statement.metric, statement.rater, statement.version, statement.variant, statement.raw)


@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "tsv", "parquet"])
def test_one_verdict_a_row_says_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    path, frame = tmp_path / f"judged.{form}", pd.DataFrame(ROWS)
    write = {
        "jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        "json": lambda: frame.to_json(path, orient="records"),
        "csv": lambda: frame.to_csv(path, index=False),
        "tsv": lambda: frame.to_csv(path, index=False, sep="\t"),
        "parquet": lambda: frame.to_parquet(path),
    }
    write[form]()
    reading = read_statements(path, "verdicts", NONE)
    assert reading.bad_lines == []
    assert [said(statement) for statement in reading.statements] == [
        ("i-1", "tone", "gpt", "2", "ab", "pass"),
        ("i-1", "tone", "gpt", "2", "ba", "fail"),
        ("i-2", "tone", "gpt", "2", "ab", None),
    ]


def test_a_session_holds_verdicts_and_labels_and_each_import_takes_its_own(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s.jsonl", judged_sessions())
    verdicts, labels = read_statements(path, "verdicts", NONE), read_statements(path, "labels", NONE)
    assert (len(verdicts.statements), dict(verdicts.of_other_kind)) == (120, {"program:reward": 60})
    assert (len(labels.statements), labels.of_other_kind.total()) == (60, 120)
    assert said(verdicts.statements[0]) == ("s-0", "task_success", "gpt", "triage", None, "fail")


def test_what_the_judge_said_is_read_and_not_what_somebody_made_of_it(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s.jsonl", judged_sessions())
    reading = read_statements(path, "verdicts", NONE)
    assert reading.mapped_by_source == {("satisfied", "pass"): 20}
    assert sum(statement.raw == "satisfied" for statement in reading.statements) == 20
    taken = read_statements(path, "verdicts", Places.of("value=value"))
    assert (taken.mapped_by_source.total(), {statement.raw for statement in taken.statements}) == (0, {"pass", "fail"})


def test_a_verdict_without_raw_value_is_none_though_somebody_made_it_a_fail(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "v.jsonl", [{"item_id": "1", "judge": "g", "raw_value": None, "value": "fail"}])
    reading = read_statements(path, "verdicts", NONE)
    assert (reading.statements[0].raw, reading.mapped_by_source.total()) == (None, 1)


def test_columns_are_mapped_put_together_given_and_counted(tmp_path: Path) -> None:
    rows = [{"question": 81, "turn": turn, "by": "gpt", "meta": {"winner": "A"}} for turn in (1, 2, 2)]
    mapping = "item_id=question+turn,judge=by,value=meta.winner,metric=const:preference,variant=position:"
    reading = read_statements(jsonl(tmp_path / "m.jsonl", rows), "verdicts", Places.of(mapping))
    assert [said(statement) for statement in reading.statements] == [
        ("81/1", "preference", "gpt", None, "1", "A"),
        ("81/2", "preference", "gpt", None, "1", "A"),
        ("81/2", "preference", "gpt", None, "2", "A"),
    ]


def test_a_list_of_another_name_takes_what_is_mapped_from_its_record(tmp_path: Path) -> None:
    record = {"pair_id": 7, "judge_name": "judge-1", "judgments": [{"decision": "A>B"}, {"decision": "B>A"}]}
    mapping = "labels=judgments,item_id=pair_id,rater=judge_name,value=decision,variant=position:"
    reading = read_statements(jsonl(tmp_path / "j.jsonl", [record]), "verdicts", Places.of(mapping))
    assert [(s.item_id, s.rater, s.variant, s.raw) for s in reading.statements] == [
        ("7", "judge-1", "1", "A>B"),
        ("7", "judge-1", "2", "B>A"),
    ]


def test_every_bad_line_is_named_with_its_field_and_mend_and_its_words_stay_out(tmp_path: Path) -> None:
    good = '{"item_id": "1", "judge": "g", "value": "pass"}\n'
    lines = [
        '{"item_id": SECRET\n',
        '["SECRET"]\n',
        '{"judge": "SECRET", "value": "pass"}\n',
        '{"item_id": "2", "value": "SECRET"}\n',
        '{"item_id": "3", "judge": "g", "verdict": "SECRET"}\n',
        good,
        '{"item_id": "4", "labels": ["SECRET"]}\n',
    ]
    path = tmp_path / "v.jsonl"
    path.write_text(good + "".join(lines))
    reading = read_statements(path, "verdicts", NONE)
    named = [(line.position, line.field) for line in reading.bad_lines]
    assert named == [
        ("line 2", None),
        ("line 3", None),
        ("line 4", "item_id or session_id"),
        ("line 5", "judge or rater"),
        ("line 6", "raw_value or value"),
        ("line 7", None),
        ("line 8, label 1", "labels"),
    ]
    assert len(reading.statements) == 1
    assert "SECRET" not in " ".join(map(str, reading.bad_lines))
    assert all(line.mend for line in reading.bad_lines)
    assert "variant=position:" in reading.bad_lines[5].mend, "two verdicts on an item are told apart by the user"


def test_a_label_said_again_counts_once_and_one_that_says_otherwise_is_named(tmp_path: Path) -> None:
    rows = [{"item_id": "1", "rater": "human:a", "value": value} for value in ("pass", "pass", "fail")]
    reading = read_statements(jsonl(tmp_path / "l.jsonl", rows), "labels", NONE)
    assert (len(reading.statements), reading.said_again) == (1, 1)
    assert "contradiction" in str(reading.bad_lines[0])


@pytest.mark.parametrize("mapping", ["verdict=x", "value", "value="])
def test_a_mapping_of_no_known_key_is_refused(mapping: str) -> None:
    with pytest.raises(SettingsError, match="keys"):
        Places.of(mapping)


def test_a_mapping_to_a_column_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "p.jsonl", judged_pairs())
    with pytest.raises(EvalPipelineError, match="`winer`"):
        read_statements(path, "verdicts", Places.of("value=winer"))


@pytest.mark.parametrize(("name", "content"), [("v.txt", "x"), ("v.csv", ""), ("v.parquet", "x"), ("v.json", "{}")])
def test_a_file_that_is_none_says_so(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(EvalPipelineError) as error:
        read_statements(tmp_path / name, "verdicts", NONE)
    assert error.value.mend


def test_a_row_of_another_width_is_named(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("item_id,judge,value\n1,g,pass\n2,g\n3,g,fail\n")
    reading = read_statements(path, "verdicts", NONE)
    assert [line.position for line in reading.bad_lines] == ["line 3"]
    assert len(reading.statements) == 2
