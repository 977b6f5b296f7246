"""The calendars by which open deadlines were last counted, so that a change of one is seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; it is filled by the next sweep."""
    op.create_table(
        "calendars",
        sa.Column("country", sa.String(2), primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("counted_at", sa.BigInteger, nullable=False),
        comment="The calendars by which open deadlines were last counted",
    )
