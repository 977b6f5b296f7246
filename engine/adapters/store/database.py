"""Connections: one way to read, one way to write, and every fault of a driver as one clear sentence.

SQLite: the whole file encrypted with a raw key, WAL, synchronous=FULL, foreign keys; a writer begins IMMEDIATE, because a
deferred one that finds another writer at its first write can't go on. PostgreSQL: psycopg 3.
Statements are written in SQLAlchemy Core and compiled once for the dialect. The one hot place, a move, runs them on the driver's
own connections, and on PostgreSQL all in one journey: a third of the cost (benchmarks/README.md).
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
import sqlcipher3.dbapi2
from sqlalchemy import URL, ClauseElement, Connection, Engine, create_engine, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from engine.errors import Fault

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

DRIVER_ERRORS: Final = (sqlcipher3.dbapi2.Error, psycopg.Error)
INTEGRITY_ERRORS: Final = (IntegrityError, sqlcipher3.dbapi2.IntegrityError, psycopg.IntegrityError)

Row = Mapping[str, Any]
"""The parameters of a statement by name."""

Part = tuple[ClauseElement, Sequence[Row]]
"""A statement of a move with its parameters; an insert takes several rows."""

_MOST_ROWS: Final = 50
"""Of one insert: a database counts its parameters."""

_MOST_IDLE: Final = 8

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
        URL.create("sqlite", database=str(path)),
        module=sqlcipher3.dbapi2,
        pool_size=8,
        max_overflow=8,
        pool_reset_on_return=None,
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


class EntryRefused(Fault):
    """The database refuses an entry, for one like it is there or what it belongs to is not."""


class Database:
    """An engine with its two ways in; the parts of the store build on it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._compiled: dict[int, tuple[ClauseElement, str]] = {}
        self._idle: deque[Any] = deque()
        self._forms: dict[tuple[tuple[int, int], ...], tuple[Any, ...]] = {}
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

    def look(self, statement: ClauseElement, given: Row) -> Any:
        """Return the first row of one statement that reads, or None; on the driver's own connection."""
        texts, names = self._marked([(statement, [given])])
        with self._own() as connection:
            return connection.execute(texts[0], [given[name] for name in names[0]]).fetchone()

    def move(self, parts: Sequence[Part]) -> bool:
        """Write all parts in one transaction, on the driver's own connection; all or nothing.

        Returns False, and nothing is written, if the first part does not change exactly one row.
        """
        parts = [(what, rows[at : at + _MOST_ROWS]) for what, rows in parts for at in range(0, len(rows), _MOST_ROWS)]
        texts, names = self._marked(parts)
        values = [
            [row[name] for row in rows for name in own] for (_, rows), own in zip(parts, names, strict=True)
        ]  # fmt: skip
        with self._own() as connection:
            if self.is_sqlite:
                return _one_after_the_other(connection, texts, values)
            return _in_one_journey(connection, texts, values)

    @contextmanager
    def _own(self) -> Iterator[Any]:
        """Lend a driver's connection on which each statement stands for itself."""
        try:
            connection = self._idle_one() or self._dial()
            try:
                yield connection
            except INTEGRITY_ERRORS:
                self._give_back(connection)
                raise
            except BaseException:
                # The server may have gone away under it, and under the others: the next to come gets a new one.
                connection.close()
                self._close_idle()
                raise
            self._give_back(connection)
        except (SQLAlchemyError, *DRIVER_ERRORS) as why:
            raise as_fault(why) from None

    def _idle_one(self) -> Any:
        with suppress(IndexError):
            return self._idle.pop()
        return None

    def _give_back(self, connection: Any) -> None:
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def _close_idle(self) -> None:
        while (connection := self._idle_one()) is not None:
            connection.close()

    def _dial(self) -> Any:
        """Open a connection of our own: prepared as SQLAlchemy's are, but no longer in its pool, whose care costs time."""
        pooled = self.engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        if not self.is_sqlite:
            connection.cursor_factory, connection.autocommit = psycopg.RawCursor, True
        return connection

    def _marked(self, parts: Sequence[Part]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """Return the parts' texts with a place for each value of each row, and the names of a row's values, in order."""
        form = tuple((id(statement), len(rows)) for statement, rows in parts)
        known = self._forms.get(form)
        if known is None:
            numbers = count(1)
            written = [
                _with_places(self.text(statement), len(rows), "?" if self.is_sqlite else numbers)
                for statement, rows in parts
            ]
            known = self._forms[form] = tuple(zip(*written, strict=True))
        return known

    def run(self, on: Connection, statement: ClauseElement, given: Row | Sequence[Row] | None = None) -> Any:
        """Run a statement on a connection of SQLAlchemy's; `given` is one mapping of parameters, or a list of them."""
        return on.exec_driver_sql(
            self.text(statement), list(given) if isinstance(given, Sequence) else dict(given or {})
        )

    def text(self, statement: ClauseElement) -> str:
        """Return a statement in the dialect's words; compiled at first need, so statements are made at import."""
        known = self._compiled.get(id(statement))
        if known is None:
            compiled = statement.compile(dialect=self._dialect)
            known = self._compiled[id(statement)] = (statement, str(compiled))
        return known[1]

    def close(self) -> None:
        self._close_idle()
        self.engine.dispose()


def _one_after_the_other(connection: Any, texts: Sequence[str], values: Sequence[list[Any]]) -> bool:
    """SQLite: a writer begins IMMEDIATE."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        first, *others = zip(texts, values, strict=True)
        if connection.execute(*first).rowcount != 1:
            connection.rollback()
            return False
        for text, given in others:
            connection.execute(text, given)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return True


def _in_one_journey(connection: Any, texts: Sequence[str], values: Sequence[list[Any]]) -> bool:
    """PostgreSQL: one statement, hence one transaction. A first part that changes no row ends it as a division by zero."""
    first, *others = texts
    parts = [f"p0 AS ({first} RETURNING 1)", *(f"p{number} AS ({text})" for number, text in enumerate(others, 1))]
    try:
        connection.execute(
            f"WITH {', '.join(parts)} SELECT 1 / count(*) FROM p0", [one for given in values for one in given]
        )
    except psycopg.errors.DivisionByZero:
        return False
    return True


def _with_places(text: str, rows: int, mark: str | Iterator[int]) -> tuple[str, tuple[str, ...]]:
    """Write a statement with places in order instead of names; an insert of one row as one of many."""
    names = tuple(match[2] for match in _PARAMETER.finditer(text))

    def place(match: re.Match[str]) -> str:
        return mark if isinstance(mark, str) else f"${next(mark)}"

    if rows == 1:
        return _PARAMETER.sub(place, text), names
    head, values = text.split(" VALUES ")
    return f"{head} VALUES " + ", ".join(_PARAMETER.sub(place, values) for _ in range(rows)), names


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
            return EntryRefused(f"the database refuses an entry: {said}")
        if "full" in lower or os.strerror(errno.ENOSPC).lower() in lower:
            return Fault("the disk or the database is full; nothing was written", code="disk_full")
        if "disk i/o error" in lower:
            return Fault("the disk is full, or it fails; nothing was written", code="disk_full")
        if "not a database" in lower:
            return Fault("the database can't be opened with the keys at hand; nothing was changed", code="wrong_key")
        if "locked" in lower or "busy" in lower:
            return Fault("the database is busy with somebody else's work; try again", code="busy")
        if "password authentication" in lower or ("does not exist" in lower and "connection" in lower):
            return Fault(
                "the database server does not let us in: see user, password and name of the database",
                code="unreachable",
            )
        if "connect" in lower or "resolve" in lower or "name or service" in lower:
            return Fault("the database can't be reached", code="unreachable")
        if "no such table" in lower or "does not exist" in lower:
            return Fault(
                "the database has no tables of ours, or older ones: run `passerelle db upgrade`", code="schema"
            )
        return Fault(f"the database fails: {said}")
    return Fault("the database fails")


def _first_line(why: Exception) -> str:
    orig = getattr(why, "orig", why)
    said = str(orig).strip().splitlines()
    return said[0] if said else type(orig).__name__
