"""Writing attempts to the ledger from the event loop. Not here: the ledger (`ports.CallLedger`), when a call is made."""

import asyncio
from concurrent.futures import Executor

from eval_pipeline.ports import CallLedger, Sent


class Recorder:
    """Stores attempts, each before its call goes on; those that arrive while a write is under way go together next.

    A burst of replies so costs a few transactions, and one change of threads each. After a write that failed nothing
    more is stored: every `record` raises what it raised.
    """

    def __init__(self, ledger: CallLedger, threads: Executor) -> None:
        self._ledger, self._threads = ledger, threads
        self._waiting: list[Sent] = []
        self._writing = asyncio.Lock()
        self._failure: BaseException | None = None

    async def record(self, sent: Sent) -> None:
        """Return when `sent` is stored, durably."""
        group = self._waiting
        group.append(sent)
        async with self._writing:
            if self._failure is not None:
                raise self._failure
            if group is self._waiting:
                await self._write(group)

    async def _write(self, group: list[Sent]) -> None:
        self._waiting = []
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._ledger.record, group)
        except BaseException as error:
            self._failure = error
            raise
