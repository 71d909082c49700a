"""Commands for the author of a judge: which there are, the exact words one is asked in, and how it agrees with people.

Not here: what a trial is (`eval_pipeline/judges/trial.py`). Nothing that a judge says here is stored but in the ledger of
calls, so no reply is paid for twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eval_pipeline.cli.terminal import err, out, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from eval_pipeline.deployment import Deployment
    from eval_pipeline.judges.asking.asker import Asker
    from eval_pipeline.judges.definition import Judge
    from eval_pipeline.judges.trial import Trial
    from eval_pipeline.ports import Attempt
    from resources.judge_models import ConfiguredJudgeModels
    from resources.warehouse import PostgresWarehouse

app = typer.Typer(help="Judges: LLMs that answer one question about a session.", no_args_is_help=True)

NO_ENDPOINT = "set OPENAI_API_KEY or OPENAI_BASE_URL; `judges try NAME --session ID --dry-run` needs neither"
POSITIVE = "positive = a failure: tpr is the share of people's failures that the judge fails"


class LabelSet(StrEnum):
    """The labelled sessions that a judge is tried on."""

    calibration = "calibration"
    held_out = "held_out"


JudgeName = Annotated[str, typer.Argument(metavar="NAME", help="A file of catalog/judges, without its ending.")]


@app.command("list")
def list_judges() -> None:
    """Print each judge: its question, what it sees, its model, and how far it can be trusted."""
    from eval_pipeline.judges.definition import load_judges
    from eval_pipeline.judges.overview import listed
    from eval_pipeline.printing import print_frame

    settings = Settings.from_env()
    judges = load_judges(settings.catalog / "judges")
    with stored(settings) as warehouse:
        rows = listed(judges, warehouse)
    print_frame(out, rows, "Judges", f"{POSITIVE}; tnr: of the good ones that it passes; no rate under 10 labels")


@app.command()
def show(name: JudgeName) -> None:
    """Print what a judge's file says, and the exact system message that comes of it. No database is needed."""
    from eval_pipeline.judges.overview import facts
    from eval_pipeline.judges.rendering import render

    judge = _judge(name)
    for what, value in facts(judge):
        _say(f"{what + ':':19}{value}")
    _heading("System message")
    _say(render(judge, {"turns": []})[0]["content"])


@app.command("try")
def try_judge(
    name: JudgeName,
    session: Annotated[str, typer.Option(help="A session of evals.raw_sessions.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the prompt alone; ask nobody.")] = False,
) -> None:
    """Print the exact prompt about one session, ask it once through the ledger, and print what is made of the reply."""
    from eval_pipeline.judges.rendering import render
    from eval_pipeline.tables import RawSessions

    settings, judge = Settings.from_env(), _judge(name)
    with stored(settings) as warehouse:
        rows = warehouse.read(RawSessions, session_ids=[session])
        if rows.empty:
            raise EvalPipelineError(f"no session {session!r} is stored", "give a session_id of evals.raw_sessions")
        row = {str(column): values.iloc[0] for column, values in rows.items()}
        for message in render(judge, row):
            _heading(f"{message['role'].capitalize()} message")
            _say(message["content"])
        if not dry_run:
            _ask_once(settings, warehouse, judge, row)


@app.command()
def run(
    name: JudgeName,
    set: Annotated[LabelSet, typer.Option(help="Which labelled sessions.")] = LabelSet.calibration,
) -> None:
    """Ask a judge about the labelled sessions of the calibration set and print where it disagrees with people."""
    from eval_pipeline.judges.trial import LABEL_COLUMNS, REVIEW_COLUMNS, calibration_labels, trials
    from eval_pipeline.tables import HumanLabels, Reviews

    if set is LabelSet.held_out:
        raise EvalPipelineError(
            "a judge is not tried on held-out labels: each look at them is a measurement, which is counted, and a "
            "judge that was changed after a look is no longer measured by them",
            "try it with `--set calibration`; the nightly calibration measures it on held-out, see `eval-pipeline report`",
        )
    settings, judge = Settings.from_env(), _judge(name)
    with stored(settings) as warehouse:
        labels = calibration_labels(warehouse.read(HumanLabels, columns=LABEL_COLUMNS), judge)
        if labels.empty:
            raise EvalPipelineError(
                f"no calibration label answers judge:{name} yet",
                "have sessions reviewed, or `eval-pipeline labels import` them, then `eval-pipeline run refresh_labels`",
            )
        verdicts = _verdicts(settings, warehouse, judge, list(labels["session_id"]))
        reviews = warehouse.read(Reviews, columns=REVIEW_COLUMNS, session_ids=labels["session_id"])
    for trial in trials(labels, verdicts, reviews, judge):
        _print_trial(judge, trial)


