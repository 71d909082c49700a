"""`eval-pipeline evaluators`: what is listed, what a trial prints and refuses, and that a new one can be tried at once."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval_pipeline.cli.evaluators import app
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.evaluators.run import evaluate
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tables import EvaluatorVerdicts
from resources.warehouse import PostgresWarehouse
from tests.end_to_end.pipeline import Pipeline
from tests.signals.conversations import talk
from tests.stored_sessions import DAY, store_sessions

NAME = "no_unanswered_user"
FINE = talk("user: Where is my order?", "assistant: It is on its way.", "user: Thanks, bye!")
LEFT = talk("user: Hello", "assistant: Hi! What is it about?", "user: Where is my order?")

Cli = Callable[..., str]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog of the test's own, as the project ships it."""
    return Path(shutil.copytree(PROJECT_ROOT / "catalog", tmp_path / "catalog"))


@pytest.fixture
def cli(database_url: str, tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command in this process and return what it prints; an error for a person is raised."""
    for name, value in Pipeline(tmp_path / "home", database_url, "").environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EVAL_PIPELINE_CATALOG", str(catalog))

    def run(*arguments: object) -> str:
        ended = CliRunner().invoke(app, [*map(str, arguments)])
        if isinstance(ended.exception, EvalPipelineError):
            raise ended.exception
        assert ended.exit_code == 0, ended.output
        return ended.output

    return run


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_list_says_what_each_looks_at_and_counts_the_verdicts_of_its_present_version(
    cli: Cli, catalog: Path, warehouse: PostgresWarehouse
) -> None:
    assert "no verdict yet" in cli("list")
    sessions = store_sessions(warehouse, {"fine": FINE, "left": LEFT})
    evaluators = load_evaluators(catalog / "evaluators.py")
    found = evaluate(sessions, evaluators, {})
    older = found.assign(evaluator_version="0+00000000")
    warehouse.replace_day(
        EvaluatorVerdicts, DAY, [EvaluatorVerdicts.validate(found), EvaluatorVerdicts.validate(older)]
    )

    listed = cli("list")
    rows = {line.split()[0]: line.split() for line in listed.splitlines() if line.split()}
    by_name = {evaluator.name: evaluator for evaluator in evaluators}
    assert by_name.keys() <= rows.keys()
    version, looks_at, *counts = rows[NAME][1:7]
    assert version == by_name[NAME].version and looks_at == "session"
    assert counts == ["1", "1", "0", "0"]  # pass, fail, not_applicable, error
    assert "origin production" in one_line(listed)


def test_a_trial_prints_counts_then_every_complaint_with_its_place_and_reason(
    cli: Cli, warehouse: PostgresWarehouse
) -> None:
    store_sessions(warehouse, {"fine": FINE, "left [b]": LEFT})
    for arguments in ((), ("--day", DAY), ("--limit", 1)):
        told = cli("try", NAME, *arguments)
        assert "1 pass, 1 fail, 0 not_applicable, 0 error" in told
        assert "FAIL left [b], turn 2" in told
        assert "expected: " in told and "found: user: Where is my order?" in told
    assert "1 pass, 0 fail" in cli("try", NAME, "--session", "fine")
    hidden = cli("try", NAME, "--limit", 0)
    assert "FAIL" not in hidden and "1 more; --limit shows them" in hidden
    assert "0 pass, 0 fail" in cli("try", NAME, "--day", "1999-01-01")


def test_a_trial_of_a_file_redacts_it_as_the_door_does_and_names_what_cannot_be_read(
    cli: Cli, tmp_path: Path, warehouse: PostgresWarehouse
) -> None:
    asks = talk("user: I am orla.quist@example.org. Where is my order?")
    start = {"started_at": "2025-03-04T09:00:00Z", "ended_at": "2025-03-04T09:05:00Z"}
    records = [
        {"session_id": "fine", "turns": FINE, **start},
        {"session_id": "asks", "turns": asks, **start},
        {"session_id": "no turns", **start},
    ]
    file = tmp_path / "sessions.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records) + "{broken\n")
    told = cli("try", NAME, "--sessions", file)
    assert "1 pass, 1 fail, 0 not_applicable, 0 error" in told
    assert "line 3 is left out: " in told and "line 4 is left out: " in told and "2 records could not be read" in told
    assert "[EMAIL_" in told and "orla" not in told
    assert warehouse.query("select count(*) as n from evals.raw_sessions")["n"].iloc[0] == 0


def test_a_trial_reads_a_table_by_its_mapping(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "chats.csv"
    file.write_text("chat,when,who,text\n1,2025-03-04T09:00:00Z,customer,Where is it?\n")
    mapping = "session_id=chat,started_at=when,role=who,content=text,roles.customer=user"
    assert "0 pass, 1 fail" in cli("try", NAME, "--sessions", file, "--format", "csv", "--mapping", mapping)


def test_what_cannot_be_tried_is_refused_with_the_mend(cli: Cli, tmp_path: Path) -> None:
    cases: list[tuple[tuple[object, ...], str, str]] = [
        (("try", "no_unansered_user"), "no_unansered_user", NAME),
        (("try", NAME), "no session is stored", "--sessions FILE"),
        (("try", NAME, "--session", "none"), "'none'", "evals.raw_sessions"),
        (("try", NAME, "--sessions", tmp_path / "none.jsonl"), "none.jsonl", ""),
        (("new", NAME, "--tests", tmp_path), "already", "another name"),
        (("new", "no_promise"), "no folder", "--tests DIR"),
    ]
    for arguments, problem, mend in cases:
        with pytest.raises(EvalPipelineError) as raised:
            cli(*arguments)
        assert problem in raised.value.problem and mend in raised.value.mend
    ended = CliRunner().invoke(app, ["try", NAME, "--session", "a", "--day", "2025-03-04"])
    assert ended.exit_code == 2 and "give one of" in one_line(ended.output)


def test_a_new_one_is_tried_at_once_and_again_after_an_edit(
    cli: Cli, catalog: Path, tmp_path: Path, warehouse: PostgresWarehouse
) -> None:
    store_sessions(warehouse, {"fine": FINE})
    made = one_line(cli("new", "no_promise", "--looks-at", "answers", "--tests", tmp_path))
    assert f"evaluator: {catalog / 'evaluators.py'}, line " in made
    assert f"test: {tmp_path / 'test_no_promise.py'}" in made
    assert made.endswith("eval-pipeline evaluators try no_promise")
    (catalog.parent / "docs").mkdir()
    (catalog.parent / "docs" / "build.py").touch()
    assert cli("new", "no_other", "--tests", tmp_path).rstrip().endswith("make docs")
    assert "1 pass, 0 fail" in cli("try", "no_promise")

    path = catalog / "evaluators.py"
    path.write_text(path.read_text(encoding="utf-8").replace('"guarantee"', '"on its way"'), encoding="utf-8")
    assert "0 pass, 1 fail" in cli("try", "no_promise")
