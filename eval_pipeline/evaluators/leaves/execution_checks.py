"""Checks of code in a text: Python that compiles, Python that runs as it should.

Compiling executes nothing. Running does, so it is off unless EVAL_PIPELINE_ALLOW_CODE is 1, and needs the sandbox
(`sandbox.py` says what is protected and what is not). Indentation that all lines share, as in a list item, is taken
off first. Not here: SQL (`sql_execution_checks.py`).
"""

import os
import sys
import textwrap
import warnings
from dataclasses import dataclass
from functools import lru_cache

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.leaves.sandbox import LIMITS, Ran, last_line, run_python, why_no_sandbox
from eval_pipeline.evaluators.views import Text

ALLOW_CODE = "EVAL_PIPELINE_ALLOW_CODE"

_CHARACTERS = 30_000  # CPython takes time that grows with the square of a dotted name
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""Part of the versions: another Python reads other code."""
_STOPPED = {"time": "stopped at the limit of time", "files": "stopped: it wrote too much into its folder"}


@dataclass(frozen=True)
class PythonCompiles(Leaf[Text]):
    """The text is Python of the running version, up to 30,000 characters."""

    constants = (_PYTHON, _CHARACTERS)

    def holds(self, subject: Text) -> bool | None:
        """Return whether it compiles; None for an empty text."""
        return None if not subject.text.strip() else _syntax_complaint(subject.text) is None

    @property
    def words(self) -> str:
        """What is asked."""
        return f"is code that Python {_PYTHON} compiles"

    def found(self, subject: Text) -> str:
        """Return the line at fault and why, or the text."""
        return _syntax_complaint(subject.text) or subject.text

    def why_not_applicable(self, subject: Text) -> str:
        """Return that there is no code."""
        return _NO_CODE


@dataclass(frozen=True)
class PythonRuns(Leaf[Text]):
    """The text is Python that runs to its end and prints what is expected."""

    constants = (_PYTHON, _CHARACTERS, LIMITS)

    stdin: str
    expected_output: str | None
    time_s: int
    memory_mb: int
    is_allowed: bool

    def holds(self, subject: Text) -> bool | None:
        """Return whether it runs; None where it is not run."""
        return None if self._why_not_run(subject) is not None else _run_complaint(self, subject.text) is None

    def _why_not_run(self, subject: Text) -> str | None:
        if not subject.text.strip():
            return _NO_CODE
        if not self.is_allowed:
            return f"running code is off: set {ALLOW_CODE}=1 to allow it"
        refusal = why_no_sandbox()
        return None if refusal is None else f"no sandbox here: {refusal}"

    @property
    def words(self) -> str:
        """Limits and expected output."""
        output = "" if self.expected_output is None else f" and prints {self.expected_output!r}"
        return f"is code that Python {_PYTHON} runs within {self.time_s} s and {self.memory_mb} MiB{output}"

    def found(self, subject: Text) -> str | None:
        """Return the error or the output."""
        return _run_complaint(self, subject.text) or subject.text

    def why_not_applicable(self, subject: Text) -> str:
        """Return that there is no code, that the setting is off, or why there is no sandbox."""
        return self._why_not_run(subject) or _NO_CODE


def python_compiles() -> Check[Text]:
    """The text is Python that the running version compiles; not applicable to an empty one. Nothing is executed."""
    return PythonCompiles()


def python_runs(
    *, stdin: str = "", expected_output: str | None = None, time_s: int = 5, memory_mb: int = 256
) -> Check[Text]:
    """The text is Python that ends with exit code 0 and, where it is given, prints `expected_output`.

    White space at the ends of lines and of the output does not matter. `time_s` is CPU time in whole seconds; by the
    clock it gets three times that and one more. `memory_mb` is MiB, the interpreter's own 30 included. Only the standard
    library can be imported. Not applicable unless EVAL_PIPELINE_ALLOW_CODE was 1 when the check was made, nor where
    there is no sandbox. Raises `ValueError` for limits that leave nothing to run in.
    """
    if time_s < 1 or memory_mb < 64:
        raise ValueError(f"give at least 1 second and 64 MiB, not {time_s} and {memory_mb}")
    expected = None if expected_output is None else _trimmed(expected_output)
    return PythonRuns(stdin, expected, time_s, memory_mb, os.environ.get(ALLOW_CODE) == "1")


_NO_CODE = "there is no code: the text is empty"


def _syntax_complaint(text: str) -> str | None:
    if len(text) > _CHARACTERS:
        return f"{len(text)} characters: more than {_CHARACTERS} are not tried"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the snippet's style; under -W error they would be syntax errors
            compile(textwrap.dedent(text), "snippet.py", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except (RecursionError, MemoryError):  # what CPython raises for nesting that its parser or compiler cannot take
        return "nested too deeply"
    except ValueError as error:  # null characters (3.11) and lone surrogates
        return str(error)
    return None


@lru_cache(maxsize=256)
def _run_complaint(check: PythonRuns, text: str) -> str | None:
    """Return what went wrong, None when nothing did. Kept, so that explaining a fail does not run it again."""
    if len(text) > _CHARACTERS:
        return f"{len(text)} characters: more than {_CHARACTERS} are not tried"
    ran = run_python(textwrap.dedent(text), check.stdin, time_s=check.time_s, memory_mb=check.memory_mb)
    if ran.stopped_by is not None or ran.exit_code != 0:
        return _how_it_ended(ran)
    output = _trimmed(ran.stdout)
    is_expected = check.expected_output is None or output == check.expected_output
    return None if is_expected else f"it printed {output!r}"


def _how_it_ended(ran: Ran) -> str:
    if ran.stopped_by is not None:
        return _STOPPED[ran.stopped_by]
    ending = f"signal {-ran.exit_code}" if ran.exit_code < 0 else f"exit code {ran.exit_code}"
    reason = last_line(ran.stderr)
    return f"{ending}: {reason}" if reason else ending


def _trimmed(output: str) -> str:
    return "\n".join(line.rstrip() for line in output.splitlines()).rstrip()
