"""The tables brought up to date by Alembic, from within the program: no file to configure, no command of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from engine.adapters.store.database import Database, as_fault
from engine.errors import Fault

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x70617373
"""Number of PostgreSQL's advisory lock under which the tables are changed."""


def upgrade(database: Database) -> None:
    """Bring the tables to this version; nothing happens where they are. One transaction.

    Raises:
        Fault: they are of a newer version; or the database's own.
    """
    try:
        with database.reading() as connection:
            found = _version(connection)
        if found == _newest():
            return
        if found is not None:
            _refuse_newer(found)
        with database.engine.begin() as connection:
            if not database.is_sqlite:
                # Of two that start at once the second waits, and then finds nothing to do.
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as why:
        raise as_fault(why) from None


def check_schema(database: Database) -> None:
    """Raise Fault where the tables are missing, older or newer than this program."""
    with database.reading() as connection:
        found = _version(connection)
    if found == _newest():
        return
    if found is None:
        raise Fault("the database has no tables yet: run `passerelle db upgrade`", code="schema")
    _refuse_newer(found)
    raise Fault("the database is older than this program: run `passerelle db upgrade`", code="schema")


def _refuse_newer(found: str) -> None:
    if found not in {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}:
        raise Fault("the database is newer than this program: update the program", code="schema")


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _newest() -> str | None:
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()
