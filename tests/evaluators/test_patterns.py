"""Patterns that can take for ever: told when a catalog is loaded, and no harmless one is."""

import warnings
from pathlib import Path

import pytest

from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.evaluators.patterns import may_explode
from eval_pipeline.settings import PROJECT_ROOT


@pytest.mark.parametrize(
    "pattern",
    [r"(\w+\s?)+$", r"^(a*)*b", r"(?:(a+))+b", r"(?:x|[a-z]+)+;", r"x(?:\s*\w+\s*)*?y", r"(?=(?:a+b?){2,}c)", "(.+)+;"],
)
def test_a_repeat_of_nothing_but_a_repeat_is_told(pattern: str) -> None:
    assert may_explode(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w+\s?",
        r"(?:\w+ )+",
        r"(?:now |just )*",
        r"(?:\w+\s?){1,9}",
        r"(?:\w++\s?)+",
        r"(?>\w+\s?)+",
        r"(?:\b\w+)+",
        r"[a-z]+(?:-[a-z]+)*",
    ],
)
def test_what_is_told_apart_or_limited_is_let_be(pattern: str) -> None:
    assert not may_explode(pattern)


def test_loading_warns_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "evaluators.py"
    for check in (
        r"not_(matches(r'(\w+\s?)+$'))",
        r"claims_backed('done', r'(a+)+')",
        r"has_number(captured('(a*)*'))",
    ):
        text = "from eval_pipeline.evaluators.checks import *\nEVALUATORS = [Evaluator('slow', {}, {}, 'X.')]"
        path.write_text(text.format("SESSION" if "claims" in check else "ANSWERS", check), encoding="utf-8")
        with pytest.warns(UserWarning, match="slow: .* can take for ever"):
            assert len(load_evaluators(path)) == 1


def test_the_shipped_catalog_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_evaluators(PROJECT_ROOT / "catalog" / "evaluators.py")
