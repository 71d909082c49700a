"""Citations: that there are some, and that each resolves to what a tool retrieved before."""

import json
from typing import Any

import pytest

from eval_pipeline.evaluators.leaves.citation_checks import cites_only_retrieved, has_citations
from tests.evaluators.conversations import calls, gets, message, outcome, says, user, view

FOUND = json.dumps(
    {"results": [{"doc_id": "doc_7", "url": "https://help.example/returns/"}, {"id": 31, "text": "doc_9"}]}
)


def searched(answer: str, result: str = FOUND) -> Any:
    return view(user("May I return it?"), calls("search"), gets(result), says(answer))


@pytest.mark.parametrize(
    "answer",
    [
        "You may [doc_7].",
        "You may [1], and must not [2].",
        "You may [1, 2].",
        "You may (source: DOC_7).",
        "See https://help.example/returns#fees.",
        "See [the help](https://help.example/returns/).",
        "Item 31 [31].",
    ],
)
def test_citations_that_resolve(answer: str) -> None:
    assert outcome(cites_only_retrieved(), searched(answer)) == "pass"


@pytest.mark.parametrize(
    ("answer", "unresolved"),
    [
        ("You may [doc_7], not [doc_9].", "doc_9"),
        ("You may [1, 3].", "3"),
        ("You may [0].", "0"),
        ("You may [source: the handbook].", "the handbook"),
        ("See [the help](https://help.example/fees).", "https://help.example/fees"),
    ],
)
def test_citations_that_do_not_resolve(answer: str, unresolved: str) -> None:
    finding = cites_only_retrieved().judge(searched(answer))
    assert (finding.outcome, finding.turn_index) == ("fail", 3)
    assert finding.found() == f"{unresolved}; retrieved: doc_7, https://help.example/returns, 31"


def test_only_what_was_retrieved_before_the_answer_counts() -> None:
    late = view(user("?"), says("You may [doc_7]."), calls("search"), gets(FOUND), says("As I said [doc_7]."))
    finding = cites_only_retrieved().judge(late)
    assert (finding.outcome, finding.turn_index, finding.found()) == ("fail", 1, "doc_7; retrieved: nothing")


def test_a_result_in_plain_words_names_its_documents_as_citations_do() -> None:
    assert outcome(cites_only_retrieved(), searched("It says so [doc_4].", "[doc_4] Returns are free.")) == "pass"
    assert outcome(cites_only_retrieved(), searched("It says so [doc_5].", "[doc_4] Returns are free.")) == "fail"


def test_tools_keys_and_pattern_are_the_authors_choice() -> None:
    assert outcome(cites_only_retrieved(tools=("search",)), searched("You may [doc_7].")) == "pass"
    assert outcome(cites_only_retrieved(tools=("lookup",)), searched("You may [doc_7].")) == "fail"
    assert outcome(cites_only_retrieved(id_keys=("url",)), searched("You may [doc_7].")) == "fail"
    assert outcome(cites_only_retrieved(r"<(\w+)>"), searched("You may <doc_7>, [doc_99].")) == "pass"
    with pytest.raises(ValueError, match="regular expression"):
        cites_only_retrieved("(")


@pytest.mark.parametrize("answer", ["You may.", "The [documentation] of [EMAIL_0123456789]", "see [source]", "[x](#y)"])
def test_an_answer_without_citations_does_not_apply(answer: str) -> None:
    assert outcome(cites_only_retrieved(), searched(answer)) == "not_applicable"


def test_a_result_nested_without_end_is_read_in_part() -> None:
    deep = "[" * 900 + '{"id": "doc_7"}' + "]" * 900
    assert outcome(cites_only_retrieved(), searched("You may [doc_7].", deep)) == "pass"


def test_an_address_that_the_user_gave_may_be_told_again_but_no_other_name() -> None:
    asks = user("Is https://shop.example/a/ right, or [doc_9]?")
    check = cites_only_retrieved()
    assert outcome(check, view(asks, says("Yes: https://shop.example/a."))) == "pass"
    assert outcome(check, view(asks, says("Yes: https://shop.example/b."))) == "fail"
    assert outcome(check, view(asks, says("Yes [doc_9]."))) == "fail"
    assert outcome(check, view(says("See https://shop.example/a."), asks)) == "fail"


def test_number_of_citations() -> None:
    assert [outcome(has_citations(2), text) for text in ("[1] and [2]", "[1, 2]", "[1] and [1]", "none")] == [
        "pass",
        "pass",
        "fail",
        "fail",
    ]
    assert has_citations(3).judge(message("[1] (source: Returns)")).found() == "1, returns"
    with pytest.raises(ValueError, match="1 or more"):
        has_citations(0)
