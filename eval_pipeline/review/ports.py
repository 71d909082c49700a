"""What the review app asks of its database, as protocols: claims, drafts, submits, what is set aside, who is signed in.

The real ones are in `resources/`. Not here: reading sessions, verdicts and figures, which is `ports.Warehouse`.

Time is the database's: no clock of a browser or of the app decides who holds a claim. Every write is made on behalf of the
person it names, which the audit trail keeps.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol

Stage = Literal["blind", "revealed", "adjudication"]
Role = Literal["viewer", "reviewer", "lead"]


@dataclass(frozen=True)
class Wanted:
    """Which part of the queue a person wants to read; None means any."""

    surface: str | None = None
    day: date | None = None


@dataclass(frozen=True)
class Claim:
    """A slot that a person holds until `lease_until` (UTC). `is_repeat` is never shown to him."""

    session_id: str
    slot: int
    lease_until: datetime
    is_repeat: bool


@dataclass(frozen=True)
class Review:
    """A stored review of a person: a row of `tables.Reviews` as far as the app shows it.

    Of the reviews of a `ReviewState` the category is what it is called today, so that a change of the taxonomy is no change of
    mind; `read_as` says it beside the word that was given, and is None where nothing was read for it.
    """

    review_id: str
    reviewer: str
    stage: Stage
    revision: int | None
    is_blind: bool
    is_repeat: bool
    answers: Mapping[str, str]
    first_bad_turn: int | None
    category: str | None
    note: str | None
    machine_words: Mapping[str, Mapping[str, Any]]
    seconds: float | None
    submitted_at: datetime
    read_as: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Submission:
    """What a person submits. `idempotency_key` is made by the page: the same key again is the same review.

    `revision_seen`: the newest revision of his own reviews of the session that the page showed, 0 for none. `seconds`: active
    time. `note`: redacted already.
    """

    session_id: str
    reviewer: str
    stage: Stage
    idempotency_key: str
    revision_seen: int
    answers: Mapping[str, str]
    taxonomy_version: str
    first_bad_turn: int | None = None
    category: str | None = None
    note: str | None = None
    machine_words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class Draft:
    """What a person has entered so far."""

    content: Mapping[str, Any]
    version: int
    saved_at: datetime


@dataclass(frozen=True)
class SetAside:
    """A session that a person put off until `until`, or declined (`until` None)."""

    kind: Literal["defer", "decline"]
    reason: str | None
    until: datetime | None


@dataclass(frozen=True)
class ReviewState:
    """How one person stands to one session.

    `reviews`: his own, oldest first, of the present reading alone (those of an earlier reading are not among them when the
    session is shown again as a repeat). `claim`: his live claim. `held_by_others`: live claims of other people, when no slot is free
    for him. `is_revealed`: whether machine words may be shown: he has locked a blind answer of this reading, or has looked.
    """

    claim: Claim | None
    reviews: tuple[Review, ...]
    is_revealed: bool
    has_looked: bool
    held_by_others: int
    is_repeat: bool
    draft: Draft | None
    set_aside: SetAside | None

    @property
    def revision(self) -> int:
        """The newest revision, 0 for none."""
        return max((review.revision or 0 for review in self.reviews), default=0)


@dataclass(frozen=True)
class Progress:
    """How far a person has come with the queue that is his to read.

    `n_done`: sessions of it that he has answered. `n_total`: these plus what waits for him. `open_session`: the one to resume:
    claimed by him, or answered and not yet held against the machines' words.
    """

    n_done: int
    n_total: int
    open_session: str | None


@dataclass(frozen=True)
class ProposalDecision:
    """What a lead decides on a proposal for the taxonomy, as it stood on `as_of_day`. A rejection has a `reason`, redacted; an
    acceptance the id of the new category and the text of the drafted migration."""

    idempotency_key: str
    proposal_id: str
    as_of_day: date
    decision: Literal["accepted", "rejected"]
    decided_by: str
    taxonomy_version: str
    reason: str | None = None
    category_id: str | None = None
    draft: str | None = None


@dataclass(frozen=True)
class StoredDecision:
    """The decision on a proposal that counts; `is_this`: whether it is the one that was asked for."""

    decision_id: str
    proposal_id: str
    decision: str
    decided_by: str
    decided_at: datetime
    reason: str | None
    category_id: str | None
    draft: str | None
    is_this: bool


class ReviewConflict(Exception):
    """A submit that saw an older revision than the stored one, or a key used for another content. `stored` is what is there."""

    def __init__(self, stored: Review) -> None:
        super().__init__(f"revision {stored.revision} is stored already")
        self.stored = stored


class DraftConflict(Exception):
    """A save that saw an older version of the draft. `stored` is what is there; None when it was submitted meanwhile."""

    def __init__(self, stored: Draft | None) -> None:
        super().__init__("the draft was saved elsewhere meanwhile")
        self.stored = stored


class UnknownSession(Exception):
    """No stored session has this id."""


class ReviewStore(Protocol):
    """Reviews and all around them. Methods are called from several threads and processes at a time."""

    def claim_next(self, reviewer: str, wanted: Wanted, but: Collection[str] = ()) -> Claim | None:
        """Claim the next session for `reviewer` and return it; None when none waits for him.

        What he has open comes first (see `Progress.open_session`), unless it is among `but`. Never a session that he has
        reviewed, declined, put off until later, or looked at; a slot of a double review goes to another person.
        """
        ...

    def claim(self, session_id: str, reviewer: str) -> Claim | None:
        """Renew his claim, or take a free slot of this session; None when it has none for him."""
        ...

    def state(self, session_id: str, reviewer: str) -> ReviewState:
        """Return how he stands to the session. Raises `UnknownSession`."""
        ...

    def submit(self, submission: Submission) -> Review:
        """Store a review, durably, and return it; with a key that was used for the same content, the one that is there.

        A blind one ends his claim (its slot is done) and his draft; a revealed one ends the draft. It is stored also when
        the claim has run out. Arm, probability and design are the queue's where he holds or held a slot of the session,
        else null. It counts as blind unless he had looked before, or the queue did not give him the session.

        Raises `ReviewConflict` or `UnknownSession`.
        """
        ...

    def save_draft(self, session_id: str, reviewer: str, content: Mapping[str, Any], version_seen: int) -> Draft:
        """Store what he has entered so far, over the version that the page has seen (0: none). Raises `DraftConflict`."""
        ...

    def drop_draft(self, session_id: str, reviewer: str) -> None:
        """Forget what he has entered."""
        ...

    def set_aside(self, session_id: str, reviewer: str, reason: str | None, for_time: timedelta | None) -> None:
        """Put the session off for a while, or decline it (None): the claim is given back, the draft kept."""
        ...

    def take_back(self, session_id: str, reviewer: str) -> None:
        """Undo that the session was set aside."""
        ...

    def decide_proposal(self, decision: ProposalDecision) -> StoredDecision | None:
        """Store a decision on a proposal, durably, and return the one that counts: the first. None when there is no such
        proposal."""
        ...

    def look(self, session_id: str, reviewer: str) -> None:
        """Remember that he is shown the machines' words without having answered."""
        ...

    def progress(self, reviewer: str, wanted: Wanted) -> Progress:
        """Return how far he has come."""
        ...

    def latest(self, reviewer: str, limit: int) -> list[str]:
        """Return the sessions that he answered last, the latest first."""
        ...


@dataclass(frozen=True)
class SignedIn:
    """Who a request comes from. `csrf_token` is what its forms must bring."""

    reviewer: str
    role: Role
    csrf_token: str

    @property
    def may_review(self) -> bool:
        """Whether he may label."""
        return self.role in ("reviewer", "lead")

    @property
    def may_lead(self) -> bool:
        """Whether he may adjudicate."""
        return self.role == "lead"


class People(Protocol):
    """Accounts and browsers that are signed in. Tokens are stored as hashes alone."""

    def account(self, reviewer: str) -> tuple[Role, str] | None:
        """Return role and password hash of an active account."""
        ...

    def open_session(self, reviewer: str, role: Role, for_time: timedelta) -> tuple[str, SignedIn]:
        """Sign a browser in; return its token, of 256 random bits, and who it is."""
        ...

    def session(self, token: str) -> SignedIn | None:
        """Return who the token stands for; None when it is unknown, has ended, or its account is no longer active."""
        ...

    def end_session(self, token: str) -> None:
        """Sign a browser out."""
        ...
