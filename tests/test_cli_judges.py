"""The commands for a judge's author: the exact prompt, one reply, and the calibration set, paid once."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.cli.judges import app
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.judges.definition import load_judges
from eval_pipeline.judges.rendering import render
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.simulation.truth import DEMO_SEED, known_truth
from eval_pipeline.tables import HumanLabels, JudgeCalibrationReports, RawSessions, Reviews
from resources.warehouse import PostgresWarehouse
from tests.end_to_end.pipeline import Pipeline
from tests.resources.frames import frame_for
from tests.signals.conversations import talk
from tests.simulation.frames import day_frame
from tests.stored_sessions import DAY, store_sessions

USERS = [user for n in range(200) if label_set(group_of(user := f"user-{n}", "")) == "calibration"]
JUDGES = {judge.name: judge for judge in load_judges(PROJECT_ROOT / "catalog" / "judges")}
NOTE = "Half of it is missing."
TARGET = "judge:completeness"

Judges = Callable[..., Result]


@pytest.fixture
def judges(database_url: str, tmp_path: Path) -> Judges:
    """Run `judges ...` on a database and a home of the test's own, without an endpoint for real sessions."""
    deployment = Pipeline(tmp_path / "home", database_url, "")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env=deployment.environ())

    return run


@pytest.fixture
def labelled(warehouse: PostgresWarehouse) -> pd.DataFrame:
    """60 simulated sessions whose label is the truth, all of users of the calibration set; each failure has a note."""
    frame = day_frame(60)
    turns = dict(zip(frame["session_id"], frame["turns"], strict=True))
    store_sessions(warehouse, turns, origin="simulated", user_id=USERS[:60], versions=[{}] * 60)
    truth = known_truth(frame, DEMO_SEED).sort_values("session_id")
    words = [answers[TARGET] for answers in truth["answers"]]
    labels = frame_for(HumanLabels, 60, DAY).assign(
        session_id=list(truth["session_id"]),
        target=TARGET,
        label=words,
        status="settled",
        label_set="calibration",
        origin="simulated",
    )
    warehouse.replace_day(HumanLabels, DAY, [labels])
    reviews = frame_for(Reviews, 60, DAY).assign(
        session_id=list(truth["session_id"]),
        answers=[{TARGET: word} for word in words],
        note=NOTE,
        first_bad_turn=4,
        is_repeat=False,
    )
    warehouse.append(Reviews, reviews)
    return labels


def n_calls(warehouse: PostgresWarehouse) -> int:
    return int(warehouse.query("SELECT count(*) AS n FROM evals.model_calls")["n"].iloc[0])


def test_each_judge_is_listed_with_its_newest_figures(judges: Judges, warehouse: PostgresWarehouse) -> None:
    assert judges("list").output.count("nothing yet") == len(JUDGES)
    measured = frame_for(JudgeCalibrationReports, 1, DAY).assign(
        subject_kind="judge",
        subject="tone",
        subject_version=JUDGES["tone"].version,
        origin="production",
        label_set="held_out",
        category="all",
        surface="all",
        n_labels=90,
        n_true_fail=36,
        n_missed_fail=4,
        n_true_pass=47,
        n_false_fail=3,
        tpr=0.99,
        tnr=0.6,
        tpr_weighted=0.9,
        tnr_weighted=0.94,
    )
    older = measured.assign(report_id="older", as_of_day=DAY.replace(day=1), tpr_weighted=0.5)
    hidden = older.assign(report_id="h", subject="relevance", subject_version=JUDGES["relevance"].version)
    now = hidden.assign(report_id="now", as_of_day=DAY, status="not_looked_at", n_labels=0, tpr_weighted=None)
    other = measured.assign(report_id="other", subject="usefulness", subject_version="0+ab")
    for row in (measured, older, other, hidden, now):
        warehouse.append(JudgeCalibrationReports, row)
    shown = judges("list")
    assert shown.exit_code == 0
    [tone] = [line for line in shown.output.splitlines() if line.split()[:1] == ["tone"]]
    assert "0.90 (n 40)" in tone and "0.94 (n 50)" in tone
    assert "0+ab" in shown.output and shown.output.count("nothing yet") == len(JUDGES) - 2


@pytest.mark.parametrize("name", list(JUDGES))
def test_a_judge_is_shown_with_the_exact_system_message(judges: Judges, name: str) -> None:
    shown = judges("show", name)
    assert shown.exit_code == 0
    assert render(JUDGES[name], {"turns": []})[0]["content"] in shown.output
    assert JUDGES[name].version in shown.output and JUDGES[name].description in shown.output


