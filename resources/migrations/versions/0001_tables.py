"""Every table, the view of all verdicts, and the triggers that keep append-only tables append-only."""

from resources.migration import execute_file, refuse_downgrade

revision = "0001"
down_revision = None


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
