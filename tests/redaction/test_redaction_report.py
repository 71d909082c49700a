"""Redacting a file line by line."""

import json
from pathlib import Path

from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.redaction.report import line_spans, redacted_lines, totals

REDACTOR = Redactor.from_catalog(Path(__file__).parents[2] / "catalog" / "redaction.yaml", b"a secret of the tests")
LINES = ["plain a@b.org\n", json.dumps({"first_name": "Orla", "note": "Orla said"}) + "\n", "nothing\n"]


def test_lines_come_back_in_shape_with_receipts() -> None:
    reports = list(redacted_lines(REDACTOR, LINES))
    assert [report.number for report in reports] == [1, 2, 3]
    assert reports[2].text == "nothing" and reports[2].counts == {}
    assert "Orla" not in str(reports[1].text)
    assert set(json.loads(str(reports[1].text))) == {"first_name", "note"}
    assert totals(reports) == {"email": 1, "key_name": 2}


def test_a_line_that_fails_does_not_stop_the_others() -> None:
    deep = '{"x": ' * 150 + '"a@b.org"' + "}" * 150
    failed, fine = redacted_lines(REDACTOR, [deep, "fine"])
    assert failed.text is None and "redaction_failed" in str(failed.problem)
    assert fine.text == "fine"


def test_spans_are_places_in_the_line_as_written() -> None:
    [first, second, third] = line_spans(REDACTOR, LINES)
    assert [(span.start, span.end, span.rule) for span in first.spans] == [(6, 13, "email")]
    assert [LINES[1][span.start : span.end] for span in second.spans] == ["Orla", "Orla"]
    assert third.spans == []
