"""A judge to test with, and changes of it."""

from pathlib import Path
from typing import Any

import yaml

from eval_pipeline.judges.definition import Judge

DOCUMENT: dict[str, Any] = {
    "name": "relevance",
    "version": 1,
    "owner": "evaluation",
    "question": "Does the answer deal with what was asked?",
    "pass_when": ["It does."],
    "fail_when": ["It does not."],
    "view": {"turns": "transcript", "with_tool_results": True, "max_tokens": 5_000, "cut": "drop_middle"},
    "model": "gpt-4.1-mini",
    "parameters": {"temperature": 0, "max_completion_tokens": 100},
}


def judge(**changes: Any) -> Judge:
    return Judge.model_validate({**DOCUMENT, **changes})


def write_judge(folder: Path, **changes: Any) -> Path:
    path = folder / "relevance.yaml"
    path.write_text(yaml.safe_dump({**DOCUMENT, **changes}), encoding="utf-8")
    return path
