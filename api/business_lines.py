"""Business lines (业务线): default scorecard, retention, appeals, second reviews."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from api.dependencies import ServiceDep, needs
from api.schemas.business_lines import LineOut, LineSettings, NewLine
from api.schemas.common import Cursor, KeyPath, Limit, PageOut
from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services.business_lines import change_line, create_line, find_line, list_lines

router = APIRouter(prefix="/v1/business-lines", tags=["业务线"])
Reader = Annotated[Caller, needs(Permission.READ_SCORECARDS)]
Keeper = Annotated[Caller, needs(Permission.MANAGE_RETENTION)]


@router.get("", response_model=PageOut[LineOut], summary="业务线列表")
def lines(service: ServiceDep, caller: Reader, cursor: Cursor = None, limit: Limit = 50) -> PageOut[LineOut]:
    """可见的业务线，按 key 排列。"""
    with service.look(caller) as work:
        page = list_lines(work, cursor=cursor, limit=limit)
        return PageOut(items=[LineOut.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("", response_model=LineOut, status_code=201, summary="新建业务线")
def add_line(body: NewLine, service: ServiceDep, caller: Keeper) -> LineOut:
    """新建一条业务线；key 已存在时拒绝。"""
    with service.work(caller) as work:
        return LineOut.of(create_line(work, body.key, body.wish()))


@router.get("/{key}", response_model=LineOut, summary="一条业务线")
def line(key: KeyPath, service: ServiceDep, caller: Reader) -> LineOut:
    """一条业务线的设置。"""
    with service.look(caller) as work:
        return LineOut.of(find_line(work, key))


@router.put("/{key}", response_model=LineOut, summary="修改业务线")
def put_line(key: KeyPath, body: LineSettings, service: ServiceDep, caller: Keeper) -> LineOut:
    """整体替换一条业务线的设置。缩短的保留天数在下一次清除（每天一次）时对已有会话生效。"""
    with service.work(caller) as work:
        return LineOut.of(change_line(work, key, body.wish()))
