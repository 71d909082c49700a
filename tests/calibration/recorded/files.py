"""Small files of recorded verdicts and labels, in the forms that such files have."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def jsonl(path: Path, records: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def judged_sessions() -> list[dict[str, Any]]:
    """Return 60 sessions, 30 of them failed, that two versions of a judge judged.

    `triage` caught 12 of the 30 failures and passed 27 of the 30 good ones. `steps` caught 15 and passed 24, but of these 24
    it called 20 `satisfied`, which somebody mapped to pass.
    """
    sessions = []
    for number in range(60):
        has_failed = number < 30
        triage = "fail" if number < 12 or 30 <= number < 33 else "pass"
        steps = "fail" if number < 15 or 30 <= number < 36 else "satisfied" if number >= 40 else "pass"
        sessions.append(
            {
                "session_id": f"s-{number}",
                "turns": [{"role": "user", "content": "hello"}],
                "labels": [
                    _label("program:reward", "fail" if has_failed else "pass"),
                    _label("judge:gpt/triage", triage, raw_value=triage),
                    _label("judge:gpt/steps", steps.replace("satisfied", "pass"), raw_value=steps),
                ],
            }
        )
    return sessions


def judged_pairs() -> list[dict[str, Any]]:
    """Return 20 pairs, 10 of them preferred A, judged in both orders: right in 18 + 16 of them, the same in 14 of 20."""
    pairs = []
    for number in range(20):
        gold, other = ("A", "B") if number < 10 else ("B", "A")
        wrong_as_is, wrong_swapped = {0, 1}, {2, 3, 4, 10}
        labels = [{"target": "pair", "rater": "human:gold", "metric": "preference", "value": gold}]
        for order, wrong in (("as_is", wrong_as_is), ("swapped", wrong_swapped)):
            said = other if number in wrong else gold
            labels.append(
                {"target": "pair", "rater": "judge:m/p", "metric": "preference", "value": said, "order": order}
            )
        pairs.append({"session_id": f"p-{number}", "labels": labels})
    return pairs


def _label(rater: str, value: str, **more: str) -> dict[str, str]:
    return {"target": "session", "rater": rater, "metric": "task_success", "value": value, **more}
