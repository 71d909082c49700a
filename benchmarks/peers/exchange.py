"""What the Python runners of peers share: the eight questions in plain Python, the clocks, and the files they exchange.

Runs in a peer's own environment, so it needs nothing but the standard library and `jsonschema`. A runner is called
`python run_PEER.py TEXTS PARAMETERS RESULT`. Not here: how a peer is made to ask the questions (`run_*.py`).
"""

import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema

Question = Callable[[str], bool]
WARM_UP = 100
"""Texts that are checked off the clock first."""
ROUNDS = 3


def questions(parameters: dict[str, Any]) -> dict[str, Question]:
    """Return the eight checks by name, as a user of the peer would write them: compiled once, parsed per check."""
    validator = jsonschema.Draft202012Validator(parameters["schema"])
    pattern, bad_citation = re.compile(parameters["pattern"]), re.compile(parameters["bad_citation"])
    shortest, longest = parameters["length"]
    prefix, suffix = parameters["ends"]
    number = parameters["number"]

    def has_number(text: str) -> bool:
        parsed = parse(text)
        value = parsed.get(number["key"]) if isinstance(parsed, dict) else None
        return isinstance(value, int | float) and number["at_least"] <= value <= number["at_most"]

    def satisfies_schema(text: str) -> bool:
        parsed = parse(text)
        return parsed is not None and validator.is_valid(parsed)

    def has_none(text: str) -> bool:
        lowered = text.lower()
        return not any(phrase in lowered for phrase in parameters["forbidden"])

    return {
        "valid_json": lambda text: parse(text) is not None,
        "json_schema": satisfies_schema,
        "regex": lambda text: pattern.search(text) is not None,
        "forbidden_phrases": has_none,
        "length": lambda text: shortest <= len(text) <= longest,
        "prefix_and_suffix": lambda text: text.startswith(prefix) and text.endswith(suffix),
        "number": has_number,
        "citation_format": lambda text: bad_citation.search(text) is None,
    }


def parse(text: str) -> Any:
    """Return the parsed text, or None where it is not JSON (no text of the benchmark is JSON's null)."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def run(package: str, make: Callable[[dict[str, Question]], Callable[[Sequence[str]], list[str]]]) -> None:
    """Time what `make` returns: it takes texts and gives a string of eight `0` or `1` for each. Write the result.

    The clocks written are those of the fastest round.
    """
    texts_path, parameters_path, result_path = (Path(argument) for argument in sys.argv[1:])
    texts = [json.loads(line) for line in texts_path.read_text(encoding="utf-8").splitlines()]
    ask = make(questions(json.loads(parameters_path.read_text(encoding="utf-8"))))
    ask(texts[:WARM_UP])
    rounds = [_timed(ask, texts) for _ in range(ROUNDS)]
    fastest = min(rounds, key=lambda done: min(done["wall_seconds"], done["cpu_seconds"]))
    result_path.write_text(json.dumps({"version": version(package), **fastest}), encoding="utf-8")


def _timed(ask: Callable[[Sequence[str]], list[str]], texts: Sequence[str]) -> dict[str, Any]:
    cpu, wall = time.process_time(), time.perf_counter()
    verdicts = ask(texts)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall_seconds": wall, "cpu_seconds": cpu, "verdicts": verdicts}
