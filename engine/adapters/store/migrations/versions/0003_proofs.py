"""What was known of each safeguard when a version was published; insert-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; versions published before have no proof on record until they are published again."""
    op.create_table(
        "sop_proofs",
        sa.Column("version", sa.String(64), sa.ForeignKey("sop_versions.hash"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("safeguard", sa.String(160), nullable=False),
        sa.Column("verdict", sa.String(12), nullable=False),
        sa.Column("explored", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("engine", sa.String(40), nullable=False),
        sa.Column("budget_states", sa.Integer, nullable=False),
        sa.Column("budget_milliseconds", sa.Integer, nullable=False),
        sa.Column("proved_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("version", "safeguard"),
        comment="What was known of each safeguard when a version was published; insert-only",
    )
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _triggers(dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER sop_proofs_no_{what.lower()} BEFORE {what} ON sop_proofs "
            "BEGIN SELECT RAISE(ABORT, 'sop_proofs is insert-only'); END"
            for what in ("UPDATE", "DELETE")
        ]
    return [
        "CREATE TRIGGER sop_proofs_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sop_proofs "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    ]
