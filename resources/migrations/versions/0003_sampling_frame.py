"""The sessions that took part in a draw of the review queue, drawn or not."""

from resources.migration import execute_file, refuse_downgrade

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
