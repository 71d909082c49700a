"""Which categories a test's database knows: those of the shipped taxonomy, and any that a test adds by `know`.

Not here: any test.
"""

from collections.abc import Iterable

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tables import TaxonomyCategories
from eval_pipeline.taxonomy.categories import load_taxonomy

SHIPPED = load_taxonomy(PROJECT_ROOT / "catalog" / "taxonomy.yaml")


def know(warehouse: Warehouse, words: Iterable[tuple[str, str]]) -> None:
    """Let rows name these versions and categories, of which the database knows nothing else."""
    columns = list(TaxonomyCategories.to_schema().columns)
    rows = [{**dict.fromkeys(columns), "taxonomy_version": v, "category": c, "position": 0} for v, c in words]
    warehouse.append(TaxonomyCategories, TaxonomyCategories.validate(pd.DataFrame(rows, columns=columns)))
