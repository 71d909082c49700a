"""Each check of a text: one that holds, one that does not, and what it says of what it found."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.evaluators.checks import (
    Check,
    breaks_off,
    contains_all,
    contains_any,
    contains_none,
    has_length,
    matches,
    matches_none,
)
from eval_pipeline.evaluators.leaves.text_checks import ends_with, starts_with
from eval_pipeline.evaluators.views import Text
from eval_pipeline.tokens import estimated_tokens
from tests.evaluators.conversations import message, outcome


def test_matches_and_counts() -> None:
    assert outcome(matches("ord-[0-9]+"), "see ord-12") == "pass"
    assert outcome(matches("ord-[0-9]+"), "see ORD-12") == "fail"
    assert outcome(matches("ord-[0-9]+", ignore_case=True), "see ORD-12") == "pass"
    assert outcome(matches_none("ord-[0-9]+"), "see ord-12") == "fail"
    assert outcome(matches_none("ord-[0-9]+"), "nothing") == "pass"
    twice = matches("!", at_least=2, at_most=3)
    assert [outcome(twice, "!" * n) for n in range(1, 5)] == ["fail", "pass", "pass", "fail"]
    assert twice.judge(message("!!!!")).found() == "4 matches: !, !, !, !"


@pytest.mark.parametrize(
    "make", [lambda: matches("("), lambda: matches("a", at_least=2, at_most=1), lambda: contains_any("")]
)
def test_checks_that_make_no_sense_are_refused_at_once(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"regular expression|no count|phrase"):
        make()


def test_contains() -> None:
    assert outcome(contains_any("refund", "credit"), "A REFUND is due") == "pass"
    assert outcome(contains_any("refund", ignore_case=False), "A REFUND is due") == "fail"
    assert outcome(contains_any("fund", whole_words=True), "a refund; the funds") == "fail"
    assert outcome(contains_any("fund", whole_words=True), "a refund; the fund.") == "pass"
    assert outcome(contains_all("a refund", "due"), "a refund is due") == "pass"
    assert outcome(contains_all("a refund", "late"), "a refund is due") == "fail"
    assert outcome(contains_none("late"), "a refund is due") == "pass"
    finding = contains_none("due", "refund", "late").judge(message("a Refund is due"))
    assert (finding.outcome, finding.found()) == ("fail", "'due', 'refund'")


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("C++", "in C++, or C++", "pass"),
        ("C++", "in C++11", "fail"),
        ("C++", "in C++11 and C++", "pass"),
        ("$5", "for $5.", "pass"),
        ("$5", "for US$5", "fail"),
        ("a-b", "x_a-b, a-b_x", "fail"),
        ("\N{LATIN SMALL LETTER U WITH DIAERESIS}ber", "gegen\N{LATIN SMALL LETTER U WITH DIAERESIS}ber", "fail"),
        ("aa", "aaa aa", "pass"),
    ],
)
def test_a_whole_word_has_no_word_character_beside_it(phrase: str, text: str, expected: str) -> None:
    assert outcome(contains_any(phrase, whole_words=True), text) == expected


@given(st.text("ab_$ ", min_size=1, max_size=4), st.text("ab_$ ", max_size=12))
def test_whole_words_are_what_a_regular_expression_says(phrase: str, text: str) -> None:
    beside = re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text)
    assert outcome(contains_any(phrase, whole_words=True), text) == ("pass" if beside else "fail")


@given(st.lists(st.text("ab", min_size=1, max_size=2), min_size=1), st.text("ab", max_size=6))
def test_any_and_all_of_the_phrases(phrases: list[str], text: str) -> None:
    assert (outcome(contains_any(*phrases), text) == "pass") == any(phrase in text for phrase in phrases)
    assert (outcome(contains_all(*phrases), text) == "pass") == all(phrase in text for phrase in phrases)


def test_starts_and_ends_with() -> None:
    assert outcome(starts_with("hi", "hello"), "\n Hello there") == "pass"
    assert outcome(starts_with("there"), "Hello there") == "fail"
    assert outcome(starts_with("hello", ignore_case=False), "Hello there") == "fail"
    assert outcome(ends_with(".", "!"), "It is done! \n") == "pass"
    finding = ends_with("bye").judge(message("x" * 200 + " It is done"))
    assert finding.outcome == "fail"
    assert (finding.found() or "").endswith("x It is done")
    assert starts_with("a", "b").canonical() == starts_with("b", "a").canonical()
    for make in (starts_with, lambda: starts_with(" a"), lambda: ends_with("a ")):
        with pytest.raises(ValueError, match="phrase"):
            make()


def test_a_length_in_another_unit_or_without_a_limit_that_is_one_is_refused() -> None:
    with pytest.raises(ValueError, match="'characters' or 'words' or 'tokens'"):
        has_length(1, 2, "word")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nan is no limit"):
        has_length(at_most=float("nan"))  # type: ignore[arg-type]


def test_length_in_tokens() -> None:
    text = "  Unbelievably long words, and short ones.  "
    n = estimated_tokens(text.strip())
    assert [outcome(has_length(k, k, "tokens"), text) for k in (n - 1, n, n + 1)] == ["fail", "pass", "fail"]


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (has_length(1), "has at least 1 character"),
        (has_length(0, 600, "words"), "has at most 600 words"),
        (has_length(1, 1, "tokens"), "has exactly 1 token"),
        (matches("a", at_least=2, at_most=3), "matches /a/ 2 to 3 times"),
        (matches("a", at_most=1), "matches /a/ exactly 1 time"),
    ],
)
def test_limits_are_told_as_one_says_them(check: Check[Text], words: str) -> None:
    assert check.words == words


def test_how_tokens_are_counted_is_in_the_version_of_a_length_in_tokens_only(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [has_length(1, 9, unit) for unit in ("characters", "words", "tokens")]
    before = [check.canonical() for check in checks]
    monkeypatch.setattr("eval_pipeline.evaluators.leaves.text_checks.TOKENS_VERSION", "another")
    assert [a == b for a, b in zip(before, (check.canonical() for check in checks), strict=True)] == [True, True, False]


def test_length_in_characters_and_words() -> None:
    assert outcome(has_length(at_least=1), "  \n ") == "fail"
    assert [outcome(has_length(2, 3), "x" * n) for n in range(1, 5)] == ["fail", "pass", "pass", "fail"]
    assert [outcome(has_length(2, 2, "words"), text) for text in ("one", "one two", "one two three")] == [
        "fail",
        "pass",
        "fail",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Your order is on its way. You will get it on the",
        "First, you need to know,",
        "Here it is:\n```json\n{",
        "Here it is:\n```json\n{}\n```\nand\n```\nx.",
        "This is it (",
        "Your refund was paid. It will be on your account by Monday, as soon as the ba",
        "Ihre Bestellung ist da. Sie können sie am Montag in der Filiale abholen, sobald die Prü",
        "Ihre Bestellung ist da. Das Paket kommt mit der Post und",
    ],
)
def test_texts_that_break_off(text: str) -> None:
    assert outcome(breaks_off(), text) == "pass"


@pytest.mark.parametrize(
    "text",
    [
        "Your order is on its way.",
        "Done! \N{SMILING FACE WITH SMILING EYES}",
        "You can choose. These are the ways to pay that we have on file for you here:\n- The card ending in 7334, which you used last time for your order of the floor lamp",
        "You can read all of it here. See https://example.org/a/very/long/address/that/goes/on/and/on/for/ever",
        "It is done. Your new delivery date: 2026-03-07",
        "a short note without any end mark whatever its length may come to in the end, it never had one",
        "Here it is:\n```json\n{}\n```",
        "Here it is: ```json\n{}\n```",
        "I am sorry to hear that :(",
        "Ihre Bestellung ist da. Grüße aus Düsseldorf, der schönen Stadt am Rhein, wünscht Ihre Frau Lohß!",
        "您的订单已发货. 我们会尽快通知您具体的送达时间和快递单号以及其他所有相关的信息请您耐心等待我们会尽快通知您具体的送达时间和快递",
        "Use ``` to open a block.",
        "Use ``` to open a block:\n```\nx\n```",
        "```code```",
    ],
)
def test_texts_that_do_not_break_off(text: str) -> None:
    assert outcome(breaks_off(), text) == "fail"


def test_an_empty_text_cannot_break_off() -> None:
    assert outcome(breaks_off(), " ") == "not_applicable"
