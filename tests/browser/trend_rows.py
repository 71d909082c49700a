"""Trends and proposals as rows, each name and version of them the text that a test gives. Not here: sessions (`seeding.py`)."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlencode

from eval_pipeline.calibration.estimators.rates import wilson
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import (
    TaxonomyDecisions,
    TaxonomyProposals,
    TaxonomySaturation,
    TrendBaselines,
    TrendCandidates,
    TrendDirections,
    TrendRollups,
    TrendVersions,
    TrendWindows,
)
from eval_pipeline.trends.cells import ALL
from tests.browser.seeding import DAY, Row
from tests.stored_rows import store_rows

DAYS = [DAY - timedelta(days=back) for back in (2, 1, 0)]
WHOLE = {"model_version": ALL, "surface": ALL, "slice": ALL, "origin": "production"}


def day_path(name: str, **cell: str) -> str:
    """Return the address of the newest day of the judge `name`."""
    return "/trends/day?" + urlencode({"kind": "judge", "name": name, "day": str(DAY), **cell})


def store_trends(warehouse: Warehouse, names: Sequence[str]) -> None:
    """Store a judge called each of `names`, of three days, that moved when versions of the same name came."""
    cells = [cell for name in names for cell in _cells(name)]
    for day in DAYS:
        store_rows(warehouse, TrendRollups, day, *(cell | _counts(20) for cell in cells))
        store_rows(warehouse, TrendVersions, day, *(_version(name, name if day == DAY else "before") for name in names))
    told = _counts(60) | {"correction": "rogan_gladen", "corrected_rate": 0.2, "n_labels": 50, "label_age_days": 3.0}
    told |= {"corrected_rate_low": 0.1, "corrected_rate_high": 0.3, "not_corrected_because": None}
    store_rows(warehouse, TrendWindows, DAY, *(cell | told | {"window_days": 28, "n_days": 3} for cell in cells))
    store_rows(warehouse, TrendBaselines, DAY, {"baseline_id": "b", "first_day": DAYS[0], "last_day": DAYS[0]})
    store_rows(warehouse, TrendDirections, DAY, *map(_moved, names))
    store_rows(warehouse, TrendCandidates, DAY, *map(_cause, names))


def _cells(name: str) -> list[Row]:
    judge = WHOLE | _judge(name) | {"subject_version": name}
    return [judge | part for part in ({}, {"surface": name}, {"model_version": name}, {"slice": name})]


def _judge(name: str) -> Row:
    return {"subject_kind": "judge", "subject": name}


def _counts(n: int) -> Row:
    (low,), (high,) = wilson([5], [n])
    rate = {"fail_rate": 5 / n, "fail_rate_low": low, "fail_rate_high": high}
    return {"n": n, "n_fail": 5, **rate, "not_corrected_because": "no label"}


def _version(name: str, version: str) -> Row:
    seen = {"subject_version": name, "surface": ALL, "origin": "production", "n": 20, "n_fail": 5}
    return _judge(name) | seen | {"component": name[:100], "component_version": version}


def _moved(name: str) -> Row:
    moved: Row = {"level": "alert", "direction": "worse", "change": 0.15, "window_days": 7, "onset_day": DAY}
    against = {"baseline_id": "b", "baseline_name": name, "baseline_rate": 0.1, "rate_7": 0.25, "n_baseline": 60}
    return WHOLE | _judge(name) | moved | against | {"sentence": name}


def _cause(name: str) -> Row:
    versions = {"component": name, "from_version": name, "to_version": name, "sentence": name}
    return WHOLE | _judge(name) | versions | {"rank": 1, "score": 9.0, "is_tied": True}


def store_proposals(warehouse: Warehouse, words: Sequence[str]) -> None:
    """Store a proposal, a decision and a saturation figure whose every text is one of `words` or all of them."""
    text, shown = words[0], {"origin": "production", "taxonomy_version": "1"}
    kind = {"n_sessions": 7, "n_population": 200, "n_before": 0, "n_population_before": 600, "trend": "new"}
    said = {f"suggested_{name}": text for name in ("id", "title", "definition", "by")}
    said |= {"terms": list(words), "examples": list(words[:5]), "fingerprint": {text: 1.0}}
    found = {"rate": 0.03, "rate_low": 0.02, "rate_high": 0.07, "rate_before": 0.0, "distance": 0.5}
    store_rows(
        warehouse, TaxonomyProposals, DAY, kind | said | found | shown | {"proposal_id": "k", "nearest_category": text}
    )
    decided = {"decided_by": text, "terms": list(words), "decision": "rejected", "reason": text, "proposal_id": "other"}
    store_rows(warehouse, TaxonomyDecisions, DAY, shown | decided)
    store_rows(
        warehouse,
        TaxonomySaturation,
        DAY,
        {"origin": "production", "last_n": 20, "n_reviewed": 20, "n_new_kinds": 1, "kinds": list(words)},
    )
