"""The schema's history: from nothing to head and back, on SQLite and PostgreSQL alike."""

from qa_engine.store.migrations.steps import (
    SchemaState,
    UnknownSchema,
    downgrade,
    drift,
    knows,
    schema_state,
    upgrade,
)

__all__ = ["SchemaState", "UnknownSchema", "downgrade", "drift", "knows", "schema_state", "upgrade"]
