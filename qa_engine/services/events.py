"""Telling the world: an event becomes one delivery per webhook, in the transaction that made it happen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from qa_engine.services.work import Work
from qa_engine.store.tables import DeliveryRow, WebhookRow

EVENTS = {
    "report.flagged": "一份质检报告需要人工复核",
    "batch.finished": "一个批次结束（完成、失败或取消）",
    "review.decided": "一次复核有了结论",
    "appeal.filed": "坐席提出了申诉",
    "appeal.settled": "申诉有了结论",
    "scorecard.published": "一版评分表发布",
    "retention.purged": "到期的文本已清除",
    "webhook.test": "管理员发出的测试事件",
}
"""Every event there is, and what it says (Chinese)."""
_LISTENING = "qa_engine_webhooks"


def emit(work: Work, event: str, payload: Mapping[str, Any], business_line: str | None) -> str:
    """Send an event to every active webhook that wants it; returns the event's id.

    Deliveries are rows of this transaction: they are sent once it has committed, and never otherwise.

    Args:
        work: the unit of work in which it happens.
        event: one of ``EVENTS``.
        payload: JSON values; ids and figures, never customer text or names of people.
        business_line: whose webhooks hear of it; None = it concerns all of them.

    Raises:
        ValueError: there is no such event (a mistake of ours).
    """
    if event not in EVENTS:
        raise ValueError(f"unknown event {event}")
    event_id = _new_id()
    for webhook in _listening(work):
        if wants(webhook, event, business_line):
            deliver_later(work, webhook.id, event_id, event, payload)
    return event_id


def _listening(work: Work) -> list[WebhookRow]:
    # A chunk may flag every one of its calls: the webhooks are read once a transaction.
    found: list[WebhookRow] | None = work.session.info.get(_LISTENING)
    if found is None:
        found = list(work.session.scalars(select(WebhookRow).where(WebhookRow.active)))
        work.session.info[_LISTENING] = found
    return found


def wants(webhook: WebhookRow, event: str, business_line: str | None) -> bool:
    """True when a webhook subscribed to this event of this business line."""
    lines = webhook.business_lines
    return event in webhook.events and (lines is None or business_line is None or business_line in lines)


def emit_to(work: Work, webhook_id: int, event: str, payload: Mapping[str, Any]) -> DeliveryRow:
    """Send an event to one webhook alone."""
    return deliver_later(work, webhook_id, _new_id(), event, payload)


def deliver_later(
    work: Work, webhook_id: int, event_id: str, event: str, payload: Mapping[str, Any]
) -> DeliveryRow:
    """Put one delivery in line, due now."""
    row = DeliveryRow(
        webhook_id=webhook_id,
        event_id=event_id,
        event=event,
        payload=dict(payload),
        state="pending",
        attempts=0,
        due_at=work.now,
        created_at=work.now,
        delivered_at=None,
        last_status=None,
        last_error=None,
    )
    work.session.add(row)
    return row


def _new_id() -> str:
    return f"evt_{secrets.token_hex(16)}"
