from pathlib import Path

import pytest

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import OWN, Judge, load_judges
from eval_pipeline.settings import PROJECT_ROOT
from tests.judges.judge_files import DOCUMENT, judge, write_judge

PASSED = {"session": "s", "critique": "c", "verdict": "pass", "origin": "own"}
FAILED = {**PASSED, "verdict": "fail"}


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Is it relevant? Is it polite?", "one question"),
        ("It is relevant.", "one question"),
        ("Is it relevant and is it polite?", "`and` joins two things"),
        ("Is it relevant as well as polite?", "`as well as` joins two things"),
        ("On a scale from one up, is it relevant?", "`On a scale` asks for a degree"),
        ("Is it worth 1 to 5?", "`1 to 5` asks for a degree"),
        ("How well does it answer?", "`How well` asks for a degree"),
        ("Does it deserve 4 out of 5?", "`out of 5` asks for a degree"),
        ("What is missing in the answer?", "`What` leaves the answer open"),
        ("Is it relevant or polite?", "`or` joins two things"),
        ("Is it both on topic?", "`both` joins two things"),
        ("Is it relevant, complete?", "`relevant` stands beside `complete`"),
        ("Is the answer correct in a polite way?", "`correct` stands beside `polite`"),
        ("Ist die Antwort richtig und vollständig?", "`und` joins two things"),
        ("Does the assistant solve the request without being rude?", "`without` joins two things"),
        ("Does the assistant solve the request without rudeness?", "`without` joins two things"),
        ("Does the assistant solve the problem but also follow policy?", "`but` joins two things"),
        ("Does the assistant solve the problem while following policy?", "`while following` joins two things"),
        ("Is the answer true/complete?", "`/` joins two things"),
        ("Does the assistant greet / thank the user?", "`/` joins two things"),
        ("Does the assistant solve the request, also closing with a greeting?", "`also` joins two things"),
        ("Does the assistant verify the identity, then issue the refund?", "`, then` joins two things"),
        ("Ist die Antwort richtig, aber auch höflich?", "`aber` joins two things"),
        ("Löst die Antwort das Anliegen, ohne zu belehren?", "`ohne` joins two things"),
        ("Is the answer `solved and closed`?", "`and` joins two things"),
        ('Is the answer "correct and polite and complete"?', "`correct` stands beside `complete`"),
        ("Does the assistant politely give a correct answer?", "`correct` stands beside `politely`"),
        ("Is the answer at least 80 percent correct?", "`80 percent correct` asks for a degree"),
    ],
)
def test_a_question_that_asks_two_things_or_a_degree_is_refused_with_the_reason(
    tmp_path: Path, question: str, why: str
) -> None:
    write_judge(tmp_path, question=question)
    with pytest.raises(SettingsError, match=why) as refused:
        load_judges(tmp_path)
    assert "relevance.yaml: question" in refused.value.problem


@pytest.mark.parametrize(
    "question",
    [
        "Does the answer name the exchange rate?",
        'Does the answer follow "terms and conditions"?',
        "Does the answer follow the terms and conditions?",
        "Does the answer say how many days are left?",
        "Is a delivery within 1 to 3 working days promised?",
        "Did the assistant complete the correct order?",
        "Is the brand of the order named?",
        "Did the assistant cancel the order without the user's consent?",
        "Wird die Bestellung ohne ausdrückliche Zustimmung storniert?",
        "Is the user kept informed while the order is pending?",
        "If the user asks for a refund, then is the reason asked for?",
        "Does the assistant promise nothing but what the policy allows?",
        "Does the assistant ask for the e-mail address before he/she is identified?",
        "Is the 20 percent discount named correctly?",
        "Is a credit score above 600 refused?",
        'Does the assistant say "Thank you and goodbye" at the close?',
        "Is `check_and_issue` called at most once?",
    ],
)
def test_one_question_is_let_through_whatever_words_it_uses(question: str) -> None:
    assert judge(question=question).question == question


@pytest.mark.parametrize("field", ["pass_when", "fail_when", "not_applicable_when"])
@pytest.mark.parametrize(
    "criterion",
    ["A score of 4 out of 5", "Score above 0.7", "The score is at least 4.", "Accuracy below 80%", "Rated 4 or higher"],
)
def test_a_criterion_of_a_degree_is_refused_under_every_verdict(tmp_path: Path, field: str, criterion: str) -> None:
    write_judge(tmp_path, **{field: [criterion]})
    with pytest.raises(SettingsError, match=f"{field}: .* asks for a degree"):
        load_judges(tmp_path)


