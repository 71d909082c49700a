"""`review.ports.People` over PostgreSQL: accounts, and browsers that are signed in.

Of a token the database holds the SHA-256 alone: who reads the database cannot sign in with what he finds. Tokens are random
and long, so a plain hash is enough. Not here: passwords and how they are hashed, who may sign in how (`eval_pipeline.review`),
how accounts are made (the command line).
"""

import hashlib
import secrets
from datetime import timedelta
from typing import cast

from eval_pipeline.review.ports import Role, SignedIn
from eval_pipeline.tables import ReviewerAccounts, ReviewerSessions
from resources.review_database import ReviewDatabase, first

TOKEN_BYTES = 32

_ACCOUNT = "SELECT role, password_hash FROM evals.reviewer_accounts WHERE reviewer = %(reviewer)s AND is_active"

_OPEN = """
    INSERT INTO evals.reviewer_sessions (token_hash, reviewer, role, csrf_token, created_at, expires_at)
    VALUES (%(token_hash)s, %(reviewer)s, %(role)s, %(csrf_token)s, now(), now() + %(for_time)s)
"""

# A person without an account was let in by a link or a proxy: nothing but the session itself speaks for him.
_SESSION = """
    SELECT s.reviewer, s.role, s.csrf_token
      FROM evals.reviewer_sessions AS s
      LEFT JOIN evals.reviewer_accounts AS account ON account.reviewer = s.reviewer
     WHERE s.token_hash = %(token_hash)s AND s.ended_at IS NULL AND s.expires_at > now()
       AND coalesce(account.is_active, true)
"""

_END = "UPDATE evals.reviewer_sessions SET ended_at = now() WHERE token_hash = %(token_hash)s AND ended_at IS NULL"


class PostgresPeople:
    """Accounts and signed-in browsers at `url`; close it, or use `with`. Methods may be called from any number of threads.

    Any method may also raise `WarehouseError`, when the database cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self._database = ReviewDatabase(url)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def __enter__(self) -> "PostgresPeople":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def account(self, reviewer: str) -> tuple[Role, str] | None:
        """Return role and password hash of an active account."""
        with self._database.reading(ReviewerAccounts) as connection:
            found = first(connection, _ACCOUNT, {"reviewer": reviewer})
        return (found["role"], found["password_hash"]) if found else None

    def open_session(self, reviewer: str, role: Role, for_time: timedelta) -> tuple[str, SignedIn]:
        """Sign a browser in; return its token, of 256 random bits, and who it is."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        person = SignedIn(reviewer, role, secrets.token_urlsafe(TOKEN_BYTES))
        row = {"reviewer": reviewer, "role": role, "csrf_token": person.csrf_token, "for_time": for_time}
        with self._database.writing(ReviewerSessions, reviewer) as connection:
            connection.execute(_OPEN.encode(), {**row, "token_hash": _hashed(token)})
        return token, person

    def session(self, token: str) -> SignedIn | None:
        """Return who the token stands for; None when it is unknown, has ended, or its account is no longer active."""
        with self._database.reading(ReviewerSessions) as connection:
            found = first(connection, _SESSION, {"token_hash": _hashed(token)})
        return SignedIn(found["reviewer"], cast(Role, found["role"]), found["csrf_token"]) if found else None

    def end_session(self, token: str) -> None:
        """Sign a browser out."""
        person = self.session(token)
        if person is not None:
            with self._database.writing(ReviewerSessions, person.reviewer) as connection:
                connection.execute(_END.encode(), {"token_hash": _hashed(token)})


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
