"""Bringing people's labels from a file into `reviews`. Not here: reading the file (`reviews_file.py`)."""

from datetime import datetime
from pathlib import Path

from eval_pipeline.deployment import Deployment
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.files.reviews_file import ImportRules, RejectedLine, read_reviews
from eval_pipeline.tables import RawSessions, Reviews
from eval_pipeline.taxonomy.in_force import known_categories


def import_reviews(
    file: Path, warehouse: Warehouse, deployment: Deployment, now: datetime
) -> tuple[int, list[RejectedLine]]:
    """Add the reviews of `file` and return how many are new, with the lines that gave none.

    Importing the same file twice adds nothing the second time. Raises `SourceError` when the file cannot be read.
    """
    known = warehouse.read(RawSessions, columns=["session_id", "session_day"])
    rules = ImportRules(
        session_days=dict(zip(known["session_id"], known["session_day"], strict=True)),
        categories=deployment.taxonomy.ids,
        taxonomy_version=deployment.taxonomy.version,
        redaction_version=deployment.redactor.version,
        known=known_categories(warehouse),
        now=now,
        redact_text=lambda text: deployment.redactor.redact_text(text).text,
    )
    reviews, rejected = read_reviews(file, rules)
    return warehouse.append(Reviews, reviews), rejected
