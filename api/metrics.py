"""指标: figures over many calls and their course in time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.dependencies import ServiceDep, needs
from api.schemas.common import Cursor, KeyText, Limit, PageOut
from api.schemas.metrics import CriterionFiguresOut, FiguresOut, MetricQuery, TypeFiguresOut
from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services.metrics import read_criteria, read_metrics, read_types

router = APIRouter(prefix="/v1/metrics", tags=["指标"])
Reader = Annotated[Caller, needs(Permission.READ_METRICS)]
Asked = Annotated[MetricQuery, Depends()]


@router.get("", response_model=PageOut[FiguresOut], summary="指标")
def metrics(
    asked: Asked, service: ServiceDep, caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> PageOut[FiguresOut]:
    """及格率、首次解决率、时长、情绪、投诉等，可按班组、技能组、坐席、业务线、评分表和天、周、月分组。

    只算每通会话最新的报告，只算可见范围内的会话。不分组时返回一行合计。
    """
    with service.look(caller) as work:
        page = read_metrics(work, asked.filters(work), asked.grouping, cursor=cursor, limit=limit)
        items = [FiguresOut.of(one, asked.grouping) for one in page.items]
        return PageOut(items=items, next_cursor=page.next_cursor)


@router.get("/criteria", response_model=PageOut[CriterionFiguresOut], summary="质检项不合格率")
def criteria(
    asked: Asked,
    service: ServiceDep,
    caller: Reader,
    criterion: Annotated[
        Annotated[list[KeyText], Field(max_length=100)] | None,
        Query(description="只看这些质检项；可写多次"),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOut[CriterionFiguresOut]:
    """每个质检项的合格、不合格、不适用、未能判定的数量和不合格率。"""
    with service.look(caller) as work:
        page = read_criteria(
            work,
            asked.filters(work),
            asked.grouping,
            criteria=tuple(criterion or ()),
            cursor=cursor,
            limit=limit,
        )
        items = [CriterionFiguresOut.of(one, asked.grouping) for one in page.items]
        return PageOut(items=items, next_cursor=page.next_cursor)


@router.get("/complaint-types", response_model=PageOut[TypeFiguresOut], summary="来电类型")
def complaint_types(
    asked: Asked, service: ServiceDep, caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> PageOut[TypeFiguresOut]:
    """客户为什么而来：每种类型有多少通，占多少。"""
    with service.look(caller) as work:
        page = read_types(work, asked.filters(work), asked.grouping, cursor=cursor, limit=limit)
        items = [TypeFiguresOut.of(one, asked.grouping) for one in page.items]
        return PageOut(items=items, next_cursor=page.next_cursor)
