"""One asking by batch: collect, submit, and wait a while for answers.

Not here: who asks (`batching.py`), collecting (`batch_collecting.py`), submitting (`batch_submitting.py`).
"""

import time
from collections.abc import Iterable, Sequence

from eval_pipeline.judges.asking.batch_collecting import Collector
from eval_pipeline.judges.asking.batch_settled import Settled, chunks, was_never_asked
from eval_pipeline.judges.asking.batch_submitting import Submitting
from eval_pipeline.judges.asking.batches import BATCH_PENDING, BatchPolicy, EndpointError
from eval_pipeline.ports import JudgeRequest

_FIRST_WAIT_SHARE = 1 / 32


class Batching:
    """One `ask` at an endpoint."""

    def __init__(self, collector: Collector, policy: BatchPolicy, settled: Settled) -> None:
        self._collector, self._policy, self._settled = collector, policy, settled
        self._submitting = Submitting(collector, policy, settled)
        self._awaited = self._submitting.awaited

    def run(self, requests: Iterable[JudgeRequest]) -> None:
        """Collect, submit what is left, wait a while for answers, and call the rest pending.

        Raises `EndpointError` at the end for batches that gave no answers to calls of this run.
        """
        self._collector.collect()
        # What failed in a batch of an earlier run is asked again by this one.
        self._collector.failed.clear()
        freed = {batch_id for batch_id, trouble in self._collector.troubles.items() if not trouble.is_open}
        self._submitting.submit(requests)
        self._wait(freed)
        for key in self._awaited:
            self._settled.settle(key, BATCH_PENDING)
        self._collector.tell(self._settled.attempts)

    def _wait(self, freed: set[str]) -> None:
        """Look at the open batches until every awaited call is settled or the time is up."""
        until = time.monotonic() + self._policy.wait_s
        pause = self._policy.poll_s * _FIRST_WAIT_SHARE
        open_before = None
        while self._awaited and (left := until - time.monotonic()) > 0:
            time.sleep(min(pause, left))
            pause = min(2 * pause, self._policy.poll_s)
            if not self._has_collected():
                return
            open_now = {batch.batch_id for batch in self._collector.store.open(self._collector.model.endpoint)}
            if open_now != open_before:
                self._settle_arrived(list(self._awaited))
            self._stop_awaiting_troubled(freed)
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
        for chunk in chunks(awaited):
            known = self._settled.look_up(chunk)
            for key in chunk:
                failed = self._collector.failed.get(key)
                if key not in known and failed is not None and not was_never_asked(failed):
                    self._settled.settle(key, failed)
        for key in awaited:
            if key in self._settled.attempts:
                del self._awaited[key]

    def _stop_awaiting_troubled(self, freed: set[str]) -> None:
        """Call pending what stands in a batch that gives no answers; the calls of `freed` stand in others by now."""
        for batch_id, trouble in self._collector.troubles.items():
            for key in trouble.batch.call_keys if batch_id not in freed else ():
                if key in self._awaited:
                    del self._awaited[key]
                    self._settled.settle(key, BATCH_PENDING)
