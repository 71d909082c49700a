"""Submitting calls in batches: each is announced in the table before anybody can pay for it twice.

Order matters. A batch's row is stored with all calls that may stand in it; then it is seen which of them other runs are
asking, or have an answer; then the row is reduced to the rest, and only that is sent. An `Asker` looks for rows while it
holds the lease of a call, so one of the two always sees the other. Not here: waiting for answers (`batch_run.py`),
collecting (`batch_collecting.py`), the lines of a file (`batch_lines.py`).
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import BinaryIO

from eval_pipeline.clock import utc_now
from eval_pipeline.judges.asking.batch_collecting import Collector
from eval_pipeline.judges.asking.batch_lines import BatchLines, Entry
from eval_pipeline.judges.asking.batch_settled import Settled, chunks
from eval_pipeline.judges.asking.batches import BATCH_PENDING, UPLOADING, BatchPolicy, CallBatch, EndpointError
from eval_pipeline.judges.asking.budget import OVER_BUDGET_DAY
from eval_pipeline.judges.asking.pacing import likely_tokens
from eval_pipeline.ports import JudgeRequest

_ALONE = "submitting batches"
_LIMIT_HOLDS = timedelta(days=1)


class Submitting:
    """Submits one run's calls to one endpoint. `awaited` grows by the calls that stand in batches or in others' hands."""

    def __init__(self, collector: Collector, policy: BatchPolicy, settled: Settled) -> None:
        self.awaited: dict[str, None] = {}
        self._model, self._store, self._leases = collector.model, collector.store, collector.leases
        self._ledger, self._money = collector.ledger, collector.money
        self._policy, self._settled = policy, settled

    def submit(self, requests: Iterable[JudgeRequest]) -> None:
        """Send what is free to be asked and affordable; await or settle the rest. Raises `EndpointError`."""
        files: dict[str, BatchLines] = {}
        with ExitStack() as opened:
            for request in requests:
                line, entry = self._written(request)
                lines = files.get(request.model)
                if lines is not None and self._is_full(lines, entry):
                    self._send(lines)
                    lines = None
                if lines is None:
                    lines = files[request.model] = opened.enter_context(BatchLines(request.model))
                lines.add(line, entry)
            for lines in files.values():
                self._send(lines)

    def _written(self, request: JudgeRequest) -> tuple[bytes, Entry]:
        line = self._model.line(request, self._settled.unasked.get(request.call_key))
        usd = self._money.dearest(request)
        return line, Entry(request.call_key, request.session_day, len(line), likely_tokens(request), usd)

    def _is_full(self, lines: BatchLines, entry: Entry) -> bool:
        return (
            len(lines.entries) >= self._policy.max_requests
            or lines.n_bytes + entry.n_bytes > self._policy.max_bytes
            or lines.n_tokens + entry.n_tokens > self._policy.max_tokens
        )

    def _send(self, lines: BatchLines) -> None:
        with closing(lines):
            with self._alone():
                batch, usd = self._begun(lines)
            if batch is None:
                return
            try:
                with lines.only(set(batch.call_keys)) as file:
                    self._hand_over(batch, usd, f"{batch.batch_id}.jsonl", file)
            finally:
                self._leases.give_back([batch.lease])

    def _begun(self, lines: BatchLines) -> tuple[CallBatch | None, float]:
        """Return a batch of what may be asked, stored and under its lease, and the most that it can cost."""
        candidates = self._within_limit(lines.model, self._outside_batches(lines.entries))
        if not candidates:
            return None, 0.0
        batch_id, keys = f"eval-pipeline-{uuid.uuid4().hex}", tuple(entry.call_key for entry in candidates)
        batch = CallBatch(batch_id, self._model.endpoint, lines.model, UPLOADING, keys, (), utc_now())
        self._leases.take([batch.lease])
        self._store.put(batch)
        chosen, held = self._affordable(self._unasked(candidates), batch.submitted_at)
        if not chosen:
            self._store.put(replace(batch, status="withdrawn", ended_at=utc_now()))
            self._leases.give_back([batch.lease])
            return None, 0.0
        days = sorted({entry.session_day for entry in chosen if entry.session_day is not None})
        keys = tuple(entry.call_key for entry in chosen)
        batch = replace(batch, call_keys=keys, session_days=tuple(days), held_usd=held)
        self._store.put(batch)
        self.awaited.update(dict.fromkeys(keys))
        return batch, sum(entry.usd for entry in chosen)

    def _hand_over(self, batch: CallBatch, usd: float, name: str, file: BinaryIO) -> None:
        try:
            file_id = self._model.upload(name, file)
            # What is waited for is the creation, however long the upload took.
            batch = replace(batch, input_file_id=file_id, submitted_at=_now_on_the_day_of(batch.submitted_at))
            self._store.put(batch)
            remote = self._model.create(batch.batch_id, file_id)
        except EndpointError as error:
            if error.is_unsure:
                # It stays open: a later look finds out whether the endpoint has it.
                return
            self._store.put(replace(batch, status="refused", ended_at=utc_now(), error=error.problem, held_usd=0.0))
            self._money.give_back(usd)
            self._money.settle(batch.submitted_at.date(), batch.held_usd, 0.0)
            raise
        self._store.put(replace(batch, remote_id=remote.remote_id, status=remote.status))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off other runs that would submit, to any endpoint; it takes a few queries."""
        while not self._leases.take([_ALONE]):
            time.sleep(min(0.1, self._policy.poll_s))
        try:
            yield
        finally:
            self._leases.give_back([_ALONE])

    def _outside_batches(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return what stands in no open batch, whatever endpoint has it; await the rest."""
        keys = [entry.call_key for entry in entries]
        in_work = {key for batch in self._store.open(self._model.endpoint) for key in batch.call_keys}
        for chunk in chunks(keys):
            in_work |= self._ledger.in_batches(chunk)
        self.awaited.update(dict.fromkeys(key for key in keys if key in in_work))
        return [entry for entry in entries if entry.call_key not in in_work]

    def _within_limit(self, model: str, entries: list[Entry]) -> list[Entry]:
        """Return as many of `entries` as may wait at the endpoint, as far as a refusal has told; the rest is pending."""
        endpoint = self._model.endpoint
        n_refused = self._store.fewest_over_limit(endpoint, model, utc_now() - _LIMIT_HOLDS)
        if n_refused is None:
            return entries
        n_waiting = sum(len(batch.call_keys) for batch in self._store.open(endpoint) if batch.model == model)
        room = max(0, max(1, n_refused // 2) - n_waiting)
        for entry in entries[room:]:
            self._settled.settle(entry.call_key, BATCH_PENDING)
        return entries[:room]

    def _unasked(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return what is in no other run's hands and not answered by now; await or settle the rest."""
        free: list[Entry] = []
        for chunk in chunks(entries):
            held = self._leases.take([entry.call_key for entry in chunk])
            # Looked up under the leases: what another run has just stored and given back would be paid twice.
            known = self._settled.look_up(list(held))
            self._leases.give_back(held)
            free += [entry for entry in chunk if entry.call_key in held - known]
            self.awaited.update(dict.fromkeys(entry.call_key for entry in chunk if entry.call_key not in held))
        return free

    def _affordable(self, entries: Iterable[Entry], now: datetime) -> tuple[list[Entry], float]:
        """Return what both budgets hold, and what is set aside of the day's; settle the rest."""
        chosen = []
        for entry in entries:
            refusal = self._money.refusal(entry.usd)
            if refusal is None:
                chosen.append(entry)
            else:
                self._settled.settle(entry.call_key, refusal)
        n, held = self._money.hold(now.date(), [entry.usd for entry in chosen])
        for entry in chosen[n:]:
            self._money.give_back(entry.usd)
            self._settled.settle(entry.call_key, OVER_BUDGET_DAY)
        return chosen[:n], held


def _now_on_the_day_of(begun: datetime) -> datetime:
    """Return the present time, or the end of the UTC day of `begun`, on which its money is held."""
    return min(utc_now(), datetime.combine(begun.astimezone(UTC).date(), time_of_day.max, UTC))
