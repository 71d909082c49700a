"""Coverage, sessions made for it, and what evaluators should have said of them."""

from resources.migration import execute_file, refuse_downgrade

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
