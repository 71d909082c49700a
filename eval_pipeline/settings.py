"""Settings of a deployment, read from the environment once at the edge.

Not here: what the catalog says (`catalog.py`).
"""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseModel):
    """Where things are and which secrets there are. Secrets print as stars."""

    model_config = ConfigDict(frozen=True)

    home: Path
    catalog: Path
    database_url: SecretStr | None = None
    review_database_url: SecretStr | None = None
    redaction_key: SecretStr | None = None
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    alert_webhook: SecretStr | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read EVAL_PIPELINE_HOME, _CATALOG, _DATABASE_URL, _REVIEW_DATABASE_URL, _REDACTION_KEY, _ALERT_WEBHOOK,
        OPENAI_API_KEY and OPENAI_BASE_URL.

        `home` defaults to `./.eval_pipeline`, `catalog` to `./catalog` or else the shipped one; empty means unset.
        """
        env = {k: v for k, v in (os.environ if environ is None else environ).items() if v}
        local_catalog = Path("catalog")
        default_catalog = local_catalog if local_catalog.is_dir() else PROJECT_ROOT / "catalog"
        return cls(
            home=Path(env.get("EVAL_PIPELINE_HOME", ".eval_pipeline")).absolute(),
            catalog=Path(env.get("EVAL_PIPELINE_CATALOG", default_catalog)).absolute(),
            database_url=env.get("EVAL_PIPELINE_DATABASE_URL"),
            review_database_url=env.get("EVAL_PIPELINE_REVIEW_DATABASE_URL"),
            redaction_key=env.get("EVAL_PIPELINE_REDACTION_KEY"),
            openai_api_key=env.get("OPENAI_API_KEY"),
            openai_base_url=env.get("OPENAI_BASE_URL"),
            alert_webhook=env.get("EVAL_PIPELINE_ALERT_WEBHOOK"),
        )
