"""Proposals for the taxonomy, and what people decided on them."""

from resources.migration import execute_file, refuse_downgrade

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
