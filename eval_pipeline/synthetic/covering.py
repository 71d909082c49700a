"""A run of the coverage: cells counted, sparse ones filled by operators, then by a model where one is configured.

Not here: reading the tables (`coverage/reading.py`), storing (`assets/synthetic.py`).
"""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from eval_pipeline.coverage.cells import coverage_cells
from eval_pipeline.coverage.reading import Traffic
from eval_pipeline.deployment import CODE_VERSION, Deployment
from eval_pipeline.ports import Warehouse
from eval_pipeline.synthetic.by_model import Writer, fill_by_model
from eval_pipeline.synthetic.making import Filling, Ground, SessionsOf, fill
from eval_pipeline.synthetic.operators.registry import OPERATORS
from eval_pipeline.synthetic.rows import made_frame
from eval_pipeline.synthetic.seeds import targets
from eval_pipeline.tables import RawSessions

MADE_KINDS = sorted({operator.adversarial_kind for operator in OPERATORS})


def cells_of(day: date, traffic: Traffic, deployment: Deployment) -> pd.DataFrame:
    """Return the rows of `coverage_cells` for `day`."""
    return coverage_cells(day, traffic.facts, traffic.labelled, traffic.synthetic, MADE_KINDS, deployment.coverage)


def sessions_for(
    day: date, cells: pd.DataFrame, traffic: Traffic, sessions_of: SessionsOf, deployment: Deployment, writer: Writer
) -> pd.DataFrame:
    """Return the rows of `synthetic_sessions` that fill the sparse ones of `cells`, as far as the run's budget goes."""
    policy = deployment.coverage
    ground = Ground(day, traffic.facts, sessions_of, deployment.evaluators, policy)
    filling = Filling(policy.synthetic.sessions_per_run)
    unfilled = fill(targets(day, cells, policy), ground, OPERATORS, filling)
    fill_by_model(unfilled, ground, writer, filling)
    return made_frame(filling.rows, CODE_VERSION)


def meanings(deployment: Deployment) -> Mapping[str, str]:
    """Return what each category of the taxonomy and each adversarial kind means, in words."""
    kinds = {operator.adversarial_kind: operator.description for operator in OPERATORS}
    return {category.id: category.definition for category in deployment.taxonomy.categories} | kinds


def rows_of(warehouse: Warehouse) -> SessionsOf:
    """Return what gives the rows of `raw_sessions` of some ids."""
    return lambda ids: warehouse.read(RawSessions, session_ids=ids)
