"""Each format: texts that are in it, texts that are not, what is said of them, and texts made to exhaust a parser."""

from typing import Any

import pytest

from eval_pipeline.evaluators.contract import Check
from eval_pipeline.evaluators.leaves.format_checks import (
    is_valid_csv,
    is_valid_markdown,
    is_valid_sql,
    is_valid_xml,
    is_valid_yaml,
    is_yaml_mapping,
)
from tests.evaluators.conversations import message, outcome

SELECT_ONLY = is_valid_sql("postgres", only=("select",))


def complaint(check: Check[Any], text: str) -> str:
    finding = check.judge(message(text))
    assert finding.outcome == "fail", text
    return finding.found() or ""


@pytest.mark.parametrize("text", ["a: 1\nb: [1, 2]", "plain words", "a: &x 1\nb: *x", "--- {}\n--- []", "!!int 3"])
def test_yaml(text: str) -> None:
    assert outcome(is_valid_yaml(), text) == "pass"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: [1, 2\nc: 3", "line 3: did not find expected ',' or ']'"),
        ("a: 1\nb: *x", "line 2: alias *x of nothing"),
        ("!!python/object/apply:os.getcwd []", "line 1: unknown tag tag:yaml.org,2002:python/object/apply:os.getcwd"),
        ("a: !secret x", "line 1: unknown tag !secret"),
        ("a: b: c", "line 1: mapping values are not allowed in this context"),
        ("", "empty"),
        ("\ud800", "surrogates not allowed"),
    ],
)
def test_no_yaml(text: str, said: str) -> None:
    assert complaint(is_valid_yaml(), text) == said


def test_yaml_that_is_a_mapping() -> None:
    assert outcome(is_yaml_mapping(), "a: 1\n---\nb: 2") == "pass"
    assert complaint(is_yaml_mapping(), "Here is your order.") == "not a mapping"
    assert complaint(is_yaml_mapping(), "a: 1\n---\n- b") == "not a mapping"


def test_yaml_that_would_grow_without_bound() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 200))
    assert outcome(is_valid_yaml(), bomb) == "pass"
    assert complaint(is_valid_yaml(), "[" * 100_000) == "line 1: too deeply nested"


@pytest.mark.parametrize(
    "text", ["<a><b/></a>", "<!DOCTYPE html><html/>", '<?xml version="1.0" encoding="latin-1"?><a>\N{EURO SIGN}</a>']
)
def test_xml(text: str) -> None:
    assert outcome(is_valid_xml(), text) == "pass"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<a>\n<b></a>", "line 2: mismatched tag"),
        ("plain words", "line 1: syntax error"),
        ("", "line 1: no element found"),
        ("<a/><b/>", "line 1: junk after document element"),
        ('<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a>&y;</a>', "refused: EntitiesForbidden"),
        ('<!DOCTYPE a SYSTEM "file:///etc/hosts"><a/>', "refused: ExternalReferenceForbidden"),
    ],
)
def test_no_xml(text: str, said: str) -> None:
    assert complaint(is_valid_xml(), text) == said


def test_csv() -> None:
    assert outcome(is_valid_csv(), 'a,b\n1,"x, y"\n\n2,"two\nlines"\n') == "pass"
    assert outcome(is_valid_csv("a", "b", delimiter=";"), "a; b\n1;2") == "pass"
    assert complaint(is_valid_csv(), "a,b\n1,2\n1,2,3") == "line 3: 3 fields, not 2"
    assert complaint(is_valid_csv(), 'a,b\n1,"2') == "line 2: unexpected end of data"
    assert complaint(is_valid_csv(), 'a,"b"c') == "line 1: ',' expected after '\"'"
    assert complaint(is_valid_csv("a", "c"), "a,b\n1,2") == "line 1: the header is a, b"
    assert complaint(is_valid_csv(), " \n"[1:]) == "empty"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a, count(*) FROM t WHERE b = 'x' GROUP BY a",
        "WITH x AS (SELECT 1) SELECT * FROM x; SELECT 2;",
        "(SELECT 1) UNION ALL SELECT 2",
    ],
)
def test_sql(text: str) -> None:
    assert outcome(SELECT_ONLY, text) == "pass"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT\n a b c\nFROM t", "line 2: Invalid expression / Unexpected token at c"),
        ("SELECT FROM WHERE", "line 1: Expected table name at WHERE"),
        ("", "no statement"),
        ("hello world", "no statement that can be checked (alias)"),
        ("Call me back tomorrow", "no statement that can be checked (command)"),
        ("SELECT 1; DROP TABLE t", "a statement of kind drop"),
        ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "a statement of kind delete"),
        ("SELECT * INTO copy FROM t", "a statement of kind create"),
        ("SELECT 'open", "Error tokenizing"),
    ],
)
def test_no_sql_or_not_of_the_kind(text: str, said: str) -> None:
    assert complaint(SELECT_ONLY, text).startswith(said)


