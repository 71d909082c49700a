"""The page of a subject: what it says, and that no name or reason breaks out of its Markdown or HTML."""

import datetime as dt
from typing import Any

from eval_pipeline.calibration.pages.content import Known, page_of
from eval_pipeline.calibration.pages.html import page_html
from eval_pipeline.calibration.pages.markdown import WIDTH, interval_bar, page_markdown
from eval_pipeline.tables import JudgeCalibrationReports

HOSTILE = "<script>alert(1)</script> | [x](javascript:alert(1)) `"


def figures(**given: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(JudgeCalibrationReports.to_schema().columns)
    counts = {name: 0 for name in row if name.startswith("n_") and not name.startswith("n_flip") and name != "n_double"}
    words = {"origin": "production", "label_set": "held_out", "category": "all", "surface": "all", "status": "measured"}
    return {**row, **counts, **words, "subject_version": "1+aa", "as_of_day": dt.date(2026, 1, 9), **given}


MEASURED = figures(
    n_labels=150,
    n_human_fail=50,
    n_human_pass=100,
    tpr=0.9,
    tpr_low=0.79,
    tpr_high=0.957,
    tnr=0.95,
    tnr_low=0.888,
    tnr_high=0.978,
    held_out_version=2,
)


def test_a_bar_runs_from_0_to_100_percent() -> None:
    assert len(interval_bar(0.5, 0.4, 0.6)) == WIDTH
    assert interval_bar(0.5, 0.4, 0.6)[20] == "●"
    assert interval_bar(0.5, 0.4, 0.6).strip("·") == "━━━━●━━━━"
    assert interval_bar(1.0, 0.9, 1.0).endswith("━━━━●")
    assert set(interval_bar(None, None, None)) == {"·"}


def test_a_page_says_what_was_measured_and_of_which_set() -> None:
    text = page_markdown(page_of(Known("judge", "tone", [MEASURED])))
    assert "# judge tone" in text
    assert "Positive = a failure" in text
    assert "90 % &#91;79, 96&#93;" in text
    assert "held-out set 2, to 2026-01-09" in text
    assert "50 / 100" in text
    assert "Confusion" not in text
    assert "By surface" not in text


def test_what_was_not_looked_at_shows_how_many_labels_wait_and_no_rate() -> None:
    waiting = figures(status="not_looked_at", n_human_fail=31, n_human_pass=64)
    html = page_html(page_of(Known("judge", "tone", [waiting])))
    assert "31 / 64" in html
    assert "judges promote" in html
    assert "TPR raw" not in html


def test_a_category_shows_its_counts_beside_the_estimate() -> None:
    small = figures(
        category="refusal",
        n_labels=5,
        n_human_fail=5,
        n_true_fail=3,
        n_missed_fail=2,
        tpr_shrunk=0.71,
        tpr_shrunk_low=0.4,
        tpr_shrunk_high=0.92,
    )
    text = page_markdown(page_of(Known("judge", "tone", [MEASURED, small])))
    assert "By category of failure" in text
    assert "3 / 5" in text
    assert "71 % &#91;40, 92&#93;" in text


def test_hostile_names_and_reasons_stay_text() -> None:
    decision = {
        "subject_version": HOSTILE,
        "origin": "production",
        "decision": "refused",
        "decided_by": HOSTILE,
        "decided_at": dt.datetime(2026, 1, 9, tzinfo=dt.UTC),
        "reason": HOSTILE,
        "look_id": None,
    }
    page = page_of(Known("reviewer", HOSTILE, [figures(subject_version=HOSTILE, n_labels=1)], decisions=[decision]))
    html, text = page_html(page), page_markdown(page)
    assert "<script" not in html
    assert "<script" not in text
    assert "](javascript" not in text
