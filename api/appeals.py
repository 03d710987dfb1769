"""申诉."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import ServiceDep, needs
from api.schemas.appeals import AppealListQuery, AppealOut, AppealTextIn, GrantIn, NewAppeal
from api.schemas.common import AppealId, PageOut
from qa_engine.domain.access import Permission
from qa_engine.service import Caller, Service
from qa_engine.services.appeal_rows import appeal_line, appeal_lines, list_appeals
from qa_engine.services.appeals import (
    answer_appeal,
    deny_appeal,
    file_appeal,
    grant_appeal,
    reply_to_answer,
    withdraw_appeal,
)
from qa_engine.services.work import Work
from qa_engine.store.tables import AppealRow

router = APIRouter(prefix="/v1/appeals", tags=["申诉"])
Reader = Annotated[Caller, needs(Permission.READ_APPEALS)]
Agent = Annotated[Caller, needs(Permission.FILE_APPEAL)]
Lead = Annotated[Caller, needs(Permission.ANSWER_APPEAL)]


@router.get("", response_model=PageOut[AppealOut], summary="申诉列表")
def appeals(
    service: ServiceDep, caller: Reader, query: Annotated[AppealListQuery, Query()]
) -> PageOut[AppealOut]:
    """等得最久的在前；坐席只看到自己的。"""
    with service.look(caller) as work:
        page = list_appeals(work, query.filters(), query.cursor, query.limit)
    return PageOut(items=[AppealOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.post("", response_model=AppealOut, status_code=201, summary="提出申诉")
def create(body: NewAppeal, service: ServiceDep, caller: Agent) -> AppealOut:
    """坐席对自己的一通、在业务线的申诉期内提出；同一通同时只能有一个在处理。"""
    return _stepped(service, caller, lambda work: file_appeal(work, body.report_id, body.targets, body.text))


@router.get("/{appeal_id}", response_model=AppealOut, summary="读一个申诉")
def appeal(appeal_id: AppealId, service: ServiceDep, caller: Reader) -> AppealOut:
    """申诉的内容、答复和裁定。"""
    with service.look(caller) as work:
        return AppealOut.of(appeal_line(work, appeal_id))


@router.post("/{appeal_id}/answer", response_model=AppealOut, summary="答复或追问")
def answer(appeal_id: AppealId, body: AppealTextIn, service: ServiceDep, caller: Lead) -> AppealOut:
    """答复坐席，或请其补充；不作裁定。"""
    return _stepped(service, caller, lambda work: answer_appeal(work, appeal_id, body.text))


@router.post("/{appeal_id}/reply", response_model=AppealOut, summary="补充说明")
def reply(appeal_id: AppealId, body: AppealTextIn, service: ServiceDep, caller: Agent) -> AppealOut:
    """坐席对答复的回应，接在原来的理由后面。"""
    return _stepped(service, caller, lambda work: reply_to_answer(work, appeal_id, body.text))


@router.post("/{appeal_id}/withdraw", response_model=AppealOut, summary="撤回申诉")
def withdraw(appeal_id: AppealId, service: ServiceDep, caller: Agent) -> AppealOut:
    """裁定之前可以撤回。"""
    return _stepped(service, caller, lambda work: withdraw_appeal(work, appeal_id))


@router.post("/{appeal_id}/grant", response_model=AppealOut, summary="申诉成立")
def grant(appeal_id: AppealId, body: GrantIn, service: ServiceDep, caller: Lead) -> AppealOut:
    """改变被申诉的结论，分数立即重算。裁定人不能是原结论的作出人。"""
    return _stepped(service, caller, lambda work: grant_appeal(work, appeal_id, body.said(), body.text))


@router.post("/{appeal_id}/deny", response_model=AppealOut, summary="申诉不成立")
def deny(appeal_id: AppealId, body: AppealTextIn, service: ServiceDep, caller: Lead) -> AppealOut:
    """维持原结论并说明理由。裁定人不能是原结论的作出人。"""
    return _stepped(service, caller, lambda work: deny_appeal(work, appeal_id, body.text))


def _stepped(service: Service, caller: Caller, step: Callable[[Work], AppealRow]) -> AppealOut:
    with service.work(caller) as work:
        return AppealOut.of(appeal_lines(work, [step(work)])[0])
