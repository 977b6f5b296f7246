"""The first tables: versions, cases, history, records, deadlines, outbox, actors, refusals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_INSERT_ONLY = ("sop_versions", "history", "records", "refusals")


def upgrade() -> None:
    """Make the tables, and the triggers that keep four of them insert-only."""
    op.create_table(
        "sop_versions",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("sop", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("sop", "number"),
        comment="Published versions of procedures; a version never changes",
    )
    op.create_table(
        "cases",
        sa.Column("ref", sa.String(16), primary_key=True),
        sa.Column("sop", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), sa.ForeignKey("sop_versions.hash"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("main", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64)),
        sa.Column("launched_at", sa.BigInteger, nullable=False),
        sa.Column("moved_at", sa.BigInteger, nullable=False),
        sa.Column("head", sa.LargeBinary, nullable=False),
        sa.Column("snapshot", sa.LargeBinary, nullable=False),
        comment="One row per referral: where it stands; the snapshot is sealed",
    )
    op.create_table(
        "history",
        sa.Column("ref", sa.String(16), sa.ForeignKey("cases.ref"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("move", sa.String(16), nullable=False),
        sa.Column("name", sa.String(130), nullable=False),
        sa.Column("from_steps", sa.Text, nullable=False),
        sa.Column("to_steps", sa.Text, nullable=False),
        sa.Column("key", sa.String(200)),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("ref", "key"),
        comment="What happened to each case, chained by hash; insert-only",
    )
    op.create_table(
        "records",
        sa.Column("ref", sa.String(16), sa.ForeignKey("cases.ref"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("part", sa.String(130), nullable=False),
        sa.Column("draft", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        comment="Completed forms, sealed; insert-only",
    )
    op.create_table(
        "deadlines",
        sa.Column("next_at", sa.BigInteger, primary_key=True),
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ref", sa.String(16), sa.ForeignKey("cases.ref"), nullable=False),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("alarms", sa.Text, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        comment="What is due, ordered by when something next comes of it",
        sqlite_with_rowid=False,
    )
    op.create_index("deadlines_of_a_step", "deadlines", ["ref", "step"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("ref", sa.String(16), sa.ForeignKey("cases.ref"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("template", sa.String(32), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("channel", sa.String(32), nullable=False),
        comment="Messages to be sent and sent: ids, role and template, never a name or an address; next_at only while it waits",
    )
    op.create_index("outbox_waiting", "outbox", ["next_at"])
    op.create_index("outbox_of_a_case", "outbox", ["ref"])
    op.create_table(
        "actors",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        comment="The people and desks who are told; names and addresses are sealed",
    )
    op.create_table(
        "refusals",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("ref", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("name", sa.String(130), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        comment="Moves that were refused; insert-only",
    )
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _triggers(dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
            for table in _INSERT_ONLY
            for what in ("UPDATE", "DELETE")
        ]
    refuse = (
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END $$"
    )
    return [refuse] + [
        f"CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in _INSERT_ONLY
    ]
