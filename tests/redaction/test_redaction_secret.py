"""The secret: given, or made once for all processes of a deployment."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from eval_pipeline.errors import SettingsError
from eval_pipeline.redaction.secret import redaction_secret
from eval_pipeline.settings import Settings


def test_a_given_secret_wins_and_makes_no_file(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", catalog=tmp_path, redaction_key=SecretStr("given"))
    assert redaction_secret(settings) == b"given"
    assert not settings.home.exists()


def test_it_is_made_once_for_the_owner_alone_and_all_agree(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", catalog=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: redaction_secret(settings), range(16)))
    assert len(made) == 1
    assert len(bytes.fromhex(made.pop().decode())) == 32
    [file] = settings.home.iterdir()
    assert file.name == "redaction.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_cut_off_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "redaction.key").write_text("abc")
    with pytest.raises(SettingsError, match="too short"):
        redaction_secret(Settings(home=tmp_path, catalog=tmp_path))
