"""Where everything is kept: SQLAlchemy Core over SQLite (encrypted as a whole) or PostgreSQL."""

from engine.adapters.store.store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
