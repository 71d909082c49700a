"""Accounts of people who sign in to the review app by password, as the command line makes and changes them.

Every change ends what the person's browsers are signed in to. Not here: hashing (`app/passwords.py`), signing in
(`app/entrances.py`); the app itself can read accounts, and write none.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records_of
from eval_pipeline.review.policy import role_of
from eval_pipeline.review.ports import Role
from eval_pipeline.review_tables import ReviewerAccounts, ReviewerSessions


@dataclass(frozen=True)
class Account:
    """A row of `reviewer_accounts`; `created_at` in UTC."""

    reviewer: str
    role: Role
    password_hash: str
    is_active: bool
    created_at: datetime


def accounts(warehouse: Warehouse) -> list[Account]:
    """Return all accounts by name."""
    rows = records_of(warehouse.read(ReviewerAccounts))
    return [
        Account(row["reviewer"], role_of(row["role"]), row["password_hash"], bool(row["is_active"]), row["created_at"])
        for row in rows
    ]


def account_of(warehouse: Warehouse, reviewer: str) -> Account:
    """Return the account of `reviewer`. Raises `EvalPipelineError` naming those there are."""
    known = accounts(warehouse)
    for account in known:
        if account.reviewer == reviewer:
            return account
    names = ", ".join(account.reviewer for account in known) or "nobody"
    raise EvalPipelineError(
        f"{reviewer} has no account; accounts: {names}", f"make one: eval-pipeline reviewers add {reviewer}"
    )


def add(warehouse: Warehouse, account: Account) -> None:
    """Store a new account. Raises `EvalPipelineError` when the name has one already."""
    row = pd.DataFrame([vars(account)])
    if not warehouse.append(ReviewerAccounts, ReviewerAccounts.validate(row)):
        raise EvalPipelineError(
            f"{account.reviewer} has an account already",
            f"change it: eval-pipeline reviewers password {account.reviewer}, or role {account.reviewer} ROLE",
        )


def change(warehouse: Warehouse, account: Account, now: datetime, **changed: object) -> None:
    """Store `account` with other values, and sign the person out everywhere."""
    row = pd.DataFrame([vars(replace(account, **changed))])  # type: ignore[arg-type]
    warehouse.upsert(ReviewerAccounts, ReviewerAccounts.validate(row))
    sessions = warehouse.read(ReviewerSessions)
    is_open = (sessions["reviewer"] == account.reviewer) & sessions["ended_at"].isna()
    if is_open.any():
        warehouse.upsert(
            ReviewerSessions, ReviewerSessions.validate(sessions[is_open].assign(ended_at=pd.Timestamp(now)))
        )
