"""Collecting open batches: what has ended goes into the ledger, each line once, whoever collects and however often.

The lease of a batch keeps two runs apart, and the ledger knows each attempt by batch and call: a run that dies midway
leaves the batch open, and the next one stores what is missing. Not here: submitting (`batch_submitting.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import islice

from eval_pipeline.clock import utc_now
from eval_pipeline.judges.asking.batch_money import BatchMoney
from eval_pipeline.judges.asking.batches import (
    SIMULATION_LIVES,
    UPLOADING,
    BatchLedger,
    BatchModel,
    BatchStore,
    CallBatch,
    EndpointError,
    FileGoneError,
    RemoteBatch,
)
from eval_pipeline.ports import Attempt, CallLeases, JudgeRequest

_GROUP = 500
_MISSING_FOR = timedelta(hours=48)
"""How long a batch that the endpoint does not know is not asked again: it may know it by another key."""

_MEND_FAILED = "mend what it names (file, model, access, limit of waiting calls) and run again: the calls are free"
_MEND_MISSING = (
    "is this the key, and the project, that it was made with? Ask with that one. Two days after it was made the batch "
    "is given up, and its calls are asked and paid again"
)


@dataclass(frozen=True)
class Trouble:
    """A batch of which no answers can be had: it failed as a whole, or (`is_open`) the endpoint does not know it now."""

    batch: CallBatch
    problem: str
    mend: str
    is_open: bool


@dataclass
class Collector:
    """Collects the batches of one endpoint.

    A batch that was about to be created when its run died is given `appear_s` seconds to be found at the endpoint, and
    one that the endpoint does not know any more is waited for, briefly when it `forgets` all with its process.
    `arrived` grows by the days of sessions about which answers came in, `failed` by the attempts that got no reply,
    `troubles` by the batches, by their ids, that a person must see to.
    """

    model: BatchModel
    ledger: BatchLedger
    store: BatchStore
    leases: CallLeases
    money: BatchMoney
    appear_s: float
    forgets: bool = False
    arrived: set[date] = field(default_factory=set)
    failed: dict[str, Attempt] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)

    def collect(self) -> bool:
        """Look at every open batch that no other run is at; return whether one has ended.

        Raises what ledger and store raise, and `EndpointError` when the endpoint does not answer.
        """
        n_ended = sum(self._advance(batch) for batch in self.store.open(self.model.endpoint))
        return n_ended > 0

    def tell(self, attempts: Mapping[str, Attempt] | None = None) -> None:
        """Raise `EndpointError` for the troubles, if any; of those only that left a call of `attempts` without a reply."""
        told = [trouble for trouble in self.troubles.values() if attempts is None or _concerns(trouble, attempts)]
        if told:
            problems = "; ".join(trouble.problem for trouble in told)
            mends = "; ".join(dict.fromkeys(trouble.mend for trouble in told))
            raise EndpointError(f"{self.model.endpoint} gave no answers of {problems}", mends)

    def _advance(self, listed: CallBatch) -> bool:
        if not self.leases.take([listed.lease]):
            return False
        try:
            # Read under the lease: another run may have collected it since.
            batch = self.store.get(listed.batch_id)
            return batch.ended_at is None and self._looked_at(batch)
        finally:
            self.leases.give_back([listed.lease])

    def _looked_at(self, batch: CallBatch) -> bool:
        self.troubles.pop(batch.batch_id, None)
        remote = self.model.look(batch.remote_id) if batch.remote_id else self.model.find(batch.batch_id)
        if remote is None or remote.mark not in (None, batch.batch_id):
            return self._gone(batch, f"batch {batch.remote_id or batch.batch_id}, which it does not know")
        known = replace(batch, remote_id=remote.remote_id, input_file_id=remote.input_file_id, status=remote.status)
        if not remote.is_ended:
            if known != batch:
                self.store.put(known)
            return False
        answers, gone = self._answers(known, remote)
        cost = self._record(known, remote, answers)
        if gone is not None:
            return self._gone(known, f"batch {remote.remote_id}: {gone.problem}")
        self._end(replace(known, error=_error_of(known, remote, answers)), cost)
        if remote.status == "failed":
            problem = f"batch {remote.remote_id}, which failed: {remote.error}"
            self.troubles[batch.batch_id] = Trouble(known, problem, _MEND_FAILED, is_open=False)
        return True

    def _end(self, batch: CallBatch, cost: float) -> None:
        self.store.put(replace(batch, ended_at=utc_now(), held_usd=0.0))
        # Last, so that a run which dies before it leaves the money counted at its dearest, never twice.
        self.money.settle(batch.submitted_at.date(), batch.held_usd, cost)

    def _gone(self, batch: CallBatch, problem: str) -> bool:
        age = utc_now() - batch.submitted_at
        if batch.status == UPLOADING:
            if age.total_seconds() < self.appear_s:
                return False
            self._end(replace(batch, status="abandoned", error="its run ended before the endpoint knew of it"), 0.0)
        elif age < (SIMULATION_LIVES if self.forgets else _MISSING_FOR):
            if not self.forgets:
                self.troubles[batch.batch_id] = Trouble(batch, problem, _MEND_MISSING, is_open=True)
            return False
        else:
            # The day's money stays counted: it may have been paid.
            ended = replace(batch, status="lost", error="the endpoint knows it, or its answers, no more")
            self.store.put(replace(ended, ended_at=utc_now()))
        return True

    def _answers(self, batch: CallBatch, remote: RemoteBatch) -> tuple[dict[str, Attempt], FileGoneError | None]:
        """Return the attempts by call, and what says that a file of them is missing."""
        wanted = set(batch.call_keys)
        answers: dict[str, Attempt] = {}
        try:
            for key, attempt in self.model.answers(remote):
                if key in wanted:
                    answers.setdefault(key, attempt)
        except FileGoneError as error:
            return answers, error
        return answers, None

    def _record(self, batch: CallBatch, remote: RemoteBatch, answers: dict[str, Attempt]) -> float:
        """Store the answers; return what they cost, in US dollars."""
        self.failed.update({key: attempt for key, attempt in answers.items() if not attempt.is_reply})
        held_each = batch.held_usd / len(batch.call_keys)
        cost = 0.0
        calls = self._calls(batch, remote, answers)
        while group := list(islice(calls, _GROUP)):
            cost += sum(self.money.cost(request, attempt, held_each) for request, attempt in group)
            self.ledger.record_batch(batch, group)
        if answers:
            self.arrived.update(batch.session_days)
        return cost

    def _calls(
        self, batch: CallBatch, remote: RemoteBatch, answers: dict[str, Attempt]
    ) -> Iterator[tuple[JudgeRequest, Attempt]]:
        """Yield each call that has an answer, with its attempt."""
        missing = dict(answers)
        for request in self.model.requests(remote.input_file_id) if answers else ():
            if (attempt := missing.pop(request.call_key, None)) is not None:
                yield request, attempt
        # The endpoint has the file no more: what was paid is kept all the same.
        for key, attempt in missing.items():
            yield JudgeRequest(key, batch.model, ()), attempt


def _concerns(trouble: Trouble, attempts: Mapping[str, Attempt]) -> bool:
    return any(key in attempts and not attempts[key].is_reply for key in trouble.batch.call_keys)


def _error_of(batch: CallBatch, remote: RemoteBatch, answers: Mapping[str, Attempt]) -> str | None:
    n_missing = len(batch.call_keys) - len(answers)
    if remote.error is None and remote.status == "completed" and n_missing:
        return f"{n_missing} of {len(batch.call_keys)} calls have no line in its files"
    return remote.error
