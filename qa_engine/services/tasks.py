"""Long tasks that a worker does in the background: asked for here, done by ``qa_engine.jobs.tasks``."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from qa_engine.domain.refusal import NotFound
from qa_engine.services.work import Work
from qa_engine.store.tables import TaskRow


def submit_task(work: Work, kind: str, arguments: Mapping[str, Any]) -> TaskRow:
    """Ask for a task; a worker begins it once this transaction is committed.

    Args:
        work: whoever asks; the service function that calls this has checked the permission.
        kind: one that ``qa_engine.jobs.tasks.RUNNERS`` knows.
        arguments: JSON values; ids and figures, never customer text.
    """
    row = TaskRow(
        id=f"t{secrets.token_hex(12)}",
        kind=kind,
        state="waiting",
        arguments=dict(arguments),
        result=None,
        failure=None,
        attempts=0,
        created_by=work.actor,
        created_at=work.now,
        started_at=None,
        finished_at=None,
    )
    work.session.add(row)
    work.session.flush()
    work.audit("task.submitted", f"task:{row.id}", kind=kind)
    return row


def find_task(work: Work, task_id: str, kind: str) -> TaskRow:
    """One task of a kind.

    Raises:
        NotFound: there is none of this id and kind.
    """
    row = work.session.get(TaskRow, task_id)
    if row is None or row.kind != kind:
        raise NotFound("后台任务", "task")
    return row
