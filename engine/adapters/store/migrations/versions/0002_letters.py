"""Messages that leave together: a letter of several, and messages that don't wait for the reader's morning."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns; what waits now waits for the morning and leaves by itself."""
    op.add_column("outbox", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("outbox", sa.Column("letter", sa.String(64), nullable=False, server_default=""))
