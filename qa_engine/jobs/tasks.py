"""Long tasks: who does which, and how their rows go from waiting to done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select, update

from qa_engine import __version__
from qa_engine.domain.errors import QAEngineError
from qa_engine.domain.finding import DetectorFailure
from qa_engine.inspector.guard import guarded
from qa_engine.jobs import backtesting
from qa_engine.jobs.transactions import DatabaseLost, settled
from qa_engine.service import Service
from qa_engine.services.work import Work
from qa_engine.store.tables import TaskRow

Runner = Callable[[Service, dict[str, Any]], dict[str, Any]]
"""Does a task and returns its result; may be run again after a crash, so it must not add up."""

RUNNERS: dict[str, Runner] = {backtesting.KIND: backtesting.run_backtest}
# A task that ended its worker that often is given up: it would end every worker there is.
MOST_ATTEMPTS = 10


def run_task(service: Service, task_id: str, runners: Mapping[str, Runner] = RUNNERS) -> None:
    """Do a task and note what came of it; nothing happens when that was done before.

    Raises:
        DatabaseLost: nothing is lost; run it again.
    """
    begun = settled(service, lambda work: _begin(work, task_id))
    if begun is None:
        return
    kind, arguments, attempt = begun
    if attempt > MOST_ATTEMPTS:
        why = f"任务 {attempt - 1} 次使工作进程意外退出，已放弃。"
        settled(service, lambda work: _end(work, task_id, None, why))
        return
    runner = runners.get(kind)
    if runner is None:
        why = f"这个版本的软件不认识任务类型 {kind}。"
        settled(service, lambda work: _end(work, task_id, None, why))
        return
    result, failure = _run(service, runner, arguments)
    settled(service, lambda work: _end(work, task_id, result, failure))


def _run(
    service: Service, runner: Runner, arguments: dict[str, Any]
) -> tuple[dict[str, Any] | None, str | None]:
    def do() -> dict[str, Any] | QAEngineError:
        try:
            return runner(service, arguments)
        except QAEngineError as error:
            return error

    found = guarded("task", __version__, do)
    if isinstance(found, DatabaseLost):
        raise found
    if isinstance(found, QAEngineError):
        return None, str(found)
    if isinstance(found, DetectorFailure):
        return None, f"任务运行出错（{found.error}），请把此信息报告给维护者。"
    return found, None


def _begin(work: Work, task_id: str) -> tuple[str, dict[str, Any], int] | None:
    found = select(TaskRow).where(TaskRow.id == task_id, TaskRow.state.in_(("waiting", "running")))
    row = work.session.scalar(found.with_for_update())
    if row is None:
        return None
    row.state = "running"
    row.attempts += 1
    row.started_at = row.started_at or work.now
    return row.kind, dict(row.arguments), row.attempts


def _end(work: Work, task_id: str, result: dict[str, Any] | None, failure: str | None) -> None:
    ended = (
        update(TaskRow)
        .where(TaskRow.id == task_id, TaskRow.state == "running")
        .values(state="failed" if failure else "done", result=result, failure=failure, finished_at=work.now)
        .returning(TaskRow.kind)
    )
    kind = work.session.scalar(ended)
    if kind is not None:
        work.audit("task.failed" if failure else "task.done", f"task:{task_id}", kind=kind)
