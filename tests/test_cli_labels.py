"""The commands for labels: what leaves unasked, what leaves only by name, and that it comes back."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eval_pipeline.cli.main import app
from eval_pipeline.review.labels import derive_labels
from eval_pipeline.tables import HumanLabels, RawSessions, Reviews
from resources.warehouse import PostgresWarehouse
from tests.end_to_end.pipeline import Pipeline
from tests.resources.frames import frame_for
from tests.review.files.test_export import SESSIONS, a_reading
from tests.review.test_labels import DAY

Command = Callable[..., Result]


@pytest.fixture
def labels(database_url: str, warehouse: PostgresWarehouse, tmp_path: Path) -> Command:
    """The command, over a database with a held-out session and another, both reviewed."""
    warehouse.replace_day(RawSessions, DAY, [frame_for(RawSessions, 2, DAY).assign(**SESSIONS.to_dict("list"))])
    warehouse.append(Reviews, a_reading())
    warehouse.replace_day(HumanLabels, DAY, [derive_labels(DAY, a_reading(), SESSIONS)])

    deployment = Pipeline(tmp_path / "home", database_url, "")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["labels", *arguments], env=deployment.environ())

    return run


def test_the_calibration_set_leaves_unasked(labels: Command, tmp_path: Path) -> None:
    result = labels("export", str(tmp_path / "labels.csv"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "3 labels of the calibration set" in " ".join(result.stdout.split())


def test_held_out_labels_leave_by_name_alone_and_with_a_warning(labels: Command, tmp_path: Path) -> None:
    result = labels("export", str(tmp_path / "labels.jsonl"), "--set", "held_out")
    assert result.exit_code == 0
    assert "must not tune a judge" in " ".join(result.stderr.split())
    assert (tmp_path / "labels.jsonl").read_text().count("\n") == 1


def test_what_left_comes_back_once(labels: Command, tmp_path: Path) -> None:
    path = str(tmp_path / "reviews.parquet")
    assert labels("export", path, "--reviews", "--set", "held_out").exit_code == 0
    assert labels("export", path, "--reviews").exit_code != 0, "the file is there already"
    assert labels("export", path, "--reviews", "--force", "--target", "session").exit_code == 0
    assert "0 reviews added, 0 lines rejected" in labels("import", path).stdout
