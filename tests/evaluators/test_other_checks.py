"""Leaks, the place of a turn, surface and slice, and checks written as functions."""

import pytest

from eval_pipeline.evaluators.checks import (
    calls_tool,
    in_slice,
    is_from,
    on_surface,
    satisfies,
    shows_machinery,
    shows_no_secret,
    shows_secret,
)
from eval_pipeline.evaluators.views import SessionView, Text
from tests.evaluators.conversations import calls, message, outcome, says, user, view

SECRETS = [
    "[KEY_0123456789]",
    "[SECRET_0123456789]",
    "sk-" + "a1" * 12,
    "AKIA" + "ABCD" * 4,
    "ghp_" + "a1" * 12,
    "eyJ" + "a" * 10 + ".eyJ" + "b" * 10 + ".c",
    "-----BEGIN RSA PRIVATE KEY-----",
    "postgres://me:hunter2@db/x",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_seen_and_never_shown(secret: str) -> None:
    finding = shows_no_secret().judge(message(f"It is {secret} as you asked"))
    assert finding.outcome == "fail"
    assert secret not in (finding.found() or "")
    assert outcome(shows_secret(), f"It is {secret} as you asked") == "pass"


@pytest.mark.parametrize(
    "text", ["[EMAIL_0123456789] has it", "task-force, risk-free", "see https://example.org/a@b", "key"]
)
def test_what_is_no_secret(text: str) -> None:
    assert outcome(shows_no_secret(), text) == "pass"


@pytest.mark.parametrize(
    "text",
    [
        '{"tool": "pay", "arguments": {}}',
        '[{"id": 1}]',
        'One moment.\n```json\n{"tool_name": "pay", "arguments": {"a": 1}}\n```',
        "<|im_start|>assistant",
        "<think>the user wants</think> Sure.",
        "Traceback (most recent call last):\n  File",
        "Recursion limit of 20 reached",
    ],
)
def test_machinery(text: str) -> None:
    assert outcome(shows_machinery(), text) == "pass"


@pytest.mark.parametrize(
    "text", ["[EMAIL_0123456789] is set.", "{not json}", 'Use this:\n```json\n{"size": 3}\n```', "a < b", "7"]
)
def test_no_machinery(text: str) -> None:
    assert outcome(shows_machinery(), text) == "fail"


def test_role_and_place() -> None:
    session = view(user("hi"), calls("find"), says("found"), surface="bot", slices={"locale": "de"})
    assert [outcome(is_from("user"), m) for m in session.messages] == ["pass", "fail", "fail"]
    assert [outcome(calls_tool(), m) for m in session.messages] == ["fail", "pass", "fail"]
    assert (outcome(on_surface("bot", "web"), session), outcome(on_surface("web"), session)) == ("pass", "fail")
    assert outcome(in_slice("locale", "de"), session) == "pass"
    assert outcome(in_slice("locale", "en"), session) == "fail"
    assert outcome(in_slice("plan", "free"), session) == "not_applicable"


def shouts(text: Text) -> bool | None:
    """Whether all of it is in capitals."""
    return text.text.isupper() if text.text else None  # an empty one is neither


def is_long(session: SessionView) -> bool:
    return len(session.messages) > 1


def test_a_check_written_as_a_function() -> None:
    check = satisfies(shouts, words="shouts", version="1")
    assert [outcome(check, text) for text in ("HELP", "help", "")] == ["pass", "fail", "not_applicable"]
    assert outcome(satisfies(is_long, words="is long", version="1"), view(user("a"), says("b"))) == "pass"


def test_a_function_that_shows_no_version_is_refused() -> None:
    limit = 3

    def closes_over(text: Text) -> bool:
        return len(text.text) > limit

    for function in (lambda text: True, closes_over, "".isupper):
        with pytest.raises(ValueError, match="`def` at module level"):
            satisfies(function, words="x", version="1")  # type: ignore[arg-type]


def test_a_role_that_no_turn_has_is_refused() -> None:
    with pytest.raises(ValueError, match="'user' or 'assistant'"):
        is_from("assitant")
