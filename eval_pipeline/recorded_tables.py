"""The tables of what was judged and labelled elsewhere, and brought in to be measured.

Part of `tables.py`, where every table is looked up. Nothing here enters a rate of this deployment's own traffic.
Not here: reading the files (`calibration/recorded/`).
"""

from eval_pipeline.table_model import Table, Timestamp, column


class RecordedVerdicts(Table, key=("verdict_id",), append=True):
    """What a judge said elsewhere of an item. A value that the importer was not told the meaning of is kept as it stood."""

    verdict_id: str = column("Hash of what it says: importing a file twice adds nothing")
    dataset: str = column("Name of the import: the file's, unless another was given")
    item_id: str = column("What was judged: a session, or a pair of answers")
    target: str = column("session, turn:N or pair")
    metric: str = column("What was asked, e.g. task_success or preference")
    judge: str = column("Who judged, as the file names it")
    judge_version: str = column("Its version, e.g. of the prompt; `not stated` where the file says none")
    variant: str = column("Which of several verdicts on the item: the order of a pair, or the number of the repeat")
    verdict: str = column(
        "fail (positive) or pass, by the mapping that was given; not_applicable; or off_vocabulary: no meaning was given",
        isin=["pass", "fail", "not_applicable", "off_vocabulary"],
    )
    raw_value: str = column("The value as the file has it; null where it has none", nullable=True)
    position: str = column("Where in the file, e.g. line 12")
    imported_at: Timestamp = column("When (UTC)")


class RecordedLabels(Table, key=("label_id",), append=True):
    """What a person, or a program that knows, said elsewhere of an item: what recorded verdicts are measured against."""

    label_id: str = column("Hash of what it says: importing a file twice adds nothing")
    dataset: str = column("Name of the import: the file's, unless another was given")
    item_id: str = column("What was labelled: a session, or a pair of answers")
    target: str = column("session, turn:N or pair")
    metric: str = column("What was asked, e.g. task_success or preference")
    rater: str = column("Who labelled, as the file names it, e.g. human:gold or program:CHECK")
    label: str = column(
        "fail (positive) or pass, by the mapping that was given; or off_vocabulary: no meaning was given",
        isin=["pass", "fail", "off_vocabulary"],
    )
    raw_value: str = column("The value as the file has it; null where it has none", nullable=True)
    position: str = column("Where in the file, e.g. line 12")
    imported_at: Timestamp = column("When (UTC)")
