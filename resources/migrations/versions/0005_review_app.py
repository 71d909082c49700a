"""What the review app works on: slots and claims, drafts, what was set aside or revealed, people, and the audit trail."""

from resources.migration import execute_file, refuse_downgrade

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
