"""What a reviewer reads of machines once he has answered: which words, in which order, and how far each is to be trusted."""

import datetime as dt
import html
import re
from typing import Any

import pytest

from eval_pipeline.review.app.rendering import template
from eval_pipeline.review.words.machine_words import Word, machine_words
from eval_pipeline.tables import CategoryPredictions, EvaluatorVerdicts, JudgeVerdicts, RawSessions, SessionSignals
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import DAY
from tests.review.words.told_sessions import HOSTILE, SESSION, store, store_report


def test_what_fails_comes_first_and_what_finds_nothing_is_folded(warehouse: PostgresWarehouse) -> None:
    store(warehouse, JudgeVerdicts, judge="tone", verdict="pass")
    store(warehouse, JudgeVerdicts, judge="relevance", verdict="fail")
    store(warehouse, JudgeVerdicts, judge="usefulness", verdict="error", error_reason="refusal")
    store(warehouse, EvaluatorVerdicts, evaluator="cut", verdict="fail")
    store(warehouse, EvaluatorVerdicts, evaluator="crashing", verdict="error")
    store(warehouse, EvaluatorVerdicts, evaluator="loop", verdict="pass")
    store(warehouse, EvaluatorVerdicts, evaluator="language", verdict="pass")
    store(warehouse, EvaluatorVerdicts, evaluator="json", verdict="not_applicable")
    store(warehouse, SessionSignals, signal="refusal", outcome="fired", strength=0.4)
    store(warehouse, SessionSignals, signal="frustration", outcome="fired", strength=0.9)
    store(warehouse, SessionSignals, signal="handover", outcome="quiet", strength=0.0)
    store(warehouse, CategoryPredictions, classifier="category", category="wrong_answer", turn_index=3)

    words = machine_words(warehouse, SESSION)

    assert [(word.target, word.said_in_words) for word in words.shown] == [
        ("evaluator:cut", "fail"),
        ("judge:relevance", "fail"),
        ("signal:frustration", "fired"),
        ("signal:refusal", "fired"),
        ("judge:usefulness", "error"),
        ("judge:tone", "pass"),
        ("evaluator:crashing", "error"),
        ("classifier:category", "wrong_answer"),
    ]
    assert words.fold_title == "2 checks pass, 1 signal quiet, 1 check does not apply"
    assert {word.target for word in words.confirmable} == {
        *("evaluator:cut", "judge:relevance", "judge:tone", "classifier:category"),
        *("signal:frustration", "signal:refusal"),
    }
    folded = {"evaluator:loop", "evaluator:language", "signal:handover"}
    assert set(words.answerable) == {word.target for word in words.confirmable} | folded


def test_an_evaluator_of_turns_is_one_word_with_all_turns_that_fail(warehouse: PostgresWarehouse) -> None:
    for turn, verdict in [(1, "pass"), (9, "fail"), (5, "fail"), (7, "not_applicable")]:
        told = {"verdict": verdict, "turn_index": turn, "explanation": f"about turn {turn}", "found": f"found {turn}"}
        store(warehouse, EvaluatorVerdicts, evaluator="language", target=f"turn:{turn}", **told)

    [word] = machine_words(warehouse, SESSION).shown

    assert (word.target, word.said, word.turn_index, word.turns) == ("evaluator:language", "fail", 5, (5, 9))
    assert (word.explanation, word.found) == ("about turn 5", "found 5")
    assert _links(_page(warehouse)) == ["#turn-5", "#turn-9"]


def test_a_judge_speaks_by_its_first_repeat_and_the_others_are_counted(warehouse: PostgresWarehouse) -> None:
    for repeat, verdict in enumerate(["pass", "fail", "fail"]):
        store(warehouse, JudgeVerdicts, judge="tone", repeat=repeat, verdict=verdict, critique=f"critique {repeat}")

    [word] = machine_words(warehouse, SESSION).shown

    assert (word.said, word.explanation) == ("pass", "critique 0")
    assert "2 of 3 repeats fail" in _read(_page(warehouse))


def test_the_newest_version_speaks_alone(warehouse: PostgresWarehouse) -> None:
    for version, verdict in [("9+aaaa", "fail"), ("10+aaaa", "pass")]:
        store(warehouse, JudgeVerdicts, judge="tone", judge_version=version, verdict=verdict)

    assert [(word.version, word.said) for word in machine_words(warehouse, SESSION).shown] == [("10+aaaa", "pass")]


