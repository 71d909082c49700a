"""Precision and recall of the signals beside the other figures, whether a signal counts, and the view of both."""

from resources.migration import execute_file, refuse_downgrade

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
