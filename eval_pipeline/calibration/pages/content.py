"""What the page of one subject says: sections of a table and of shares with their intervals, the same for every form of it.

Positive is a FAILURE throughout. Not here: reading the figures (`reading.py`), the forms (`markdown.py`, `html.py`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval_pipeline.review.figures.charts import Interval, percent_words

Row = Mapping[str, Any]
"""A row of one of the tables, nulls as None."""

ALL = "all"
SET_WORDS = {"held_out": "held-out", "calibration": "calibration", "all": "all labels"}
STATUS_WORDS = {
    "measured": "measured",
    "too_few_to_gate": "too few to gate (under 30 of a class)",
    "counts_only": "counts only (under 10)",
    "no_labels": "no labels",
    "not_looked_at": "not looked at: `eval-pipeline judges promote` takes a counted look",
}
POSITIVE = (
    "Positive = a failure. Catch rate (TPR): share of human-confirmed failures that it fails; TNR: share of human-confirmed "
    "good ones that it passes. Intervals are 95 %."
)


@dataclass(frozen=True)
class Chart:
    """Shares with their intervals on one scale from 0 to 100 %."""

    title: str
    rows: tuple[Interval, ...]


@dataclass(frozen=True)
class Section:
    """A titled part of a page. `table`: one mapping of column title to text a row. `note`: how to read it."""

    title: str
    note: str = ""
    table: tuple[Mapping[str, str], ...] = ()
    charts: tuple[Chart, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns of the table in which some row says something."""
        return [name for name in (self.table[0] if self.table else ()) if any(row[name] for row in self.table)]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.table and not any(chart.rows for chart in self.charts)


@dataclass(frozen=True)
class Known:
    """What is known of one subject: the newest row of each measurement, and what was decided and checked, newest first."""

    kind: str
    name: str
    figures: Sequence[Row]
    standings: Sequence[Row] = ()
    decisions: Sequence[Row] = ()
    looks: Sequence[Row] = ()
    checks: Sequence[Row] = ()


@dataclass(frozen=True)
class Page:
    """The page of one subject."""

    kind: str
    name: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...] = field(default=())


def page_of(known: Known) -> Page:
    """Return the page of one subject; sections without a figure are left out."""
    makers: list[Callable[[Known], Section]] = [
        _versions,
        _measurements,
        _people,
        _stability,
        lambda each: _parts(each, "category", "By category of failure"),
        lambda each: _parts(each, "surface", "By surface"),
        _confusion,
        _decisions,
        _checks,
    ]
    sections = (make(known) for make in makers)
    return Page(known.kind, known.name, tuple(_lead(known)), tuple(each for each in sections if not each.is_empty))


def whole(rows: Sequence[Row]) -> list[Row]:
    """Return the rows over all categories and surfaces, oldest day first."""
    found = [row for row in rows if row["category"] == ALL and row["surface"] == ALL]
    return sorted(
        found, key=lambda row: (row["origin"] != "production", row["origin"], row["as_of_day"], row["label_set"])
    )


