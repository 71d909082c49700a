"""The taxonomy: its versions, what became of each category, and that nothing else can be written."""

from resources.migration import execute_file, refuse_downgrade

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
