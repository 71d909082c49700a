"""The command line `eval-pipeline`: every command is a few lines over the core, the resources and the jobs.

Here they are put together, and errors meant for a person are printed. Not here: the commands (a module each).
"""

import sys

import typer
from rich.markup import escape

from eval_pipeline.cli import (
    database,
    dev,
    evaluators,
    importing,
    intake,
    jobs,
    judges,
    labels,
    queue,
    review,
    reviewers,
    signals,
    synthetic,
    taxonomy,
    trends,
)
from eval_pipeline.cli.terminal import err
from eval_pipeline.errors import EvalPipelineError

app = typer.Typer(
    help="Evaluation of LLM products as a data pipeline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    database.up,
    database.down,
    intake.ingest,
    intake.simulate,
    jobs.run,
    jobs.report,
    queue.queue,
    synthetic.coverage,
    review.review,
    database.sql,
    intake.redact,
    database.doctor,
    dev.dev,
):
    app.command()(command)
app.add_typer(signals.app, name="signals")
app.add_typer(evaluators.app, name="evaluators")
app.add_typer(judges.app, name="judges")
app.add_typer(labels.app, name="labels")
app.add_typer(taxonomy.app, name="taxonomy")
app.add_typer(reviewers.app, name="reviewers")
app.add_typer(importing.app, name="import")
app.add_typer(trends.app, name="trends")
app.add_typer(synthetic.app, name="synthetic")


def main() -> None:
    """Run the command line; an error meant for a person is printed with its mend, without a traceback."""
    try:
        app()
    except EvalPipelineError as error:
        from eval_pipeline.printing import printable

        err.print(f"[bold red]Error[/]: {escape(printable(error.problem))}", highlight=False)
        err.print(f"[bold]Mend[/]: {escape(printable(error.mend))}", highlight=False)
        sys.exit(1)