def share(row: Row, name: str) -> str:
    """Return a rate of a row with its interval in words; empty where there is none."""
    return percent_words(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _alone(row: Row, name: str) -> str:
    return percent_words(row[name], None, None)


def best(row: Row, name: str) -> str:
    """Return the name of the rate to quote: that of the traffic where it is known, else of the labels as they stand."""
    return f"{name}_weighted" if row.get(f"{name}_weighted") is not None else name


def _lead(known: Known) -> Iterator[str]:
    yield POSITIVE
    if known.kind == "classifier":
        yield "Of a classifier, TPR over all categories is its accuracy on failures on which it does not abstain."
    if known.kind == "reviewer":
        yield "A reviewer's blind answers are held against what the others settled on, he himself left out."
    for row in known.standings:
        by = f", by {row['decided_by']} on {row['decided_at']:%Y-%m-%d}" if row["decided_by"] else ""
        yield f"{row['subject_version']} ({row['origin']}): {row['standing']}{by}."
    if not whole(known.figures):
        yield "Nothing was measured yet."


def _versions(known: Known) -> Section:
    """Rates over versions, of held-out labels where there are any."""
    newest: dict[tuple[str, str], Row] = {}
    for row in whole(known.figures):
        key = row["origin"], row["subject_version"]
        before = newest.get(key)
        if before is None or before["tpr"] is None or row["label_set"] != "calibration":
            newest[key] = row if row["tpr"] is not None or row["tnr"] is not None or before is None else before
    rows = [row for row in newest.values() if row["n_labels"]]
    charts = (("tpr", "Catch rate (TPR) by version"), ("tnr", "Good ones passed (TNR) by version"))
    return Section(
        "Over versions",
        "Of the traffic where the sampling design allows it, else of the labels as they stand.",
        charts=tuple(Chart(title, tuple(_version_bar(row, name) for row in rows)) for name, title in charts),
    )


def _version_bar(row: Row, rate: str) -> Interval:
    name = best(row, rate)
    label = f"{row['subject_version']} {SET_WORDS[row['label_set']]}"
    figure = share(row, name) or f"n {row['n_human_fail' if rate == 'tpr' else 'n_human_pass']}"
    return Interval(label, row[name], row[f"{name}_low"], row[f"{name}_high"], figure)


def _measurements(known: Known) -> Section:
    return Section(
        "Measured",
        "Raw: of the labels as they stand, intervals on the effective n of their users; in the traffic: weighted by the "
        "sampling design. Errors and what did not apply are counted apart and enter no rate.",
        tuple(_measured(row) for row in reversed(whole(known.figures))),
    )


def _measured(row: Row) -> Mapping[str, str]:
    return {
        "Version": row["subject_version"],
        "Origin": row["origin"],
        "Labels": f"{SET_WORDS[row['label_set']]}{_of_set(row)}, to {row['as_of_day']}",
        "Fail / pass": f"{row['n_human_fail']} / {row['n_human_pass']}",
        "TPR raw": share(row, "tpr"),
        "TPR in the traffic": share(row, "tpr_weighted"),
        "TNR raw": share(row, "tnr"),
        "TNR in the traffic": share(row, "tnr_weighted"),
        "Balanced accuracy": share(row, best(row, "balanced_accuracy")),
        "Precision": share(row, "precision_weighted"),
        "Recall": share(row, "recall_weighted"),
        "Errors / not applicable": f"{row['n_error']} / {row['n_not_applicable']}",
        "Status": STATUS_WORDS[row["status"]],
    }


def _of_set(row: Row) -> str:
    return f" set {row['held_out_version']}" if row["held_out_version"] else ""


def _people(known: Known) -> Section:
    rows = [row for row in reversed(whole(known.figures)) if row["n_double"]]
    return Section(
        "What people agree on",
        "From sessions that two people answered blind. Kappa falls when failures get rarer though nobody reads worse; the "
        "ceiling is what a faultless judge would show against labels of people who err so.",
        tuple(_agreed(row) for row in rows),
    )


def _agreed(row: Row) -> Mapping[str, str]:
    return {
        "Origin": row["origin"],
        "Labels": f"{SET_WORDS[row['label_set']]}, to {row['as_of_day']}",
        "Read twice": str(row["n_double"]),
        "Agreement": share(row, "human_agreement"),
        "Failing share": _alone(row, "human_failing_share"),
        "Kappa": _coefficient(row, "kappa"),
        "AC1": _coefficient(row, "ac1"),
        "Alpha": _coefficient(row, "alpha"),
        "Ceiling of agreement": _alone(row, "ceiling_agreement"),
        "Ceiling of TPR": _alone(row, "ceiling_tpr"),
        "Ceiling of TNR": _alone(row, "ceiling_tnr"),
    }


def _coefficient(row: Row, name: str) -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if value is None:
        return ""
    return f"{value:.2f}" + ("" if low is None or high is None else f" [{low:.2f}, {high:.2f}]")


def _stability(known: Known) -> Section:
    rows = [row for row in reversed(whole(known.figures)) if row["n_flip_sessions"]]
    return Section(
        "Stability",
        "How often two runs on the same session say otherwise (of a reviewer: when he is shown it again).",
        tuple(
            {
                "Version": row["subject_version"],
                "Origin": row["origin"],
                "Sessions": str(row["n_flip_sessions"]),
                "Repeats": str(row["n_flip_repeats"]),
                "Flip rate": share(row, "flip_rate"),
                "Not applicable": str(row["n_flip_not_applicable"] or 0),
                "Errors": str(row["n_flip_error"] or 0),
            }
            for row in {(row["subject_version"], row["origin"]): row for row in reversed(rows)}.values()
        ),
    )


def _parts(known: Known, part: str, title: str) -> Section:
    """Rates by category or surface of the newest day, counts beside the estimate drawn towards the others."""
    rows = [row for row in known.figures if row[part] != ALL]
    newest = max((row["as_of_day"] for row in rows), default=None)
    rows = [row for row in rows if row["as_of_day"] == newest and row["n_labels"]]
    rows.sort(key=lambda row: (row["origin"], row["subject_version"], row["label_set"], row[part]))
    bars = tuple(
        Interval(
            f"{row[part]} ({SET_WORDS[row['label_set']]})",
            row["tpr_shrunk"],
            row["tpr_shrunk_low"],
            row["tpr_shrunk_high"],
            share(row, "tpr_shrunk") or f"n {row['n_human_fail']}",
        )
        for row in rows
    )
    note = (
        "Counts as they stand; the estimate draws small cells towards the others (hierarchical beta-binomial), as a rate of "
        "five labels says next to nothing."
    )
    return Section(
        title, note, tuple(_part(row, part) for row in rows), (Chart(f"Catch rate (TPR), {part} by {part}", bars),)
    )


def _part(row: Row, part: str) -> Mapping[str, str]:
    return {
        part.capitalize(): row[part],
        "Version": row["subject_version"],
        "Labels": f"{SET_WORDS[row['label_set']]}, {row['origin']}",
        "Caught / failures": _of(row["n_true_fail"], row["n_missed_fail"]),
        "TPR estimate": share(row, "tpr_shrunk"),
        "Passed / good": _of(row["n_true_pass"], row["n_false_fail"]),
        "TNR estimate": share(row, "tnr_shrunk"),
    }


def _of(right: int, wrong: int) -> str:
    return f"{right} / {right + wrong}" if right + wrong else ""


def _confusion(known: Known) -> Section:
    rows = [row for row in whole(known.figures) if row["confusion"]]
    if not rows:
        return Section("Confusion")
    cells = rows[-1]["confusion"]
    said = sorted({cell["said"] for cell in cells})
    counts = {(cell["label"], cell["said"]): cell["n"] for cell in cells}
    return Section(
        "Confusion",
        f"Rows: what people say; columns: what {rows[-1]['subject_version']} says, abstentions and errors among them.",
        tuple(
            {"People": label, **{word: str(counts.get((label, word), 0)) for word in said}}
            for label in sorted({cell["label"] for cell in cells})
        ),
    )


def _decisions(known: Known) -> Section:
    looks = {row["look_id"]: row for row in known.looks}
    return Section(
        "Decisions",
        "Each look at a held-out set is counted; after the last one allowed the set is retired into calibration.",
        tuple(
            {
                "When": f"{row['decided_at']:%Y-%m-%d %H:%M}",
                "Version": row["subject_version"],
                "Origin": row["origin"],
                "Decision": row["decision"].replace("_", " "),
                "By": row["decided_by"],
                "Look": _look(looks.get(row["look_id"])),
                "Why": row["reason"],
            }
            for row in known.decisions
        ),
    )


def _look(row: Row | None) -> str:
    return "" if row is None else f"{row['look']} at set {row['held_out_version']}"


def _checks(known: Known) -> Section:
    return Section(
        "Alignment",
        "Against the labels that it was promoted on.",
        tuple(
            {
                "Day": str(row["as_of_day"]),
                "Version": row["subject_version"],
                "Origin": row["origin"],
                "Status": row["status"],
                "Judge moved": row["judge_moved"],
                "Product moved": row["product_moved"],
                "Traffic moved": row["traffic_moved"],
                "In words": row["sentence"],
            }
            for row in known.checks
        ),
    )
