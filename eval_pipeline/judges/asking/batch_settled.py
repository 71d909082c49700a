"""What the calls of one asking by batch have come to so far.

Not here: submitting (`batch_submitting.py`), waiting (`batch_run.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from eval_pipeline.clock import utc_now
from eval_pipeline.judges.asking.asker import LOOKUP_CHUNK, Progress
from eval_pipeline.judges.asking.batches import BatchLedger, BatchPolicy
from eval_pipeline.judges.asking.pacing import is_passing
from eval_pipeline.ports import Attempt, JudgeRequest

Value = TypeVar("Value")


class Settled:
    """What the calls of one `ask` have come to so far. `unasked` says why batches left some of them without an answer."""

    def __init__(self, ledger: BatchLedger, policy: BatchPolicy, progress: Progress) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.unasked: dict[str, Attempt] = {}
        self._ledger, self._policy, self._progress = ledger, policy, progress

    def unknown(self, requests: Iterable[JudgeRequest]) -> Iterator[JudgeRequest]:
        """Yield the requests that the ledger does not know, each key once, and settle the others."""
        source, seen = iter(requests), set[str]()
        while chunk := list(islice(source, LOOKUP_CHUNK)):
            new = {request.call_key: request for request in chunk if request.call_key not in seen}
            seen.update(new)
            known = self.look_up(list(new))
            yield from (request for key, request in new.items() if key not in known)

    def look_up(self, call_keys: Sequence[str]) -> set[str]:
        """Settle those of `call_keys`, a chunk, that have a reply, or an error that another batch would meet too."""
        found = self._ledger.replies(call_keys)
        since = utc_now() - timedelta(seconds=self._policy.failure_holds_s)
        failed = self._ledger.failures([key for key in call_keys if key not in found], since)
        found.update((key, attempt) for key, attempt in failed.items() if _stays(attempt))
        self.unasked.update((key, attempt) for key, attempt in failed.items() if was_never_asked(attempt))
        for key, attempt in found.items():
            self.settle(key, attempt)
        return set(found)

    def settle(self, key: str, attempt: Attempt) -> None:
        """Note what a call has come to."""
        self.attempts[key] = attempt
        self._progress(len(self.attempts))


def was_never_asked(attempt: Attempt) -> bool:
    """Return whether a line of a batch ended without having been put to the model."""
    return attempt.status.startswith("batch_")


def chunks(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Yield `values` in parts fit for one look-up."""
    return (values[start : start + LOOKUP_CHUNK] for start in range(0, len(values), LOOKUP_CHUNK))


def _stays(attempt: Attempt) -> bool:
    return not is_passing(attempt) and not was_never_asked(attempt)
