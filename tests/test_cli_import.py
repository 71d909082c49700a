"""The commands for recorded verdicts and labels: what is printed, stored, and refused. Over real files where they are given."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eval_pipeline.cli.main import app
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.tables import JudgeCalibrationReports, RecordedVerdicts
from resources.warehouse import PostgresWarehouse
from tests.calibration.recorded.files import jsonl, judged_pairs, judged_sessions
from tests.end_to_end.pipeline import Pipeline

Command = Callable[..., Result]
PREFERENCE = ("--value", "A=fail", "--value", "B=pass")
COUNTS = ["n_true_fail", "n_missed_fail", "n_false_fail", "n_true_pass", "n_error"]


@pytest.fixture
def recorded(database_url: str, tmp_path: Path) -> Command:
    """The command `import`."""
    deployment = Pipeline(tmp_path / "home", database_url, "")

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["import", *map(str, arguments)], env=deployment.environ())

    return run


def one_line(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return " ".join(result.stdout.split())


def test_what_is_off_the_vocabulary_is_shown_with_the_option_that_maps_it(recorded: Command, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "airline.jsonl", judged_sessions())
    shown = one_line(recorded("verdicts", path))
    assert "dataset airline: 120 verdicts read, 120 added, 0 bad lines" in shown
    assert "satisfied 20 gpt/steps --value satisfied=pass --value satisfied=fail" in shown
    assert "'satisfied' -> 'pass' (20)" in shown, "somebody had mapped it before, which is said"
    assert "has no labels" in shown
    shown = one_line(recorded("labels", path))
    assert "gpt steps 40 40 15 15 6 4 20 0 too_few_to_gate" in shown
    shown = one_line(recorded("verdicts", path, "--value", "satisfied=pass"))
    assert "20 added" in shown
    assert "gpt steps 60 60 15 15 6 24 0 0 measured" in shown
    assert "gpt triage 60 60 12 18 3 27 0 0 measured" in shown


def test_the_report_prints_again_what_was_measured(recorded: Command, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "pairs.jsonl", judged_pairs())
    recorded("verdicts", path, *PREFERENCE)
    one_line(recorded("labels", path, *PREFERENCE))
    shown = one_line(recorded("report", "pairs"))
    assert "Rates of preference, against human:gold" in shown
    assert "m p 0.850" in shown and "0.700" in shown and "of 20" in shown
    assert one_line(recorded("report")) == shown
    result = recorded("report", "airline")
    assert isinstance(result.exception, EvalPipelineError) and "airline" in result.exception.problem


def test_bad_lines_are_named_and_the_others_imported(recorded: Command, tmp_path: Path) -> None:
    path = jsonl(
        tmp_path / "v.jsonl", [{"item_id": "1", "judge": "g", "value": "pass"}, {"item_id": "2", "value": "pass"}]
    )
    result = recorded("verdicts", path)
    assert result.exit_code == 1
    assert "1 added, 1 bad lines" in result.stdout
    assert "line 2 in `judge or rater`: missing_field" in " ".join(result.stderr.split())


def test_hostile_values_are_data(recorded: Command, tmp_path: Path, warehouse: PostgresWarehouse) -> None:
    hostile = [
        "[bold]pass[/]",
        "'; DROP TABLE evals.recorded_verdicts; --",
        "pass\x1b[2J",
        "=1+1",
        "x" * 10_000,
        "\ud800\x00",
    ]
    rows = [{"item_id": f"{n}", "judge": "[red]g", "value": value} for n, value in enumerate(hostile)]
    result = recorded("verdicts", jsonl(tmp_path / "v.jsonl", rows))
    assert result.exit_code == 0
    assert "[bold]pass[/]" in result.stdout and "\x1b[2J" not in result.stdout
    stored = warehouse.read(RecordedVerdicts)
    assert set(stored["verdict"]) == {"off_vocabulary"}
    assert set(hostile[:4]) < set(stored["raw_value"])
    assert stored["raw_value"].str.len().max() == 500


def test_several_raters_are_refused_and_the_one_that_is_named_measures(recorded: Command, tmp_path: Path) -> None:
    rows = [{"item_id": "1", "rater": rater, "value": "pass"} for rater in ("human:a", "human:b")]
    verdicts = jsonl(tmp_path / "v.jsonl", [{"item_id": "1", "judge": "g", "value": "fail"}])
    labels = jsonl(tmp_path / "l.jsonl", rows)
    one_line(recorded("verdicts", verdicts, "--dataset", "d"))
    result = recorded("labels", labels, "--dataset", "d")
    assert isinstance(result.exception, EvalPipelineError) and "human:a (1), human:b (1)" in result.exception.problem
    assert "against human:b" in one_line(recorded("labels", labels, "--dataset", "d", "--rater", "human:b"))


@pytest.mark.skipif("EVAL_PIPELINE_DATA" not in os.environ, reason="EVAL_PIPELINE_DATA names no folder of real files")
def test_real_recorded_judges_give_the_counts_by_hand(recorded: Command, warehouse: PostgresWarehouse) -> None:
    folder = Path(os.environ["EVAL_PIPELINE_DATA"])
    words = [
        part for word in ("satisfied", "satisfactory", "compliant", "correct") for part in ("--value", f"{word}=pass")
    ]
    for kind in ("labels", "verdicts"):
        one_line(recorded(kind, folder / "judged_sessions_airline.jsonl", *words))
        one_line(recorded(kind, folder / "judge_pairs.jsonl", *PREFERENCE))
    reports = warehouse.read(JudgeCalibrationReports)
    airline = reports[reports["subject"].str.contains("airline")].set_index("subject_version")
    assert airline[COUNTS].T.to_dict("list") == {
        "customer_outcome_v1": [6, 21, 9, 14, 0],
        "policy_chain_of_thought_v1": [6, 21, 7, 16, 0],
        "policy_conversation_v1": [16, 11, 5, 18, 0],
        "quick_triage_v1": [3, 24, 1, 22, 0],
    }
    pairs = reports[reports["subject"].str.contains("judge_pairs")]
    judges = pairs["subject"].str.split(" on ").str[0] + "/" + pairs["subject_version"]
    found = pairs.assign(consistency=1 - pairs["flip_rate"]).set_index(judges)[["agreement", "consistency"]]
    # Right as is + right swapped, of how many; the same in both orders, of how many.
    by_hand = {
        "GPT-4/Vanilla": ((95 + 96) / 200, 95 / 100),
        "GPT-4/CoT": ((94 + 95) / 200, 91 / 100),
        "ChatGPT/CoT": ((70 + 78) / 199, 64 / 99),
        "ChatGPT/Swap": ((77 + 78) / 200, 89 / 100),
    }
    for judge, (agreement, consistency) in by_hand.items():
        assert found.loc[judge].tolist() == pytest.approx([agreement, consistency])
    assert int(pairs["n_error"].sum()) == 1
