"""Alembic's environment; :func:`catalog.database.migrate` runs it."""
