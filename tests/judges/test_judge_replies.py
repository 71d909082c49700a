import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.judges.replies import Parsed, parse_reply
from eval_pipeline.ports import Attempt


def parsed(text: str | None, finish_reason: str = "stop") -> Parsed:
    return parse_reply(Attempt("reply", 0.1, text, finish_reason))


@pytest.mark.parametrize("word", ["pass", "fail", "not_applicable"])
@pytest.mark.parametrize("form", ["{}", "\n {} \n", "```json\n{}\n```", "```\n{}\n```", "```JSON\r\n{}```"])
def test_a_clean_reply_is_its_verdict(word: str, form: str) -> None:
    text = form.replace("{}", f'{{"critique": "Because.", "verdict": "{word}"}}')
    assert parsed(text) == Parsed(word, "Because.")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"critique": "c", "verdict": "satisfied"}', "off_vocabulary"),
        ('{"critique": "c", "verdict": "PASS"}', "off_vocabulary"),
        ('{"critique": "c", "verdict": "pass "}', "off_vocabulary"),
        ('{"critique": "c", "verdict": "pass|fail"}', "off_vocabulary"),
        ('{"critique": "c", "verdict": ["pass"]}', "off_vocabulary"),
        ('{"critique": "c", "verdict": true}', "off_vocabulary"),
        ('{"critique": "c", "verdict": null}', "off_vocabulary"),
        ('{"critique": "pass"}', "no_verdict"),
        ('{"critique": "c", "verdict": "pass", "verdict": "fail"}', "two_verdicts"),
        ('{"critique": "c", "verdict": "pass", "verdict": "pass"}', "two_verdicts"),
        ('{"critique": "c", "verdict": "pass", "Final_Verdict": "fail"}', "two_verdicts"),
        ('{"verdict": "pass"}\n{"verdict": "fail"}', "two_verdicts"),
        ('Here it is: {"critique": "c", "verdict": "pass"}', "extra_text"),
        ('```json\n{"verdict": "pass"}\n```\nDone.', "extra_text"),
        ('{"critique": "c", "verdict": "pass"', "invalid_json"),
        ('{"critique": NaN, "verdict": "pass"}', "invalid_json"),
        ("pass", "invalid_json"),
        ("{" * 3000, "invalid_json"),
        ("[" * 200_000, "invalid_json"),
        ('"pass"', "not_an_object"),
        ('[{"verdict": "pass"}]', "not_an_object"),
        ("", "empty"),
        (" \n", "empty"),
        (None, "empty"),
        ("<!DOCTYPE html><title>pass</title>", "html"),
        ("I'm sorry, but I can't help with that.", "refusal"),
        ("I cannot judge this.", "refusal"),
    ],
)
def test_anything_else_is_an_error_with_its_reason(text: str | None, reason: str) -> None:
    assert parsed(text) == Parsed("error", None, reason)


@pytest.mark.parametrize(
    ("finish_reason", "reason"),
    [
        ("length", "truncated"),
        ("LENGTH", "truncated"),
        ("content_filter", "content_filter"),
        ("refusal", "refusal"),
        ("max_tokens", "stopped_max_tokens"),
        ("SAFETY", "stopped_safety"),
        ("incomplete", "stopped_incomplete"),
        ("error", "stopped_error"),
        ("<b> no such\u0000 reason " + "x" * 200, "stopped_b_no_such_reason_" + "x" * 23),
    ],
)
def test_a_reply_that_was_stopped_is_an_error_even_when_it_looks_whole(finish_reason: str, reason: str) -> None:
    assert parsed('{"critique": "c", "verdict": "pass"}', finish_reason).error_reason == reason


@pytest.mark.parametrize("finish_reason", ["stop", "STOP", "eos", "end_turn", "completed", "unknown", None])
def test_a_reply_that_came_to_its_end_is_its_verdict(finish_reason: str | None) -> None:
    attempt = Attempt("reply", 0.1, '{"critique": "c", "verdict": "pass"}', finish_reason)
    assert parse_reply(attempt).verdict == "pass"


@pytest.mark.parametrize("status", ["http_429", "http_500", "timeout", "connection"])
def test_no_reply_is_an_error_named_by_the_attempt(status: str) -> None:
    assert parse_reply(Attempt(status, 1.0)) == Parsed("error", None, status)


def test_a_proxy_s_page_in_place_of_a_completion_is_html() -> None:
    assert parse_reply(Attempt("bad_body", 1.0, "<html>502</html>")).error_reason == "html"
    assert parse_reply(Attempt("bad_body", 1.0, '{"id": ')).error_reason == "bad_body"


def test_a_critique_that_no_database_holds_is_mended() -> None:
    assert parsed('{"critique": "a\\u0000\\ud800b", "verdict": "pass"}').critique == "a\ufffd\ufffdb"


@given(
    st.text()
    | st.lists(st.sampled_from(['{"verdict":', '"pass"', "}", "```json\n", "\n```", "fail", " "])).map("".join)
)
def test_no_text_raises_and_none_passes_without_the_exact_field(text: str) -> None:
    result = parsed(text)
    assert result.verdict == "error" or f'"verdict":"{result.verdict}"' in text.replace(" ", "")
    assert (result.verdict == "error") == (result.error_reason is not None)
