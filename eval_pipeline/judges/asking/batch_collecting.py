"""Collecting open batches: what has ended goes into the ledger, each line once, whoever collects and however often.

The lease of a batch keeps two runs apart, and the ledger knows each attempt by batch and call: a run that dies midway
leaves the batch open, and the next one stores what is missing. Not here: submitting (`batching.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import islice

from eval_pipeline.judges.asking.batch_money import BatchMoney
from eval_pipeline.judges.asking.batches import (
    UPLOADING,
    BatchLedger,
    BatchModel,
    BatchStore,
    CallBatch,
    EndpointError,
    RemoteBatch,
)
from eval_pipeline.ports import Attempt, CallLeases, JudgeRequest

_GROUP = 500


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


@dataclass
class Collector:
    """Collects the batches of one endpoint.

    A batch that was about to be created when its run died is given `appear_s` seconds to be found at the endpoint.
    `arrived` grows by the days of sessions about which answers came in, `failed` by the attempts that got no reply.
    """

    model: BatchModel
    ledger: BatchLedger
    store: BatchStore
    leases: CallLeases
    money: BatchMoney
    appear_s: float
    arrived: set[date] = field(default_factory=set)
    failed: dict[str, Attempt] = field(default_factory=dict)

    def collect(self) -> bool:
        """Look at every open batch that no other run is at; return whether one has ended.

        Raises what ledger and store raise, and `EndpointError`, also, when all have been looked at, for batches that
        failed as a whole.
        """
        failures: list[str] = []
        ended = [self._advance(batch, failures) for batch in self.store.open(self.model.endpoint)]
        if failures:
            raise EndpointError(
                f"{self.model.endpoint} took no call of {'; '.join(failures)}",
                "mend what it names (file, model, access, limit of waiting calls) and run again: the calls are free",
            )
        return any(ended)

    def _advance(self, listed: CallBatch, failures: list[str]) -> bool:
        if not self.leases.take([listed.lease]):
            return False
        try:
            # Read under the lease: another run may have collected it since.
            batch = self.store.get(listed.batch_id)
            return batch.ended_at is None and self._looked_at(batch, failures)
        finally:
            self.leases.give_back([listed.lease])

    def _looked_at(self, batch: CallBatch, failures: list[str]) -> bool:
        remote = self.model.look(batch.remote_id) if batch.remote_id else self.model.find(batch.batch_id)
        if remote is None:
            return self._gone(batch)
        known = replace(batch, remote_id=remote.remote_id, input_file_id=remote.input_file_id, status=remote.status)
        if not remote.is_ended:
            if known != batch:
                self.store.put(known)
            return False
        held, cost = self._record(known, remote)
        self.store.put(replace(known, ended_at=utc_now(), error=remote.error))
        # Last, so that a run which dies before it leaves the money counted at its dearest, never twice.
        self.money.settle(batch.submitted_at.date(), held, cost)
        if remote.status == "failed":
            failures.append(f"{remote.remote_id}: {remote.error}")
        return True

    def _gone(self, batch: CallBatch) -> bool:
        if batch.status == UPLOADING:
            if (utc_now() - batch.submitted_at).total_seconds() < self.appear_s:
                return False
            ended = replace(batch, status="abandoned", error="its run ended before the endpoint knew of it")
        else:
            ended = replace(batch, status="lost", error="the endpoint knows it no more")
        self.store.put(replace(ended, ended_at=utc_now()))
        return True

    def _record(self, batch: CallBatch, remote: RemoteBatch) -> tuple[float, float]:
        """Store the answers; return what was held for the batch and what it cost, in US dollars."""
        wanted = set(batch.call_keys)
        answers: dict[str, Attempt] = {}
        for key, attempt in self.model.answers(remote):
            if key in wanted:
                answers.setdefault(key, attempt)
        self.failed.update({key: attempt for key, attempt in answers.items() if not attempt.is_reply})
        held = cost = 0.0
        calls = self._calls(batch, remote, answers)
        while group := list(islice(calls, _GROUP)):
            held += sum(self.money.held(request) for request, _ in group)
            made = [(request, attempt) for request, attempt in group if attempt is not None]
            cost += sum(self.money.cost(request, attempt) for request, attempt in made)
            self.ledger.record_batch(batch, made)
        if answers:
            self.arrived.update(batch.session_days)
        return held, cost

    def _calls(
        self, batch: CallBatch, remote: RemoteBatch, answers: dict[str, Attempt]
    ) -> Iterator[tuple[JudgeRequest, Attempt | None]]:
        """Yield each call of the batch with its attempt, None for one without an answer."""
        missing = dict.fromkeys(batch.call_keys)
        for request in self.model.requests(remote.input_file_id):
            if request.call_key in missing:
                del missing[request.call_key]
                yield request, answers.get(request.call_key)
        # The endpoint has the file no more: what was paid is kept all the same.
        for key in missing:
            if key in answers:
                yield JudgeRequest(key, batch.model, ()), answers[key]
