"""回测: what a revision of a scorecard would change in calls that were judged already."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.dependencies import ServiceDep, needs
from api.schemas.backtests import BacktestOut, BacktestResult, NewBacktest
from qa_engine.domain.access import Permission
from qa_engine.jobs.backtesting import KIND, backtest
from qa_engine.service import Caller
from qa_engine.services.backtest_json import backtest_json
from qa_engine.services.backtests import AT_ONCE, choose_calls, find_backtest
from qa_engine.services.scorecard_checks import read_stored
from qa_engine.services.scorecards import find_revision
from qa_engine.services.tasks import submit_task

router = APIRouter(prefix="/v1/backtests", tags=["评分表"])
Editor = Annotated[Caller, needs(Permission.EDIT_SCORECARDS)]
TaskId = Annotated[
    str, Path(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_-]+$", description="后台任务的编号")
]


@router.post(
    "",
    response_model=BacktestOut,
    summary="回测",
    responses={202: {"model": BacktestOut, "description": "通数较多，已交给工作进程"}},
)
def start(body: NewBacktest, response: Response, service: ServiceDep, caller: Editor) -> BacktestOut:
    """把最近评过的会话用这一版再评一遍，列出哪些会话、哪些质检项会变。不改动任何报告。

    不超过 500 通当场做完；更多的交给工作进程，用返回的编号查询。
    """
    with service.work(caller) as work:
        revision = find_revision(work, body.key, body.revision)
        report_ids = choose_calls(work, revision, body.wish())
        # A revision that cannot be used is refused now and not by a worker.
        read_stored(revision)
        if len(report_ids) > AT_ONCE:
            task = submit_task(work, KIND, {"scorecard_id": revision.id, "report_ids": report_ids})
            response.status_code = 202
            response.headers["Location"] = f"/v1/backtests/{task.id}"
            return BacktestOut.of(task)
    result = BacktestResult.model_validate(backtest_json(backtest(service, revision, report_ids)))
    return BacktestOut(id=None, state="done", failure=None, created_at=None, finished_at=None, result=result)


@router.get("/{task_id}", response_model=BacktestOut, summary="查询回测")
def one(task_id: TaskId, service: ServiceDep, caller: Editor) -> BacktestOut:
    """后台回测的进度和结果；只有提交的人和可见范围不受限的人看得到。"""
    with service.look(caller) as work:
        return BacktestOut.of(find_backtest(work, task_id, KIND))
