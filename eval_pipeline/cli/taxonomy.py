"""Commands about the taxonomy of failures: what is in force, what a change would do, and bringing it into force."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval_pipeline.cli.terminal import out, say, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from eval_pipeline.taxonomy.history import History
    from eval_pipeline.taxonomy.planning import Plan

app = typer.Typer(help="The taxonomy of failures, and its changes.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="A migration that need not lie in the catalog; else those that wait there.")
    ] = None,
) -> None:
    """Say what a change would do to all stored labels and predictions, to the classifier and the judges. Changes nothing.

    A database that knows no taxonomy yet is taken to the catalog's first, as by whatever writes a category.
    """
    from eval_pipeline.taxonomy.categories import load_taxonomy
    from eval_pipeline.taxonomy.changes import load_migration, load_migrations
    from eval_pipeline.taxonomy.history import asking, read_history
    from eval_pipeline.taxonomy.planning import plan_of
    from eval_pipeline.taxonomy.problems import mentions, problems
    from resources.taxonomy_register import hold_to

    settings = Settings.from_env()
    catalog = load_taxonomy(settings.catalog / "taxonomy.yaml")
    migrations = load_migrations(settings.catalog) if file is None else [load_migration(file)]
    with stored(settings) as warehouse:
        history = read_history(asking(warehouse))
        if history.newest is None:
            hold_to(warehouse, catalog, datetime.now(UTC))
            history = read_history(asking(warehouse))
        plan = plan_of(history, catalog, migrations, asking(warehouse))
    if file is not None and not plan.applied:
        raise EvalPipelineError(
            f"{file} begins at version {migrations[0].from_version}, and {plan.before.declared_version} is in force",
            f'write from: "{plan.before.declared_version}"',
        )
    _print_plan(plan, history)
    for mention in mentions(plan, settings.catalog):
        say(mention)
    found = list(problems(plan, settings.catalog))
    for problem in found:
        say(f"in the way: {problem}")
    if found:
        raise typer.Exit(1)
    if plan.applied:
        say("bring it into force: eval-pipeline taxonomy migrate")


@app.command()
def migrate(by: Annotated[str | None, typer.Option(help="Person who brings it into force.")] = None) -> None:
    """Bring the migrations that wait into force, in one transaction, and catalog/taxonomy.yaml with them."""
    from eval_pipeline.taxonomy.changes import load_migrations
    from resources.taxonomy_register import migrate_taxonomy

    settings = Settings.from_env()
    migrations = load_migrations(settings.catalog)
    with stored(settings) as warehouse:
        plan, is_written = migrate_taxonomy(warehouse, settings.catalog, migrations, by, datetime.now(UTC))
    if not plan.applied:
        say(f"{plan.after.version} is in force; no migration waits")
    else:
        names = ", ".join(each.migration.name for each in plan.applied)
        say(f"{plan.after.version} is in force, by {names}; {len(plan.labels)} labels keep their words and are mapped")
    if is_written:
        say(f"{settings.catalog / 'taxonomy.yaml'} was written anew, without the comments between its lines: keep it")


@app.command("list")
def list_versions() -> None:
    """List the versions that are, or were, in force in this database."""
    import pandas as pd

    from eval_pipeline.printing import print_frame
    from eval_pipeline.taxonomy.history import asking, read_history

    with stored(Settings.from_env()) as warehouse:
        history = read_history(asking(warehouse))
    rows = [
        {
            "version": each["taxonomy_version"],
            "categories": len(history.ids(each["taxonomy_version"])),
            "migration": each["migration"] or "",
            "by": each["registered_by"] or "",
            "since": f"{each['registered_at']:%Y-%m-%d %H:%M}",
        }
        for each in history.versions
    ]
    before = [
        {"version": name, "categories": len(history.ids(name)), "migration": "", "by": "found in labels", "since": ""}
        for name in history.unregistered
    ]
    if rows or before:
        print_frame(out, pd.DataFrame([*before, *rows]))
    else:
        say("no taxonomy is registered yet; register the catalog's: eval-pipeline taxonomy migrate")


@app.command()
def show(
    version: Annotated[str | None, typer.Argument(help="A version of the list; the one in force.")] = None,
) -> None:
    """Print a version of the taxonomy as it was registered, as a file."""
    from eval_pipeline.taxonomy.history import asking, read_history
    from eval_pipeline.taxonomy.writing import taxonomy_text

    with stored(Settings.from_env()) as warehouse:
        history = read_history(asking(warehouse))
    names = [str(each["taxonomy_version"]) for each in history.versions]
    fitting = [name for name in names if version in (None, name, name.partition("+")[0])]
    if not fitting:
        raise EvalPipelineError(
            f"no version {version or 'is registered'}",
            "see `eval-pipeline taxonomy list`; `migrate` registers the first",
        )
    say(taxonomy_text(history.taxonomy(fitting[-1])).rstrip())


def _print_plan(plan: "Plan", history: "History") -> None:
    from eval_pipeline.printing import print_frame
    from eval_pipeline.taxonomy.plan_in_words import changes_in_words, labels_by_outcome, predictions_by_outcome

    say(f"{plan.before.version} is in force; {len(plan.applied) or 'no'} migrations wait")
    for line in changes_in_words(plan):
        say(line)
    for title, frame in (
        ("What becomes of labels", labels_by_outcome(plan)),
        ("What becomes of predictions", predictions_by_outcome(plan, history)),
    ):
        if len(frame):
            print_frame(out, frame, title)
