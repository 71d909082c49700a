"""One judge's question goes with every session: by chance alone, and the same for everybody."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.judges.definition import Judge
from eval_pipeline.review.words.blind_question import asked_judge
from tests.judges.judge_files import judge

NAMES = ("completeness", "faithfulness", "relevance", "tone", "usefulness")
JUDGES = [judge(name=name) for name in NAMES]
SESSIONS = st.text(min_size=1)


@given(SESSIONS, st.permutations(JUDGES))
def test_the_question_depends_on_session_and_judges_alone(session_id: str, judges: list[Judge]) -> None:
    asked = asked_judge(session_id, judges)
    assert asked is not None
    assert asked == asked_judge(session_id, JUDGES)


@given(SESSIONS, st.sampled_from(JUDGES))
def test_a_judge_that_goes_leaves_all_other_questions_as_they_are(session_id: str, gone: Judge) -> None:
    before = asked_judge(session_id, JUDGES)
    after = asked_judge(session_id, [judge for judge in JUDGES if judge != gone])
    assert after == before or before == gone


def test_every_judge_is_asked_about_equally_often() -> None:
    n = 10_000
    asked = Counter(found.name for i in range(n) if (found := asked_judge(f"session {i}", JUDGES)))
    expected = n / len(NAMES)
    chi_square = sum((asked[name] - expected) ** 2 / expected for name in NAMES)
    assert chi_square < 18.5  # of 4 degrees of freedom; exceeded by chance once in a thousand


def test_the_choice_is_fixed_for_ever() -> None:
    chosen = [found.name for i in range(5) if (found := asked_judge(f"session {i}", JUDGES))]
    assert chosen == ["relevance", "faithfulness", "relevance", "relevance", "faithfulness"]


def test_without_judges_nothing_is_asked() -> None:
    assert asked_judge("session", []) is None
