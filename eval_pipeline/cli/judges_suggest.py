"""The command that proposes a better judge from its disagreements with people, and measures the proposal.

Not here: what is proposed (`eval_pipeline/judges/suggesting/`), the other commands for a judge's author (`judges.py`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval_pipeline.cli.judging import POSITIVE, JudgeName, judge_of, verdicts_of
from eval_pipeline.cli.terminal import out, say, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from eval_pipeline.judges.definition import Example, Judge
    from eval_pipeline.judges.suggesting.comparing import Comparison
    from eval_pipeline.judges.suggesting.wording import Proposal
    from resources.warehouse import PostgresWarehouse


def suggest(
    name: JudgeName,
    origin: Annotated[str, typer.Option(help="Origin of the sessions to learn from; origins are never mixed.")] = "",
    examples: Annotated[int, typer.Option(min=1, max=5, help="At most so many new examples of each verdict.")] = 2,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a candidate that is there.")] = False,
) -> None:
    """Propose examples and criteria from calibration disagreements, as NAME.candidate.yaml, and measure it beside NAME."""
    from eval_pipeline.judges.suggesting.candidate_file import refuse_existing, write_candidate
    from eval_pipeline.judges.suggesting.comparing import compare, unquoted

    settings, judge = Settings.from_env(), judge_of(name)
    folder = settings.catalog / "judges"
    refuse_existing(folder, name, force)
    with stored(settings) as warehouse:
        labels = _labels(warehouse, judge, origin)
        old = verdicts_of(settings, warehouse, judge, list(labels["session_id"]))
        pool = _pool(warehouse, judge, labels, old)
        chosen, lines = _proposed(warehouse, judge, pool, examples)
        candidate = write_candidate(folder, judge, chosen, _reasons(pool, chosen), lines, force)
        _print_proposal(folder, candidate, chosen, lines)
        common = unquoted(labels, judge, candidate)
        new = verdicts_of(settings, warehouse, candidate, list(common["session_id"]))
    _print_comparison(compare(common, old, new), str(labels["origin"].iloc[0]))
    say(f"next:     read {name}.candidate.yaml, then `eval-pipeline judges run {name} --candidate --set calibration`;")
    say(f"          `eval-pipeline judges promote {name} --candidate` measures it on held-out labels, a counted look;")
    say(f"          once promoted, rename {name}.candidate.yaml to {name}.yaml")


def _labels(warehouse: "PostgresWarehouse", judge: "Judge", origin: str) -> "pd.DataFrame":
    """Return the judge's calibration labels of one origin: the one asked for, else production where it has any."""
    from eval_pipeline.calibration.held_out import held_out_of
    from eval_pipeline.judges.trial import LABEL_COLUMNS, calibration_labels
    from eval_pipeline.tables import HumanLabels

    known = warehouse.read(HumanLabels, columns=LABEL_COLUMNS)
    labels = calibration_labels(known, judge, held_out_of(warehouse, known["session_id"], f"judge:{judge.name}"))
    origin = origin or min(labels["origin"], default="production")
    of_origin = labels[labels["origin"] == origin].reset_index(drop=True)
    if of_origin.empty:
        raise EvalPipelineError(
            f"no calibration label of {origin} sessions answers judge:{judge.name} yet",
            "have sessions reviewed, or `eval-pipeline labels import` them, then `eval-pipeline run refresh_labels`",
        )
    return of_origin


def _pool(
    warehouse: "PostgresWarehouse", judge: "Judge", labels: "pd.DataFrame", verdicts: "pd.DataFrame"
) -> "pd.DataFrame":
    import pandas as pd

    from eval_pipeline.calibration.labelled import labelled_sessions
    from eval_pipeline.judges.suggesting.pool import pool_of
    from eval_pipeline.judges.trial import REVIEW_COLUMNS
    from eval_pipeline.tables import JudgeVerdicts, RawSessions, Reviews

    ids = list(labels["session_id"])
    reviews = warehouse.read(Reviews, columns=REVIEW_COLUMNS, session_ids=ids)
    stored_verdicts = warehouse.read(JudgeVerdicts, session_ids=ids)
    is_repeat = (stored_verdicts["judge"] == judge.name) & (stored_verdicts["judge_version"] == judge.version)
    repeats = stored_verdicts[is_repeat & (stored_verdicts["repeat"] > 0)]
    turns = warehouse.read(RawSessions, columns=["session_id", "turns"], session_ids=ids)
    sessions = labelled_sessions(labels, warehouse).merge(turns, on="session_id")
    said = pd.concat([frame for frame in (verdicts, repeats) if len(frame)] or [verdicts])
    return pool_of(judge, labels, said, reviews, sessions)


def _proposed(
    warehouse: "PostgresWarehouse", judge: "Judge", pool: "pd.DataFrame", n_each: int
) -> "tuple[list[Example], list[Proposal]]":
    import pandas as pd

    from eval_pipeline.calibration.held_out import leaks_in
    from eval_pipeline.calibration.labelled import labelled_sessions
    from eval_pipeline.judges.suggesting.choosing import choose
    from eval_pipeline.judges.suggesting.wording import proposals

    shown = labelled_sessions(pd.DataFrame({"session_id": sorted(judge.example_sessions)}), warehouse)
    chosen = choose(
        judge,
        pool,
        n_each,
        lambda example: bool(leaks_in(judge.model_copy(update={"examples": [example]}), warehouse)),
        set(shown["group_id"]),
    )
    return chosen, proposals(judge, pool)


def _reasons(pool: "pd.DataFrame", chosen: "list[Example]") -> list[str]:
    from eval_pipeline.judges.suggesting.pool import reason_of

    rows = {row["session_id"]: row for row in pool.to_dict("records")}
    return [reason_of(rows[example.origin]) for example in chosen]


def _print_proposal(folder: Path, candidate: "Judge", chosen: "list[Example]", lines: "list[Proposal]") -> None:
    say(f"written:  {folder / (candidate.name + '.candidate.yaml')}, version {candidate.version}")
    for example in chosen:
        say(f"example:  {example.verdict}, session {example.origin}")
    for line in lines:
        say(f'proposal: {line.criteria}: "{line.text}" (session {line.session_id})')
    if not lines:
        say("proposal: no wording; no word comes back in people's notes on what the judge got wrong")


def _print_comparison(found: "Comparison", origin: str) -> None:
    from eval_pipeline.printing import print_frame

    title = f"Old and new on the same calibration sessions, origin {origin}, without those quoted"
    about = f"{POSITIVE}; tnr: share of the good ones that it passes; 95 % Wilson intervals; none under 10 labels of a class"
    print_frame(out, found.rates.round(3), title, about)
    for what, counts in (("failures", found.fails), ("good ones", found.passes)):
        say(
            f"{what + ':':12}right both {counts.both_right}, only new {counts.only_new}, only old {counts.only_old}, "
            f"neither {counts.both_wrong}"
        )
    value, low = found.difference.value, found.difference.low
    if value is None or low is None:
        say("difference:  under 10 labels of a class that both gave a verdict on")
    else:
        say(
            f"difference:   {value:+.3f} balanced accuracy, new less old; at least {low:+.3f} (one-sided 95 %). "
            "It was made of calibration labels, which flatters it"
        )
