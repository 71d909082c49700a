"""The taxonomy's versions and what became of each category."""

from resources.migration import execute_file, refuse_downgrade

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
