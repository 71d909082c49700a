from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.judges.definition import load_judges
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.simulation.cases import FIRST_DAY, N_DAYS, PER_DAY, case_day, case_number, case_of_turns, last_case
from eval_pipeline.simulation.judging import JUDGE_SKILLS
from eval_pipeline.simulation.traffic import SCRIPTS, simulated_session
from eval_pipeline.simulation.truth import (
    BAD_WEEK_RATE,
    MODE_SHARES,
    QUESTIONS,
    RUDE_SHARE,
    TONE,
    answers_for,
    failure_rate,
    known_truth,
    product_version,
    truth,
)
from eval_pipeline.taxonomy.categories import load_taxonomy
from tests.simulation.frames import DAY, SEED, day_frame, is_likely

GOOD_DAY, BAD_DAY = date(2026, 2, 10), date(2026, 2, 26)  # ISO weeks 7 and 9


@given(st.integers(0, N_DAYS - 1), st.integers(0, PER_DAY - 1))
def test_a_case_number_holds_its_day_and_is_found_in_text(day_number: int, index: int) -> None:
    day = FIRST_DAY + timedelta(days=day_number)
    case = case_number(day, index)
    assert case_day(case) == day
    assert last_case(f"Your case is {case}.") == case
    assert len(case) == 12


def test_case_numbers_are_unique() -> None:
    days = [DAY, DAY + timedelta(days=1)]
    assert len({case_number(day, index) for day in days for index in range(5000)}) == 10_000


@pytest.mark.parametrize("text", ["", "SIM-", "SIM-12345678", "SIM-ABCDEFGH", "XSIM-A1B2C3D4", "SIM-A1B2C3D4E5"])
def test_what_is_no_case_number_is_not_found(text: str) -> None:
    assert last_case(text) is None


def test_the_last_case_of_a_prompt_and_the_first_of_a_session_count() -> None:
    first, second = case_number(DAY, 1), case_number(DAY, 2)
    assert last_case(f"example: {first}\nsession: {second}") == second
    said = [
        {"role": "user", "content": second},
        {"role": "assistant"},
        {"role": "assistant", "content": f"It is {first}."},
    ]
    assert case_of_turns(said) == first


@pytest.mark.parametrize(("day", "index"), [(date(2019, 12, 31), 0), (date(2099, 1, 1), 0), (DAY, -1), (DAY, PER_DAY)])
def test_there_are_no_case_numbers_outside_the_range(day: date, index: int) -> None:
    with pytest.raises(ValueError, match="no case number"):
        case_number(day, index)


def test_the_product_changes_every_iso_week_and_some_weeks_are_clearly_worse() -> None:
    assert product_version(date(2026, 1, 1)) == product_version(date(2026, 1, 4)) == "sim-2026w01"
    assert product_version(date(2026, 1, 5)) == "sim-2026w02"
    rates = [failure_rate(f"sim-2026w{week:02d}", SEED) for week in range(1, 53)]
    assert all(0.08 <= rate <= 0.20 for rate in rates)
    assert all(
        max(rates[start : start + 3]) == BAD_WEEK_RATE > 1.5 * min(rates[start : start + 3]) for start in range(50)
    )


@pytest.mark.parametrize("day", [GOOD_DAY, BAD_DAY])
def test_failures_and_their_modes_come_at_the_stated_rates(day: date) -> None:
    truths = [truth(case_number(day, index), SEED) for index in range(5000)]
    failures = Counter(known.category for known in truths if known.is_failure)
    n_failures = failures.total()
    assert is_likely(n_failures, 5000, failure_rate(product_version(day), SEED))
    assert all(is_likely(failures[mode], n_failures, share) for mode, share in MODE_SHARES.items())
    assert set(failures) == set(MODE_SHARES)


def test_only_failures_fail_a_question_but_that_of_tone() -> None:
    for index in range(2000):
        known = truth(case_number(DAY, index), SEED)
        assert known.is_failure == (known.category is not None) == (known.first_bad_turn is not None)
        answers = {question: word for question, word in known.answers.items() if question != TONE}
        assert ("fail" in answers.values()) == known.is_failure == (known.answers["session"] == "fail")


def failed(category: str | None, is_rude: bool = False) -> set[str]:
    return {target for target, word in answers_for(category, is_rude).items() if word == "fail"}


def test_each_question_is_failed_by_the_failures_that_concern_it() -> None:
    every = {"session", *QUESTIONS}
    assert failed("wrong_answer") == every - {TONE}
    assert failed("incomplete_answer") == {"session", "judge:completeness"}
    assert failed("tool_error_ignored") == {"session", "judge:completeness", "judge:faithfulness"}
    assert failed("refusal") == {"session", "judge:completeness", "judge:usefulness"}
    assert (failed(None), failed(None, is_rude=True)) == (set(), {TONE})


def test_every_shipped_judge_has_a_known_truth() -> None:
    shipped = {f"judge:{judge.name}" for judge in load_judges(PROJECT_ROOT / "catalog" / "judges")}
    assert shipped == set(QUESTIONS)
    assert set(JUDGE_SKILLS) == {question.removeprefix("judge:") for question in QUESTIONS}


def test_a_rude_assistant_is_rude_in_the_transcript_and_changes_nothing_else() -> None:
    snubs = {snub for script in SCRIPTS.values() for snub in script.assistant["snubs"]}
    cases = [case_number(DAY, index) for index in range(3000)]
    rude = [truth(case, SEED).answers[TONE] == "fail" for case in cases]
    assert is_likely(sum(rude), 3000, RUDE_SHARE)
    for case, is_rude in zip(cases[:500], rude, strict=False):
        said = [
            turn["content"] for turn in simulated_session(case, SEED).record["turns"] if turn["role"] == "assistant"
        ]
        assert any(snub in text for text in said for snub in snubs) == is_rude


def test_the_seed_decides() -> None:
    cases = [case_number(DAY, index) for index in range(300)]
    assert [truth(case, 1) for case in cases] != [truth(case, 2) for case in cases]


def test_known_truth_is_recomputed_from_the_transcripts_of_simulated_sessions() -> None:
    sessions = day_frame(200)
    sessions.loc[0, "origin"] = "production"
    sessions.at[1, "turns"] = [{"role": "user", "content": "hello?"}]
    known = known_truth(sessions, SEED)
    assert list(known["session_id"]) == list(sessions["session_id"][2:])
    assert list(known["category"]) == [truth(case_number(DAY, index), SEED).category for index in range(2, 200)]
    assert list(known["is_failure"]) == [answers["session"] == "fail" for answers in known["answers"]]
    assert known["first_bad_turn"].notna().equals(known["is_failure"].rename("first_bad_turn"))
    assert known_truth(sessions.head(0), SEED).dtypes.equals(known.dtypes)


def test_every_failure_mode_is_a_category_of_the_shipped_taxonomy() -> None:
    shipped = load_taxonomy(Path(PROJECT_ROOT) / "catalog" / "taxonomy.yaml")
    assert set(MODE_SHARES) == set(shipped.ids)
