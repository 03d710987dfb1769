"""Run by Alembic for every command: uses the connection it is given, inside that transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from qa_engine.store.columns import Instant
from qa_engine.store.migrations.steps import is_ours
from qa_engine.store.tables import Table


def _render(kind: str, thing: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Revisions must not change with the code: they name plain types only."""
    if kind != "type":
        return False
    if isinstance(thing, Instant):
        return "sa.BigInteger()"
    if isinstance(thing, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    compare_type=True,
    include_object=is_ours,
    render_item=_render,
    # SQLite changes a table by copying it; a first revision has nothing to copy.
    render_as_batch=context.get_head_revision() is not None,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
