"""empty_or_garbled_answer: answers that no person can use, and odd ones that are fine where they stand."""

from typing import Any

import pytest

from tests.signals.conversations import detected, only, session, talk

BLANK = {"role": "assistant", "content": " \n"}
CALLS = {"role": "assistant", "content": "", "tool_calls": [{"name": "get", "arguments": {}}]}
LONG = "Your parcel left the depot on Monday and will be with you on Friday."


def answered(answer: str, ask: str = "Where is my parcel?") -> Any:
    return only("empty_or_garbled_answer", talk(f"user: {ask}", f"assistant: {answer}"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("...", "the answer is only “...”"),
        ("…", "the answer is only “…”"),
        ("null", "the answer is only “null”"),
        ("[object Object]", "the answer is only “[object Object]”"),
        ("{}", "the answer is only “{}”"),
        ("<answer>", "the answer is only “<answer>”"),
        ("Dear {{ name }}, it ships today.", "a template was left unfilled (“{{ name }}”)"),
        ("Hello ${user.name}!", "a template was left unfilled (“${user.name}”)"),
        ("Hi {first_name}, it ships today.", "a template was left unfilled (“{first_name}”)"),
        ("The cafÃ© is open.", "the answer has broken letters (1)"),
        ("Itâ€™s fine, donâ€™t worry, itâ€™s here.", "the answer has broken letters (3)"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "the answer has broken letters (1)"),
        ("It is \x08\x08 here", "the answer has control characters (2)"),
        ("No, no, no, no, no, no", "says “no” 6 times in a row"),
        ("It is at the the the depot.", "says “the” 3 times in a row"),
        ("It is at the at the at the at the depot", "says “at the” 4 times in a row"),
        (f"{LONG} Yes. {LONG} Well. {LONG}", f"says “{LONG[:-1].lower()}” 3 times"),
        ("我不知道,我不知道,我不知道,我不知道", "says “我不知道” 4 times in a row"),
        ("好" * 50, f"says “{'好' * 50}” without an end"),
        ("yourparcelleftthedepotonmondayandwillbewithyouonfriday", "words run together without spaces"),
        ("It ships today.<|im_end|>", "shows the user inner marks (“<|im_end|>”)"),
        ("[INST] Where is it? [/INST]", "shows the user inner marks (“[INST]”)"),
        ('{"name": "get_order", "arguments": {"id": 7}}', "the answer shows the user a raw tool call"),
        ("Thought: I need the order.\nAction: get_order", "the answer shows the user its notes to itself"),
        ("Traceback (most recent call last):\n  File", "the answer shows the user an error of the program"),
        ("Ваша посылка уже в пути", "answers in Cyrillic letters, where the user writes in Latin ones"),
        ("您的包裹已在途中", "answers in Chinese or Japanese letters, where the user writes in Latin ones"),
        ("where is my parcel", "the answer only gives the user's words back"),
    ],
)
def test_an_answer_that_no_one_can_use_fires_and_says_why(answer: str, reason: str) -> None:
    row = answered(answer)
    assert (row["outcome"], row["turn_index"], row["reason"]) == ("fired", 1, reason)


@pytest.mark.parametrize(
    "answer",
    [
        "👍",
        ":)",
        "42",
        "None.",
        "Yes",
        "Não, São Paulo, coração, ÂNGULO",
        "It is very very very good, no no no doubt.",
        "| a | yes | yes | yes | yes |\n| b | no | no | no | no |",
        "- Delivery on the next working day\n" * 5,
        "1 2 3 4 5 6 7 8 9 10, 0 0 0 0 0 0",
        "Track it at https://parcels.example/" + "abcdefghij" * 9,
        "Card XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "Run `echo ${HOME}` or:\n```\nprint('{{name}}')<|im_end|>\n```",
        "Die Donaudampfschifffahrtsgesellschaft fährt wieder.",
        "Ask for the Café Эрмитаж in the old town.",
        "Спросите в магазине у дома: Parcel Tracker Shop",
        "Add a column with the thought: it helps.",
        "x" * 200_000 + " " + "ab " * 2,
    ],
)
def test_odd_answers_that_are_fine_stay_quiet(answer: str) -> None:
    assert answered(answer)["outcome"] == "quiet"


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        ("Write a letter with a field for the name", "Dear {first_name}, welcome."),
        ("What does {{name}} mean in jinja?", "{{name}} is a field."),
        ("What does <|im_end|> mean?", "<|im_end|> ends a turn."),
        ("Sing me a song", "La la la la la la la la la la la la"),
        ("Say it ten times in a poem", f"{LONG} " * 10),
        ("Why does my python script fail?", "Traceback (most recent call last): ... means an exception."),
        ("Encode it in base64", "aGVsbG8" * 30),
        ("How do you say that in Russian?", "Где находится моя посылка?"),
        ("พัสดุของฉันอยู่ที่ไหน", "พัสดุของคุณออกจากคลังสินค้าเมื่อวันจันทร์และจะถึงคุณในวันศุกร์นี้"),
        (
            "我的包裹在哪里,请告诉我",
            "我们已经收到您的订单并且会在三个工作日内发货请您耐心等待如果您有任何问题请随时联系我们的客服人员谢谢",
        ),
        ("Have a nice day!", "Have a nice day!"),
    ],
)
def test_what_the_user_asked_for_is_fine(ask: str, answer: str) -> None:
    assert answered(answer, ask)["outcome"] == "quiet"


