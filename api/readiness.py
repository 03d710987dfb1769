"""Whether requests should be sent here: one check a thing the service needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from api.running import Running
from api.schemas.operations import CheckOut, ReadyOut
from qa_engine.domain.errors import ConfigErrors, QAEngineError
from qa_engine.services.admission import ACTIVE, waiting_records
from qa_engine.services.work import Work
from qa_engine.services.workers import alive
from qa_engine.store.migrations import schema_state
from qa_engine.store.tables import BatchRow, ScorecardRow


def readiness(running: Running) -> ReadyOut:
    """Look at everything; what depends on the database is left out when it cannot be reached."""
    checks = [_serving(running), _model(running)]
    try:
        checks += _stored(running)
    except SQLAlchemyError:
        checks.append(CheckOut(name="database", state="failed", reason="数据库无法连接或无法读取。"))
    except QAEngineError as error:
        checks.append(CheckOut(name="schema", state="failed", reason=str(error)))
    states = {check.state for check in checks}
    status = "not_ready" if "failed" in states else "degraded" if "degraded" in states else "ready"
    return ReadyOut(status=status, checks=checks)


def _serving(running: Running) -> CheckOut:
    if running.draining:
        return CheckOut(name="serving", state="failed", reason="服务正在停止，不再接受新的请求。")
    return CheckOut(name="serving", state="ok", reason=None)


def _model(running: Running) -> CheckOut:
    if running.degraded:
        return CheckOut(name="model", state="degraded", reason="；".join(running.degraded))
    return CheckOut(name="model", state="ok", reason=None)


def _stored(running: Running) -> Iterator[CheckOut]:
    service = running.service
    with service.look() as work:
        work.session.execute(text("SELECT 1"))
        yield CheckOut(name="database", state="ok", reason=None)
        state = schema_state(service.database)
        if not state.at_head:
            now = state.current or "空"
            why = f"数据库的结构版本是 {now}，应为 {state.head}；请运行 qa-engine serve 升级。"
            yield CheckOut(name="schema", state="failed", reason=why)
            return
        yield CheckOut(name="schema", state="ok", reason=None)
        checks: tuple[Callable[[Running, Work], CheckOut], ...] = (_scorecards, _workers, _queue)
        for check in checks:
            yield check(running, work)


def _scorecards(running: Running, work: Work) -> CheckOut:
    broken = []
    for row in work.session.scalars(select(ScorecardRow).where(ScorecardRow.state == "published")):
        try:
            running.service.inspectors.of(row)
        except ConfigErrors:
            broken.append(f"{row.key} 第 {row.revision} 版")
    if broken:
        why = f"评分表无法使用：{'、'.join(broken)}；用它评分会被拒绝，其余照常。"
        return CheckOut(name="scorecards", state="degraded", reason=why)
    return CheckOut(name="scorecards", state="ok", reason=None)


def _workers(running: Running, work: Work) -> CheckOut:
    # A server may run without workers of its own, but batches must not wait for nobody unnoticed.
    wanted = running.workers > 0 or work.session.scalar(
        select(BatchRow.id).where(BatchRow.state.in_(ACTIVE)).limit(1)
    )
    if wanted and not alive(work):
        why = "没有在运行的工作进程：单条评分照常，批次要等工作进程恢复后才会继续。"
        return CheckOut(name="workers", state="degraded", reason=why)
    return CheckOut(name="workers", state="ok", reason=None)


def _queue(running: Running, work: Work) -> CheckOut:
    waiting, most = waiting_records(work), running.service.settings.max_waiting_records
    if waiting >= most:
        why = f"等待评分的记录已有 {waiting} 条，达到上限 {most}；新的批次会被拒绝，稍后再试。"
        return CheckOut(name="queue", state="degraded", reason=why)
    return CheckOut(name="queue", state="ok", reason=None)
