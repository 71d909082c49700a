"""What the parser makes of recorded replies of real judges, and how it differs from a reading by resemblance.

Each label of the file that carries a `raw_reply` is read as any judge's reply is. Run as
`python -m benchmarks.bench_replies FILE` (`make bench-replies DATA=FILE`); `--each` prints a line for each reply.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval_pipeline.judges.replies import parse_reply
from eval_pipeline.ports import Attempt


def replies(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield session, judge and label of every recorded reply in a JSON Lines file of sessions."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            session = json.loads(line)
            for label in session.get("labels") or ():
                if label.get("raw_reply") is not None:
                    yield session["session_id"], label["rater"].rpartition("/")[2], label


def main() -> None:
    """Print what becomes of the replies, by judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--each", action="store_true")
    arguments = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    words: Counter[tuple[str, str, str]] = Counter()
    for session_id, judge, label in replies(arguments.path):
        parsed = parse_reply(Attempt("reply", 0.0, label["raw_reply"]))
        outcome = parsed.error_reason or parsed.verdict
        counts.setdefault(judge, Counter())[outcome] += 1
        if parsed.error_reason:
            words[outcome, str(label.get("raw_value")), str(label.get("value"))] += 1
        if arguments.each:
            print(f"{session_id}  {judge}  {outcome}  {label['raw_reply'][:100]!r}")
    outcomes = sorted({outcome for count in counts.values() for outcome in count})
    print(f"| prompt | replies | {' | '.join(outcomes)} |")
    print("|---" * (len(outcomes) + 2) + "|")
    for judge, count in counts.items():
        print(f"| {judge} | {count.total()} | {' | '.join(str(count[outcome]) for outcome in outcomes)} |")
    print()
    for (reason, word, value), n in words.most_common():
        print(f"{n} x {reason}: the reply says {word!r}; its source counts it as {value!r}")


if __name__ == "__main__":
    main()
