"""Fingerprints: pinned for ever, blind to numbers and case, and shared as often as the formula says."""

from typing import Any

import numpy as np
import pytest

from eval_pipeline.calibration.near_duplicates import MIN_SHINGLES, N_BANDS, fingerprints, text_fingerprints

WORDS = [a + b for a in "bdfgklmnprst" for b in ("ab", "em", "il", "or", "us", "yn")]


def said(n: int, seed: int = 0) -> list[str]:
    """`n` different words in a fixed order: n - 2 shingles, all different."""
    numbers = np.random.default_rng(seed).permutation(len(WORDS) ** 2)[:n]
    return [WORDS[number // len(WORDS)] + WORDS[number % len(WORDS)] for number in numbers.tolist()]


def turn(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def test_these_fingerprints_stay_for_ever_on_every_machine() -> None:
    marks = text_fingerprints(
        "Where is my order? It was due on Monday, äöü, and nobody writes back to me. " + " ".join(said(30))
    )
    assert len(marks) == N_BANDS
    assert marks[:2] == ["5af3b6ef6eafc093", "db3dad4d7560f2e0"]


def test_numbers_case_and_punctuation_make_no_difference() -> None:
    words = said(60)
    plain = text_fingerprints(" ".join(words))
    assert text_fingerprints(", ".join(words).upper() + " 2024-01-01!") == plain
    assert text_fingerprints("; ".join(word.title() for word in words) + " 4711") == plain
    assert text_fingerprints(" 17 ".join(words)) == plain


def test_what_only_machines_said_is_left_out() -> None:
    words = said(60)
    spoken = [turn("user", " ".join(words[:30])), turn("assistant", " ".join(words[30:]))]
    others = [turn("system", " ".join(said(40, 1))), turn("tool", " ".join(said(40, 2))), turn("assistant", None)]
    assert fingerprints([others[0], spoken[0], others[1], others[2], spoken[1]]) == fingerprints(spoken)
    assert fingerprints(spoken) == text_fingerprints(" ".join(words))


def test_too_little_said_has_no_fingerprint() -> None:
    assert text_fingerprints(" ".join(said(MIN_SHINGLES + 1))) == []  # one shingle too few
    assert len(text_fingerprints(" ".join(said(MIN_SHINGLES + 2)))) == N_BANDS
    assert text_fingerprints("thanks a lot " * 50) == [], "three different shingles, however often"
    assert fingerprints([]) == []


@pytest.mark.parametrize(("n_changed", "expected"), [(10, 0.999), (20, 0.85), (34, 0.28), (60, 0.01)])
def test_they_are_shared_as_often_as_the_formula_says(n_changed: int, expected: float) -> None:
    """Of 200 shingles the last n are exchanged, so J = (200 - n) / (200 + n), and P = 1 - (1 - J^12)^20.

    n = 10: J = 190/210 = .905, J^12 = .301, P = 1 - .699^20 = .999. n = 34: J = 166/234 = .709, J^12 = .0162, P = .28.
    """
    shared = 0
    for seed in range(200):
        words = said(202 + n_changed, seed)
        first, second = words[:202], [*words[: 202 - n_changed], *words[202:]]
        shared += not set(text_fingerprints(" ".join(first))).isdisjoint(text_fingerprints(" ".join(second)))
    assert abs(shared / 200 - expected) < 0.1
