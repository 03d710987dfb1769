"""Row scope as SQL: which rows of a table a principal may see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from qa_engine.domain.access import RowScope


def visible(
    rows: RowScope,
    business_line: InstrumentedAttribute[str],
    team: InstrumentedAttribute[Any],
    agent_id: InstrumentedAttribute[Any],
) -> list[ColumnElement[bool]]:
    """Conditions that keep the visible rows of a table, given its three columns; none = all rows."""
    conditions: list[ColumnElement[bool]] = []
    for column, allowed in ((business_line, rows.business_lines), (team, rows.teams)):
        if allowed is not None:
            conditions.append(one_of(column, tuple(sorted(allowed))))
    if rows.agent_id is not None:
        conditions.append(agent_id == rows.agent_id)
    return conditions


def one_of(column: InstrumentedAttribute[Any], values: tuple[Any, ...]) -> ColumnElement[bool]:
    """``=`` for one value, else ``IN``: an index can give the order of a list only with the former."""
    found: ColumnElement[bool] = column == values[0] if len(values) == 1 else column.in_(values)
    return found