def test_sql_of_a_dialect_and_of_other_kinds() -> None:
    merge = "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (a) VALUES (1)"
    assert outcome(is_valid_sql(only=("merge",)), merge) == "pass"
    assert outcome(is_valid_sql(), "DELETE FROM t") == "pass"
    assert outcome(is_valid_sql("mysql"), "SELECT `a` FROM t") == "pass"
    assert outcome(is_valid_sql("postgres"), "SELECT `a` FROM t") == "fail"


def test_sql_on_which_the_parser_slips_is_a_fail() -> None:
    assert complaint(is_valid_sql("duckdb"), "show all") == "cannot be parsed"


def test_sql_made_to_exhaust_the_parser() -> None:
    exponential = "SELECT " + "ARRAY[" * 20 + "1" + "]" * 20
    assert complaint(is_valid_sql(), exponential) == "too intricate to be parsed"
    assert complaint(is_valid_sql(), "SELECT " + "(" * 2000) == "too deeply nested to be parsed"
    assert complaint(is_valid_sql(), "SELECT 1 " * 3000).startswith("longer than")


def test_an_unknown_dialect_or_kind_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        is_valid_sql("nonsense")
    with pytest.raises(ValueError, match="explode"):
        is_valid_sql(only=("explode",))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "# Order\n\nIt is **on its way**, see [here](https://example.org).\n\n1. a\n2. b",
        "| a | b |\n|---|:-:|\n| 1 | x \\| y |",
        "- | a | b |\n  |---|---|\n  | 1 | 2 |",
        "> ```py\n> x\n> ```",
        "````\n```\n````",
        "see [1][2] and #help, [EMAIL_0123456789]",
        "plain words",
        "",
    ],
)
def test_markdown(text: str) -> None:
    assert outcome(is_valid_markdown(), text) == "pass"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x\n\n```json\n{", "line 3: a code fence is not closed"),
        ("- x\n  ```\n  a\n\n- b", "line 2: a code fence is not closed"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 1 |", "line 4: a table row of 1 cells under a header of 2"),
        ("| a | b |\n|---|\n| 1 | 2 |", "line 2: a table whose row of dashes is not as wide as its header"),
        ("x\nsee [here]()", "line 2: a link without a target"),
        ("see [here](https://exam", "line 1: a link that does not read as one"),
        ("see [here](javascript:go)", "line 1: a link that does not read as one"),
        ("x\n\n##Order", "line 3: a heading without a space behind #"),
    ],
)
def test_faulty_markdown(text: str, said: str) -> None:
    assert complaint(is_valid_markdown(), text) == said


@pytest.mark.parametrize(
    "check", [is_valid_yaml(), is_valid_xml(), is_valid_csv(), is_valid_sql(), is_valid_markdown()]
)
def test_a_text_too_long_to_be_parsed_is_not_valid(check: Check[Any]) -> None:
    assert complaint(check, "x" * 500_001).startswith("longer than")


def test_another_delimiter_is_refused() -> None:
    with pytest.raises(ValueError, match="',' or ';'"):
        is_valid_csv(delimiter=";;")  # type: ignore[arg-type]
