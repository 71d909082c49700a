"""Whether the catalog's taxonomy is the one in force: whoever writes a category asks first.

Not here: registering a database's first taxonomy (`resources/taxonomy_register.py`).
"""

from eval_pipeline.errors import SettingsError
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records
from eval_pipeline.taxonomy.categories import Taxonomy
from eval_pipeline.taxonomy.planning import outdated

_NEWEST = "SELECT taxonomy_version FROM evals.taxonomy_versions ORDER BY number DESC LIMIT 1"

_KNOWN = "SELECT taxonomy_version, category FROM evals.taxonomy_categories"


def refuse_outdated(warehouse: Warehouse, taxonomy: Taxonomy) -> None:
    """Raise `SettingsError` with the mend when `taxonomy`, the catalog's, is not the one in force in the database."""
    newest = version_in_force(warehouse)
    if newest is None:
        raise SettingsError("no taxonomy is registered in the database", "register it: eval-pipeline taxonomy migrate")
    if newest != taxonomy.version:
        raise outdated(taxonomy, newest)


def version_in_force(warehouse: Warehouse) -> str | None:
    """Return the version in force in the database, None where none is registered."""
    return next((str(row["taxonomy_version"]) for row in records(warehouse, _NEWEST)), None)


def known_categories(warehouse: Warehouse) -> dict[str, set[str]]:
    """Return the categories of every version that the database knows: all that a review of before may name."""
    found: dict[str, set[str]] = {}
    for row in records(warehouse, _KNOWN):
        found.setdefault(row["taxonomy_version"], set()).add(row["category"])
    return found
