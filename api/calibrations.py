"""校准: several reviewers judge the same calls blind, then see how far they and the machine agree."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.dependencies import ServiceDep, needs
from api.schemas.calibrations import (
    CalibrationCallOut,
    CalibrationOut,
    CalibrationResultOut,
    MarksIn,
    NewCalibration,
)
from api.schemas.common import CalibrationId, Cursor, Limit, PageOut, ReportId
from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services.calibration_marks import calibration_calls, calibration_result, mark_call
from qa_engine.services.calibrations import (
    Calibration,
    calibration,
    close_calibration,
    create_calibration,
    list_calibrations,
)
from qa_engine.services.people import people
from qa_engine.services.work import Work

router = APIRouter(prefix="/v1/calibrations", tags=["校准"])
Reader = Annotated[Caller, needs(Permission.READ_REVIEWS)]
Judge = Annotated[Caller, needs(Permission.CALIBRATE)]
Leader = Annotated[Caller, needs(Permission.RUN_CALIBRATION)]
State = Annotated[Literal["open", "closed"] | None, Query(description="只要这种状态的", examples=["open"])]


@router.post("", response_model=CalibrationOut, status_code=201, summary="发起校准")
def add_calibration(body: NewCalibration, service: ServiceDep, caller: Leader) -> CalibrationOut:
    """几名复核员对同样的会话各自盲评：结束之前，谁也看不到别人的和机器的结论。"""
    with service.work(caller) as work:
        made = create_calibration(
            work,
            name=body.name,
            scorecard_key=body.scorecard_key,
            business_line=body.business_line,
            reviewers=body.reviewers,
            chosen=body.chosen,
            criteria=body.criteria,
        )
        return _told(work, made)


@router.get("", response_model=PageOut[CalibrationOut], summary="校准列表")
def calibrations(
    service: ServiceDep, caller: Reader, state: State = None, cursor: Cursor = None, limit: Limit = 50
) -> PageOut[CalibrationOut]:
    """自己参加的，以及（质检主管）自己范围内的；最新的在前。"""
    with service.look(caller) as work:
        page = list_calibrations(work, state=state, cursor=cursor, limit=limit)
        return PageOut(items=[_told(work, one) for one in page.items], next_cursor=page.next_cursor)


@router.get("/{calibration_id}", response_model=CalibrationOut, summary="一次校准")
def one_calibration(calibration_id: CalibrationId, service: ServiceDep, caller: Reader) -> CalibrationOut:
    """一次校准的设置和进度。"""
    with service.look(caller) as work:
        return _told(work, calibration(work, calibration_id))


@router.get("/{calibration_id}/calls", response_model=PageOut[CalibrationCallOut], summary="校准的会话")
def calls(
    calibration_id: CalibrationId,
    service: ServiceDep,
    caller: Reader,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOut[CalibrationCallOut]:
    """要评的会话和自己的结论；校准结束后是所有人的和机器的结论。"""
    with service.look(caller) as work:
        page = calibration_calls(work, calibration_id, cursor, limit)
        items = [CalibrationCallOut.of(call) for call in page.items]
        return PageOut(items=items, next_cursor=page.next_cursor)


@router.put("/{calibration_id}/calls/{report_id}", response_model=CalibrationCallOut, summary="盲评一通会话")
def mark(
    calibration_id: CalibrationId, report_id: ReportId, body: MarksIn, service: ServiceDep, caller: Judge
) -> CalibrationCallOut:
    """给出或修改自己对一通会话的结论；没有写到的质检项保持原样。"""
    with service.work(caller) as work:
        return CalibrationCallOut.of(mark_call(work, calibration_id, report_id, body.outcomes()))


@router.post("/{calibration_id}/close", response_model=CalibrationOut, summary="结束校准")
def close(calibration_id: CalibrationId, service: ServiceDep, caller: Leader) -> CalibrationOut:
    """结束后不能再评，所有结论公开。"""
    with service.work(caller) as work:
        return _told(work, close_calibration(work, calibration_id))


@router.get(
    "/{calibration_id}/result",
    response_model=CalibrationResultOut,
    responses={409: {"description": "校准还没有结束"}},
    summary="校准的结果",
)
def result(calibration_id: CalibrationId, service: ServiceDep, caller: Reader) -> CalibrationResultOut:
    """复核员之间、复核员与机器之间的 Kappa，逐项和合计，带自助法区间；校准结束后才有。"""
    with service.look(caller) as work:
        return CalibrationResultOut.of(*calibration_result(work, calibration_id))


def _told(work: Work, found: Calibration) -> CalibrationOut:
    return CalibrationOut.of(found, people(work, found.row.reviewers))
