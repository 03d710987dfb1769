"""The audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import ServiceDep, needs
from api.schemas.audit import AuditOut
from api.schemas.common import ONE_LINE, Cursor, Limit, Moment, PageOut
from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services.audit_log import AuditFilter, audit_log

router = APIRouter(prefix="/v1/audit", tags=["审计"])
Word = Annotated[str | None, Query(min_length=1, max_length=200, pattern=ONE_LINE)]


@router.get("", response_model=PageOut[AuditOut], summary="审计日志")
def entries(
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.READ_AUDIT)],
    actor: Annotated[Word, Query(description="谁，例如 user:7", examples=["user:7"])] = None,
    action: Annotated[Word, Query(description="做了什么", examples=["review.claimed"])] = None,
    subject: Annotated[Word, Query(description="对什么", examples=["review:17"])] = None,
    since: Annotated[Moment | None, Query(description="从何时起（含）")] = None,
    until: Annotated[Moment | None, Query(description="到何时止（不含）")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOut[AuditOut]:
    """谁在什么时候做了什么，新的在前。每次修改和每次读取原文都在这里。"""
    wanted = AuditFilter(actor=actor, action=action, subject=subject, since=since, until=until)
    with service.look(caller) as work:
        page = audit_log(work, wanted, cursor=cursor, limit=limit)
        return PageOut(items=[AuditOut.of(entry) for entry in page.items], next_cursor=page.next_cursor)