def test_abstaining_and_errors_are_shown_and_not_answered(warehouse: PostgresWarehouse) -> None:
    store(warehouse, CategoryPredictions, classifier="a", category="abstain", explanation="No rule decides.")
    store(warehouse, CategoryPredictions, classifier="b", category="error")
    store(warehouse, JudgeVerdicts, judge="tone", verdict="error", error_reason="truncated", is_contested=True)
    store(warehouse, JudgeVerdicts, judge="usefulness", verdict="not_applicable")

    page = _page(warehouse)

    assert machine_words(warehouse, SESSION).answerable == {}
    for words in ("abstains", "No rule decides.", "No verdict: truncated.", "Contested", "not applicable"):
        assert words in _read(page)
    assert "<input" not in page


def test_every_answerable_word_can_be_agreed_with_and_overridden(warehouse: PostgresWarehouse) -> None:
    store(warehouse, JudgeVerdicts, judge="tone", verdict="fail")
    store(warehouse, EvaluatorVerdicts, evaluator="loop", verdict="pass")

    page = _page(warehouse, {"judge:tone": "overridden"})
    shown, _, folded = page.partition("<details")

    assert _choices(shown) == [("word:judge:tone", "agreed", False), ("word:judge:tone", "overridden", True)]
    assert _choices(folded) == [("word:evaluator:loop", "agreed", False), ("word:evaluator:loop", "overridden", False)]
    assert "fail tone judge" in _read(shown)
    assert "override then it is: pass" in _read(shown)
    assert "override then it is: fail" in _read(folded)


def test_an_answer_in_the_fold_opens_it(warehouse: PostgresWarehouse) -> None:
    store(warehouse, EvaluatorVerdicts, evaluator="loop", verdict="pass")
    assert '<details class="words-fold">' in _page(warehouse)
    assert '<details class="words-fold" open>' in _page(warehouse, {"evaluator:loop": "overridden"})


def test_a_session_without_words_says_so(warehouse: PostgresWarehouse) -> None:
    assert "No machine has said anything of this session yet." in _read(_page(warehouse))


def test_no_stored_text_becomes_markup(warehouse: PostgresWarehouse) -> None:
    said = {"explanation": HOSTILE, "expected": HOSTILE, "found": HOSTILE, "pointer": HOSTILE, "leaf": HOSTILE}
    store(warehouse, EvaluatorVerdicts, evaluator=HOSTILE, verdict="fail", **said, evaluator_version=HOSTILE)
    store(
        warehouse,
        JudgeVerdicts,
        judge=HOSTILE,
        judge_version=HOSTILE,
        verdict="error",
        critique=HOSTILE,
        error_reason=HOSTILE,
    )
    store(warehouse, SessionSignals, signal=HOSTILE, signal_version=HOSTILE, quote=HOSTILE, reason=HOSTILE)
    named = {"classifier": HOSTILE, "classifier_version": HOSTILE, "category": HOSTILE, "decided_by": HOSTILE}
    store(warehouse, CategoryPredictions, **named, explanation=HOSTILE)

    page = _page(warehouse)

    assert "<script" not in page
    assert "<img" not in page
    assert _read(page).count(HOSTILE) >= 12
    assert "49" not in page


RATES = {"tpr": 0.714, "tpr_low": 0.58, "tpr_high": 0.82, "tnr": 0.94, "tnr_low": 0.88, "tnr_high": 0.97}
WEIGHTED = {f"{name[:3]}_weighted{name[3:]}": value - 0.1 for name, value in RATES.items()}
COUNTS = {"n_true_fail": 40, "n_missed_fail": 16, "n_false_fail": 4, "n_true_pass": 52}


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        (
            {**COUNTS, **RATES},
            "catches 71 % [58, 82] of confirmed failures, passes 94 % [88, 97] of good ones, of the labelled sessions; "
            "112 held-out labels",
        ),
        (
            {**COUNTS, **RATES, **WEIGHTED},
            "catches 61 % [48, 72] of confirmed failures, passes 84 % [78, 87] of good ones, in the traffic; "
            "112 held-out labels",
        ),
        (
            {**COUNTS, **RATES, "label_set": "calibration"},
            "catches 71 % [58, 82] of confirmed failures, passes 94 % [88, 97] of good ones, of the labelled sessions; "
            "112 calibration labels, which it may have been tuned on",
        ),
        (
            {"n_true_fail": 3, "n_true_pass": 47, **dict(list(RATES.items())[3:])},
            "too few failures to say what it catches, passes 94 % [88, 97] of good ones, of the labelled sessions; "
            "50 held-out labels",
        ),
        ({"n_true_fail": 5, "n_true_pass": 7}, "12 held-out labels: too few to say"),
        ({"n_true_fail": 1}, "1 held-out label: too few to say"),
        ({"n_error": 3}, "0 held-out labels: too few to say"),
        ({}, "never measured"),
    ],
)
def test_the_trust_in_a_judge(warehouse: PostgresWarehouse, figures: dict[str, Any], sentence: str) -> None:
    store_report(warehouse, "judge:tone", **figures)
    assert _trust(warehouse) == (f"unproven; {sentence}" if figures else sentence)


