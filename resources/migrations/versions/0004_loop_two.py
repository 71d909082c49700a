"""Evaluators that point at a value, contested judge verdicts, predicted categories, batches of calls, money of a day."""

from resources.migration import execute_file, refuse_downgrade

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
