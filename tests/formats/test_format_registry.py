from pathlib import Path

import pytest

from eval_pipeline.errors import SourceError
from eval_pipeline.formats.mapping import Mapping, load_mapping
from eval_pipeline.formats.registry import FORMATS, detect, importer_named
from tests.formats.format_files import SESSION, write_lines

CHAT = {"messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(
    ("name", "records", "expected"),
    [
        ("a.jsonl", [SESSION], "sessions_jsonl"),
        ("a.txt", [b"{broken", b"", SESSION], "sessions_jsonl"),
        ("a.jsonl", [CHAT], "openai_chat_jsonl"),
        ("a.csv", [b"session_id,role"], "csv"),
        ("A.PARQUET", [b"PAR1"], "parquet"),
    ],
)
def test_a_format_is_told_by_name_and_first_records(
    tmp_path: Path, name: str, records: list[object], expected: str
) -> None:
    assert detect(write_lines(tmp_path / name, records)).name == expected


@pytest.mark.parametrize("records", [[], [{"neither": 1}], [[SESSION]]])
def test_an_unclear_format_lists_the_choices(tmp_path: Path, records: list[object]) -> None:
    with pytest.raises(SourceError) as caught:
        detect(write_lines(tmp_path / "a.jsonl", records))
    assert all(name in caught.value.mend for name in FORMATS)


def test_an_unknown_format_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="`xml`"):
        importer_named("xml")
    with pytest.raises(SourceError, match=r"gone\.jsonl"):
        detect(tmp_path / "gone.jsonl")


def test_a_mapping_says_the_same_in_one_line_and_in_yaml_and_survives_storing(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("session_id: id\nstarted_at: {const: 2026-01-31}\nslices: {locale: lang}\ntimezone: UTC\n")
    inline = load_mapping("session_id=id, started_at=const:2026-01-31, slices.locale=lang, timezone=UTC")

    assert load_mapping(str(file)) == inline == Mapping.model_validate(inline.as_json())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("session_id", "session_id"),
        ("colour=x", "colour"),
        ("timezone=Mars/Olympus", "timezone"),
        ("encoding=klingon", "encoding"),
        ("encoding=hex", "encoding"),
        ("slices=lang,slices.locale=lang", "slices"),
        ("gone.yaml", "gone.yaml"),
    ],
)
def test_a_wrong_mapping_names_what_is_wrong(text: str, named: str) -> None:
    with pytest.raises(SourceError, match=named):
        load_mapping(text)
