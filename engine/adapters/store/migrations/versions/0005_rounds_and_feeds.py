"""When what comes round was last done, and the secret addresses under which actors read their dates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "rounds",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("done_at", sa.BigInteger, nullable=False),
        comment="When each thing that comes round was last done",
    )
    op.create_table(
        "feeds",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        comment="Addresses under which actors read their dates: hashes of secret tokens, never a token",
    )
