"""Commands for loop 1: which signals there are, and what they say of one session."""

from typing import Annotated

import typer
from rich.markup import escape

from eval_pipeline.cli.terminal import out, stored
from eval_pipeline.settings import Settings

app = typer.Typer(help="Signals: detectors of a reason to look at a session.", no_args_is_help=True)


@app.command("list")
def list_signals() -> None:
    """Print each signal: what it looks for, whether it fills the queue, and how often it fired lately."""
    from eval_pipeline.printing import print_frame
    from eval_pipeline.recent import RECENT_DAYS
    from eval_pipeline.signals.overview import listed
    from eval_pipeline.signals.registry import load_signals

    settings = Settings.from_env()
    signals = load_signals(settings.catalog)
    with stored(settings) as warehouse:
        rows, origin = listed(signals, warehouse)
    note = f"sessions of origin {origin} on the last {RECENT_DAYS} days that have any" if origin else "no session yet"
    print_frame(out, rows, "Signals", f"fired, quiet, not applicable: {note}; parameters and words are in the catalog")


@app.command()
def explain(session_id: Annotated[str, typer.Argument(help="A session of evals.raw_sessions.")]) -> None:
    """Print which signals fire on a session, where and why, and which stay quiet."""
    from eval_pipeline.printing import print_frame, printable
    from eval_pipeline.signals.explain import explain as explained
    from eval_pipeline.signals.registry import load_signals

    settings = Settings.from_env()
    with stored(settings) as warehouse:
        found = explained(session_id, load_signals(settings.catalog), warehouse)
    out.print(escape(printable(found.headline)), highlight=False)
    out.print(escape(printable(found.queue)), highlight=False)
    if found.stale:
        out.print("what evals.session_signals holds differs; run the day again:", highlight=False)
        for line in found.stale:
            out.print(f"  {escape(printable(line))}", highlight=False)
    out.print()
    print_frame(out, found.outcomes, "Signals", "strength: how sure it is, by all its evidence together")
    if len(found.evidence):
        print_frame(out, found.evidence, "Evidence, in the order of the turns")
        print_frame(out, found.excerpt, "Transcript around it", "> marks a turn that evidence rests on")
