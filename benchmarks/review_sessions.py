"""Sessions for the benchmark of the review app: 60 short ones, and three that are large each in its way, with every machine's
word on each. Not here: what is measured (`bench_review.py`)."""

from typing import Any

from eval_pipeline.ports import Warehouse
from tests.browser.seeding import Story, many_turns, store

SHORT, PLAIN, BIG, LONG = "short-55", "plain", "big", "long"
_WORDS = "the order that you asked about left our warehouse on Tuesday, and the second parcel follows with "
_JUDGES = ("relevance", "faithfulness", "tone", "completeness", "usefulness")


def fill(warehouse: Warehouse) -> None:
    """Store them, all in the queue, the short ones first."""
    short = [_told(f"short-{number:02}", _plain(20)) for number in range(60)]
    large = [_told(PLAIN, _plain(200)), _told(BIG, _with_tools(50)), _told(LONG, many_turns(LONG, 10_000).turns)]
    store(warehouse, [*short, *large])


def _plain(n: int) -> list[dict[str, Any]]:
    said = [f"Turn {number}: {3 * _WORDS}"[:300] for number in range(n)]
    return [
        {
            "role": "assistant" if number % 2 else "user",
            "content": text,
            "at": f"2026-03-02T09:{number // 60:02}:{number % 60:02}Z",
        }
        for number, text in enumerate(said)
    ]


def _with_tools(n: int) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for number in range(n):
        call = {
            "id": f"c{number}",
            "name": "get_order",
            "arguments": {"order_id": f"QM-{number}", "fields": ["state", "total"]},
        }
        result = {"order_id": f"QM-{number}", "total": "184.40", "items": [{"sku": f"S{k}", "n": k} for k in range(8)]}
        turns += [
            {"role": "user", "content": f"And order {number}? {_WORDS}"},
            {"role": "assistant", "content": "One moment.", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": str(result).replace("'", '"')},
            {"role": "assistant", "content": f"- **Order {number}**: {_WORDS}\n- total *184.40*"},
        ]
    return turns


def _told(name: str, turns: Any) -> Story:
    evaluators = [{"evaluator": f"check_{k}", "verdict": "pass", "explanation": "as it should be"} for k in range(25)]
    failed = {"evaluator": "no_broken_promises", "explanation": "promises and does not keep it", "turn_index": 3}
    quiet = [{"signal": f"signal_{k}", "outcome": "quiet"} for k in range(10)]
    fired = {"signal": "rephrasing", "reason": "asks again", "quote": "left our warehouse", "turn_index": 2}
    judges = [{"judge": judge, "verdict": "pass", "critique": f"Nothing fails here. {_WORDS}"} for judge in _JUDGES]
    predicted = [{"category": "incomplete_answer", "explanation": "Nothing was looked up."}]
    return Story(
        name, turns, signals=[fired, *quiet], evaluators=[failed, *evaluators], judges=judges, categories=predicted
    )
