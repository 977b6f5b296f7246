"""The tables brought up to date by Alembic, from within the program: no file to configure, no command of its own."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from engine.adapters.store.database import Database, as_fault
from engine.errors import Fault

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Bring the tables to this version; nothing happens where they are. One transaction."""
    try:
        with database.reading() as connection:
            if _version(connection) == _newest():
                return
        with database.engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
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
    known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
    if found in known:
        raise Fault("the database is older than this program: run `passerelle db upgrade`", code="schema")
    raise Fault("the database is newer than this program: update the program", code="schema")


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _newest() -> str | None:
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()
