"""Alembic's way in: the connection is handed over by :mod:`dte_panel.history.store`."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
