"""The commands around the review app: serving it in a process of its own, and the accounts of its people."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval_pipeline.review.accounts import accounts
from eval_pipeline.review.app.passwords import matches
from eval_pipeline.settings import PROJECT_ROOT
from resources.review_role import URL_VARIABLE, as_review_role
from resources.warehouse import PostgresWarehouse
from tests.test_cli import Cli, cli

__all__ = ["cli"]

PASSWORD = "a long walk to the sea"

SERVE = """
import sys
from eval_pipeline.cli.main import main
try:
    main()
finally:
    print("heavy:", *[name for name in ("dagster", "great_expectations") if name in sys.modules])
"""


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "EVAL_PIPELINE_HOME": str(tmp_path / "home"),
        "EVAL_PIPELINE_CATALOG": str(PROJECT_ROOT / "catalog"),
        "EVAL_PIPELINE_DATABASE_URL": database_url,
        URL_VARIABLE: as_review_role(database_url),
    }


@pytest.fixture
def served(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SERVE, "review", "--port", "0"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


def test_the_app_is_served_on_loopback_without_dagster_and_ends_with_ctrl_c(served: subprocess.Popen[str]) -> None:
    assert served.stdout is not None and served.stderr is not None
    said = served.stdout.readline()
    found = re.fullmatch(r"Review: (http://127\.0\.0\.1:\d+)/sign-in#[\w-]{43}\n", said)
    assert found, said
    with urllib.request.urlopen(f"{found[1]}/sign-in") as answer:
        assert answer.status == 200 and b"Sign in" in answer.read()
        assert "server" not in answer.headers
    served.send_signal(signal.SIGINT)
    out, err = served.communicate(timeout=60)
    assert served.returncode == 0
    assert out == "heavy:\n" and err == "", "neither loaded, and nothing of the visit in the terminal"


def test_a_port_in_use_and_a_foreign_host_are_refused_with_the_mend(
    environ: dict[str, str], served: subprocess.Popen[str]
) -> None:
    assert served.stdout is not None
    port = re.findall(r":(\d+)/", served.stdout.readline())[0]
    for arguments, words in ((["--port", port], "take another port"), (["--host", "0.0.0.0"], "people: accounts")):
        command = [sys.executable, "-c", SERVE, "review", *arguments]
        ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 1
        assert words in " ".join(ended.stderr.split()) and "Traceback" not in ended.stderr


@pytest.mark.parametrize("option", ["--port", "--review-port"])
def test_both_are_served_on_free_ports_alone(cli: Cli, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = cli("dev", "--port", "0", "--review-port", "0", option, str(taken.getsockname()[1]))
    said = " ".join(ended.err.split())
    assert ended.code == 1 and "cannot be served" in said and "make dev" in said


def test_accounts_are_made_listed_changed_and_disabled(
    cli: Cli, warehouse: PostgresWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no account yet" in cli("reviewers", "list").out
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    added = cli("reviewers", "add", "ann", "--role", "lead")
    assert added.code == 0 and PASSWORD not in added.out + added.err
    [account] = accounts(warehouse)
    assert (account.reviewer, account.role, account.is_active) == ("ann", "lead", True)
    assert matches(account.password_hash, PASSWORD)
    assert cli("reviewers", "role", "ann", "viewer").code == 0
    assert cli("reviewers", "disable", "ann").code == 0
    listed = cli("reviewers", "list").out
    assert "ann" in listed and "viewer" in listed and "False" in listed and "argon2" not in listed
    monkeypatch.setattr(sys, "stdin", io.StringIO("another long walk\n"))
    assert cli("reviewers", "password", "ann").code == 0
    [account] = accounts(warehouse)
    assert account.is_active and account.role == "viewer" and matches(account.password_hash, "another long walk")


@pytest.mark.parametrize(
    ("arguments", "password", "words"),
    [
        (["add", "ann"], "short", "12 characters or more"),
        (["add", "ann"], "password1234", "well-known"),
        (["add", "annabella-lee-x"], "annabella-lee-x", "it is the name"),
        (["add", "ann", "--role", "admin"], PASSWORD, "viewer, reviewer, lead"),
        (["add", " ann"], PASSWORD, "printable characters"),
        (["role", "nobody", "lead"], PASSWORD, "eval-pipeline reviewers add nobody"),
        (["disable", "nobody"], PASSWORD, "has no account"),
    ],
)
def test_what_cannot_be_an_account_is_refused_with_the_mend(
    cli: Cli,
    warehouse: PostgresWarehouse,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    password: str,
    words: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(password + "\n"))
    ended = cli("reviewers", *arguments)
    assert ended.code == 1 and words in " ".join(ended.err.split())
    assert accounts(warehouse) == []


def test_a_name_has_one_account(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for code in (0, 1):
        monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
        assert cli("reviewers", "add", "ann").code == code
