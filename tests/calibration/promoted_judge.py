"""A judge that was promoted on a known day, with a simulated endpoint of known skill: for what asks it anew.

Not here: the gate (`test_promoting.py`); the promotion is put on record as the gate would.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from eval_pipeline.calibration.alignment.asking import ask_all_anchors
from eval_pipeline.calibration.alignment.subjects import checked_judges
from eval_pipeline.calibration.standings import definition_of
from eval_pipeline.judges.asking.asker import Asker, AskPolicy
from eval_pipeline.judges.definition import Judge, load_judges
from eval_pipeline.judges.run import judge_sessions
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from eval_pipeline.simulation.judging import JudgeSkill
from eval_pipeline.tables import HeldoutLooks, JudgeVerdicts, Promotions, RawSessions
from resources.call_ledger import WarehouseLedger
from resources.warehouse import PostgresWarehouse
from tests.calibration.reviewed_sessions import JUDGE
from tests.end_to_end.pipeline import EndpointModels
from tests.resources.frames import frame_for
from tests.stored_sessions import DAY

[SHIPPED] = [judge for judge in load_judges(PROJECT_ROOT / "catalog" / "judges") if judge.name == JUDGE]
ORIGIN = "simulated"
PROMOTED = DAY - dt.timedelta(days=3)
GOOD = JudgeSkill(tpr=0.95, tnr=0.97, unstable_share=0.02)
WORSE = JudgeSkill(tpr=0.6, tnr=0.75, unstable_share=0.02)
NIGHT = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)


class NoModels:
    """`ports.JudgeModels` without an endpoint."""

    def for_origin(self, origin: str) -> None:
        """Return none."""


@contextmanager
def asked_at(warehouse: PostgresWarehouse, skill: JudgeSkill) -> Iterator[tuple[Asker, EndpointModels, JudgeEndpoint]]:
    """An asker over the warehouse's ledger, and an endpoint of `skill`."""
    policy = AskPolicy()
    with (
        JudgeEndpoint(skills={JUDGE: skill}) as endpoint,
        Asker(WarehouseLedger(warehouse, policy.prices), policy) as asker,
    ):
        yield asker, EndpointModels(endpoint.base_url), endpoint


def store_verdicts(warehouse: PostgresWarehouse, skill: JudgeSkill = GOOD) -> None:
    """Store what the judge says of the day's sessions, as the nightly job does."""
    with asked_at(warehouse, skill) as (asker, models, _):
        sessions = warehouse.read(RawSessions, [DAY])
        rows = judge_sessions(sessions, [SHIPPED], models.for_origin(ORIGIN), asker, {"code": "1"})
    warehouse.replace_day(JudgeVerdicts, DAY, [rows])


def store_promotion(warehouse: PostgresWarehouse, judge: Judge = SHIPPED, n_agree: int = 145) -> None:
    """Put on record that `judge` was promoted on `PROMOTED`, on a look at 150 labels of which it agreed with `n_agree`."""
    look = frame_for(HeldoutLooks, 1, DAY).assign(look_id="a look", n_error=0, n_not_applicable=0)
    look = look.assign(n_true_fail=40, n_missed_fail=150 - n_agree, n_false_fail=0, n_true_pass=n_agree - 40)
    warehouse.append(HeldoutLooks, look)
    row = frame_for(Promotions, 1, DAY).assign(
        subject_kind="judge",
        subject=judge.name,
        subject_version=judge.version,
        origin=ORIGIN,
        decision="promoted",
        decided_at=pd.Timestamp(NIGHT),
        look_id="a look",
        definition=[definition_of(judge)],
    )
    warehouse.append(Promotions, row)


def ask(warehouse: PostgresWarehouse, day: dt.date, skill: JudgeSkill | None) -> int:
    """Ask the judge in production about its anchors for `day`, and return how many requests the endpoint had."""
    subjects = checked_judges([SHIPPED], warehouse)
    with asked_at(warehouse, skill or GOOD) as (asker, models, endpoint):
        asked = NoModels() if skill is None else models
        ask_all_anchors(day, subjects, warehouse, asked, asker, {"code": "1"}, lambda: NIGHT)
        return endpoint.n_requests
