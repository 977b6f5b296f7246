"""Connections: one way to read, one way to write, and every fault of a driver as one clear sentence.

SQLite: the whole file encrypted with a raw key, WAL, synchronous=FULL, foreign keys; a writer begins IMMEDIATE, because a
deferred one that finds another writer at its first write can't go on. PostgreSQL: psycopg 3.
Statements are written in SQLAlchemy Core and compiled once for the dialect. The one hot place, a move, runs them on the driver's
own cursor from SQLAlchemy's pool: a third of the cost of its connections (benchmarks/README.md).
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
import sqlcipher3.dbapi2
from sqlalchemy import ClauseElement, Connection, Engine, Insert, create_engine, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from engine.errors import Fault

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

DRIVER_ERRORS: Final = (sqlcipher3.dbapi2.Error, psycopg.Error)
INTEGRITY_ERRORS: Final = (IntegrityError, sqlcipher3.dbapi2.IntegrityError, psycopg.IntegrityError)

_MOST_ROWS: Final = 50
_PARAMETER: Final = re.compile(r"(%\(|(?<!:):)(\w+)(\)s|\b)")

_ONE: Final = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970."""
    return (instant - EPOCH) // _ONE


def instant(value: int) -> datetime:
    """Return the instant of so many microseconds since 1970, in UTC."""
    return EPOCH + timedelta(microseconds=value)


def steps_text(steps: Sequence[str]) -> str:
    return msgspec.json.encode(steps).decode()


def sqlite_engine(path: Path, key: bytes) -> Engine:
    """Open an SQLite file, encrypted as a whole with the raw 32-byte `key`; made owner-only if it is not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
    except OSError as why:
        raise Fault(f"the database {path} can't be opened: {why.strerror}") from None
    # Every way in commits or rolls back by itself: the pool need not do so once more.
    engine = create_engine(
        f"sqlite:///{path}", module=sqlcipher3.dbapi2, pool_size=8, max_overflow=8, pool_reset_on_return=None
    )

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
        pool_reset_on_return=None,
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

    @contextmanager
    def moving(self) -> Iterator[Any]:
        """Open a transaction that writes, on the driver's own cursor: all or nothing."""
        with self._pooled() as connection:
            cursor = connection.cursor()
            try:
                if self.is_sqlite:
                    cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                connection.commit()
            except BaseException:
                if self.is_sqlite or not connection.closed:
                    connection.rollback()
                raise
            finally:
                cursor.close()

    def look(self, statement: ClauseElement, given: dict[str, Any]) -> Any:
        """Return the first row of one statement that reads, or None; on the driver's own cursor, outside a transaction."""
        with self._pooled() as connection:
            if self.is_sqlite:
                return connection.execute(self.text(statement), given).fetchone()
            connection.autocommit = True
            try:
                return connection.execute(self.text(statement), given).fetchone()
            finally:
                if not connection.closed:
                    connection.autocommit = False

    @contextmanager
    def _pooled(self) -> Iterator[Any]:
        try:
            pooled = self.engine.raw_connection()
            try:
                yield pooled.driver_connection
            except psycopg.OperationalError:
                # The server went away under it: the next one to come gets a new connection.
                pooled.invalidate()
                raise
            finally:
                pooled.close()
        except (SQLAlchemyError, *DRIVER_ERRORS) as why:
            raise as_fault(why) from None

    def run(self, on: Any, statement: ClauseElement, given: Any = None) -> Any:
        """Run a statement on a connection of SQLAlchemy's or on a driver's cursor.

        `given` is one mapping of parameters, or a list of them.
        """
        if isinstance(on, Connection):
            return on.exec_driver_sql(self.text(statement), given)
        if not isinstance(given, list):
            on.execute(self.text(statement), given)
        elif len(given) > _MOST_ROWS or not isinstance(statement, Insert):
            on.executemany(self.text(statement), given)
        else:
            on.execute(*_in_one(self.text(statement), given))
        return on

    def text(self, statement: ClauseElement) -> str:
        """Return a statement in the dialect's words; compiled at first need, so statements are made at import."""
        known = self._compiled.get(id(statement))
        if known is None:
            compiled = statement.compile(dialect=self._dialect)
            known = self._compiled[id(statement)] = (statement, str(compiled))
        return known[1]

    def close(self) -> None:
        self.engine.dispose()


def _in_one(insert: str, rows: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Return an insert of one row as one of many: one journey to the server instead of one for each row."""
    if len(rows) == 1:
        return insert, rows[0]
    return _many(insert, len(rows)), {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in row.items()}


@cache
def _many(insert: str, count: int) -> str:
    head, values = insert.split(" VALUES ")
    return f"{head} VALUES " + ", ".join(
        _PARAMETER.sub(rf"\g<1>\g<2>_{number}\g<3>", values) for number in range(count)
    )


def _named(dialect: Dialect) -> Dialect:
    """Return the dialect with named parameters, so that one mapping serves both drivers."""
    style = "named" if dialect.name == "sqlite" else "pyformat"
    return type(dialect)(paramstyle=style)  # type: ignore[call-arg]


def as_fault(why: Exception) -> Fault:
    """Say what a driver complains of, without addresses, passwords or parameters."""
    if isinstance(why, (DBAPIError, *DRIVER_ERRORS)):
        said = _first_line(why)
        lower = said.lower()
        if "insert-only" in lower:
            return Fault(said, code="insert_only")
        if isinstance(why, INTEGRITY_ERRORS):
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
        if "connect" in lower:
            return Fault("the database can't be reached", code="unreachable")
        return Fault(f"the database fails: {said}")
    return Fault("the database fails")


def _first_line(why: Exception) -> str:
    orig = getattr(why, "orig", why)
    said = str(orig).strip().splitlines()
    return said[0] if said else type(orig).__name__
