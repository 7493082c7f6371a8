"""Run migrations over the connection that :func:`catalog.database.migrate` hands in."""

from alembic import context

from catalog.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
