"""Writing attempts to the ledger from the event loop. Not here: the ledger (`ports.CallLedger`), when a call is made."""

import asyncio
from concurrent.futures import Executor

from eval_pipeline.ports import Attempt, CallLedger, JudgeRequest


class Recorder:
    """Stores attempts, each before the call goes on."""

    def __init__(self, ledger: CallLedger, threads: Executor) -> None:
        self._ledger, self._threads = ledger, threads

    async def record(self, request: JudgeRequest, attempt: Attempt, number: int, endpoint: str) -> None:
        """Return when the attempt is stored, durably; `number` counts from 1 within the call."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._ledger.record, request, attempt, number, endpoint)
