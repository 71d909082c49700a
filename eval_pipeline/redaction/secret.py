"""The secret behind the pseudonyms: from the environment, or made once and kept in the home folder.

Not here: what is made with it (`pseudonyms.py`).
"""

import os
import secrets
import tempfile
from pathlib import Path

from eval_pipeline.errors import SettingsError
from eval_pipeline.settings import Settings

KEY_FILE = "redaction.key"
KEY_BYTES = 32


def redaction_secret(settings: Settings) -> bytes:
    """Return the deployment's secret: `settings.redaction_key`, else the content of HOME/redaction.key.

    The file is made on first use (32 random bytes in hex, mode 0600); of two processes that make it at once, both
    return the one that came first. Raises `SettingsError` if it can be neither read nor made, or is empty.
    """
    if settings.redaction_key is not None:
        return settings.redaction_key.get_secret_value().encode()
    path = settings.home / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = type(error).__name__
        raise SettingsError(
            f"{path} cannot be used ({reason})", "make it readable for you alone, or set EVAL_PIPELINE_REDACTION_KEY"
        ) from error
    if len(secret) < KEY_BYTES:
        raise SettingsError(
            f"{path} is too short for a secret", "restore it from a backup, or remove it: new pseudonyms will differ"
        )
    return secret.encode()


def _make(path: Path) -> None:
    """Write a new secret next to `path` and link it there: a reader sees all of it or nothing, the first one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".redaction-")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