def _judge(name: str) -> "Judge":
    from eval_pipeline.judges.definition import load_judges
    from eval_pipeline.judges.overview import chosen

    return chosen(load_judges(Settings.from_env().catalog / "judges"), name)


@contextmanager
def _asking(
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


def _ask_once(settings: Settings, warehouse: "PostgresWarehouse", judge: "Judge", row: dict[str, Any]) -> None:
    from eval_pipeline.judges.rendering import answering, render, request_of
    from eval_pipeline.judges.settling import why_not_asked

    _heading("Reply")
    if why := why_not_asked(judge.view.turns, row["turns"]):
        verdict = "not_applicable" if why == "nothing_asked" else judge.no_answer
        _say(f"settled by rule, no model is asked ({why}): {verdict}")
        return
    since = datetime.now(UTC)
    with _asking(settings, warehouse) as (_, asker, models):
        model = models.for_origin(row["origin"])
        request = request_of(judge, render(judge, row), 0, answering(judge, model))
        attempt = asker.ask([request], model).get(request.call_key)
    if attempt is None:
        raise EvalPipelineError("no endpoint is configured, and the ledger holds no reply to this prompt", NO_ENDPOINT)
    _print_reply(attempt, row["turns"])
    _say(f"cost:     {_cost(warehouse, [request.call_key], since)}")


def _print_reply(attempt: "Attempt", turns: Sequence[Mapping[str, Any]]) -> None:
    from eval_pipeline.judges.contesting import contest
    from eval_pipeline.judges.replies import parse_reply

    _say(attempt.reply if attempt.reply is not None else f"none: {attempt.error or attempt.status}")
    parsed = parse_reply(attempt)
    _heading("What it comes to")
    _say(f"verdict:  {parsed.verdict}" + (f" ({parsed.error_reason})" if parsed.error_reason else ""))
    if place := contest(turns):
        _say(f"contested: turn {place.turn_index} speaks to the judge ({place.reason}), so that a pass would not count")
    _say(f"critique: {parsed.critique or 'none'}")
    if attempt.n_prompt_tokens is not None:
        _say(f"tokens:   {attempt.n_prompt_tokens} in, {attempt.n_completion_tokens} out")


def _verdicts(
    settings: Settings, warehouse: "PostgresWarehouse", judge: "Judge", session_ids: list[str]
) -> "pd.DataFrame":
    """Return what the judge says of the sessions, from the ledger where it knows, and print what that cost."""
    import pandas as pd

    from eval_pipeline.judges.asking.undone import left_undone_in_words
    from eval_pipeline.judges.by_origin import judge_by_origin
    from eval_pipeline.tables import JudgeVerdicts, RawSessions

    sessions, since = warehouse.read(RawSessions, session_ids=session_ids), datetime.now(UTC)
    with _asking(settings, warehouse) as (deployment, asker, models):
        versions = deployment.evaluation_versions
        frames = list(judge_by_origin(sessions, [judge], models, asker, versions))
        undone = left_undone_in_words(asker.left_undone, deployment.ask_policy.prices)
    verdicts = pd.concat(frames, ignore_index=True) if frames else warehouse.read(JudgeVerdicts, days=[])
    _say(f"{judge.name} {judge.version} on {len(session_ids)} calibration labels")
    _say(_cost(warehouse, list(verdicts["call_key"]), since))
    for sentence in undone:
        err.print(sentence, markup=False, highlight=False)
    return verdicts


def _cost(warehouse: "PostgresWarehouse", call_keys: list[str], since: datetime) -> str:
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


def _print_trial(judge: "Judge", trial: "Trial") -> None:
    from eval_pipeline.judges.trial import NOT_ASKED
    from eval_pipeline.printing import print_frame

    print_frame(out, trial.matrix, f"{judge.name} on the calibration set, origin {trial.origin}")
    print_frame(
        out, trial.rates.round(3), "Rates", f"{POSITIVE}; 95 % Wilson intervals; none under 10 labels of a class"
    )
    if len(trial.errors):
        print_frame(out, trial.errors, "Errors, which count for neither")
    if len(trial.disagreements):
        print_frame(
            out, trial.disagreements, "Disagreements", "first bad turn and note: people's; critique: the judge's"
        )
    if n_not_asked := int(trial.matrix[f"judge: {NOT_ASKED}"].sum()):
        err.print(f"{n_not_asked} sessions were not asked about: gone, still open, or {NO_ENDPOINT}", highlight=False)


def _heading(text: str) -> None:
    out.print()
    out.print(text, style="bold", markup=False, highlight=False)


def _say(text: str) -> None:
    from eval_pipeline.printing import printable

    out.print(printable(text), markup=False, highlight=False, soft_wrap=True)
