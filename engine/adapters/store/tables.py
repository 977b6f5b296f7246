"""The tables. References, steps, instants and sealed bytes; nothing personal in the clear.

Instants are whole microseconds since 1970 in UTC, the same on both databases, so that the sweep is one comparison of numbers.
History, records, versions, their proofs and refusals are insert-only: triggers refuse to change or delete a row (migrations).
Terms: docs/glossary.md. Why a snapshot beside the history: docs/decisions/0001-a-case-is-a-fold-of-its-history.md.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

INSERT_ONLY: Final = ("sop_versions", "sop_proofs", "history", "records", "refusals")

sop_versions = Table(
    "sop_versions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("sop", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    UniqueConstraint("sop", "number"),
    comment="Published versions of procedures; a version never changes",
)

sop_proofs = Table(
    "sop_proofs",
    metadata,
    Column("version", String(64), ForeignKey("sop_versions.hash"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("safeguard", String(160), nullable=False),
    Column("verdict", String(12), nullable=False),
    Column("explored", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("engine", String(40), nullable=False),
    Column("budget_states", Integer, nullable=False),
    Column("budget_milliseconds", Integer, nullable=False),
    Column("proved_at", BigInteger, nullable=False),
    UniqueConstraint("version", "safeguard"),
    comment="What was known of each safeguard when a version was published; insert-only",
)

cases = Table(
    "cases",
    metadata,
    Column("ref", String(16), primary_key=True),
    Column("sop", String(64), nullable=False),
    Column("version", String(64), ForeignKey("sop_versions.hash"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("main", String(64), nullable=False),
    Column("outcome", String(64)),
    Column("launched_at", BigInteger, nullable=False),
    Column("moved_at", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("snapshot", LargeBinary, nullable=False),
    comment="One row per referral: where it stands; the snapshot is sealed",
)

history = Table(
    "history",
    metadata,
    Column("ref", String(16), ForeignKey("cases.ref"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("role", String(64), nullable=False),
    Column("move", String(16), nullable=False),
    Column("name", String(130), nullable=False),
    Column("from_steps", Text, nullable=False),
    Column("to_steps", Text, nullable=False),
    Column("key", String(200)),
    Column("payload", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    UniqueConstraint("ref", "key"),
    comment="What happened to each case, chained by hash; insert-only",
)

records = Table(
    "records",
    metadata,
    Column("ref", String(16), ForeignKey("cases.ref"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("part", String(130), nullable=False),
    Column("draft", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="Completed forms, sealed; insert-only",
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("next_at", BigInteger, primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("ref", String(16), ForeignKey("cases.ref"), nullable=False),
    Column("step", String(64), nullable=False),
    Column("name", String(80), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("alarms", Text, nullable=False),
    Column("held", Boolean, nullable=False),
    Index("deadlines_of_a_step", "ref", "step"),
    comment="What is due, ordered by when something next comes of it",
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("ref", String(16), ForeignKey("cases.ref"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("role", String(64), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("step", String(64), nullable=False),
    Column("template", String(32), nullable=False),
    Column("state", String(12), nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("reason", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", BigInteger),
    Column("owner", String(64), nullable=False),
    Column("sent_at", BigInteger),
    Column("channel", String(32), nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("letter", String(64), nullable=False),
    Index("outbox_waiting", "next_at"),
    Index("outbox_of_a_case", "ref"),
    comment="Messages to be sent and sent: ids, role and template, never a name or an address; next_at only while it waits",
)

actors = Table(
    "actors",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("country", String(2), nullable=False),
    Column("roles", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="The people and desks who are told; names and addresses are sealed",
)

calendars = Table(
    "calendars",
    metadata,
    Column("country", String(2), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("counted_at", BigInteger, nullable=False),
    comment="The calendars by which open deadlines were last counted",
)

rounds = Table(
    "rounds",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("done_at", BigInteger, nullable=False),
    comment="When each thing that comes round was last done",
)

feeds = Table(
    "feeds",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("actor", String(64), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    comment="Addresses under which actors read their dates: hashes of secret tokens, never a token",
)

refusals = Table(
    "refusals",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ref", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("name", String(130), nullable=False),
    Column("code", String(32), nullable=False),
    comment="Moves that were refused; insert-only",
)
