"""Dagster's view of the resources: factories over the plain classes beside, which know nothing of Dagster.

Settings reach a resource as an object of their own, never as run config, which the UI shows with all that is in it.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from eval_pipeline.calibration.pages.publishing import ReportPages
from eval_pipeline.clock import utc_now
from eval_pipeline.deployment import Deployment
from eval_pipeline.expectations import BatchDocs
from eval_pipeline.judges.asking.asker import Asker, AskPolicy
from eval_pipeline.judges.asking.batching import BatchAsker, BatchPolicy
from eval_pipeline.judges.asking.endpoints import Endpoints
from eval_pipeline.settings import Settings
from eval_pipeline.taxonomy.categories import Taxonomy
from resources.alert_webhook import alert_webhook
from resources.call_batches import WarehouseBatchStore
from resources.call_ledger import WarehouseLedger
from resources.daily_spend import PostgresDailySpend
from resources.embedded_postgres import database_url
from resources.judge_models import ConfiguredJudgeModels
from resources.migration import migrate
from resources.progress import NoProgress
from resources.session_files import SessionFiles
from resources.taxonomy_register import hold_to
from resources.warehouse import PostgresWarehouse


class WarehouseResource(dg.ConfigurableResource[PostgresWarehouse]):
    """The tables in PostgreSQL: the user's own server, or the embedded one; started and migrated on demand."""

    settings: dg.ResourceDependency[Settings]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[PostgresWarehouse, None, None]:
        """Open one pool for the run and close it after."""
        url = database_url(self.settings)
        migrate(url)
        with PostgresWarehouse(url) as warehouse:
            yield warehouse


class TaxonomyResource(dg.ConfigurableResource[Taxonomy]):
    """The taxonomy in force. Who writes categories takes it from here: a step fails whose catalog has another than the
    database, with the mend; the first of a database is registered by itself."""

    warehouse: dg.ResourceDependency[PostgresWarehouse]
    taxonomy: dg.ResourceDependency[Taxonomy]

    def create_resource(self, context: dg.InitResourceContext) -> Taxonomy:
        """Return the catalog's taxonomy, once it is the database's as well."""
        hold_to(self.warehouse, self.taxonomy, utc_now())
        return self.taxonomy


class SessionSourceResource(dg.ConfigurableResource[SessionFiles]):
    """The registered files that sessions come from."""

    warehouse: dg.ResourceDependency[PostgresWarehouse]

    def create_resource(self, context: dg.InitResourceContext) -> SessionFiles:
        """Return the source over the run's warehouse."""
        return SessionFiles(self.warehouse)


JUDGES = "eval_pipeline/judges"
"""Tag of a run: `batch` puts its calls in batches, at half the price and within a day."""


class AskerResource(dg.ConfigurableResource[Asker | BatchAsker]):
    """The way to ask judges: over the ledger of paid calls, with one budget for the run; at once, or in batches."""

    warehouse: dg.ResourceDependency[PostgresWarehouse]
    policy: dg.ResourceDependency[AskPolicy]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[Asker | BatchAsker, None, None]:
        """Make the run's asker, whose budget and breakers hold over all of its days."""
        prices = self.policy.prices
        ledger, daily = WarehouseLedger(self.warehouse, prices), PostgresDailySpend(self.warehouse)
        if context.run is not None and context.run.tags.get(JUDGES) == "batch":
            with BatchAsker(ledger, WarehouseBatchStore(self.warehouse), BatchPolicy(prices=prices), daily) as batches:
                yield batches
        else:
            with Asker(ledger, self.policy, daily) as asker:
                yield asker


class JudgeModelsResource(dg.ConfigurableResource[ConfiguredJudgeModels]):
    """The endpoints that judge: OPENAI_API_KEY or OPENAI_BASE_URL for real sessions, a simulated one for simulated."""

    settings: dg.ResourceDependency[Settings]
    endpoints: dg.ResourceDependency[Endpoints]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[ConfiguredJudgeModels, None, None]:
        """Open the endpoints on first use and close them after the run."""
        with ConfiguredJudgeModels(self.settings, self.endpoints) as models:
            yield models


def default_resources(settings: Settings, deployment: Deployment) -> dict[str, Any]:
    """Return every resource of the code location by name."""
    warehouse = WarehouseResource(settings=settings)
    return {
        "warehouse": warehouse,
        "taxonomy": TaxonomyResource(warehouse=warehouse, taxonomy=deployment.taxonomy),
        "session_source": SessionSourceResource(warehouse=warehouse),
        "asker": AskerResource(warehouse=warehouse, policy=deployment.ask_policy),
        "judge_models": JudgeModelsResource(settings=settings, endpoints=deployment.ask_policy.endpoints),
        "deployment": deployment,
        "data_docs": BatchDocs(settings.home / "data_docs"),
        "report_pages": ReportPages(settings.home / "reports"),
        "alert_sink": alert_webhook(settings) or dg.ResourceDefinition.none_resource(),
        "clock": utc_now,
        "progress": NoProgress(),
    }