def test_a_blank_turn_is_an_empty_answer_only_where_nothing_else_answers() -> None:
    row = only("empty_or_garbled_answer", [*talk("user: Hi", "assistant: Hello", "user: Where is it?"), BLANK, BLANK])
    assert (row["outcome"], row["turn_index"], row["reason"]) == ("fired", 4, "the answer is empty")
    for rest in (talk("assistant: It is here."), talk("tool: found", "assistant: It is here.")):
        assert only("empty_or_garbled_answer", [*talk("user: Where is it?"), BLANK, *rest])["outcome"] == "quiet"


@pytest.mark.parametrize(
    "turns",
    [
        [*talk("user: Where is it?"), CALLS, *talk("tool: found")],
        [BLANK, *talk("user: Hi", "assistant: Hello")],
        [*talk("user:  "), BLANK],
        [*talk("system: Go"), BLANK],
    ],
)
def test_a_turn_that_calls_a_tool_or_answers_no_one_is_no_empty_answer(turns: list[dict[str, Any]]) -> None:
    assert only("empty_or_garbled_answer", turns)["outcome"] == "quiet"


def test_only_what_the_user_sees_as_the_answer_counts() -> None:
    turns = talk("user: Where is it?", "assistant: Thought: hm\nAction: look", "tool: null", f"assistant: {LONG}")
    assert only("empty_or_garbled_answer", turns)["outcome"] == "quiet"


def test_a_session_written_down_in_a_form_is_not_a_leak_of_it() -> None:
    step = ("assistant: Thought: I look\nAction: search", "user: Observation: nothing")
    once = only("empty_or_garbled_answer", talk("user: Find it", *step, f"assistant: {LONG}"))
    always = only(
        "empty_or_garbled_answer",
        [
            *talk("user: Find it"),
            *talk(*step),
            *talk("assistant: Thought: I see\nAction: open a", "user: ok"),
            *talk("assistant: Thought: so\nAction: end"),
        ],
    )
    assert (once["outcome"], always["outcome"]) == ("fired", "quiet")


def test_the_same_answer_to_something_else_is_stuck() -> None:
    twice = talk("user: Where is it?", f"assistant: {LONG}", "user: Cancel it", f"assistant: {LONG}")
    row = only("empty_or_garbled_answer", twice)
    assert (row["outcome"], row["turn_index"]) == ("fired", 3)
    assert row["reason"] == "gives the same answer as in turn 1, word for word"
    thrice = only("empty_or_garbled_answer", [*twice, *talk("user: No, cancel it", f"assistant: {LONG}")])
    assert thrice["strength"] > row["strength"]


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        (LONG, "where is it"),
        ("You're welcome! Is there anything else that I can do for you?", "Thanks for that too"),
        ("It is on its way.", "And my other parcel?"),
    ],
)
def test_the_same_answer_again_is_fine_for_the_same_words_a_courtesy_or_a_short_one(answer: str, again: str) -> None:
    turns = talk("user: Where is it?", f"assistant: {answer}", f"user: {again}", f"assistant: {answer}")
    assert only("empty_or_garbled_answer", turns)["outcome"] == "quiet"


def test_a_user_who_writes_in_both_scripts_can_be_answered_in_either() -> None:
    turns = talk("user: Привет", "assistant: Hello", "user: Where is my parcel?", "assistant: Ваша посылка уже в пути")
    assert only("empty_or_garbled_answer", turns)["outcome"] == "quiet"


def test_more_of_it_is_stronger_and_what_follows_weakens_it() -> None:
    assert answered("It is Ã© here, in the depot, as I said.")["strength"] < answered("Ã© Ã© Ã©")["strength"]
    stutter, stuck = (answered("I am at " + "home " * n)["strength"] for n in (4, 20))
    assert 0 < stutter < stuck
    last = only("empty_or_garbled_answer", talk("user: a", f"assistant: {LONG}", "user: b", "assistant: null"))
    mended = only("empty_or_garbled_answer", talk("user: a", "assistant: null", "user: b", f"assistant: {LONG}"))
    assert 0 < mended["strength"] < last["strength"]


def test_a_session_of_many_hints_stays_one() -> None:
    turns = talk(*["user: next", "assistant: The cafÃ© is open."] * 2000)
    assert only("empty_or_garbled_answer", turns)["strength"] < 0.7


def test_words_are_counted_in_each_answer_by_itself() -> None:
    sessions = [session(talk("user: Is it here?", "assistant: no no no"), name) for name in "abc"]
    assert set(detected("empty_or_garbled_answer", *sessions)["outcome"]) == {"quiet"}


def test_nothing_can_be_said_where_the_assistant_took_no_turn() -> None:
    row = only("empty_or_garbled_answer", talk("user: null", "tool: {}"))
    assert (row["outcome"], row["reason"]) == ("not_applicable", "no turn of the assistant")


def test_the_opening_of_the_next_session_is_no_answer_to_the_last_request_of_this_one() -> None:
    unanswered = session(talk("user: Where is my parcel?", "assistant:  "), "a")
    opened = session(talk("assistant: Hello, what can I do for you?"), "b")
    rows = detected("empty_or_garbled_answer", unanswered, opened)
    assert (rows.loc["a", "outcome"], rows.loc["b", "outcome"]) == ("fired", "quiet")
