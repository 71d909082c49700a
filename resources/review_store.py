"""`review.ports.ReviewStore` over PostgreSQL: one transaction for each act, made for the person it names.

Not here: the statements (`review_claims.py`, `review_state.py`, `review_writing.py`, `review_keeping.py`), who is signed in
(`review_people.py`).
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import psycopg

from eval_pipeline.errors import WarehouseError
from eval_pipeline.review.ports import (
    Claim,
    Draft,
    Progress,
    ProposalDecision,
    Review,
    ReviewState,
    StoredDecision,
    Submission,
    UnknownSession,
    Wanted,
)
from eval_pipeline.tables import ReviewDrafts, ReviewReveals, Reviews, ReviewSetAsides, ReviewSlots, TaxonomyDecisions
from resources import review_claims, review_keeping, review_proposals, review_state, review_writing
from resources.review_claims import Terms
from resources.review_database import ReviewDatabase, first

_TRIES = 10


class PostgresReviewStore:
    """Reviews and all around them at `url`; close it, or use `with`. Methods may be called from any number of threads.

    Any method may also raise `WarehouseError`, when the database cannot be reached.
    """

    def __init__(
        self,
        url: str,
        lease: timedelta = timedelta(minutes=15),
        repeat_share: float = 0.05,
        repeat_after: timedelta = timedelta(days=14),
    ) -> None:
        """`lease`: how long a claim lasts that no page renews. `repeat_share`: which share of a person's readings older than
        `repeat_after` he is shown once more; 0 for none."""
        self._database = ReviewDatabase(url)
        self._terms = Terms(lease, repeat_share, repeat_after)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def __enter__(self) -> "PostgresReviewStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def claim_next(self, reviewer: str, wanted: Wanted, but: Collection[str] = ()) -> Claim | None:
        """Claim the next session for `reviewer` and return it; None when none waits for him."""
        asked = self._terms.asked(reviewer, wanted, but)
        with self._database.writing(ReviewSlots, reviewer) as connection:
            for _ in range(_TRIES):
                try:
                    with connection.transaction():
                        return review_claims.take_next(connection, asked)
                except psycopg.errors.UniqueViolation:
                    # Another window of his took the other slot of the same session at the same moment: that one is seen now.
                    continue
        raise WarehouseError("no session could be claimed: other claims kept coming in between", "try again")

    def claim(self, session_id: str, reviewer: str) -> Claim | None:
        """Renew his claim, or take a free slot of this session; None when it has none for him."""
        asked = self._terms.asked(reviewer, session_id=session_id)
        with self._database.writing(ReviewSlots, reviewer) as connection:
            return review_claims.take_of_session(connection, asked)

    def state(self, session_id: str, reviewer: str) -> ReviewState:
        """Return how he stands to the session. Raises `UnknownSession`."""
        with self._database.reading(Reviews) as connection:
            if first(connection, review_state.SESSION, {"session_id": session_id}) is None:
                raise UnknownSession(session_id)
            return review_state.state_of(connection, session_id, reviewer)

    def submit(self, submission: Submission) -> Review:
        """Store a review, durably, and return it. Raises `ReviewConflict` or `UnknownSession`."""
        with self._database.writing(Reviews, submission.reviewer) as connection:
            return review_writing.store(connection, submission)

    def save_draft(self, session_id: str, reviewer: str, content: Mapping[str, Any], version_seen: int) -> Draft:
        """Store what he has entered so far. Raises `DraftConflict` or `UnknownSession`."""
        with self._database.writing(ReviewDrafts, reviewer) as connection:
            return review_keeping.save_draft(connection, session_id, reviewer, content, version_seen)

    def drop_draft(self, session_id: str, reviewer: str) -> None:
        """Forget what he has entered."""
        with self._database.writing(ReviewDrafts, reviewer) as connection:
            review_writing.drop_draft(connection, session_id, reviewer)

    def set_aside(self, session_id: str, reviewer: str, reason: str | None, for_time: timedelta | None) -> None:
        """Put the session off for a while, or decline it (None): the claim is given back, the draft kept."""
        with self._database.writing(ReviewSetAsides, reviewer) as connection:
            review_keeping.set_aside(connection, session_id, reviewer, reason, for_time)

    def take_back(self, session_id: str, reviewer: str) -> None:
        """Undo that the session was set aside."""
        with self._database.writing(ReviewSetAsides, reviewer) as connection:
            review_keeping.take_back(connection, session_id, reviewer)

    def decide_proposal(self, decision: ProposalDecision) -> StoredDecision | None:
        """Store a decision on a proposal, and return the one that counts; None when there is no such proposal."""
        with self._database.writing(TaxonomyDecisions, decision.decided_by) as connection:
            return review_proposals.store(connection, decision)

    def look(self, session_id: str, reviewer: str) -> None:
        """Remember that he is shown the machines' words without having answered; his claim is given back."""
        with self._database.writing(ReviewReveals, reviewer) as connection:
            review_keeping.look(connection, session_id, reviewer)

    def progress(self, reviewer: str, wanted: Wanted) -> Progress:
        """Return how far he has come."""
        with self._database.reading(ReviewSlots) as connection:
            return review_claims.progress(connection, self._terms.asked(reviewer, wanted))

    def latest(self, reviewer: str, limit: int) -> list[str]:
        """Return the sessions that he answered last, the latest first."""
        with self._database.reading(Reviews) as connection:
            return review_state.latest(connection, reviewer, limit)
