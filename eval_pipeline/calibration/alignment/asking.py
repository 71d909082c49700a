"""Asking the judges in production about their anchors, for a check of a day.

Not here: how anchors are drawn and asked (`calibration/anchors.py`), what is made of the answers (`anchored.py`).
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from eval_pipeline.calibration.alignment.evidence import Subject
from eval_pipeline.calibration.anchors import anchors_of, ask_anchors
from eval_pipeline.clock import Clock
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.ports import JudgeModels, Warehouse
from eval_pipeline.tables import AnchorVerdicts


def ask_all_anchors(
    day: dt.date,
    subjects: Iterable[Subject],
    warehouse: Warehouse,
    models: JudgeModels,
    asker: Asks,
    versions: Mapping[str, str],
    clock: Clock,
) -> None:
    """Ask every judge in production about its anchors and store what it says in `anchor_verdicts`.

    A judge whose version can no longer be asked, as the code that puts it into words has changed since, is left out. What
    was not answered has no row.
    """
    for subject in subjects:
        judge = subject.definition
        if subject.baseline is None or judge is None or judge.version != subject.version:
            continue
        anchors_of(judge, subject.origin, warehouse, clock())
        said = ask_anchors(judge, subject.origin, day, warehouse, models, asker, versions, clock=clock)
        if len(said):
            warehouse.append(AnchorVerdicts, said)
