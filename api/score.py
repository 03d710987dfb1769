"""评分: one conversation, judged while the caller waits."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import uuid4

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.dependencies import ServiceDep, needs
from api.schemas.common import IdempotencyKey, KeyText
from api.schemas.reports import ScoreOut
from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import Overloaded
from qa_engine.intake.options import IntakeOptions
from qa_engine.service import Caller, Service
from qa_engine.services.idempotency import Done, IdempotentRequest, recall
from qa_engine.services.judging import choose_judging
from qa_engine.services.report_detail import read_report
from qa_engine.services.single_score import parse_one, record_one

router = APIRouter(prefix="/v1/score", tags=["评分"])

EXAMPLE: Final[dict[str, Any]] = {
    "id": "demo-0001",
    "channel": "voice",
    "started_at": "2026-03-01T09:30:00+08:00",
    "agent": {"id": "S01", "name": "林晓", "team": "电商一组", "skill_group": "售后"},
    "customer": {"id": "C1001", "tier": "金卡"},
    "attributes": {"渠道来源": "APP"},
    "turns": [
        {"speaker": "agent", "text": "您好，很高兴为您服务。", "start_ms": 0, "end_ms": 2600},
        {"speaker": "customer", "text": "我上周买的电饭煲坏了，想退货。", "start_ms": 3200, "end_ms": 6900},
        {"speaker": "agent", "text": "实在抱歉，我马上为您登记退货。", "start_ms": 7400, "end_ms": 11200},
        {"speaker": "customer", "text": "好的，谢谢。", "start_ms": 11800, "end_ms": 13000},
        {"speaker": "agent", "text": "请问还有其他可以帮您的吗？", "start_ms": 13400, "end_ms": 15900},
    ],
}  # fmt: skip
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "一通会话：本系统的 JSON，或转写厂商的 JSON，原样发来即可，格式自动识别。",
        "content": {
            "application/json": {
                "schema": {"type": ["object", "array"], "description": "见文档「转写格式」"},
                "example": EXAMPLE,
            }
        },
    }
}


async def the_body(request: Request) -> bytes:
    """The body as it was sent: the intake reads JSON more strictly than the framework does."""
    return await request.body()


@router.post(
    "",
    response_model=ScoreOut,
    status_code=201,
    summary="给一通会话评分",
    openapi_extra=_BODY,
    responses={200: {"model": ScoreOut, "description": "这个幂等键以前已经评过，返回当时的报告"}},
)
def score(
    response: Response,
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.SCORE)],
    body: Annotated[bytes, Depends(the_body)],
    scorecard: Annotated[
        KeyText | None,
        Query(description="评分表的 key；不写用业务线的默认评分表", examples=["general_service"]),
    ] = None,
    business_line: Annotated[KeyText | None, Query(description="业务线；不写用评分表所属的业务线")] = None,
    agent_channel: Annotated[
        KeyText | None, Query(description="坐席所在的声道或说话人标签，角色不明时使用", examples=["0"])
    ] = None,
    raw: Annotated[bool, Query(description="返回的引文用原文（须有 calls:raw 权限，记入审计）")] = False,
    idempotency_key: IdempotencyKey = None,
) -> ScoreOut:
    """评完即存，返回完整的报告。带 Idempotency-Key 重发同一请求，只评一次，返回当时的报告。"""
    # Refused before anything is recorded, not when the answer is read.
    caller.principal.require(Permission.READ_CALLS)
    if raw:
        caller.principal.require(Permission.READ_RAW)
    if service.bench.waiting >= service.settings.max_scoring:
        raise Overloaded("正在评分的请求太多，请稍后重试。", "Too many conversations are being scored.", 1)
    request = None
    if idempotency_key is not None:
        content = orjson.dumps([scorecard, business_line, agent_channel]) + body
        request = IdempotentRequest("score", idempotency_key, content)
    done = _score(service, caller, body, request, scorecard, business_line, agent_channel)
    with service.work(caller) if raw else service.look(caller) as work:
        detail = read_report(work, int(done.id), raw=raw)
    response.status_code = 201 if done.fresh else 200
    response.headers["Location"] = f"/v1/reports/{done.id}"
    return ScoreOut.of(detail, replayed=not done.fresh)


def _score(
    service: Service,
    caller: Caller,
    body: bytes,
    request: IdempotentRequest | None,
    scorecard: str | None,
    business_line: str | None,
    agent_channel: str | None,
) -> Done:
    with service.look(caller) as work:
        if request is not None and (done := recall(work, request)) is not None:
            return done
        judging = choose_judging(work, scorecard, business_line)
    # A call without an id must not be taken for a further version of another one without id.
    transcript = parse_one(body, f"score-{uuid4().hex[:16]}", IntakeOptions(agent_channel=agent_channel))
    inspector = service.inspectors.of(judging.scorecard)
    report = service.bench.inspect(inspector, transcript)
    with service.work(caller) as work:
        return record_one(
            work, transcript, report, judging, fingerprint=inspector.fingerprint, request=request
        )
