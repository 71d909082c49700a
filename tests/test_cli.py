"""The command line: what is printed, what is refused, and that every error says its mend."""

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from eval_pipeline.cli.main import main
from resources.warehouse import PostgresWarehouse
from tests.end_to_end.pipeline import Pipeline
from tests.signals.conversations import SIGNALS, talk
from tests.stored_sessions import store_queue, store_sessions, store_signals

ANGRY = talk("user: Cancel it", "assistant: Hello! How are you?", "user: THIS IS USELESS!!! I already told you")
FINE = talk("user: What are your opening hours?", "assistant: We open at nine every day.", "user: Thanks, bye!")
ROWS = (
    "SELECT * FROM (VALUES (1, '=1+1', '{\"a\": [\"x, y\"]}'::jsonb), (2, NULL, NULL)) AS t (n, text, data) ORDER BY n"
)


class Ended(NamedTuple):
    """How a command ended."""

    code: object
    out: str
    err: str


Cli = Callable[..., Ended]


@pytest.fixture
def cli(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run the command line in this process, on a database and a home of the test's own."""
    deployment = Pipeline(tmp_path / "home", database_url, "")
    for name, value in deployment.environ().items():
        monkeypatch.setenv(name, value)

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["eval-pipeline", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(ended.value.code, printed.out, printed.err)

    return run


def test_sql_prints_a_table_csv_or_json(cli: Cli) -> None:
    table = cli("sql", ROWS)
    assert table.code == 0
    assert all(word in table.out for word in ("text", "=1+1", '{"a":["x, y"]}'))

    as_json = cli("sql", ROWS, "--format", "json")
    assert [json.loads(line) for line in as_json.out.splitlines()] == [
        {"n": 1, "text": "=1+1", "data": {"a": ["x, y"]}},
        {"n": 2, "text": None, "data": None},
    ]


def test_csv_reads_back_and_runs_no_formula_in_a_spreadsheet(cli: Cli) -> None:
    as_csv = cli("sql", ROWS, "--format", "csv")
    assert list(csv.DictReader(io.StringIO(as_csv.out))) == [
        {"n": "1", "text": "'=1+1", "data": '{"a":["x, y"]}'},
        {"n": "2", "text": "", "data": ""},
    ]
    dangerous = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\r=1"]
    literals = ", ".join(f"($q${text}$q$)" for text in dangerous)
    cells = cli("sql", f"SELECT * FROM (VALUES {literals}, ('fine = 1')) AS t (cell)", "--format", "csv")
    assert [row["cell"] for row in csv.DictReader(io.StringIO(cells.out, newline=""))] == [
        *(f"'{text}" for text in dangerous),
        "fine = 1",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM evals.reviews",
        "WITH gone AS (DELETE FROM evals.source_days RETURNING 1) SELECT * FROM gone",
        "COMMIT; DELETE FROM evals.source_days",
        "CREATE TABLE evals.mine (x int)",
        "SELECT 1 / 0",
        "SELECT nothing FROM nowhere",
    ],
)
def test_sql_refuses_to_write_and_says_what_is_wrong(cli: Cli, statement: str) -> None:
    ended = cli("sql", statement)
    assert ended.code == 1
    assert "Error: the query failed" in ended.err
    assert "Mend: mend the statement" in ended.err
    assert "Traceback" not in ended.err


def test_a_terminal_is_not_driven_by_data(cli: Cli) -> None:
    ended = cli("sql", "SELECT E'\\x1b[2J[bold red]x' AS t")
    assert "\x1b[2J" not in ended.out
    assert "[bold red]x" in ended.out


def test_redact_prints_the_file_as_the_door_lets_it_in(cli: Cli, tmp_path: Path) -> None:
    mail = "orla.quist@example.org"
    plain = f"write to {mail} today"
    record = {"email": mail, "note": f"I am {mail}", "n": 1}
    (tmp_path / "a.jsonl").write_text(f"{plain}\n\n{json.dumps(record)}\n")

    redacted = cli("redact", tmp_path / "a.jsonl")
    assert redacted.code == 0
    first, blank, last = redacted.out.split("\n")[:3]
    token = first.removeprefix("write to ").removesuffix(" today")
    assert token.startswith("[EMAIL_") and token.endswith("]") and blank == ""
    assert json.loads(last) == {"email": token, "note": f"I am {token}", "n": 1}

    spans = cli("redact", tmp_path / "a.jsonl", "--spans")
    number, start, end, rule = spans.out.splitlines()[0].split("\t")
    assert (number, plain[int(start) : int(end)], rule) == ("1", mail, "email")
    assert {line.split("\t")[0] for line in spans.out.splitlines()} == {"1", "3"}
    assert "orla" not in redacted.out + spans.out


def test_doctor_says_what_is_there_and_the_mend_of_what_is_not(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    fine = cli("doctor")
    assert fine.code == 0, fine.out
    assert "ok    PostgreSQL" in fine.out
    assert "note  judge endpoint: none" in fine.out
    assert "mend: set OPENAI_API_KEY" in " ".join(fine.out.split())

    monkeypatch.setenv("EVAL_PIPELINE_DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:9/none")
    ill = cli("doctor")
    assert ill.code == 1
    assert "miss  PostgreSQL" in ill.out and "mend:" in ill.out
    assert "hunter2" not in ill.out + ill.err


def test_errors_name_the_mend(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"session_id": "a"}\n')
    (tmp_path / "a.txt").write_text("hello")
    cases: list[tuple[list[object], str, str]] = [
        (["ingest", tmp_path / "none.jsonl"], "none.jsonl", "Mend: "),
        (["ingest", tmp_path / "a.txt"], "a.txt", "Mend: "),
        (["ingest", tmp_path / "a.jsonl", "--format", "xml"], "xml", "sessions_jsonl"),
        (["ingest", tmp_path / "a.jsonl", "--mapping", tmp_path / "m.yaml"], "m.yaml", "Mend: "),
        (["ingest", tmp_path / "a.jsonl", "--mapping", "nonsense=x"], "nonsense", "Mend: "),
        (["run", "nightly_evaluation"], "no registered source", "eval-pipeline ingest PATH"),
        (["run", "nightly_evaluation", "--day", "1999-01-01"], "1999-01-01", "days that can have sessions"),
        (["run", "nightly_evaluation", "--day", "2999-01-01"], "2999-01-01", "days that can have sessions"),
        (["ingest", ""], "present folder", "name the file or folder"),
        (["redact", tmp_path / "none.jsonl"], "none.jsonl", "Mend: "),
        (["redact", tmp_path / "a.csv"], "a.csv", "raw_sessions"),
        (["labels", "import", tmp_path / "none.csv"], "none.csv", "Mend: "),
        (["labels", "import", tmp_path / "a.txt"], "a.txt", ".jsonl, .csv or .parquet"),
    ]
    for arguments, problem, mend in cases:
        ended = cli(*arguments)
        said = " ".join(ended.err.split())
        assert ended.code == 1, arguments
        assert said.startswith("Error: "), (arguments, said)
        assert problem in said and mend in said and "Traceback" not in said, (arguments, said)


def test_labels_that_cannot_be_read_are_named_with_their_mend(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"session_id": "nobody", "reviewer": "ann", "label": "fail"}\n')
    ended = cli("labels", "import", tmp_path / "a.jsonl")
    said = " ".join(ended.err.split())
    assert ended.code == 1
    assert "0 reviews added, 1 lines rejected" in ended.out
    assert "line 1" in said and "take the session in first" in said


def test_a_range_of_days_must_be_whole_and_in_order(cli: Cli) -> None:
    for arguments in (
        ["--from", "2025-03-04"],
        ["--from", "2025-03-04", "--to", "2025-03-03"],
        ["--day", "yesterday"],
        ["--day", "2025-03-04", "--to", "2025-03-05"],
    ):
        ended = cli("run", "nightly_evaluation", *arguments)
        assert ended.code == 2
        assert "Usage" in ended.err


def test_signals_are_listed_before_and_after_there_are_sessions(cli: Cli, warehouse: PostgresWarehouse) -> None:
    empty = cli("signals", "list")
    assert empty.code == 0 and "no session yet" in empty.out
    assert all(name in empty.out and signal.version in empty.out for name, signal in SIGNALS.items())
    store_signals(warehouse, store_sessions(warehouse, {"bad": ANGRY, "fine": FINE, "tools": talk("tool: ok")}))
    [row] = [line for line in cli("signals", "list").out.splitlines() if line.split()[:1] == ["frustration"]]
    assert row.split()[2:6] == ["yes", "1", "1", "1"]


def test_a_session_is_explained_and_its_text_drives_no_terminal(cli: Cli, warehouse: PostgresWarehouse) -> None:
    hostile = talk("user: \x1b[2J[bold red]THIS IS USELESS!!! I already told you", "assistant: Sorry \x1b]0;x\x07")
    store_signals(warehouse, store_sessions(warehouse, {"bad[red]": hostile}))
    shown = cli("signals", "explain", "bad[red]")
    assert shown.code == 0
    assert "[bold red]THIS IS USELESS" in shown.out and "Sorry" in shown.out
    assert not set(shown.out) & {"\x1b", "\x07"}
    assert all(name in shown.out for name in SIGNALS) and "not in the review queue" in shown.out

    assert "\x1b" not in cli("signals", "explain", "ba\x1b[2J").err
    unknown = cli("signals", "explain", "BAD")
    assert unknown.code == 1
    assert "Mend: did you mean 'bad[red]'?" in " ".join(unknown.err.split())


def test_the_queue_is_shown_for_its_newest_day(cli: Cli, warehouse: PostgresWarehouse) -> None:
    nothing = cli("queue")
    assert nothing.code == 1 and "eval-pipeline run nightly_evaluation" in " ".join(nothing.err.split())
    sessions = store_sessions(warehouse, {"bad": ANGRY, "fine": FINE})
    store_queue(warehouse, sessions, store_signals(warehouse, sessions), {})
    shown = cli("queue")
    assert "Review queue of 2025-03-04, the newest day that has one" in shown.out
    assert "0 of 2 reviewed" in shown.out and "frustration" in shown.out and "control" in shown.out
    assert cli("queue", "--day", "2025-03-04", "--surface", "chat").out.count("quiet") == shown.out.count("quiet") > 0
    assert "of all days" in cli("queue", "--all").out
    elsewhere = cli("queue", "--surface", "phone")
    assert elsewhere.code == 1 and "on surface phone" in " ".join(elsewhere.err.split())
    assert cli("queue", "--all", "--day", "2025-03-04").code == 2
