"""Commands that make and change the accounts of people who sign in to the review app by password.

Not here: serving the app (`review.py`).
"""

import getpass
import sys
from datetime import UTC, datetime
from typing import Annotated

import pandas as pd
import typer

from eval_pipeline.cli.terminal import out, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.review.ports import Role
from eval_pipeline.settings import Settings

app = typer.Typer(
    help="People who may sign in to the review app by password (people: accounts in catalog/review.yaml).",
    no_args_is_help=True,
)

Reviewer = Annotated[str, typer.Argument(metavar="NAME", help="Name, as it stands in reviews.")]
ROLE_HELP = "viewer (reads), reviewer (labels) or lead (labels and adjudicates)."


@app.command("add")
def add_reviewer(reviewer: Reviewer, role: Annotated[str, typer.Option(help=ROLE_HELP)] = "reviewer") -> None:
    """Make an account. The password is asked for twice, or read from standard input when that is no terminal."""
    from eval_pipeline.review.accounts import Account, add

    with stored(Settings.from_env()) as warehouse:
        add(warehouse, Account(_name(reviewer), _role(role), _password_hash(reviewer), True, datetime.now(UTC)))
    out.print(f"{reviewer} may sign in as {role}", highlight=False, markup=False)


@app.command("list")
def list_reviewers() -> None:
    """List the accounts."""
    from eval_pipeline.printing import print_frame
    from eval_pipeline.review.accounts import accounts

    with stored(Settings.from_env()) as warehouse:
        rows = [
            {"reviewer": a.reviewer, "role": a.role, "active": a.is_active, "since": f"{a.created_at:%Y-%m-%d}"}
            for a in accounts(warehouse)
        ]
    if rows:
        print_frame(out, pd.DataFrame(rows))
    else:
        out.print("no account yet; make one: eval-pipeline reviewers add NAME --role lead", highlight=False)


@app.command("role")
def change_role(reviewer: Reviewer, role: Annotated[str, typer.Argument(metavar="ROLE", help=ROLE_HELP)]) -> None:
    """Give a person another role; he signs in anew."""
    _change(reviewer, role=_role(role))
    out.print(f"{reviewer} is {role}", highlight=False, markup=False)


@app.command("disable")
def disable(reviewer: Reviewer) -> None:
    """Let a person sign in no more, and sign him out everywhere. His reviews stay; a new password lets him in again."""
    _change(reviewer, is_active=False)
    out.print(f"{reviewer} may no longer sign in", highlight=False, markup=False)


@app.command("password")
def change_password(reviewer: Reviewer) -> None:
    """Set a new password, which also lets a disabled person in again; he signs in anew."""
    _change(reviewer, password_hash=_password_hash(reviewer), is_active=True)
    out.print(f"{reviewer} has a new password", highlight=False, markup=False)


def _change(reviewer: str, **changed: object) -> None:
    from eval_pipeline.review.accounts import account_of, change

    with stored(Settings.from_env()) as warehouse:
        change(warehouse, account_of(warehouse, reviewer), datetime.now(UTC), **changed)


def _name(reviewer: str) -> str:
    from eval_pipeline.review.policy import clean_name

    try:
        return clean_name(reviewer)
    except ValueError as error:
        raise EvalPipelineError(str(error), "give another name") from None


def _role(role: str) -> Role:
    from eval_pipeline.review.policy import role_of

    try:
        return role_of(role)
    except ValueError as error:
        raise EvalPipelineError(str(error), "give one of these") from None


def _password_hash(reviewer: str) -> str:
    """Return the hash of the password that the user gives, once it is one that will do."""
    from eval_pipeline.review.app.passwords import SHORTEST, hashed, weakness

    password = _asked_twice() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if (why := weakness(password, reviewer)) is not None:
        raise EvalPipelineError(
            f"this password is refused: {why}", f"take {SHORTEST} characters or more that only you would think of"
        )
    return hashed(password)


def _asked_twice() -> str:
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise EvalPipelineError("the two passwords differ", "type the same one twice")
    return password
