"""The account of calibration: a simulated story with known truth, lived through by the real jobs, told in one page.

Runs in a fresh home on the embedded PostgreSQL and writes `docs/calibration-account.md`. Ends with 1 when something does
not hold. Run by `make calibration-account`.
"""

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.account.page import claims, page
from benchmarks.account.scenario import Scenario
from benchmarks.account.story import lived
from eval_pipeline.settings import PROJECT_ROOT, Settings
from resources.dagster_home import prepare
from resources.embedded_postgres import EmbeddedPostgres, database_url
from resources.migration import migrate

PAGE = PROJECT_ROOT / "docs" / "calibration-account.md"


def main() -> None:
    terms = Scenario()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions-per-day", type=int, default=terms.sessions_per_day)
    parser.add_argument(
        "--weeks", type=int, nargs=3, metavar=("SHADOW", "BEFORE", "AFTER"), help="lengths of the parts"
    )
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    scenario = replace(terms, sessions_per_day=arguments.sessions_per_day)
    if arguments.weeks:
        unproven, before, after = (7 * n for n in arguments.weeks)
        scenario = replace(scenario, days_before_promotion=unproven, days_before_change=before, days_after_change=after)
    with tempfile.TemporaryDirectory(prefix="calibration-account-") as folder:
        account = lived(scenario, _deployment(Path(folder)), lambda line: print(line, flush=True))
        EmbeddedPostgres(Path(folder)).stop()
    arguments.page.write_text(page(scenario, account), encoding="utf-8")
    failed = [claim for claim, is_true in claims(scenario, account) if not is_true]
    print(f"written: {arguments.page}", *(f"does not hold: {claim}" for claim in failed), sep="\n")
    raise SystemExit(1 if failed else 0)


def _deployment(home: Path) -> Settings:
    """Return the settings of a migrated deployment in `home`, with a catalog of its own."""
    home.chmod(0o755)  # under root the server's account must be able to enter
    catalog = home / "catalog"
    shutil.copytree(PROJECT_ROOT / "catalog", catalog)
    environ = {"EVAL_PIPELINE_HOME": str(home), "EVAL_PIPELINE_CATALOG": str(catalog)}
    settings = Settings.from_env(environ)
    migrate(database_url(settings))
    prepare(settings.home, database_url(settings))
    return settings


if __name__ == "__main__":
    main()
