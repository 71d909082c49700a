"""Who may use the review app and how they come in, and the terms of a reading, as `catalog/review.yaml` states them.

Not here: accounts and their passwords (the table `reviewer_accounts`, written by `eval-pipeline reviewers`), what a role
may do (the app).
"""

import getpass
from pathlib import Path
from typing import Annotated, Literal, cast, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, IPvAnyNetwork, model_validator

from eval_pipeline.catalog import load_yaml
from eval_pipeline.review.ports import Role

LONGEST_NAME = 100
"""Characters of a person's name."""


def clean_name(name: str) -> str:
    """Return a person's name as it may stand in reviews; raises `ValueError` saying what is wrong with it."""
    if not name or name != name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise ValueError(f"a name is 1 to {LONGEST_NAME} printable characters without space at its ends, not {name!r}")
    return name


def role_of(text: str) -> Role:
    """Return the role that is called `text`; raises `ValueError` naming those there are."""
    if text not in get_args(Role):
        raise ValueError(f"{text!r} is none of the roles {', '.join(get_args(Role))}")
    return cast(Role, text)


Name = Annotated[str, AfterValidator(clean_name)]
Host = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProxyPolicy(_Model):
    """The proxy that signs people in and names them in a header.

    `roles`: by name; who is not among them has `default_role`, or may not come in where that is null.
    """

    header: str = Field(default="X-Forwarded-User", pattern=r"^[A-Za-z0-9-]+$")
    roles: dict[Name, Role] = Field(default_factory=dict)
    default_role: Role | None = "reviewer"

    def role(self, name: str) -> Role | None:
        """Return the role of a person, None for one who may not come in."""
        return self.roles.get(name, self.default_role)


class ReviewPolicy(_Model):
    """How people come in, and the terms of a reading.

    `people`: `local` (one user, by the link that the start prints), `proxy` or `accounts`. `local_name`: that one user's
    name; None stands for the login name of the operating system. `hosts`: names under which a team reaches the app,
    besides loopback. `trusted_addresses`: of proxies whose headers are believed. `session_hours`: how long a browser
    stays signed in. `lease_minutes`: how long a claim lasts that no page renews. `repeat_share`: share of his readings that a
    person is shown again, unmarked, `repeat_after_days` later.
    """

    people: Literal["local", "proxy", "accounts"] = "local"
    local_name: Name | None = None
    hosts: tuple[Host, ...] = ()
    trusted_addresses: tuple[IPvAnyNetwork, ...] = ()
    proxy: ProxyPolicy = ProxyPolicy()
    session_hours: float = Field(default=12, gt=0, le=168)
    lease_minutes: float = Field(default=15, ge=2, le=24 * 60)
    repeat_share: float = Field(default=0.05, ge=0, le=1)
    repeat_after_days: float = Field(default=14, ge=1)

    @model_validator(mode="after")
    def _proxy_has_an_address(self) -> "ReviewPolicy":
        if self.people == "proxy" and not self.trusted_addresses:
            raise ValueError("people: proxy needs trusted_addresses, the addresses that the proxy calls from")
        return self

    @property
    def reviewer(self) -> str:
        """The name of the one user of local mode."""
        return self.local_name or clean_name(getpass.getuser())


def load_policy(path: Path) -> ReviewPolicy:
    """Return the policy in the file at `path`; raises `SettingsError` naming the field at fault."""
    return load_yaml(path, ReviewPolicy)
