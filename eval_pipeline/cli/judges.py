"""Commands for the author of a judge: which there are, the exact words one is asked in, and how it agrees with people.

Not here: what a trial is (`eval_pipeline/judges/trial.py`), promoting (`promotion.py`). Nothing that a judge says here is stored but in the ledger of
calls, so no reply is paid for twice.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eval_pipeline.cli.judges_suggest import suggest
from eval_pipeline.cli.judging import POSITIVE, Candidate, JudgeName, asking, cost, heading, judge_of, verdicts_of
from eval_pipeline.cli.promotion import demote, promote
from eval_pipeline.cli.terminal import err, out, say, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from eval_pipeline.judges.definition import Judge
    from eval_pipeline.judges.trial import Trial
    from eval_pipeline.ports import Attempt
    from resources.warehouse import PostgresWarehouse

app = typer.Typer(help="Judges: LLMs that answer one question about a session.", no_args_is_help=True)

NO_ENDPOINT = "set OPENAI_API_KEY or OPENAI_BASE_URL; `judges try NAME --session ID --dry-run` needs neither"


class LabelSet(StrEnum):
    """The labelled sessions that a judge is tried on."""

    calibration = "calibration"
    held_out = "held_out"


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
    print_frame(
        out,
        rows,
        "Judges",
        f"{POSITIVE}; tnr: of the good ones that it passes; of the traffic where known; no rate under 10 labels",
    )


@app.command()
def show(name: JudgeName) -> None:
    """Print what a judge's file says, and the exact system message that comes of it. No database is needed."""
    from eval_pipeline.judges.overview import facts
    from eval_pipeline.judges.rendering import render

    judge = judge_of(name)
    for what, value in facts(judge):
        say(f"{what + ':':19}{value}")
    heading("System message")
    say(render(judge, {"turns": []})[0]["content"])


@app.command("try")
def try_judge(
    name: JudgeName,
    session: Annotated[str, typer.Option(help="A session of evals.raw_sessions.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the prompt alone; ask nobody.")] = False,
) -> None:
    """Print the exact prompt about one session, ask it once through the ledger, and print what is made of the reply."""
    from eval_pipeline.judges.rendering import render
    from eval_pipeline.tables import RawSessions

    settings, judge = Settings.from_env(), judge_of(name)
    with stored(settings) as warehouse:
        rows = warehouse.read(RawSessions, session_ids=[session])
        if rows.empty:
            raise EvalPipelineError(f"no session {session!r} is stored", "give a session_id of evals.raw_sessions")
        row = {str(column): values.iloc[0] for column, values in rows.items()}
        for message in render(judge, row):
            heading(f"{message['role'].capitalize()} message")
            say(message["content"])
        if not dry_run:
            _ask_once(settings, warehouse, judge, row)


@app.command()
def run(
    name: JudgeName,
    set: Annotated[LabelSet, typer.Option(help="Which labelled sessions.")] = LabelSet.calibration,
    candidate: Candidate = False,
) -> None:
    """Ask a judge about the labelled sessions of the calibration set and print where it disagrees with people."""
    from eval_pipeline.calibration.gate_words import demands
    from eval_pipeline.calibration.held_out import held_out_of
    from eval_pipeline.deployment import Deployment
    from eval_pipeline.judges.trial import LABEL_COLUMNS, REVIEW_COLUMNS, calibration_labels, trials
    from eval_pipeline.tables import HumanLabels, Reviews

    if set is LabelSet.held_out:
        raise EvalPipelineError(
            "a judge is not tried on held-out labels: each look at them is a measurement, which is counted, and a "
            "judge that was changed after a look is no longer measured by them",
            "try it with `--set calibration`; `eval-pipeline judges promote NAME` measures it on held-out",
        )
    settings, judge = Settings.from_env(), judge_of(name, candidate)
    with stored(settings) as warehouse:
        known = warehouse.read(HumanLabels, columns=LABEL_COLUMNS)
        labels = calibration_labels(known, judge, held_out_of(warehouse, known["session_id"], f"judge:{judge.name}"))
        if labels.empty:
            raise EvalPipelineError(
                f"no calibration label answers judge:{name} yet",
                "have sessions reviewed, or `eval-pipeline labels import` them, then `eval-pipeline run refresh_labels`",
            )
        verdicts = verdicts_of(settings, warehouse, judge, list(labels["session_id"]))
        reviews = warehouse.read(Reviews, columns=REVIEW_COLUMNS, session_ids=labels["session_id"])
        deployment = Deployment.load(settings)
    for trial in trials(labels, verdicts, reviews, judge):
        _print_trial(judge, trial)
        say(f"the gate asks for: {demands(deployment.gates.of(name))}")


def _ask_once(settings: Settings, warehouse: "PostgresWarehouse", judge: "Judge", row: dict[str, Any]) -> None:
    from eval_pipeline.judges.rendering import answering, render, request_of
    from eval_pipeline.judges.settling import why_not_asked

    heading("Reply")
    if why := why_not_asked(judge.view.turns, row["turns"]):
        verdict = "not_applicable" if why == "nothing_asked" else judge.no_answer
        say(f"settled by rule, no model is asked ({why}): {verdict}")
        return
    since = datetime.now(UTC)
    with asking(settings, warehouse) as (_, asker, models):
        model = models.for_origin(row["origin"])
        request = request_of(judge, render(judge, row), 0, answering(judge, model))
        attempt = asker.ask([request], model).get(request.call_key)
    if attempt is None:
        raise EvalPipelineError("no endpoint is configured, and the ledger holds no reply to this prompt", NO_ENDPOINT)
    _print_reply(attempt, row["turns"])
    say(f"cost:     {cost(warehouse, [request.call_key], since)}")


def _print_reply(attempt: "Attempt", turns: Sequence[Mapping[str, Any]]) -> None:
    from eval_pipeline.judges.contesting import contest
    from eval_pipeline.judges.replies import parse_reply

    say(attempt.reply if attempt.reply is not None else f"none: {attempt.error or attempt.status}")
    parsed = parse_reply(attempt)
    heading("What it comes to")
    say(f"verdict:  {parsed.verdict}" + (f" ({parsed.error_reason})" if parsed.error_reason else ""))
    if place := contest(turns):
        say(f"contested: turn {place.turn_index} speaks to the judge ({place.reason}), so that a pass would not count")
    say(f"critique: {parsed.critique or 'none'}")
    if attempt.n_prompt_tokens is not None:
        say(f"tokens:   {attempt.n_prompt_tokens} in, {attempt.n_completion_tokens} out")


def _print_trial(judge: "Judge", trial: "Trial") -> None:
    from eval_pipeline.judges.trial import NOT_ASKED
    from eval_pipeline.printing import print_frame

    print_frame(out, trial.matrix, f"{judge.name} on the calibration set, origin {trial.origin}")
    print_frame(out, trial.rates.round(3), "Rates", f"{POSITIVE}; 95 % intervals; none under 10 labels of a class")
    if len(trial.errors):
        print_frame(out, trial.errors, "Errors, which count for neither")
    if len(trial.disagreements):
        print_frame(
            out, trial.disagreements, "Disagreements", "first bad turn and note: people's; critique: the judge's"
        )
    if n_not_asked := int(trial.matrix[f"judge: {NOT_ASKED}"].sum()):
        err.print(f"{n_not_asked} sessions were not asked about: gone, still open, or {NO_ENDPOINT}", highlight=False)


for _command in (suggest, promote, demote):
    app.command()(_command)
