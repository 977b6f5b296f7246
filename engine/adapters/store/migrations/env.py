"""Where Alembic meets the connection it is given (engine.adapters.store.schema)."""

from alembic import context

from engine.adapters.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
