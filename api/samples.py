"""抽检: plans, draws, what was drawn, and what it says of the machine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import ServiceDep, needs
from api.schemas.common import Cursor, Limit, Moment, PageOut, PlanId, RowId
from api.schemas.samples import DrawOut, EstimateOut, NewDraw, SampleOut
from api.schemas.sampling_plans import NewPlan, PlanChange, PlanOut
from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services.sample_estimates import estimate_plan
from qa_engine.services.samples import draw_sample, list_draws, list_samples
from qa_engine.services.sampling_plans import create_plan, list_plans, plan, set_active

router = APIRouter(prefix="/v1/samples", tags=["抽检"])
Reader = Annotated[Caller, needs(Permission.READ_SAMPLES)]
Planner = Annotated[Caller, needs(Permission.PLAN_SAMPLES)]
Active = Annotated[bool | None, Query(description="只要启用的（true）或停用的（false）", examples=[True])]
Since = Annotated[Moment | None, Query(description="只用这之后开始的抽取", examples=["2026-03-01T00:00:00Z"])]
Until = Annotated[Moment | None, Query(description="只用这之前结束的抽取", examples=["2026-04-01T00:00:00Z"])]
Confidence = Annotated[
    float, Query(ge=0.5, le=0.999, allow_inf_nan=False, description="区间的置信水平", examples=[0.95])
]


@router.post("/plans", response_model=PlanOut, status_code=201, summary="新建抽检方案")
def add_plan(body: NewPlan, service: ServiceDep, caller: Planner) -> PlanOut:
    """按规则、按比例、分层或按人定额。要估计漏检率，用后三种：每一通都有已知的机会被抽到。"""
    with service.work(caller) as work:
        return PlanOut.of(create_plan(work, body.name, body.business_line, body.settings()))


@router.get("/plans", response_model=PageOut[PlanOut], summary="抽检方案列表")
def plans(
    service: ServiceDep, caller: Reader, active: Active = None, cursor: Cursor = None, limit: Limit = 50
) -> PageOut[PlanOut]:
    """可见的方案，最新的在前。"""
    with service.look(caller) as work:
        page = list_plans(work, active=active, cursor=cursor, limit=limit)
        return PageOut(items=[PlanOut.of(one) for one in page.items], next_cursor=page.next_cursor)


@router.get("/plans/{plan_id}", response_model=PlanOut, summary="一个抽检方案")
def one_plan(plan_id: PlanId, service: ServiceDep, caller: Reader) -> PlanOut:
    """一个方案的设置。"""
    with service.look(caller) as work:
        return PlanOut.of(plan(work, plan_id))


@router.patch("/plans/{plan_id}", response_model=PlanOut, summary="停用或启用抽检方案")
def change_plan(plan_id: PlanId, body: PlanChange, service: ServiceDep, caller: Planner) -> PlanOut:
    """停用后不再抽取；已抽的样本和估计都还在。"""
    with service.work(caller) as work:
        return PlanOut.of(set_active(work, plan_id, active=body.active))


@router.post("/plans/{plan_id}/draws", response_model=DrawOut, status_code=201, summary="抽取一段时间")
def add_draw(plan_id: PlanId, body: NewDraw, service: ServiceDep, caller: Planner) -> DrawOut:
    """从已经过去的一段时间里抽取，并为抽到的会话开出复核。同一方案的时间段不能重叠。"""
    with service.work(caller) as work:
        return DrawOut.of(draw_sample(work, plan_id, body.since, body.until))


@router.get("/plans/{plan_id}/draws", response_model=PageOut[DrawOut], summary="抽取记录")
def draws(
    plan_id: PlanId, service: ServiceDep, caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> PageOut[DrawOut]:
    """一个方案的各次抽取，最新的在前。"""
    with service.look(caller) as work:
        page = list_draws(work, plan_id, cursor, limit)
        return PageOut(items=[DrawOut.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.get("/plans/{plan_id}/draws/{draw_id}", response_model=PageOut[SampleOut], summary="抽到的会话")
def samples(
    plan_id: PlanId,
    draw_id: RowId,
    service: ServiceDep,
    caller: Reader,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOut[SampleOut]:
    """一次抽取抽到了哪些质检报告，复核到了哪一步。"""
    with service.look(caller) as work:
        page = list_samples(work, plan_id, draw_id, cursor, limit)
        items = [SampleOut.model_validate(sample) for sample in page.items]
        return PageOut(items=items, next_cursor=page.next_cursor)


@router.get("/plans/{plan_id}/estimate", response_model=EstimateOut, summary="漏检率与查准率的估计")
def estimate(
    plan_id: PlanId,
    service: ServiceDep,
    caller: Reader,
    since: Since = None,
    until: Until = None,
    confidence: Confidence = 0.95,
) -> EstimateOut:
    """由抽到并已复核的会话，无偏地估计每个质检项的漏检率，带区间；没有复核的不当作合格。"""
    with service.look(caller) as work:
        return EstimateOut.of(estimate_plan(work, plan_id, since, until, confidence), confidence)
