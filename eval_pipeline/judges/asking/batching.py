"""Putting calls to an endpoint in batches, at half the price and within a day: ledger first, then what is open, then new.

`BatchAsker` stands where an `Asker` stands. It waits for a short time only: what has no answer by then is
`batch_pending`, and a later run collects it. Not here: calls made at once (`asker.py`), collecting
(`batch_collecting.py`).
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from itertools import chain
from types import TracebackType
from typing import Self

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.asking.asker import Progress
from eval_pipeline.judges.asking.batch_collecting import Collector
from eval_pipeline.judges.asking.batch_money import BatchMoney
from eval_pipeline.judges.asking.batch_run import Batching
from eval_pipeline.judges.asking.batch_settled import Settled
from eval_pipeline.judges.asking.batches import BATCH_PENDING as BATCH_PENDING
from eval_pipeline.judges.asking.batches import BatchingJudgeModel, BatchLedger, BatchStore
from eval_pipeline.judges.asking.batches import BatchPolicy as BatchPolicy
from eval_pipeline.ports import Attempt, DailySpend, JudgeModel, JudgeRequest


class BatchAsker:
    """One run's asking by batch, in the place of an `Asker`; its budget lasts over all frames, origins and days.

    Two runs at once put no call in two batches, and an `Asker` leaves alone what stands in one. `left_undone` is as that
    of an `Asker`.
    """

    def __init__(
        self, ledger: BatchLedger, store: BatchStore, policy: BatchPolicy, daily: DailySpend | None = None
    ) -> None:
        """`daily` is needed when the prices set a budget per day."""
        self.left_undone: Counter[tuple[str, str]] = Counter()
        self.policy = policy
        self._ledger, self._store = ledger, store
        self._paid = BatchMoney(policy.prices, daily)
        self._unpaid = BatchMoney(policy.prices, daily, is_paid=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held between two calls."""

    def ask(
        self, requests: Iterable[JudgeRequest], model: JudgeModel | None, progress: Progress | None = None
    ) -> dict[str, Attempt]:
        """Return for each call key the stored reply, what its line in a batch came to, or `BATCH_PENDING`.

        Without a `model` the ledger alone answers, and keys that it does not know are missing. `requests` is drawn
        once; what must be sent waits in a file. Closes the model's connections.

        Raises what ledger and store raise, `EndpointError` when the endpoint refuses batches or cannot be reached, or, at
        the end, when a batch gave no answers to these calls, and `SettingsError` when the endpoint takes no batches, or
        there is a budget that no price goes with.
        """
        settled = Settled(self._ledger, self.policy, progress or (lambda n_settled: None))
        unknown = settled.unknown(requests)
        first = next(unknown, None)
        if model is None:
            deque(unknown, maxlen=0)
        elif first is not None:
            with self._endpoint(model) as collector:
                Batching(collector, self.policy, settled).run(chain([first], unknown))
        return settled.attempts

    def collect(self, model: JudgeModel) -> set[date]:
        """Store the answers of all ended batches of `model`'s endpoint; return the days of their sessions.

        Those days are worth judging again: what they wait for stands in the ledger now. Closes the model's connections.
        Raises as `ask` does, for any batch that gave no answers.
        """
        with self._endpoint(model) as collector:
            collector.collect()
            collector.tell()
            return collector.arrived

    @contextmanager
    def _endpoint(self, model: JudgeModel) -> Iterator[Collector]:
        try:
            if not isinstance(model, BatchingJudgeModel):
                raise SettingsError(f"{model.endpoint} takes no batches", "ask it call by call")
            money = self._unpaid if model.is_simulated else self._paid
            with closing(model.batches()) as batches, self._ledger.leases() as leases:
                yield Collector(
                    batches, self._ledger, self._store, leases, money, self.policy.appear_s, model.is_simulated
                )
        finally:
            asyncio.run(model.close())
