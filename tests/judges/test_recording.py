import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from eval_pipeline.judges.asking.recording import Recorder
from eval_pipeline.ports import Attempt, JudgeRequest, Sent
from tests.fakes import MemoryLedger

SENT = [Sent(JudgeRequest(f"k{i}", "m", ()), Attempt("reply", 0.1, "{}"), 1, "h") for i in range(200)]


class CountingLedger(MemoryLedger):
    def __init__(self, is_down: bool = False) -> None:
        super().__init__()
        self.n_writes = 0
        self.is_down = is_down

    def record(self, sent: Sequence[Sent]) -> None:
        self.n_writes += 1
        if self.is_down:
            raise ConnectionError("down")
        super().record(sent)


def test_attempts_that_come_together_are_written_together_and_each_before_it_goes_on() -> None:
    ledger = CountingLedger()

    async def record_all() -> list[bool]:
        with ThreadPoolExecutor(2) as threads:
            recorder = Recorder(ledger, threads)

            async def record(sent: Sent) -> bool:
                await recorder.record(sent)
                return sent.request.call_key in ledger.replies([sent.request.call_key])

            return await asyncio.gather(*map(record, SENT))

    assert all(asyncio.run(record_all()))
    assert [request for request, _, _ in ledger.rows] == [sent.request for sent in SENT]
    assert ledger.n_writes == 2


def test_a_write_that_fails_is_told_to_all_and_nothing_is_written_after_it() -> None:
    ledger = CountingLedger(is_down=True)

    async def record_all() -> list[BaseException | None]:
        with ThreadPoolExecutor(2) as threads:
            recorder = Recorder(ledger, threads)
            return await asyncio.gather(*map(recorder.record, SENT), return_exceptions=True)

    assert {str(failure) for failure in asyncio.run(record_all())} == {"down"}
    assert ledger.n_writes == 1
