"""Whether a figure may be believed: looks at held-out labels, promotions, anchors, alignment, recorded judges."""

from resources.migration import execute_file, refuse_downgrade

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
