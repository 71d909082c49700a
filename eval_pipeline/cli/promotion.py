"""The gate on the command line: a judge version is promoted into production, or taken out of it, by a person.

Not here: the gate (`eval_pipeline/calibration/gate.py`), trying a judge on the calibration set (`judges.py`).
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from eval_pipeline.cli.judging import Candidate, JudgeName, asking, heading, judge_of
from eval_pipeline.cli.terminal import out, say, stored
from eval_pipeline.errors import SettingsError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from eval_pipeline.calibration.gathering import Candidacy
    from eval_pipeline.calibration.promoting import Outcome
    from resources.warehouse import PostgresWarehouse

Origin = Annotated[
    str | None,
    typer.Option(
        help="Origin of the sessions that it is to count for, never mixed; without it production, or what alone there is.",
    ),
]
By = Annotated[str, typer.Option(help="Person who decides; stands in the record.")]


def promote(
    name: JudgeName,
    origin: Origin = None,
    by: Annotated[str | None, typer.Option(help="Person who asks; without it the account of the system.")] = None,
    candidate: Candidate = False,
) -> None:
    """Run the gate: measure a judge on held-out labels, a counted look, and promote it where it meets every demand.

    Exits with 1 where it is not promoted.
    """
    from eval_pipeline.calibration.gathering import Asking, Candidacy
    from eval_pipeline.calibration.promoting import promote as run_gate

    settings, judge = Settings.from_env(), judge_of(name, candidate)
    person = _person(by) if by is not None else _account()
    with stored(settings) as warehouse, asking(settings, warehouse) as (deployment, asker, models):
        case = Candidacy(judge, _origin(origin, warehouse), person, deployment.gates.of(name))
        how = Asking(models, asker, deployment.evaluation_versions)
        outcome = run_gate(case, how, warehouse, datetime.now(UTC))
    _print_outcome(case, outcome)
    if not outcome.decision.is_promoted:
        raise typer.Exit(1)


def demote(
    name: JudgeName,
    reason: Annotated[str, typer.Option(help="Why; stands in the record.")],
    by: By,
    origin: Origin = None,
) -> None:
    """Take the version of a judge that is in production out of it: its verdicts enter no headline rate from now on."""
    from eval_pipeline.calibration.promoting import demote as take_out

    settings = Settings.from_env()
    if not reason.strip():
        raise SettingsError("a demotion needs a reason", "give one with --reason")
    with stored(settings) as warehouse:
        of_origin = _origin(origin, warehouse)
        version = take_out(name, of_origin, _person(by), reason.strip(), warehouse, datetime.now(UTC))
    say(f"{name} {version} for {of_origin} sessions: demoted by {by.strip()}, {reason.strip()}")


def _print_outcome(case: "Candidacy", outcome: "Outcome") -> None:
    from eval_pipeline.calibration.gate_words import POSITIVE, headline, notes, table
    from eval_pipeline.printing import print_frame

    heading(f"{case.judge.name} {case.judge.version} for {case.origin} sessions, asked for by {case.by}")
    say(headline(outcome.decision))
    print_frame(out, table(outcome.decision), "", POSITIVE)
    for note in notes(outcome, case.policy):
        say(note)


def _origin(origin: str | None, warehouse: "PostgresWarehouse") -> str:
    from eval_pipeline.table_model import TRAFFIC_ORIGINS

    if origin is None:
        stored_origins = warehouse.query("SELECT DISTINCT origin FROM evals.human_labels ORDER BY 1")["origin"].tolist()
        return str(stored_origins[0]) if len(stored_origins) == 1 else "production"
    if origin not in TRAFFIC_ORIGINS:
        raise SettingsError(f"there is no origin {origin!r}", f"take one of {', '.join(TRAFFIC_ORIGINS)}")
    return origin


def _person(by: str) -> str:
    if not (name := by.strip()):
        raise SettingsError("a decision needs a person's name", "give one with --by")
    return name


def _account() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError) as error:
        raise SettingsError("the account of the system has no name", "say who asks with --by PERSON") from error
