"""The gate on the command line: one screen for a decision, a person's name on every act, and no secret anywhere."""

from pathlib import Path

from typer.testing import CliRunner

from eval_pipeline.cli.judges import app
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.judges.definition import load_judges
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tables import Promotions
from resources.warehouse import PostgresWarehouse
from tests.calibration.reviewed_sessions import JUDGE, chosen_sessions, store_reviewed
from tests.end_to_end.pipeline import Pipeline
from tests.review.figures.stored_reviews import store_decision
from tests.stored_sessions import DAY

[SHIPPED] = [judge for judge in load_judges(PROJECT_ROOT / "catalog" / "judges") if judge.name == JUDGE]
SECRET = "sk-of-the-test-0123456789abcdef"


def test_a_decision_fits_one_screen_and_stands_on_record_with_a_person(
    database_url: str, warehouse: PostgresWarehouse, tmp_path: Path
) -> None:
    store_reviewed(warehouse, chosen_sessions())
    environ = Pipeline(tmp_path / "home", database_url, "").environ() | {"OPENAI_API_KEY": SECRET}

    def judges(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments, env=environ)
        error = result.exception
        return f"{error.problem} {error.mend}" if isinstance(error, EvalPipelineError) else result.output

    real = judges("promote", JUDGE, "--origin", "production")
    assert "NOT ENOUGH LABELS: 50 human-failed and 100 human-passed" in real and "no look was spent" in real
    shown = judges("promote", JUDGE, "--origin", "simulated", "--by", "ada")
    assert "asked for by ada" in shown and "catch rate (TPR)" in shown and ">= 0.750" in shown
    assert "2 of 3 are left at held-out set 1" in shown and "people's ceiling" in shown
    assert len(shown.splitlines()) < 30
    row = warehouse.read(Promotions).sort_values("decided_at").iloc[-1]
    assert row["decided_by"] == "ada" and row["origin"] == "simulated" and row["reason"] in " ".join(shown.split())
    store_decision(warehouse, SHIPPED, "promoted", DAY, "production")
    assert "demoted by bob" in judges("demote", JUDGE, "--origin", "production", "--by", "bob", "--reason", "wrong")
    nobody = judges("demote", JUDGE, "--origin", "production", "--by", "bob", "--reason", "wrong")
    assert "no version of completeness is in production for production sessions" in nobody
    assert "there is no origin 'synthetic'" in judges("promote", JUDGE, "--origin", "synthetic")
    assert "there is no origin" in judges("promote", JUDGE, "--origin", "prod")
    stored = warehouse.read(Promotions).to_json()
    assert SECRET not in stored + shown + real
