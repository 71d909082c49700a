"""The three ways in: the link of a local start, a proxy's header, a name with a password.

Not here: cookies and pages (`sign_in.py`), what a role may do (`security.py`, `http.require`).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from eval_pipeline.review.app.addresses import client, is_trusted, peer
from eval_pipeline.review.app.context import Entrance, SignInRefused
from eval_pipeline.review.app.passwords import matches
from eval_pipeline.review.app.slow_down import Known, SlowDown
from eval_pipeline.review.policy import ReviewPolicy, clean_name
from eval_pipeline.review.ports import People, Role, SignedIn

FREE_BY_NAME, FREE_BY_ADDRESS = 5, 20


@dataclass(frozen=True)
class LocalEntrance:
    """One user, a lead, who has the token that this start made: 256 random bits."""

    reviewer: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    kind: str = "local"

    def admits(self, request: Request) -> bool:
        """Any: the server is bound to loopback."""
        return True

    def enter(self, request: Request, evidence: Mapping[str, Any]) -> tuple[str, Role]:
        """Let in who brings the token. Raises `SignInRefused`."""
        if not secrets.compare_digest(_text(evidence, "token").encode(), self.token.encode()):
            raise SignInRefused("That is not the token of this start. Each start makes a new one.")
        return self.reviewer, "lead"

    def still_holds(self, request: Request, person: SignedIn) -> bool:
        """Whether it is the one user, who stays signed in over a restart."""
        return (person.reviewer, person.role) == (self.reviewer, "lead")


@dataclass(frozen=True)
class ProxyEntrance:
    """Whom the proxy names in its header. Nothing is answered to any other address than the proxy's."""

    policy: ReviewPolicy
    kind: str = "proxy"

    def admits(self, request: Request) -> bool:
        """Whether the request comes from the proxy."""
        return is_trusted(peer(request), self.policy.trusted_addresses)

    def enter(self, request: Request, evidence: Mapping[str, Any]) -> tuple[str, Role]:
        """Let in whom the header names, in the role that the policy gives. Raises `SignInRefused`."""
        name = self.named(request)
        if name is None:
            raise SignInRefused("The proxy in front of this server named nobody.")
        role = self.policy.proxy.role(name)
        if role is None:
            raise SignInRefused(f"{name} has no role here. The lead can add one to review.yaml.")
        return name, role

    def still_holds(self, request: Request, person: SignedIn) -> bool:
        """Whether the header still names this person, in this role."""
        name = self.named(request)
        return name == person.reviewer and self.policy.proxy.role(name) == person.role

    def named(self, request: Request) -> str | None:
        """Return whom the header names; None without one, with two, or with what is no name."""
        values = request.headers.getlist(self.policy.proxy.header)
        try:
            return clean_name(values[0].encode("latin-1").decode("utf-8")) if len(values) == 1 else None
        except ValueError:
            return None


@dataclass(frozen=True)
class AccountsEntrance:
    """Who knows an active account's password. A refusal does not say whether name or password was wrong.

    Attempts are counted by name and by address. From an address that a person came in from before, his name is counted
    apart: whoever guesses at it from elsewhere does not lock him out.
    """

    policy: ReviewPolicy
    people: People
    slow_down: SlowDown = field(default_factory=SlowDown)
    known: Known = field(default_factory=Known)
    kind: str = "accounts"

    def admits(self, request: Request) -> bool:
        """Any: a password opens the door."""
        return True

    def enter(self, request: Request, evidence: Mapping[str, Any]) -> tuple[str, Role]:
        """Let in who brings name and password. Raises `SignInRefused`."""
        name, address = _text(evidence, "reviewer")[:200], client(request, self.policy.trusted_addresses)
        by_address = f"address {address}"
        by_name = f"name {name}" + (f" at {address}" if self.known.holds((name, address)) else "")
        if wait := self.slow_down.begin({by_name: FREE_BY_NAME, by_address: FREE_BY_ADDRESS}):
            raise SignInRefused(f"Too many attempts. The next one can be made in {wait} seconds.", wait)
        account = self.people.account(name)
        if not matches(account[1] if account else None, _text(evidence, "password")) or account is None:
            raise SignInRefused("Name and password do not go together.")
        self.slow_down.succeeded(by_name, by_address)
        self.known.add((name, address))
        return name, account[0]

    def still_holds(self, request: Request, person: SignedIn) -> bool:
        """Whether the account is active and still has this role."""
        account = self.people.account(person.reviewer)
        return account is not None and account[0] == person.role


def entrance_of(policy: ReviewPolicy, people: People) -> Entrance:
    """Return the way in that the policy asks for."""
    match policy.people:
        case "local":
            return LocalEntrance(policy.reviewer)
        case "proxy":
            return ProxyEntrance(policy)
        case "accounts":
            return AccountsEntrance(policy, people)


def _text(evidence: Mapping[str, Any], name: str) -> str:
    value = evidence.get(name)
    return value if isinstance(value, str) else ""
