"""Rows for any table, made from its pandera model: valid, different from each other, and full of hostile text."""

import datetime as dt
from typing import Any

import pandas as pd

from eval_pipeline.table_model import SYNTHETIC_PREFIX
from eval_pipeline.tables import CategoryPredictions, HumanLabels, LabelMappings, Reviews, Table, TaxonomyDecisions
from tests.fakes import typed
from tests.known_categories import SHIPPED

DAY = dt.date(2026, 1, 2)
NAME_CATEGORIES = (CategoryPredictions, HumanLabels, LabelMappings, Reviews)
"""Tables that may name categories of a known taxonomy alone."""

HOSTILE_TEXTS = [
    "",
    "plain",
    "quotes \"double\" and 'single'",
    "lines\none\r\ntwo\ttab",
    "\\.",
    "\n\\.\n",
    "\\N",
    "NULL",
    "umlaut ä, emoji 🎭, right to left \u202e, zero width \u200b",
    "comma, semicolon; percent %s {braces}",
]
JSON_VALUES: list[Any] = [
    {},
    [],
    {"b": 1, "a": [True, None, 1.5, "x\ny", {"deep": ["ä", ""]}]},
    [{"role": "user", "content": 'she said "no"\\ \n\\.\n'}],
    "text",
    0,
    False,
]


NEEDED = {(TaxonomyDecisions, name) for name in ("reason", "category_id", "draft")}
"""Columns that may be null, of which a constraint over several wants one or the other."""


def frame_for(table: type[Table], n: int = 20, day: dt.date = DAY) -> pd.DataFrame:
    """Return `n` rows of `table` on `day`, ordered by primary key, nulls included."""
    schema = table.to_schema()
    data = {name: [_value(table, name, field, i, day) for i in range(n)] for name, field in schema.columns.items()}
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in data.items()})
    return typed(table, frame).sort_values(list(table.primary_key()), ignore_index=True)


def _value(table: type[Table], name: str, field: Any, i: int, day: dt.date) -> Any:
    kind = (field.metadata or {}).get("sql") or str(field.dtype)
    if name == table.day_column():
        return day
    if field.nullable and i % 3 == 0 and (table, name) not in NEEDED:
        return None
    allowed = [check.statistics["allowed_values"] for check in field.checks if check.name == "isin"]
    if allowed:
        return allowed[0][i % len(allowed[0])]
    if table in NAME_CATEGORIES and name in ("taxonomy_version", "from_version", "to_version"):
        return SHIPPED.version
    if table in NAME_CATEGORIES and name in ("category", "from_category", "to_category"):
        return SHIPPED.ids[i % len(SHIPPED.ids)]
    text = HOSTILE_TEXTS[i % len(HOSTILE_TEXTS)]
    if name == "synthetic_id":
        return f"{SYNTHETIC_PREFIX}{i:03d}{text}"
    values: dict[str, Any] = {
        "string[pyarrow]": f"{i:03d}{text}" if name in (*table.primary_key(), "proposal_id") else text,
        "jsonb": JSON_VALUES[i % len(JSON_VALUES)],
        "int64": _whole(field, i),
        "Int64": _whole(field, i),
        "float64": _least(field) + 1 / (i + 1),
        "bool": i % 2 == 0,
        "date": day - dt.timedelta(days=i),
        "datetime64[us, UTC]": pd.Timestamp("2026-01-02T03:04:05.000006Z") + pd.Timedelta(hours=i),
    }
    return values[kind]


def _least(field: Any) -> float:
    """Return the least that a number of the field may be, 0 where nothing is said."""
    return float(next((check.statistics["min_value"] for check in field.checks if "min_value" in check.statistics), 0))


def _whole(field: Any, i: int) -> int:
    """Return a whole number within the field's bounds, another one for another `i` where there is room."""
    bounds = {key: value for check in field.checks for key, value in check.statistics.items()}
    return int(min(max(i + 1, bounds.get("min_value", i + 1)), bounds.get("max_value", i + 1)))
