"""The commands for labels: what leaves unasked, what leaves only by name, and that it comes back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eval_pipeline.cli.main import app
from eval_pipeline.review.labelling import relabel
from eval_pipeline.review.labels import derive_labels
from eval_pipeline.tables import HeldoutLooks, HumanLabels, RawSessions, Reviews
from resources.warehouse import PostgresWarehouse
from tests.end_to_end.pipeline import Pipeline
from tests.known_categories import SHIPPED
from tests.resources.frames import frame_for
from tests.review.files.test_export import SESSIONS, a_reading
from tests.review.test_labels import DAY, review, review_frame

Command = Callable[..., Result]


@pytest.fixture
def labels(database_url: str, warehouse: PostgresWarehouse, tmp_path: Path) -> Command:
    """The command, over a database with a held-out session and another, both reviewed."""
    warehouse.replace_day(RawSessions, DAY, [frame_for(RawSessions, 2, DAY).assign(**SESSIONS.to_dict("list"))])
    reading = a_reading().assign(taxonomy_version=SHIPPED.version)
    reading["category"] = reading["category"].mask(reading["category"].notna(), SHIPPED.ids[0])
    warehouse.append(Reviews, reading)
    warehouse.replace_day(HumanLabels, DAY, [derive_labels(DAY, reading, SESSIONS)])

    deployment = Pipeline(tmp_path / "home", database_url, "")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["labels", *arguments], env=deployment.environ())

    return run


def test_the_calibration_set_leaves_unasked(labels: Command, tmp_path: Path) -> None:
    result = labels("export", str(tmp_path / "labels.csv"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "3 labels of the calibration set" in " ".join(result.stdout.split())


def test_held_out_labels_leave_in_a_persons_name_alone_and_with_a_warning(labels: Command, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    refused = labels("export", str(path), "--set", "held_out", "--by", " ")
    assert refused.exit_code != 0
    assert "--by PERSON" in str(refused.exception)
    assert not path.exists()
    result = labels("export", str(path), "--set", "held_out", "--by", "ada")
    assert result.exit_code == 0
    assert "can measure it no longer" in " ".join(result.stderr.split())
    assert path.read_text().count("\n") == 1


def test_held_out_labels_of_a_judge_that_leave_use_its_set_up(
    labels: Command, warehouse: PostgresWarehouse, tmp_path: Path
) -> None:
    asked_blind = review("ada", {"judge:tone": "fail", "judge:refund": "pass"}, 8, session_id="held")
    warehouse.append(Reviews, review_frame([asked_blind]))
    relabel([DAY], warehouse)
    path = str(tmp_path / "labels.jsonl")
    assert labels("export", path, "--set", "held_out", "--by", "ada", "--target", "session").exit_code == 0
    assert warehouse.read(HeldoutLooks).empty, "no label of a judge was shown"

    result = labels("export", path, "--set", "held_out", "--by", "ada", "--target", "judge:tone", "--force")
    assert "held-out set 1 of judge:tone (production) is retired" in " ".join(result.stderr.split())
    shown = [json.loads(line) for line in Path(path).read_text().splitlines()]
    assert [(row["session_id"], row["label"]) for row in shown] == [("held", "fail")]
    [look] = warehouse.read(HeldoutLooks).to_dict("records")
    assert (look["subject"], look["looked_by"], look["held_out_version"]) == ("tone", "ada", 1)
    sets = warehouse.read(HumanLabels).query("session_id == 'held'").set_index("target")["label_set"]
    assert sets.to_dict() == {"judge:tone": "calibration", "judge:refund": "held_out", "session": "held_out"}

    reviews = str(tmp_path / "reviews.jsonl")
    assert labels("export", reviews, "--set", "held_out", "--by", "ben", "--reviews").exit_code == 0
    assert warehouse.read(HumanLabels).query("target == 'judge:refund'")["label_set"].tolist() == ["calibration"]
    looks = warehouse.read(HeldoutLooks)[["subject", "looked_by"]].itertuples(index=False, name=None)
    assert sorted(looks) == [("refund", "ben"), ("tone", "ada")], "what is used up is not used up again"


def test_what_left_comes_back_once(labels: Command, tmp_path: Path) -> None:
    path = str(tmp_path / "reviews.parquet")
    assert labels("export", path, "--reviews", "--set", "held_out", "--by", "ada").exit_code == 0
    assert labels("export", path, "--reviews").exit_code != 0, "the file is there already"
    assert labels("export", path, "--reviews", "--force", "--target", "session").exit_code == 0
    assert "0 reviews added, 0 lines rejected" in labels("import", path).stdout
