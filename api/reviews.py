"""复核."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api.dependencies import ServiceDep, needs
from api.schemas.common import PageOut, ReviewId
from api.schemas.decision_export import DecisionExportQuery
from api.schemas.reviews import (
    ClaimedOut,
    DecisionsIn,
    ManyReviews,
    NewReview,
    NextReviews,
    RefusedOut,
    ReviewedIn,
    ReviewListQuery,
    ReviewOut,
    SecondDrawIn,
    SecondDrawOut,
)
from qa_engine.domain.access import Permission
from qa_engine.service import Caller, Service
from qa_engine.services.decision_export import DecisionPart, plan_decisions, read_decisions
from qa_engine.services.decisions import decide_review, settle_review
from qa_engine.services.review_queue import lines_of, list_reviews, review_line
from qa_engine.services.reviews import (
    Claimed,
    claim_next,
    claim_review,
    claim_reviews,
    close_review,
    extend_review,
    open_review,
    order_second_review,
    release_review,
    skip_review,
)
from qa_engine.services.second_draws import draw_second_reviews
from qa_engine.services.work import Work
from qa_engine.store.tables import ReviewRow

router = APIRouter(prefix="/v1/reviews", tags=["复核"])
Reader = Annotated[Caller, needs(Permission.READ_REVIEWS)]
Worker = Annotated[Caller, needs(Permission.REVIEW)]
Lead = Annotated[Caller, needs(Permission.REVIEW_AGAIN)]
NEXT_CURSOR: Final = "X-Next-Cursor"
SKIPPED: Final = "X-Skipped"
_EXPORTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "这一部分，每行一个 JSON；响应头 X-Next-Cursor 是下一部分的 cursor，没有就到头了",
        "headers": {
            NEXT_CURSOR: {"description": "下一部分从这里开始", "schema": {"type": "string"}},
            SKIPPED: {
                "description": "format=training 时：这一部分里给不出标注的有几通",
                "schema": {"type": "integer", "minimum": 0},
            },
        },
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"kind": "decision", "report_id": 23, "target": "criterion:no_shirking"}\n',
            }
        },
    }
}


@router.get("", response_model=PageOut[ReviewOut], summary="复核队列")
def reviews(
    service: ServiceDep, caller: Reader, query: Annotated[ReviewListQuery, Query()]
) -> PageOut[ReviewOut]:
    """最紧急的在前；默认只列待复核的。机器标记后又重新质检过的不列，看新的报告。"""
    with service.look(caller) as work:
        page = list_reviews(work, query.filters(), query.cursor, query.limit)
    return PageOut(items=[ReviewOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.post("", response_model=ReviewOut, status_code=201, summary="人工发起复核")
def create(body: NewReview, service: ServiceDep, caller: Worker) -> ReviewOut:
    """给没有被标记、也没有抽到的报告发起复核；已有复核的返回 409。"""
    return _stepped(service, caller, lambda work: open_review(work, body.report_id))


@router.post("/claim-next", response_model=ClaimedOut, summary="领最紧急的几条")
def take_next(body: NextReviews, service: ServiceDep, caller: Worker) -> ClaimedOut:
    """按筛选条件领最紧急的；别人正在领的、自己跳过的和自己初核过的不会领到。队列空了就少领或不领。"""
    return _claimed(
        service, caller, lambda work: claim_next(work, body.filters(), body.count, _lease(service))
    )


@router.post("/claim", response_model=ClaimedOut, summary="批量认领")
def claim_many(body: ManyReviews, service: ServiceDep, caller: Worker) -> ClaimedOut:
    """能领多少领多少，领不到的逐条说明原因。"""
    return _claimed(service, caller, lambda work: claim_reviews(work, body.review_ids, _lease(service)))


@router.post("/draw-second", response_model=SecondDrawOut, summary="抽二次复核")
def draw_second(body: SecondDrawIn, service: ServiceDep, caller: Lead) -> SecondDrawOut:
    """按比例抽一部分让另一个人再看；一次最多看 500 条，用 next_cursor 接着抽。申诉裁定过的不抽。"""
    with service.work(caller) as work:
        return SecondDrawOut.model_validate(draw_second_reviews(work, body.draw(), body.cursor))


@router.get("/decisions", response_class=StreamingResponse, responses=_EXPORTED, summary="导出人工结论")
def decisions(
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.EXPORT)],
    query: Annotated[DecisionExportQuery, Query()],
) -> StreamingResponse:
    """把复核和申诉的结论导出成 JSONL：逐条的结论、训练用的标注（`qa-engine train --own` 直接可读），
    或评分表的用例。用 X-Next-Cursor 接着导，没有总数上限；文字一律是遮盖后的。
    """
    with service.work(caller) as work:
        part = plan_decisions(work, query.filters(), query.format, query.cursor, query.limit)
    headers = {"Content-Disposition": f'attachment; filename="{query.format}.jsonl"'}
    if part.next_cursor is not None:
        headers[NEXT_CURSOR] = part.next_cursor
    pieces: Iterable[bytes] = _exported(service, caller, part)
    if query.format == "training":
        pieces = list(pieces)
        headers[SKIPPED] = str(len(part.ids) - sum(piece.count(b"\n") for piece in pieces))
    return StreamingResponse(pieces, media_type="application/x-ndjson", headers=headers)


@router.get("/{review_id}", response_model=ReviewOut, summary="读一条复核")
def review(review_id: ReviewId, service: ServiceDep, caller: Reader) -> ReviewOut:
    """一条复核的状态；报告本身和逐项的结论见 /v1/reports/{report_id}。"""
    with service.look(caller) as work:
        return ReviewOut.of(review_line(work, review_id))


@router.post("/{review_id}/claim", response_model=ReviewOut, summary="认领复核")
def claim(review_id: ReviewId, service: ServiceDep, caller: Worker) -> ReviewOut:
    """认领后别人不能再领，到期自动放回；两个人同时领，只有一个人领到。已由自己认领的视为续期。"""
    return _stepped(service, caller, lambda work: claim_review(work, review_id, _lease(service)))


@router.post("/{review_id}/extend", response_model=ReviewOut, summary="续期")
def extend(review_id: ReviewId, service: ServiceDep, caller: Worker) -> ReviewOut:
    """从现在起重新计时。"""
    return _stepped(service, caller, lambda work: extend_review(work, review_id, _lease(service)))


@router.post("/{review_id}/release", response_model=ReviewOut, summary="退回复核")
def release(review_id: ReviewId, service: ServiceDep, caller: Worker) -> ReviewOut:
    """不复核了，放回队列。"""
    return _stepped(service, caller, lambda work: release_review(work, review_id))


@router.post("/{review_id}/skip", response_model=ReviewOut, summary="跳过复核")
def skip(review_id: ReviewId, service: ServiceDep, caller: Worker) -> ReviewOut:
    """留给别人：放回队列，以后“领最紧急的”不再给自己；仍可点名认领。"""
    return _stepped(service, caller, lambda work: skip_review(work, review_id))


@router.post("/{review_id}/decide", response_model=ReviewOut, summary="提交复核结论")
def decide(review_id: ReviewId, body: ReviewedIn, service: ServiceDep, caller: Worker) -> ReviewOut:
    """逐项确认或改判；分数按评分表的算法立即重算，机器的结果原样保留。抽检的会话要每个质检项都有结论：
    看完后写出要改判的，其余用 confirm_rest 一次确认。

    二次复核也用这个接口：改变了初次结论的，由质检主管裁定；质检主管自己做的二次复核直接生效。
    """
    return _stepped(
        service,
        caller,
        lambda work: decide_review(work, review_id, body.said(), confirm_rest=body.confirm_rest),
    )


@router.post("/{review_id}/second", response_model=ReviewOut, summary="安排二次复核")
def second(review_id: ReviewId, service: ServiceDep, caller: Lead) -> ReviewOut:
    """让另一个人再看一次；结论在二次复核有了分歧之前一直有效。"""
    return _stepped(service, caller, lambda work: order_second_review(work, review_id))


@router.post("/{review_id}/settle", response_model=ReviewOut, summary="裁定分歧")
def settle(review_id: ReviewId, body: DecisionsIn, service: ServiceDep, caller: Lead) -> ReviewOut:
    """两位复核人意见不同时由质检主管裁定；没写的项以二次复核的结论为准。"""
    return _stepped(service, caller, lambda work: settle_review(work, review_id, body.said()))


@router.post("/{review_id}/close", response_model=ReviewOut, summary="定稿")
def close(review_id: ReviewId, service: ServiceDep, caller: Lead) -> ReviewOut:
    """申诉期过了、没有未处理的申诉时，结论定稿，不再变动。到期的也会自动定稿。"""
    return _stepped(service, caller, lambda work: close_review(work, review_id))


def _lease(service: Service) -> timedelta:
    return timedelta(minutes=service.settings.lease_minutes)


def _stepped(service: Service, caller: Caller, step: Callable[[Work], ReviewRow]) -> ReviewOut:
    with service.work(caller) as work:
        return ReviewOut.of(lines_of(work, [step(work)])[0])


def _claimed(service: Service, caller: Caller, claim: Callable[[Work], Claimed]) -> ClaimedOut:
    with service.work(caller) as work:
        claimed = claim(work)
        lines = lines_of(work, list(claimed.rows))
    return ClaimedOut(
        reviews=[ReviewOut.of(line) for line in lines],
        refused=[RefusedOut.of(review_id, refusal) for review_id, refusal in claimed.refused],
    )


def _exported(service: Service, caller: Caller, part: DecisionPart) -> Iterator[bytes]:
    for chunk in part.chunks():
        with service.look(caller) as work:
            found = b"".join(read_decisions(work, part, chunk))
        yield found
