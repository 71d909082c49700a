"""Python that compiles and Python that runs; the latter only where it is allowed and confined."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.evaluators.contract import Check, Evaluator
from eval_pipeline.evaluators.leaves.execution_checks import ALLOW_CODE, python_compiles, python_runs
from eval_pipeline.evaluators.leaves.sandbox import why_no_sandbox
from eval_pipeline.evaluators.selectors import LAST_ANSWER
from tests.evaluators.conversations import message, outcome

needs_sandbox = pytest.mark.skipif(why_no_sandbox() is not None, reason=f"no sandbox here: {why_no_sandbox()}")


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW_CODE, "1")


def found(check: Check[object], text: str) -> str:
    finding = check.judge(message(text))
    assert finding.outcome == "fail"
    return finding.found() or ""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(x):\n    return x + 1", "pass"),
        ("    a = 1\n    b = 2", "pass"),  # as it stands in a list item
        (r"x = '\d' is 'a'", "pass"),  # bad style only
        ("raise SystemExit", "pass"),  # nothing is executed
        ("print 'hello'", "fail"),
        ("return 1", "fail"),
        ("a\0b", "fail"),
        ("'\ud800'", "fail"),
        (" \n", "not_applicable"),
    ],
)
def test_python_that_compiles(code: str, expected: str) -> None:
    assert outcome(python_compiles(), code) == expected


@pytest.mark.filterwarnings("error")
def test_warnings_about_a_snippet_neither_fail_it_nor_are_seen() -> None:
    assert outcome(python_compiles(), "assert (1, 'x'); '\\d'") == "pass"


def test_the_complaint_names_the_line() -> None:
    assert found(python_compiles(), "a = 1\nb = (\n") == "line 2: '(' was never closed"


@pytest.mark.parametrize(
    "code", ["-" * 29_000 + "1", "not " * 7_000 + "1", "a" + "()" * 14_000, "[" * 29_000, "lambda:" * 4_000 + "1"]
)
def test_nesting_that_no_compiler_takes_is_a_fail_in_any_thread(code: str) -> None:
    outcomes: list[str] = []
    thread = threading.Thread(target=lambda: outcomes.append(outcome(python_compiles(), code)))
    thread.start()
    thread.join()
    assert [outcome(python_compiles(), code), *outcomes] == ["fail", "fail"]


def test_code_that_is_too_long_is_not_tried() -> None:
    assert found(python_compiles(), "import a" + ".a" * 50_000).endswith("more than 30000 are not tried")


@given(st.text(max_size=200) | st.text(alphabet="def(x):\n 1+'\"\\#[]{}", max_size=60))
@settings(deadline=None)
def test_any_text_gets_a_verdict(text: str) -> None:
    assert outcome(python_compiles(), text) in ("pass", "fail", "not_applicable")


def test_running_is_off_by_default_and_says_how_to_turn_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, "", "0", "true"):
        monkeypatch.delenv(ALLOW_CODE, raising=False) if value is None else monkeypatch.setenv(ALLOW_CODE, value)
        check = python_runs()
        assert outcome(check, "print(1)") == "not_applicable"
        assert "set EVAL_PIPELINE_ALLOW_CODE=1" in check.why_not_applicable(message("print(1)"))


@needs_sandbox
@pytest.mark.usefixtures("allowed")
def test_python_that_runs() -> None:
    assert outcome(python_runs(), "import math\nassert math.sqrt(4) == 2") == "pass"
    assert outcome(python_runs(), " ") == "not_applicable"
    assert found(python_runs(), "{}['x']") == "exit code 1: KeyError: 'x'"
    assert found(python_runs(), "import sys; sys.exit(2)") == "exit code 2"
    assert found(python_runs(), "import os; os.abort()") == "signal 6"
    assert found(python_runs(time_s=1), "while True: pass") == "stopped at the limit of time"
    assert found(python_runs(memory_mb=64), "x = 'a' * 10**8") == "exit code 1: MemoryError"


@needs_sandbox
@pytest.mark.usefixtures("allowed")
def test_the_output_is_compared_without_white_space_at_ends() -> None:
    doubles = python_runs(stdin="2\n21\n", expected_output="4\n42\n")
    assert outcome(doubles, "for _ in range(2): print(2 * int(input()), '')") == "pass"
    assert found(doubles, "print(4); print(input())") == "it printed '4\\n2'"


@pytest.mark.usefixtures("allowed")
def test_without_a_sandbox_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "eval_pipeline.evaluators.leaves.execution_checks.why_no_sandbox", lambda: "sockets can be opened"
    )
    check = python_runs()
    assert outcome(check, "print(1)") == "not_applicable"
    assert check.why_not_applicable(message("print(1)")) == "no sandbox here: sockets can be opened"


@pytest.mark.parametrize("limits", [{"time_s": 0}, {"memory_mb": 8}])
def test_limits_that_leave_nothing_are_refused_at_once(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1 second and 64 MiB"):
        python_runs(**limits)


def test_the_version_follows_all_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(check: Check[object]) -> str:
        return Evaluator("e", LAST_ANSWER, check, "").version

    monkeypatch.delenv(ALLOW_CODE, raising=False)
    off = version(python_runs())
    monkeypatch.setenv(ALLOW_CODE, "1")
    assert version(python_runs(expected_output="a\n")) == version(python_runs(expected_output="a"))
    checks = [
        python_runs(),
        python_runs(stdin="1"),
        python_runs(expected_output=""),
        python_runs(time_s=6),
        python_runs(memory_mb=300),
        python_compiles(),
    ]
    assert len({off, *map(version, checks)}) == 7
