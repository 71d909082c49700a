"""The tables that the review app works on: who reads what, drafts, what was set aside or revealed, people, the audit trail.

Not here: the reviews themselves and the labels that follow from them (`tables.py`, which names these tables too), the
statements that work on them (`resources/review_store.py`).
"""

import datetime as dt

import pandas as pd
import pandera.pandas as pa

from eval_pipeline.table_model import Table, Timestamp, column

SLOT_STATES = ["waiting", "claimed", "done"]
SET_ASIDE_KINDS = ["defer", "decline", "take_back"]
ROLES = ["viewer", "reviewer", "lead"]


class ReviewSlots(Table, key=("session_id", "slot")):
    """One reading that the queue asks for: a session has one slot for each person who is to review it. A slot is claimed for
    a while, and done once an answer is locked in."""

    session_id: str = column("Session")
    slot: int = column("From 1; from 101 for a session shown to the same person again", ge=1)
    session_day: dt.date = column("UTC day of the session")
    priority: float = column(
        "Order of reading within a day, the highest first: the queue's; 0 for what it did not draw"
    )
    state: str = column("waiting, claimed (until lease_until) or done", isin=SLOT_STATES)
    reviewer: str = column("Who claimed it or has done it; of a repeat the person it is for; else null", nullable=True)
    claimed_at: Timestamp = column("When the present claim began (UTC)", nullable=True)
    lease_until: Timestamp = column("When the claim ends unless the page renews it (UTC)", nullable=True)
    is_repeat: bool = column(
        "Whether the same person reads the session again, to see how consistent he is; makes no label"
    )

    @pa.dataframe_check(name="a claim has a holder and an end")
    @classmethod
    def _claim_is_whole(cls, frame: pd.DataFrame) -> pd.Series:
        is_claimed = frame["state"] == "claimed"
        return ~is_claimed | (frame["reviewer"].notna() & frame["lease_until"].notna())


class ReviewDrafts(Table, key=("session_id", "reviewer")):
    """What a person has entered and not yet submitted, saved as he types; gone once it is submitted."""

    session_id: str = column("Session")
    reviewer: str = column("Who writes it")
    content: object = column("Answers, category, turn and note as far as given; the note redacted", sql="jsonb")
    version: int = column("Counts up with every save; a save names the version that it has seen", ge=1)
    saved_at: Timestamp = column("When it was last saved (UTC)")


class ReviewSetAsides(Table, key=("set_aside_id",), append=True):
    """A session that a person put off or declined, with his reason; of a person and session the latest row counts."""

    set_aside_id: str = column("This act")
    session_id: str = column("Session")
    reviewer: str = column("Who set it aside")
    kind: str = column(
        "defer (comes back after `until`), decline (never comes back to this person) or take_back (undone)",
        isin=SET_ASIDE_KINDS,
    )
    reason: str = column("Why, in his words, redacted", nullable=True)
    until: Timestamp = column("When a deferred session comes back (UTC)", nullable=True)
    set_aside_at: Timestamp = column("When (UTC)")


class ReviewReveals(Table, key=("session_id", "reviewer"), append=True):
    """A person who looked at what machines say of a session without answering first: no later answer of his is blind."""

    session_id: str = column("Session")
    reviewer: str = column("Who looked")
    revealed_at: Timestamp = column("When first (UTC)")


class ReviewerAccounts(Table, key=("reviewer",)):
    """A person who may sign in with a password. Written by the command line alone."""

    reviewer: str = column("Name, as it stands in reviews")
    role: str = column("viewer (reads), reviewer (labels) or lead (labels and adjudicates)", isin=ROLES)
    password_hash: str = column("Argon2id hash of the password")
    is_active: bool = column("False for one who may no longer sign in")
    created_at: Timestamp = column("When the account was made (UTC)")


class ReviewerSessions(Table, key=("token_hash",)):
    """A browser that is signed in. The token itself is known to that browser alone."""

    token_hash: str = column("SHA-256 of the cookie's token")
    reviewer: str = column("Who is signed in")
    role: str = column("Role at the time of signing in", isin=ROLES)
    csrf_token: str = column("Token that every form of this browser must bring")
    created_at: Timestamp = column("When it was opened (UTC)")
    expires_at: Timestamp = column("When it ends by itself (UTC)")
    ended_at: Timestamp = column("When it was signed out or withdrawn (UTC)", nullable=True)


class AuditTrail(Table, key=("audit_id",), append=True):
    """Every write of the tables that people's acts go to, made by the database itself (triggers). The review app's role can
    neither change nor delete a row, nor write one by hand. Table, rows, time and `database_role` are the database's own
    word; `actor` is the app's: who runs SQL as its role can name anybody."""

    audit_id: int = column("Running number", ge=1)
    audited_at: Timestamp = column("When (UTC)")
    actor: str = column(
        "Person on whose behalf the write was made, as the app says; null outside the app", nullable=True
    )
    database_role: str = column("Role of the database that wrote")
    written_table: str = column("Table that was written")
    operation: str = column("INSERT, UPDATE or DELETE", isin=["INSERT", "UPDATE", "DELETE"])
    session_id: str = column("Session it is about", nullable=True)
    before: object = column("The row before, without secrets and without a draft's words", sql="jsonb", nullable=True)
    after: object = column("The row after, likewise", sql="jsonb", nullable=True)
