"""One asking by batch: what is settled so far, what is submitted, and how long answers are waited for.

Not here: who asks (`batching.py`), collecting (`batch_collecting.py`), the lines of a file (`batch_lines.py`).
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import BinaryIO, TypeVar

from eval_pipeline.judges.asking.asker import LOOKUP_CHUNK, Progress
from eval_pipeline.judges.asking.batch_collecting import Collector, utc_now
from eval_pipeline.judges.asking.batch_lines import BatchLines, Entry
from eval_pipeline.judges.asking.batches import (
    BATCH_PENDING,
    UPLOADING,
    BatchLedger,
    BatchPolicy,
    BatchStore,
    CallBatch,
    EndpointError,
)
from eval_pipeline.judges.asking.pacing import is_passing
from eval_pipeline.ports import Attempt, CallLeases, JudgeRequest

Value = TypeVar("Value")

_FIRST_WAIT_SHARE = 1 / 32


class Settled:
    """What the calls of one `ask` have come to so far."""

    def __init__(self, ledger: BatchLedger, policy: BatchPolicy, progress: Progress) -> None:
        self.attempts: dict[str, Attempt] = {}
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
        for key, attempt in found.items():
            self.settle(key, attempt)
        return set(found)

    def settle(self, key: str, attempt: Attempt) -> None:
        """Note what a call has come to."""
        self.attempts[key] = attempt
        self._progress(len(self.attempts))


class Batching:
    """One `ask` at an endpoint."""

    def __init__(
        self, collector: Collector, store: BatchStore, leases: CallLeases, policy: BatchPolicy, settled: Settled
    ) -> None:
        self._collector, self._store, self._leases = collector, store, leases
        self._policy, self._settled = policy, settled
        self._model = collector.model
        self._money = collector.money
        self._awaited: dict[str, None] = {}

    def run(self, requests: Iterable[JudgeRequest]) -> None:
        """Collect, submit what is left, wait a while for answers, and call the rest pending."""
        self._collector.collect()
        # What failed in a batch of an earlier run is asked again by this one.
        self._collector.failed.clear()
        self._submit_all(requests)
        self._wait()
        for key in self._awaited:
            self._settled.settle(key, BATCH_PENDING)

    def _submit_all(self, requests: Iterable[JudgeRequest]) -> None:
        files: dict[str, BatchLines] = {}
        with ExitStack() as opened:
            for request in requests:
                line = self._model.line(request)
                lines = files.get(request.model)
                if lines is not None and self._is_full(lines, len(line)):
                    self._submit(lines)
                    lines = None
                if lines is None:
                    lines = files[request.model] = opened.enter_context(BatchLines(request.model))
                lines.add(line, request.call_key, request.session_day, self._money.dearest(request))
            for lines in files.values():
                self._submit(lines)

    def _is_full(self, lines: BatchLines, n_more: int) -> bool:
        return len(lines.entries) >= self._policy.max_requests or lines.n_bytes + n_more > self._policy.max_bytes

    def _submit(self, lines: BatchLines) -> None:
        with closing(lines):
            batch, usd = self._begun(lines)
            if batch is None:
                return
            try:
                with lines.only(set(batch.call_keys)) as file:
                    self._hand_over(batch, usd, f"{batch.batch_id}.jsonl", file)
            finally:
                self._leases.give_back([batch.lease])

    def _begun(self, lines: BatchLines) -> tuple[CallBatch | None, float]:
        """Note a batch of what is free to be asked and affordable, before the endpoint hears of it, under its lease."""
        with self._alone():
            chosen = self._affordable(self._free(lines.entries))
            usd = sum(entry.usd for entry in chosen)
            now = utc_now()
            if chosen and (refusal := self._money.refusal_of_day(now.date(), usd)):
                self._money.give_back(usd)
                for entry in chosen:
                    self._settled.settle(entry.call_key, refusal)
                chosen = []
            if not chosen:
                return None, 0.0
            days = sorted({entry.session_day for entry in chosen if entry.session_day is not None})
            keys = tuple(entry.call_key for entry in chosen)
            batch_id = f"eval-pipeline-{uuid.uuid4().hex}"
            batch = CallBatch(batch_id, self._model.endpoint, lines.model, UPLOADING, keys, tuple(days), now)
            self._leases.take([batch.lease])
            self._store.put(batch)
        self._awaited.update(dict.fromkeys(keys))
        return batch, usd

    def _hand_over(self, batch: CallBatch, usd: float, name: str, file: BinaryIO) -> None:
        try:
            file_id = self._model.upload(name, file)
            remote = self._model.create(batch.batch_id, file_id)
        except EndpointError as error:
            if error.is_unsure:
                # It stays open: a later look finds out whether the endpoint has it.
                return
            self._store.put(replace(batch, status="refused", ended_at=utc_now(), error=error.problem))
            self._money.give_back(usd)
            self._money.settle(batch.submitted_at.date(), usd, 0.0)
            raise
        known = replace(batch, remote_id=remote.remote_id, input_file_id=file_id, status=remote.status)
        self._store.put(known)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off other runs that would submit to this endpoint; it takes a few queries."""
        name = f"batches of {self._model.endpoint}"
        while not self._leases.take([name]):
            time.sleep(min(0.1, self._policy.poll_s))
        try:
            yield
        finally:
            self._leases.give_back([name])

    def _free(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return what is in no open batch, in no other run's hands and not answered by now; await or settle the rest."""
        in_work = {key for batch in self._store.open(self._model.endpoint) for key in batch.call_keys}
        free: list[Entry] = []
        for chunk in _chunks([entry for entry in entries if entry.call_key not in in_work]):
            held = self._leases.take([entry.call_key for entry in chunk])
            # Looked up under the leases: what another run has just stored and given back would be paid twice.
            known = self._settled.look_up(list(held))
            self._leases.give_back(held)
            free += [entry for entry in chunk if entry.call_key in held - known]
            in_work |= {entry.call_key for entry in chunk} - held
        self._awaited.update(dict.fromkeys(entry.call_key for entry in entries if entry.call_key in in_work))
        return free

    def _affordable(self, entries: Iterable[Entry]) -> list[Entry]:
        chosen = []
        for entry in entries:
            refusal = self._money.refusal(entry.usd)
            if refusal is None:
                chosen.append(entry)
            else:
                self._settled.settle(entry.call_key, refusal)
        return chosen

    def _wait(self) -> None:
        """Look at the open batches until every awaited call is settled or the time is up."""
        until = time.monotonic() + self._policy.wait_s
        pause = self._policy.poll_s * _FIRST_WAIT_SHARE
        open_before = None
        while self._awaited and (left := until - time.monotonic()) > 0:
            time.sleep(min(pause, left))
            pause = min(2 * pause, self._policy.poll_s)
            if not self._has_collected():
                return
            open_now = {batch.batch_id for batch in self._store.open(self._model.endpoint)}
            if open_now != open_before:
                self._settle_arrived(list(self._awaited))
            open_before = open_now

    def _has_collected(self) -> bool:
        try:
            self._collector.collect()
        except EndpointError as error:
            if not error.is_passing:
                raise
            return False
        return True

    def _settle_arrived(self, awaited: Sequence[str]) -> None:
        for chunk in _chunks(awaited):
            known = self._settled.look_up(chunk)
            for key in chunk:
                failed = self._collector.failed.get(key)
                if key not in known and failed is not None and not _was_never_asked(failed):
                    self._settled.settle(key, failed)
        for key in awaited:
            if key in self._settled.attempts:
                del self._awaited[key]


def _was_never_asked(attempt: Attempt) -> bool:
    return attempt.status.startswith("batch_")


def _stays(attempt: Attempt) -> bool:
    return not is_passing(attempt) and not _was_never_asked(attempt)


def _chunks(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    return (values[start : start + LOOKUP_CHUNK] for start in range(0, len(values), LOOKUP_CHUNK))
