"""A process that asks and may be killed at any moment: asking and the resources, without Dagster."""

from eval_pipeline.judges.asking.asker import Asker, AskPolicy
from eval_pipeline.judges.asking.endpoints import Endpoints, Limits
from eval_pipeline.ports import JudgeRequest
from resources.call_ledger import WarehouseLedger
from resources.judge_model import OpenAIJudgeModel
from resources.warehouse import PostgresWarehouse

CONCURRENCY = 8


def key_of(number: int) -> str:
    """Return the key of a call."""
    return f"key-{number}"


def ask_all(database_url: str, base_url: str, n: int) -> None:
    """Ask `n` calls, the same in every process; fail unless each has a reply."""
    policy = AskPolicy(Endpoints(default=Limits(concurrency=CONCURRENCY)), backoff_s=0.01, poll_s=0.02)
    requests = [JudgeRequest(key_of(i), "m", ({"role": "user", "content": f"Case {i}"},)) for i in range(n)]
    with PostgresWarehouse(database_url) as warehouse, Asker(WarehouseLedger(warehouse), policy) as asker:
        settled = asker.ask(requests, OpenAIJudgeModel("none", base_url, is_proxied=False))
    assert sum(attempt.is_reply for attempt in settled.values()) == n