def test_an_unknown_judge_is_refused_with_the_names_there_are(judges: Judges) -> None:
    error = judges("show", "nothing").exception
    assert isinstance(error, EvalPipelineError)
    assert "relevance" in error.mend


def test_a_dry_run_prints_the_exact_prompt_and_asks_nobody(
    judges: Judges, warehouse: PostgresWarehouse, labelled: pd.DataFrame
) -> None:
    session = labelled["session_id"][0]
    shown = judges("try", "completeness", "--session", session, "--dry-run")
    row = warehouse.read(RawSessions, session_ids=[session]).iloc[0]
    for message in render(JUDGES["completeness"], {"turns": row["turns"]}):
        assert message["content"] in shown.output
    assert n_calls(warehouse) == 0


def test_a_judge_is_asked_once_about_a_session(
    judges: Judges, warehouse: PostgresWarehouse, labelled: pd.DataFrame
) -> None:
    session = labelled["session_id"][0]
    first, again = (judges("try", "completeness", "--session", session).output for _ in range(2))
    assert "verdict:  " in first and "$0.0000 for 1 call" in first
    assert "no call was made" in again and n_calls(warehouse) == 1
    assert first.split("Reply")[-1].split("cost:")[0] == again.split("Reply")[-1].split("cost:")[0]


def test_a_session_without_an_answer_or_an_endpoint_says_so(judges: Judges, warehouse: PostgresWarehouse) -> None:
    store_sessions(warehouse, {"silent": talk("user: Cancel it"), "real": talk("user: Hi?", "assistant: Hello!")})
    assert (
        "settled by rule, no model is asked (no_answer): fail"
        in judges("try", "completeness", "--session", "silent").output
    )
    error = judges("try", "completeness", "--session", "real").exception
    assert isinstance(error, EvalPipelineError) and "OPENAI_API_KEY" in error.mend
    unknown = judges("try", "completeness", "--session", "nobody").exception
    assert isinstance(unknown, EvalPipelineError) and "nobody" in unknown.problem


def test_the_calibration_set_is_judged_once_and_disagreements_stand_beside_the_note(
    judges: Judges, warehouse: PostgresWarehouse, labelled: pd.DataFrame
) -> None:
    first, again = (judges("run", "completeness", "--set", "calibration") for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0), first.exception
    n_asked = n_calls(warehouse)
    assert f"for {n_asked} calls" in first.output and "no call was made" in again.output
    assert first.output.split("\n")[3:] == again.output.split("\n")[3:]
    counts = {
        word: [int(n) for n in line.split()[1:]]
        for line in first.output.splitlines()
        if (word := line.strip().split(" ")[0]) in ("fail", "pass") and len(line.split()) == 6
    }
    n_of = labelled["label"].value_counts()
    assert {word: sum(numbers) for word, numbers in counts.items()} == {word: n_of[word] for word in ("fail", "pass")}
    n_apart = counts["fail"][1] + counts["pass"][0]
    assert n_apart > 0
    assert first.output.count(NOTE) == n_apart


def test_no_session_of_a_held_out_user_is_shown_though_its_answer_after_the_reveal_is_a_calibration_label(
    judges: Judges, warehouse: PostgresWarehouse, labelled: pd.DataFrame
) -> None:
    hidden = next(user for n in range(200) if label_set(group_of(user := f"user-{n}", "")) == "held_out")
    raw = warehouse.read(RawSessions, [DAY])
    is_hidden = raw.index < 20
    warehouse.replace_day(RawSessions, DAY, [raw.assign(user_id=raw["user_id"].mask(is_hidden, hidden))])
    shown = judges("run", "completeness", "--set", "calibration").output
    assert not [session for session in raw["session_id"][is_hidden] if session in shown]
    assert "Disagreements" in shown and 30 < n_calls(warehouse) <= 40


def test_held_out_labels_are_no_place_to_try_a_judge(judges: Judges, labelled: pd.DataFrame) -> None:
    error = judges("run", "completeness", "--set", "held_out").exception
    assert isinstance(error, EvalPipelineError)
    assert "counted" in error.problem and "calibration" in error.mend
    nothing = judges("run", "tone").exception
    assert isinstance(nothing, EvalPipelineError) and "judge:tone" in nothing.problem
