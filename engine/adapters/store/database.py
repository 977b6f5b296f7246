"""Connections: one way to read, one way to write, and every fault of a driver as one clear sentence.

SQLite: the whole file encrypted with a raw key, WAL, synchronous=FULL, foreign keys; a writer begins IMMEDIATE, because a
deferred one that finds another writer at its first write can't go on. PostgreSQL: psycopg 3.
Statements are written in SQLAlchemy Core, compiled once for the dialect and run on the driver's path: half the cost of Core.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlcipher3.dbapi2
from sqlalchemy import ClauseElement, Connection, Engine, create_engine, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from engine.errors import Fault

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ONE: Final = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970."""
    return (instant - EPOCH) // _ONE


def instant(value: int) -> datetime:
    """Return the instant of so many microseconds since 1970, in UTC."""
    return EPOCH + timedelta(microseconds=value)


def steps_text(steps: Sequence[str]) -> str:
    return json.dumps(list(steps), separators=(",", ":"))


def sqlite_engine(path: Path, key: bytes) -> Engine:
    """Open an SQLite file, encrypted as a whole with the raw 32-byte `key`; made owner-only if it is not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
    except OSError as why:
        raise Fault(f"the database {path} can't be opened: {why.strerror}") from None
    engine = create_engine(f"sqlite:///{path}", module=sqlcipher3.dbapi2, pool_size=8, max_overflow=8)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        for pragma in ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def postgresql_engine(url: str) -> Engine:
    """Open a PostgreSQL database; `url` is postgresql+psycopg://USER:PASSWORD@HOST/NAME."""
    return create_engine(
        make_url(url),
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "options": "-c statement_timeout=30000 -c timezone=UTC"},
    )


class Database:
    """An engine with its two ways in; the parts of the store build on it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._compiled: dict[int, tuple[ClauseElement, str]] = {}
        self._dialect = _named(engine.dialect)
        self._reader = engine.execution_options(writes=False)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes: all or nothing."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as why:
            raise as_fault(why) from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads, at one moment."""
        try:
            with self._reader.begin() as connection:
                yield connection
        except SQLAlchemyError as why:
            raise as_fault(why) from None

    def run(self, connection: Connection, statement: ClauseElement, given: Any = None) -> Any:
        """Run a statement on the driver's path; `given` is one mapping of parameters, or a list of them."""
        return connection.exec_driver_sql(self.text(statement), given)

    def text(self, statement: ClauseElement) -> str:
        """Return a statement in the dialect's words; compiled at first need, so statements are made at import."""
        known = self._compiled.get(id(statement))
        if known is None:
            compiled = statement.compile(dialect=self._dialect)
            known = self._compiled[id(statement)] = (statement, str(compiled))
        return known[1]

    def close(self) -> None:
        self.engine.dispose()


def _named(dialect: Dialect) -> Dialect:
    """Return the dialect with named parameters, so that one mapping serves both drivers."""
    style = "named" if dialect.name == "sqlite" else "pyformat"
    return type(dialect)(paramstyle=style)  # type: ignore[call-arg]


def as_fault(why: SQLAlchemyError) -> Fault:
    """Say what a driver complains of, without addresses, passwords or parameters."""
    if isinstance(why, DBAPIError):
        said = _first_line(why)
        lower = said.lower()
        if "insert-only" in lower:
            return Fault(said, code="insert_only")
        if isinstance(why, IntegrityError):
            return Fault(f"the database refuses an entry: {said}")
        if "full" in lower or os.strerror(errno.ENOSPC).lower() in lower:
            return Fault("the disk or the database is full; nothing was written", code="disk_full")
        if "not a database" in lower:
            return Fault("the database can't be opened with the keys at hand; nothing was changed", code="wrong_key")
        if "locked" in lower or "busy" in lower:
            return Fault("the database is busy with somebody else's work; try again", code="busy")
        if "no such table" in lower or "does not exist" in lower:
            return Fault(
                "the database has no tables of ours, or older ones: run `passerelle db upgrade`", code="schema"
            )
        if why.connection_invalidated or "connect" in lower:
            return Fault("the database can't be reached", code="unreachable")
        return Fault(f"the database fails: {said}")
    return Fault("the database fails")


def _first_line(why: DBAPIError) -> str:
    said = str(why.orig).strip().splitlines()
    return said[0] if said else type(why.orig).__name__
