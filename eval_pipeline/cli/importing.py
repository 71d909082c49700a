"""Commands for verdicts and labels that were recorded elsewhere: bring them in, and see how far those judges can be trusted.

Not here: people's labels of this deployment's own sessions (`labels.py`).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval_pipeline.cli.terminal import err, out, say, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from eval_pipeline.calibration.recorded.importing import Imported, Measured
    from eval_pipeline.calibration.recorded.statements import Kind

app = typer.Typer(
    help="Verdicts and labels recorded elsewhere, and how far those judges can be trusted.", no_args_is_help=True
)

Recorded = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="JSONL, JSON list, CSV or Parquet; docs/recorded-judges.md says its forms."),
]
Dataset = Annotated[str | None, typer.Option(help="Name of the import, shared by verdicts and labels; the file's.")]
Mapping = Annotated[
    str | None, typer.Option(help="Where fields stand: key=column,key=column, e.g. item_id=question+turn,value=winner.")
]
Values = Annotated[
    list[str] | None, typer.Option("--value", help="What a value means: VALUE=pass, =fail or =not_applicable.")
]
FailBelow = Annotated[float | None, typer.Option(help="Numbers under this are a fail, others a pass.")]
FailAbove = Annotated[float | None, typer.Option(help="Numbers over this are a fail, others a pass.")]
Raters = Annotated[
    list[str] | None, typer.Option("--rater", help="Whose labels are the reference: a name, or human:*.")
]
Reversed = Annotated[
    list[str] | None,
    typer.Option(
        "--reversed", help="A variant (order) whose values are positions, the answers shown the other way round."
    ),
]


@app.command()
def verdicts(
    file: Recorded,
    dataset: Dataset = None,
    mapping: Mapping = None,
    value: Values = None,
    fail_below: FailBelow = None,
    fail_above: FailAbove = None,
    rater: Raters = None,
    reversed: Reversed = None,
) -> None:
    """Import what judges said elsewhere, and measure them against the labels of the dataset."""
    _import("verdicts", file, dataset, mapping, value, (fail_below, fail_above), rater, reversed)


@app.command()
def labels(
    file: Recorded,
    dataset: Dataset = None,
    mapping: Mapping = None,
    value: Values = None,
    fail_below: FailBelow = None,
    fail_above: FailAbove = None,
    rater: Raters = None,
) -> None:
    """Import what people, or programs that know, said elsewhere, and measure the dataset's judges against it."""
    _import("labels", file, dataset, mapping, value, (fail_below, fail_above), rater, None)


@app.command()
def report(dataset: Annotated[str | None, typer.Argument(help="A dataset; all of them unless given.")] = None) -> None:
    """Print again how far the recorded judges can be trusted, as last measured."""
    from eval_pipeline.calibration.recorded.importing import recorded_reports
    from eval_pipeline.calibration.recorded.showing import of_dataset

    with stored(Settings.from_env()) as warehouse:
        rows = of_dataset(recorded_reports(warehouse), dataset)
    if rows.empty:
        raise EvalPipelineError(
            f"no recorded judge is measured{f' in dataset {dataset!r}' if dataset else ''}",
            "import both: `eval-pipeline import verdicts FILE` and `eval-pipeline import labels FILE --dataset NAME`",
        )
    for name, of_one in rows.groupby("dataset"):
        _print_reports(str(name), of_one)


def _import(
    kind: "Kind",
    file: Path,
    dataset: str | None,
    mapping: str | None,
    values: list[str] | None,
    thresholds: tuple[float | None, float | None],
    raters: list[str] | None,
    reversed_variants: list[str] | None,
) -> None:
    from eval_pipeline.calibration.recorded.importing import dataset_of, import_file, measure_dataset
    from eval_pipeline.calibration.recorded.places import Places
    from eval_pipeline.calibration.recorded.vocabulary import Vocabulary

    name, places, now = dataset_of(file, dataset), Places.of(mapping), datetime.now(UTC)
    vocabulary = Vocabulary.of(values or [], *thresholds, reversed_variants or [])
    with stored(Settings.from_env()) as warehouse:
        imported = import_file(file, kind, name, places, vocabulary, warehouse, now)
        _print_imported(imported, kind, name)
        _print_measured(measure_dataset(warehouse, name, raters or [], now), name)
    if imported.reading.bad_lines:
        raise typer.Exit(1)


def _print_imported(imported: "Imported", kind: "Kind", dataset: str) -> None:
    from eval_pipeline.calibration.recorded.showing import off_vocabulary_table, sentences
    from eval_pipeline.printing import print_frame

    reading = imported.reading
    n_read, n_bad = len(reading.statements), len(reading.bad_lines)
    say(f"dataset {dataset}: {n_read} {kind} read, {imported.n_added} added, {n_bad} bad lines")
    for sentence in sentences(reading, kind):
        say(sentence)
    for line in reading.bad_lines:
        err.print(f"  {line}", markup=False, highlight=False)
    if len(imported.off_vocabulary):
        print_frame(
            out,
            off_vocabulary_table(imported.off_vocabulary, kind),
            f"Off the vocabulary: {len(imported.off_vocabulary)} {kind}",
            "stored as they stand, counted apart, in no rate; import the file again with what they mean",
        )


def _print_measured(measured: "Measured", dataset: str) -> None:
    from eval_pipeline.printing import print_frame

    if measured.reports.empty:
        say(_why_unmeasured(measured, dataset))
        return
    _print_reports(dataset, measured.reports)
    if measured.variants["variant"].nunique() > 1:
        print_frame(out, measured.variants.round(4), "By order or repeat")
    if measured.n_unanswered:
        say(f"{measured.n_unanswered} of {measured.n_verdicts} verdicts are on items without a label of pass or fail")


def _why_unmeasured(measured: "Measured", dataset: str) -> str:
    if measured.n_verdicts and measured.n_labels:
        return (
            "nothing is measured: no verdict has a label of pass or fail; map the values of the labels with --value, and see "
            "that item_id, target and metric are the same in both files"
        )
    what = "labels" if measured.n_verdicts else "verdicts"
    return f"nothing is measured yet: dataset {dataset} has no {what}; import them with --dataset {dataset}"


def _print_reports(dataset: str, rows: "pd.DataFrame") -> None:
    from eval_pipeline.calibration.recorded.showing import POSITIVE, report_tables
    from eval_pipeline.printing import print_frame

    say(f"Recorded judges of {dataset}")
    for title, table in report_tables(rows):
        print_frame(out, table, title)
    say(POSITIVE)