def test_figures_of_another_version_or_origin_are_not_this_ones(warehouse: PostgresWarehouse) -> None:
    assert _trust(warehouse) == "never measured"
    store_report(warehouse, "judge:tone", **COUNTS, **RATES, origin="simulated")
    store_report(warehouse, "judge:usefulness", **COUNTS, **RATES)
    assert _trust(warehouse) == "never measured"
    store_report(warehouse, "judge:tone", "2+bbbb", **COUNTS, **RATES)
    assert _trust(warehouse) == "another version was measured, not this one"


def test_held_out_labels_go_before_calibration_labels_unless_they_are_too_few(warehouse: PostgresWarehouse) -> None:
    store_report(warehouse, "judge:tone", **COUNTS, **RATES, label_set="calibration")
    store_report(warehouse, "judge:tone", n_true_fail=2)
    assert "112 calibration labels" in _trust(warehouse)
    store_report(warehouse, "judge:tone", **COUNTS, **RATES, measured_at=_at(9))
    assert "112 held-out labels" in _trust(warehouse)


def test_the_latest_measurement_counts(warehouse: PostgresWarehouse) -> None:
    for day, hour, n in [(DAY, 9, 30), (DAY, 10, 31), (DAY - dt.timedelta(days=1), 11, 32)]:
        store_report(warehouse, "judge:tone", n_true_fail=n, as_of_day=day, measured_at=_at(hour))
    assert _trust(warehouse) == "unproven; 31 held-out labels: too few to say"


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        (
            {"n_true_fail": 9, "n_false_fail": 5, "n_true_pass": 40},
            "it fired on 14 labelled sessions, of which 9 failed; 54 held-out labels",
        ),
        (
            {
                **{"n_true_fail": 9, "n_false_fail": 5, "n_true_pass": 40, "label_set": "all"},
                **{"precision_weighted": 0.6, "precision_weighted_low": 0.4, "precision_weighted_high": 0.8},
                **{"recall_weighted": 0.2, "recall_weighted_low": 0.1, "recall_weighted_high": 0.4},
            },
            "where it fires, 60 % [40, 80] failed, in the traffic; catches 20 % [10, 40] of all failures; 54 blind labels",
        ),
        ({"n_true_pass": 8}, "8 held-out labels, and it fired on none of them"),
    ],
)
def test_the_trust_in_a_signal(warehouse: PostgresWarehouse, figures: dict[str, Any], sentence: str) -> None:
    store_report(warehouse, "signal:refusal", **figures)
    store(warehouse, SessionSignals, signal="refusal")
    assert _trust(warehouse, "signal:refusal") == sentence


def test_a_predicted_category_is_trusted_by_its_own_precision(warehouse: PostgresWarehouse) -> None:
    counts = {"n_true_fail": 18, "n_false_fail": 6, "n_missed_fail": 2, "n_true_pass": 10}
    store_report(warehouse, "classifier:category", **counts, category="loop")
    store_report(warehouse, "classifier:category", n_true_fail=30, category="all")
    store(warehouse, CategoryPredictions, classifier="category", category="loop")
    assert _trust(warehouse, "classifier:category") == (
        "of 24 labelled failures that it put here, people put 18 here too (75 % [55, 88]); held-out labels"
    )


def _trust(warehouse: PostgresWarehouse, target: str = "judge:tone") -> str:
    """Return the sentence that stands under the word of `target`."""
    store(warehouse, RawSessions)
    store(warehouse, JudgeVerdicts, judge="tone")
    words: dict[str, Word] = {word.target: word for word in machine_words(warehouse, SESSION).shown}
    trust = words[target].trust
    assert trust is not None
    assert trust.sentence in _read(_page(warehouse))
    return trust.sentence


def _at(hour: int) -> dt.datetime:
    return dt.datetime(2026, 1, 3, hour, tzinfo=dt.UTC)


def _page(warehouse: PostgresWarehouse, responses: dict[str, str] | None = None) -> str:
    macro = template("words.html").make_module().words  # type: ignore[attr-defined]
    return str(macro(machine_words(warehouse, SESSION), responses or {}))


def _read(page: str) -> str:
    """Return what a person reads of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def _links(page: str) -> list[str]:
    return re.findall(r'href="([^"]*)"', page)


def _choices(page: str) -> list[tuple[str, str, bool]]:
    found = re.findall(r'<input type="radio" name="([^"]*)" value="([^"]*)"( checked)?>', page)
    return [(name, value, bool(checked)) for name, value, checked in found]
