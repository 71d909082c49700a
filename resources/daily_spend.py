"""What all runs together spend on a UTC day: table `model_spend`.

Not here: when money is set aside (`eval_pipeline.judges.asking.budget`). Each method is one statement, so runs at the same
time cannot pass a limit together.
"""

from datetime import date
from typing import Any

from eval_pipeline.tables import ModelSpend
from resources.warehouse import PostgresWarehouse

_RESERVE = b"""
INSERT INTO evals.model_spend AS held (day, usd)
SELECT %(day)s, %(usd)s::float8 WHERE %(usd)s::float8 <= %(limit)s::float8
ON CONFLICT (day) DO UPDATE SET usd = held.usd + EXCLUDED.usd WHERE held.usd + EXCLUDED.usd <= %(limit)s::float8
RETURNING usd
"""

# Sums of binary fractions may end a hair below nothing, which the table refuses.
_SETTLE = b"""
UPDATE evals.model_spend SET usd = greatest(0, usd + %(spent)s::float8 - %(reserved)s::float8) WHERE day = %(day)s
RETURNING usd
"""

_SPENT = b"SELECT usd FROM evals.model_spend WHERE day = %(day)s"


class PostgresDailySpend:
    """`ports.DailySpend` over one row a day. All methods raise `WarehouseError` when the database fails."""

    def __init__(self, warehouse: PostgresWarehouse) -> None:
        self._warehouse = warehouse

    def reserve(self, day: date, usd: float, limit_usd: float) -> bool:
        """Add `usd` to `day` if the sum stays within `limit_usd`; return whether it did."""
        return self._usd(_RESERVE, {"day": day, "usd": usd, "limit": limit_usd}) is not None

    def settle(self, day: date, reserved_usd: float, spent_usd: float) -> None:
        """Put what was spent in the place of what was reserved."""
        self._usd(_SETTLE, {"day": day, "reserved": reserved_usd, "spent": spent_usd})

    def spent(self, day: date) -> float:
        """Return what is spent or reserved on `day`; 0.0 when nothing is."""
        return self._usd(_SPENT, {"day": day}) or 0.0

    def _usd(self, statement: bytes, parameters: dict[str, Any]) -> float | None:
        with self._warehouse.writing(ModelSpend) as connection:
            found = connection.execute(statement, parameters).fetchone()
        return None if found is None else float(found[0])