def test_a_criterion_may_count_what_is_no_quality() -> None:
    criteria = ["A discount of more than 20 percent was promised.", "The answer names at least 2 products."]
    assert judge(fail_when=criteria).fails == criteria


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"fail_when": ["it  does"]}, "`it does` stands under two verdicts"),
        ({"not_applicable_when": ["It does not."]}, "`it does not` stands under two verdicts"),
        ({"parameters": {"max_tokens": 9, "max_completion_tokens": 9}}, "parameters: .* both limit the reply"),
        ({"parameters": {"reasoning_effort": "much"}}, "parameters.reasoning_effort: .*'none', 'minimal', 'low'"),
    ],
)
def test_what_contradicts_itself_or_means_nothing_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    write_judge(tmp_path, **changes)
    with pytest.raises(SettingsError, match=why):
        load_judges(tmp_path)


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh"])
def test_a_known_effort_is_sent(effort: str) -> None:
    assert judge(parameters={"reasoning_effort": effort}).sent_parameters(0) == {"reasoning_effort": effort}


@pytest.mark.parametrize("name", ["relevance.yml", "relevance.YAML"])
def test_a_file_that_would_not_be_read_is_named_with_the_mend(tmp_path: Path, name: str) -> None:
    write_judge(tmp_path).rename(tmp_path / name)
    with pytest.raises(SettingsError, match=name) as refused:
        load_judges(tmp_path)
    assert refused.value.mend == "name the file relevance.yaml"


def test_a_reason_reads_as_the_check_wrote_it(tmp_path: Path) -> None:
    path = write_judge(tmp_path, question="It is relevant.")
    with pytest.raises(SettingsError) as refused:
        load_judges(tmp_path)
    assert refused.value.problem.startswith(f"{path}: question: a judge asks one question")


@pytest.mark.parametrize(
    "changes",
    [
        {"pass_when": []},
        {"colour": "red"},
        {"parameters": {"n": 3}},
        {"view": {"turns": "everything"}},
        {"name": "other"},
        {"view": {**DOCUMENT["view"], "max_tokens": 10}},
        {"examples": [{**PASSED, "verdict": "good"}, FAILED]},
    ],
)
def test_a_file_that_is_no_judge_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    write_judge(tmp_path, **changes)
    with pytest.raises(SettingsError):
        load_judges(tmp_path)


@pytest.mark.parametrize(
    ("examples", "why"),
    [
        ([FAILED], "one verdict alone"),
        ([PASSED, PASSED], "one verdict alone"),
        ([{**PASSED, "origin": "s1"}, {**FAILED, "origin": "s1"}], "two examples come from session s1"),
        ([PASSED, FAILED, {**PASSED, "verdict": "not_applicable"}], "`not_applicable_when` does not say"),
    ],
)
def test_examples_that_mislead_are_refused_with_the_reason(
    tmp_path: Path, examples: list[dict[str, str]], why: str
) -> None:
    write_judge(tmp_path, examples=examples)
    with pytest.raises(SettingsError, match=why):
        load_judges(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        load_judges(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "changes",
    [
        {"question": "Does the answer deal with what is asked?"},
        {"fail_when": ["It does not, at all."]},
        {"not_applicable_when": ["Nothing was asked."]},
        {"view": {**DOCUMENT["view"], "with_tool_results": False}},
        {"model": "gpt-4o"},
        {"parameters": {"temperature": 0.1, "max_completion_tokens": 100}},
        {"view": {**DOCUMENT["view"], "max_tokens": 4_000}},
        {"view": {**DOCUMENT["view"], "turns": "answer_and_context"}},
        {"examples": [PASSED, FAILED]},
        {"no_answer": "not_applicable"},
        {"version": 2},
    ],
)
def test_the_version_changes_with_all_that_decides(changes: dict[str, object]) -> None:
    assert judge(**changes).version != judge().version


def test_the_version_does_not_change_with_what_no_model_sees() -> None:
    assert judge(owner="another", description="In other words.").version == judge().version
    borrowed = judge(examples=[PASSED, {**FAILED, "origin": "s1"}])
    assert borrowed.version == judge(examples=[PASSED, FAILED]).version
    assert borrowed.example_sessions == {"s1"}


def test_the_version_begins_with_the_declared_one() -> None:
    assert judge(version=3).version.startswith("3+")


SHIPPED = load_judges(PROJECT_ROOT / "catalog" / "judges")


def test_five_judges_ship() -> None:
    assert [j.name for j in SHIPPED] == ["completeness", "faithfulness", "relevance", "tone", "usefulness"]


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda judge: judge.name)
def test_a_shipped_judge_says_where_pass_ends_with_examples_of_its_own(shipped: Judge) -> None:
    assert len(shipped.passes) >= 2 and len(shipped.fails) >= 2 and shipped.not_applicable
    assert {example.origin for example in shipped.examples} == {OWN}
    assert 3 <= len(shipped.examples) <= 4


def test_faithfulness_sees_what_was_retrieved() -> None:
    [faithfulness] = [shipped for shipped in SHIPPED if shipped.name == "faithfulness"]
    assert (faithfulness.view.turns, faithfulness.view.with_tool_results) == ("answer_and_context", True)
