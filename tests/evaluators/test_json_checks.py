"""JSON and JSON Schema: what holds, what does not, and where a schema finds the fault."""

import sys
from pathlib import Path

import pytest

from eval_pipeline.evaluators.checks import is_json_object, is_valid_json, satisfies_schema
from tests.evaluators.conversations import call, message, outcome

ORDER = {"type": "object", "properties": {"total": {"type": "number", "minimum": 0}}, "required": ["total"]}


@pytest.mark.parametrize(
    ("text", "expected"), [('{"a": [1]}', "pass"), ("null", "pass"), ("{'a': 1}", "fail"), ("", "fail")]
)
def test_valid_json(text: str, expected: str) -> None:
    assert outcome(is_valid_json(), text) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [({"a": 1}, "pass"), (None, "pass"), ('{"a": 1}', "pass"), ([1], "fail"), ('{"a": ', "fail"), (7, "fail")],
)
def test_arguments_of_a_call_are_an_object(arguments: object, expected: str) -> None:
    assert outcome(is_json_object(), call(arguments)) == expected


def test_json_schema_names_the_place_at_fault() -> None:
    check = satisfies_schema(ORDER)
    assert outcome(check, '{"total": 3}') == "pass"
    assert outcome(check, call({"total": 3})) == "pass"
    assert outcome(check, "no json") == "fail"
    finding = check.judge(message('{"total": -1}'))
    assert finding.outcome == "fail"
    assert (finding.found() or "").startswith("/total: -1 is less than")
    assert finding.pointer == "/total"


def test_json_schema_validates_formats() -> None:
    day = satisfies_schema({"type": "string", "format": "date"})
    assert (outcome(day, '"2026-03-02"'), outcome(day, '"2026-13-02"')) == ("pass", "fail")


def test_json_schema_is_draft_2020_12() -> None:
    pairs = satisfies_schema({"prefixItems": [{"type": "integer"}], "items": False})
    assert (outcome(pairs, "[1]"), outcome(pairs, '["x"]'), outcome(pairs, "[1, 2]")) == ("pass", "fail", "fail")


def test_a_schema_that_is_none_or_not_self_contained_is_refused_at_once(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text('{"type": "object"}')
    for schema in ({"type": "nonsense"}, {"$ref": elsewhere.as_uri()}):
        with pytest.raises(ValueError, match=r"nonsense|elsewhere"):
            satisfies_schema(schema)


def test_a_text_is_parsed_once_however_many_checks_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    views = sys.modules[type(message("")).__module__]
    monkeypatch.setattr(views.orjson, "loads", lambda text: parsed.append(text) or {})
    text = message("{}")
    for check in (is_valid_json(), is_json_object(), is_valid_json()):
        assert outcome(check, text) == "pass"
    assert parsed == ["{}"]
