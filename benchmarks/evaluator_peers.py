"""The peers of the benchmark of evaluators: how each is installed, called, and what it answers.

Every peer has an environment of its own under `.bench_peers/`, made at the first run and kept, so that none disturbs
our pins or another's. A peer that cannot be installed or run raises `NotMeasured` with the reason; there is no figure
then. Telemetry of all of them is off. Not here: how a peer is made to ask the eight questions (`peers/`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_pipeline.settings import PROJECT_ROOT

CACHE = Path(PROJECT_ROOT) / ".bench_peers"
SCRIPTS = Path(__file__).parent / "peers"
INSTALL_SECONDS, RUN_SECONDS = 900, 300
QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
    "DEEPEVAL_NO_INSPECT_PROMPT": "1",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "0",
    "OTEL_SDK_DISABLED": "true",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
}
GUARDRAILS_SETTINGS = "enable_metrics=false\nuse_remote_inferencing=false\n"


class NotMeasured(Exception):
    """A peer could not be installed or run; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A peer: what is installed, the script that runs it, and how many of the texts it is given.

    `has_runner` says that the peer's own machinery carries each check; without, it is the user's own functions.
    """

    name: str
    packages: tuple[str, ...]
    script: Path
    n_texts: int
    what: str
    has_runner: bool = True

    @property
    def is_node(self) -> bool:
        """Whether it is a package of npm, not of PyPI."""
        return self.script.suffix == ".mjs"

    @property
    def environment(self) -> Path:
        """The folder that it is installed in."""
        return CACHE / self.packages[0].replace("==", "-").replace("@", "-")


@dataclass(frozen=True)
class Answer:
    """What a peer answered: per text a string of eight `0` or `1`, and how long it took."""

    version: str
    wall_seconds: float
    cpu_seconds: float
    verdicts: list[str]

    @property
    def seconds(self) -> float:
        """Wall-clock or CPU time, whichever is less."""
        return min(self.wall_seconds, self.cpu_seconds)


DEEPEVAL = ("deepeval==4.3.1", "jsonschema==4.26.0")
PEERS = (
    Peer(
        "promptfoo",
        ("promptfoo@0.121.20",),
        SCRIPTS / "run_promptfoo.mjs",
        5_000,
        "assertions.runAssertions per text: is-json, is-json with schema, regex, not-icontains-any, not-regex, 3 functions",
    ),
    Peer(
        "pydantic-evals",
        ("pydantic-evals==2.62.0", "jsonschema==4.26.0"),
        SCRIPTS / "run_pydantic_evals.py",
        5_000,
        "Dataset.evaluate_sync, 8 Evaluator dataclasses, jsonschema",
    ),
    Peer(
        "deepeval",
        DEEPEVAL,
        SCRIPTS / "run_deepeval.py",
        2_000,
        "evaluate(), not async, nothing shown: 8 custom BaseMetrics, jsonschema",
    ),
    Peer(
        "guardrails-ai",
        ("guardrails-ai==0.11.0", "jsonschema==4.26.0"),
        SCRIPTS / "run_guardrails.py",
        2_000,
        "Guard().use(8 registered validators).validate per text, jsonschema",
    ),
    Peer(
        "deepeval, no runner",
        DEEPEVAL,
        SCRIPTS / "run_deepeval_measure.py",
        5_000,
        "the same metrics called by hand: the user's plain functions, jsonschema",
        has_runner=False,
    ),
)


def ask(peer: Peer, texts: Sequence[str], parameters: dict[str, Any]) -> Answer:
    """Return what `peer` answers on `texts`; installs it first where needed. Raises `NotMeasured`."""
    install(peer)
    folder = peer.environment
    paths = [folder / name for name in ("texts.jsonl", "parameters.json", "result.json")]
    paths[0].write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
    paths[1].write_text(json.dumps(parameters), encoding="utf-8")
    paths[2].unlink(missing_ok=True)
    program = "node" if peer.is_node else str(folder / "bin" / "python")
    _call([program, str(peer.script), *map(str, paths)], folder, "run.log", RUN_SECONDS, _quiet(folder))
    try:
        return Answer(**json.loads(paths[2].read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise NotMeasured(f"it left no result that can be read: {error}") from error


def install(peer: Peer) -> None:
    """Make the environment of `peer`, unless it stands. Raises `NotMeasured`."""
    folder = peer.environment
    ready = folder / ".ready"
    if ready.exists() and ready.read_text(encoding="utf-8").split() == list(peer.packages):
        return
    folder.mkdir(parents=True, exist_ok=True)
    for command in _npm(folder, peer.packages) if peer.is_node else _pip(folder, peer.packages):
        _call(command, folder, "install.log", INSTALL_SECONDS, {**os.environ, **QUIET})
    ready.write_text("\n".join(peer.packages), encoding="utf-8")


def _npm(folder: Path, packages: Sequence[str]) -> list[list[str]]:
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    frugal = ("--ignore-scripts", "--no-audit", "--no-fund", "--omit=optional")
    return [["npm", "install", *frugal, *packages]]


def _pip(folder: Path, packages: Sequence[str]) -> list[list[str]]:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [[sys.executable, "-m", "venv", str(folder)], [*pip, *packages]]


def _quiet(folder: Path) -> dict[str, str]:
    """Return the environment to run a peer in: a home of its own with telemetry off."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    (home / ".guardrailsrc").write_text(GUARDRAILS_SETTINGS, encoding="utf-8")
    return {**os.environ, **QUIET, "HOME": str(home), "PROMPTFOO_CONFIG_DIR": str(home)}


def _call(command: list[str], folder: Path, log: str, seconds: float, environment: dict[str, str]) -> None:
    try:
        with (folder / log).open("wb") as output:
            done = subprocess.run(
                command, cwd=folder, env=environment, timeout=seconds, stdout=output, stderr=subprocess.STDOUT
            )
    except FileNotFoundError as error:
        raise NotMeasured(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise NotMeasured(f"{Path(command[0]).name} was not done after {seconds:g} s") from error
    if done.returncode != 0:
        lines = (folder / log).read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        raise NotMeasured(f"{Path(command[0]).name} ended with {done.returncode}: {last}")
