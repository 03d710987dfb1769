"""Webhook: where events go, and what became of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import ServiceDep, needs
from api.schemas.common import Cursor, DeliveryId, Limit, PageOut, WebhookId
from api.schemas.webhooks import (
    DeliveryOut,
    DeliveryState,
    ReplayedOut,
    WebhookIn,
    WebhookOut,
    WebhookSecretOut,
)
from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services import webhooks as hooks

router = APIRouter(prefix="/v1/webhooks", tags=["Webhook"])
Manager = Annotated[Caller, needs(Permission.MANAGE_WEBHOOKS)]


@router.post("", response_model=WebhookSecretOut, status_code=201, summary="新建 Webhook")
def create(response: Response, service: ServiceDep, caller: Manager, said: WebhookIn) -> WebhookSecretOut:
    """返回签名密钥，只此一次。每个请求按 Standard Webhooks 规范签名，接收方用任一官方库校验。"""
    with service.work(caller) as work:
        row, secret = hooks.create_webhook(work, said.wish, private=service.settings.webhook_private)
        response.headers["Location"] = f"/v1/webhooks/{row.id}"
        return WebhookSecretOut.shown(row, secret)


@router.get("", response_model=PageOut[WebhookOut], summary="Webhook 列表")
def webhooks(service: ServiceDep, caller: Manager) -> PageOut[WebhookOut]:
    """总数有上限，一页全部返回。"""
    with service.look(caller) as work:
        return PageOut(items=[WebhookOut.of(row) for row in hooks.list_webhooks(work)], next_cursor=None)


@router.get("/{webhook_id}", response_model=WebhookOut, summary="一个 Webhook")
def webhook(webhook_id: WebhookId, service: ServiceDep, caller: Manager) -> WebhookOut:
    """不含密钥。"""
    with service.look(caller) as work:
        return WebhookOut.of(hooks.webhook(work, webhook_id))


@router.put("/{webhook_id}", response_model=WebhookOut, summary="修改 Webhook")
def change(webhook_id: WebhookId, service: ServiceDep, caller: Manager, said: WebhookIn) -> WebhookOut:
    """全部字段一起修改；密钥不变。"""
    with service.work(caller) as work:
        private = service.settings.webhook_private
        return WebhookOut.of(hooks.change_webhook(work, webhook_id, said.wish, private=private))


@router.delete("/{webhook_id}", status_code=204, summary="删除 Webhook")
def delete(webhook_id: WebhookId, service: ServiceDep, caller: Manager) -> None:
    """连同它的投递记录一起删除。"""
    with service.work(caller) as work:
        hooks.delete_webhook(work, webhook_id)


@router.post("/{webhook_id}/secret", response_model=WebhookSecretOut, summary="更换密钥")
def renew_secret(webhook_id: WebhookId, service: ServiceDep, caller: Manager) -> WebhookSecretOut:
    """旧密钥立即失效，新密钥只显示这一次。"""
    with service.work(caller) as work:
        return WebhookSecretOut.shown(*hooks.new_secret(work, webhook_id))


@router.post("/{webhook_id}/test", response_model=DeliveryOut, status_code=202, summary="发送测试事件")
def test(webhook_id: WebhookId, service: ServiceDep, caller: Manager) -> DeliveryOut:
    """向它发送一个 webhook.test 事件，不论订阅了什么。"""
    with service.work(caller) as work:
        return DeliveryOut.of(hooks.send_test(work, webhook_id))


@router.get("/{webhook_id}/deliveries", response_model=PageOut[DeliveryOut], summary="投递记录")
def deliveries(
    webhook_id: WebhookId,
    service: ServiceDep,
    caller: Manager,
    state: Annotated[DeliveryState | None, Query(description="只看这个状态", examples=["dead"])] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOut[DeliveryOut]:
    """最新的在前。失败后按越来越长的间隔重试，约 3 天内 12 次，之后放弃（dead）。"""
    with service.look(caller) as work:
        page = hooks.list_deliveries(work, webhook_id, state=state, cursor=cursor, limit=limit)
        return PageOut(items=[DeliveryOut.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    response_model=DeliveryOut,
    status_code=202,
    summary="重新投递一条",
)
def replay(
    webhook_id: WebhookId, delivery_id: DeliveryId, service: ServiceDep, caller: Manager
) -> DeliveryOut:
    """事件编号不变，接收方可据此去重。"""
    with service.work(caller) as work:
        return DeliveryOut.of(hooks.replay_delivery(work, webhook_id, delivery_id))


@router.post(
    "/{webhook_id}/replay", response_model=ReplayedOut, status_code=202, summary="重新投递所有已放弃的"
)
def replay_dead(webhook_id: WebhookId, service: ServiceDep, caller: Manager) -> ReplayedOut:
    """接收方恢复之后用。"""
    with service.work(caller) as work:
        return ReplayedOut(replayed=hooks.replay_dead(work, webhook_id))
