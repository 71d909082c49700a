"""${message}."""

from resources.migration import execute_file, refuse_downgrade

revision = "${up_revision}"
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    execute_file(__file__)


def downgrade() -> None:
    refuse_downgrade(revision)
