"""What the commands about judges share: which judge is meant, what it is asked with, what that cost, and how it is printed.

Not here: any command (`judges.py`, `promotion.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from eval_pipeline.cli.terminal import err, out, say
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from eval_pipeline.deployment import Deployment
    from eval_pipeline.judges.asking.asker import Asker
    from eval_pipeline.judges.definition import Judge
    from resources.judge_models import ConfiguredJudgeModels
    from resources.warehouse import PostgresWarehouse

POSITIVE = "positive = a failure: tpr is the share of people's failures that the judge fails"

Candidate = Annotated[bool, typer.Option("--candidate", help="The candidate NAME.candidate.yaml instead of the judge.")]

JudgeName = Annotated[str, typer.Argument(metavar="NAME", help="A file of catalog/judges, without its ending.")]


def judge_of(name: str, candidate: bool = False) -> "Judge":
    """Return the judge called `name` of the catalog; with `candidate` the one that was written beside it.

    Raises `SettingsError` naming the ones there are.
    """
    from eval_pipeline.judges.definition import load_candidate, load_judges
    from eval_pipeline.judges.overview import chosen

    folder = Settings.from_env().catalog / "judges"
    judge = chosen(load_judges(folder), name)
    return load_candidate(folder, name) if candidate else judge


@contextmanager
def asking(
    settings: Settings, warehouse: "PostgresWarehouse"
) -> Iterator[tuple["Deployment", "Asker", "ConfiguredJudgeModels"]]:
    """Yield what the nightly job asks with: the catalog, the ledger behind an asker, and the endpoints."""
    from eval_pipeline.deployment import Deployment
    from eval_pipeline.judges.asking.asker import Asker
    from resources.call_ledger import WarehouseLedger
    from resources.daily_spend import PostgresDailySpend
    from resources.judge_models import ConfiguredJudgeModels

    deployment = Deployment.load(settings)
    policy = deployment.ask_policy
    ledger, daily = WarehouseLedger(warehouse, policy.prices), PostgresDailySpend(warehouse)
    with Asker(ledger, policy, daily) as asker, ConfiguredJudgeModels(settings, policy.endpoints) as models:
        yield deployment, asker, models


def verdicts_of(
    settings: Settings, warehouse: "PostgresWarehouse", judge: "Judge", session_ids: list[str]
) -> "pd.DataFrame":
    """Return what the judge says of calibration sessions, from the ledger where it knows, and print what that cost."""
    import pandas as pd

    from eval_pipeline.judges.asking.undone import left_undone_in_words
    from eval_pipeline.judges.by_origin import judge_by_origin
    from eval_pipeline.tables import JudgeVerdicts, RawSessions

    sessions, since = warehouse.read(RawSessions, session_ids=session_ids), datetime.now(UTC)
    with asking(settings, warehouse) as (deployment, asker, models):
        versions = deployment.evaluation_versions
        frames = list(judge_by_origin(sessions, [judge], models, asker, versions))
        undone = left_undone_in_words(asker.left_undone, deployment.ask_policy.prices)
    verdicts = pd.concat(frames, ignore_index=True) if frames else warehouse.read(JudgeVerdicts, days=[])
    say(f"{judge.name} {judge.version} on {len(session_ids)} calibration labels")
    say(cost(warehouse, list(verdicts["call_key"]), since))
    for sentence in undone:
        err.print(sentence, markup=False, highlight=False)
    return verdicts


def cost(warehouse: "PostgresWarehouse", call_keys: list[str], since: datetime) -> str:
    """Return how many calls were made since then, and what they cost by the price table, in words."""
    made = warehouse.query(
        "SELECT count(*) AS n, sum(cost_usd) AS usd, count(*) - count(cost_usd) AS n_unpriced FROM evals.model_calls "
        "WHERE call_key = ANY(%(keys)s) AND requested_at >= %(since)s",
        {"keys": call_keys, "since": since},
    ).iloc[0]
    n, n_unpriced = int(made["n"]), int(made["n_unpriced"])
    if not n:
        return "no call was made: the ledger holds the replies"
    unpriced = f"; {n_unpriced} without a price" if n_unpriced else ""
    return f"${float(made['usd'] or 0):.4f} for {n} {'call' if n == 1 else 'calls'}{unpriced}"


def heading(text: str) -> None:
    """Print a title."""
    out.print()
    out.print(text, style="bold", markup=False, highlight=False)
