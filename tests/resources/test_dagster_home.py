"""Dagster's own home: its storage is the same PostgreSQL, and no password is ever shown."""

import os
from pathlib import Path

import pytest
import yaml

from resources.dagster_home import prepare, sqlalchemy_url, without_password


@pytest.mark.parametrize(
    "connection",
    [
        "postgresql://u:s3cret@h:5432/d",
        "postgresql://u@h/d?password=s3cret",
        "host=h dbname=d password=s3cret",
        "postgresql://u:s3%40cret@h/d?sslpassword=s3cret",
    ],
)
def test_a_connection_is_shown_without_its_password(connection: str) -> None:
    shown = without_password(connection)
    assert "cret" not in shown
    assert "dbname=d" in shown and "host=h" in shown


def test_a_connection_that_cannot_be_read_is_not_shown() -> None:
    assert "s3cret" not in without_password("nonsense s3cret")


def test_the_driver_is_named_as_a_bare_url_means_another_one() -> None:
    assert sqlalchemy_url("postgresql://u@/d?host=x") == "postgresql+psycopg2://u@/d?host=x"
    assert sqlalchemy_url("postgresql+psycopg2://u@/d") == "postgresql+psycopg2://u@/d"


def test_the_settings_name_the_variable_and_not_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    folder = prepare(tmp_path, "postgresql://u:s3cret@h/d")
    text = (folder / "dagster.yaml").read_text(encoding="utf-8")
    assert "s3cret" not in text
    assert yaml.safe_load(text)["telemetry"] == {"enabled": False}
    assert os.environ["DAGSTER_HOME"] == str(folder)
