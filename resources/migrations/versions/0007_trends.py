"""Trends: windows, corrections, versions behind verdicts, baselines, directions, alerts."""

from resources.migration import execute_file, refuse_downgrade

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
