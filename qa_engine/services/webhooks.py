"""Webhooks: where events are sent, and the secret by which a receiver knows that they are ours."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from qa_engine.domain.access import Permission, RowScope
from qa_engine.domain.refusal import Conflict, Invalid, NotFound
from qa_engine.domain.web_address import UnusableAddress, parse_address
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.events import EVENTS, deliver_later, emit_to
from qa_engine.services.work import Work
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import BusinessLineRow, DeliveryRow, WebhookRow

MOST = 100
_SALT = 32


@dataclass(frozen=True, slots=True)
class WebhookWish:
    """What a webhook should be. ``business_lines`` None = all of them."""

    name: str
    url: str
    events: Sequence[str]
    business_lines: Sequence[str] | None = None
    active: bool = True


def create_webhook(work: Work, wish: WebhookWish, *, private: bool) -> tuple[WebhookRow, str]:
    """Add a webhook; returns it and its secret, which is never shown again.

    Args:
        work: a writing unit of work.
        wish: what it should be.
        private: private addresses and plain HTTP are allowed (``Settings.webhook_private``).

    Raises:
        Forbidden, Invalid: not allowed, or an address, event or business line that cannot be used.
        Conflict: there are too many already.
    """
    work.require(Permission.MANAGE_WEBHOOKS)
    _check(work, wish, private=private)
    if (work.session.scalar(select(func.count()).select_from(WebhookRow)) or 0) >= MOST:
        raise Conflict(f"最多 {MOST} 个 Webhook，请先删除不用的。", f"At most {MOST} webhooks.")
    row = WebhookRow(
        name=wish.name,
        url=wish.url,
        events=list(dict.fromkeys(wish.events)),
        business_lines=None if wish.business_lines is None else sorted(set(wish.business_lines)),
        secret=os.urandom(_SALT),
        active=wish.active,
        created_by=work.actor,
        created_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    work.audit("webhook.created", f"webhook:{row.id}", events=row.events, lines=row.business_lines)
    return row, secret_of(work.keyring, row)


def change_webhook(work: Work, webhook_id: int, wish: WebhookWish, *, private: bool) -> WebhookRow:
    """Change a webhook; what waits for it is sent to the new address.

    Raises:
        Forbidden, NotFound, Invalid: as their names say.
    """
    row = webhook(work, webhook_id)
    _check(work, wish, private=private)
    row.name, row.url, row.active = wish.name, wish.url, wish.active
    row.events = list(dict.fromkeys(wish.events))
    row.business_lines = None if wish.business_lines is None else sorted(set(wish.business_lines))
    work.audit(
        "webhook.changed", f"webhook:{row.id}", events=row.events, lines=row.business_lines, active=row.active
    )
    return row


def delete_webhook(work: Work, webhook_id: int) -> None:
    """Delete a webhook with all its deliveries.

    Raises:
        Forbidden, NotFound: as their names say.
    """
    row = webhook(work, webhook_id)
    work.session.execute(delete(DeliveryRow).where(DeliveryRow.webhook_id == row.id))
    work.session.delete(row)
    work.audit("webhook.deleted", f"webhook:{row.id}")


def new_secret(work: Work, webhook_id: int) -> tuple[WebhookRow, str]:
    """Give a webhook another secret; the old one signs nothing from now on.

    Raises:
        Forbidden, NotFound: as their names say.
    """
    row = webhook(work, webhook_id)
    row.secret = os.urandom(_SALT)
    work.audit("webhook.secret_renewed", f"webhook:{row.id}")
    return row, secret_of(work.keyring, row)


def send_test(work: Work, webhook_id: int) -> DeliveryRow:
    """Send a test event to one webhook, whatever it subscribed to.

    Raises:
        Forbidden, NotFound: as their names say.
    """
    row = webhook(work, webhook_id)
    found = emit_to(work, row.id, "webhook.test", {"webhook_id": row.id})
    work.session.flush()
    work.audit("webhook.tested", f"webhook:{row.id}")
    return found


def webhook(work: Work, webhook_id: int) -> WebhookRow:
    """One webhook.

    Raises:
        Forbidden, NotFound: as their names say.
    """
    work.require(Permission.MANAGE_WEBHOOKS)
    row = work.session.get(WebhookRow, webhook_id)
    if row is None or not _visible(work.rows, row):
        raise NotFound("Webhook", "webhook")
    return row


def list_webhooks(work: Work) -> list[WebhookRow]:
    """All webhooks in sight (there are at most ``MOST``), oldest first.

    Raises:
        Forbidden: the caller may not manage webhooks.
    """
    work.require(Permission.MANAGE_WEBHOOKS)
    rows = work.session.scalars(select(WebhookRow).order_by(WebhookRow.id))
    return [row for row in rows if _visible(work.rows, row)]


def list_deliveries(
    work: Work, webhook_id: int, *, state: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[DeliveryRow]:
    """Deliveries to a webhook, newest first.

    Raises:
        Forbidden, NotFound, Invalid: as their names say.
    """
    row = webhook(work, webhook_id)
    query = select(DeliveryRow).where(DeliveryRow.webhook_id == row.id)
    if state is not None:
        query = query.where(DeliveryRow.state == state)
    if cursor:
        (before,) = decode_cursor(cursor, (int,))
        query = query.where(DeliveryRow.id < before)
    found = work.session.scalars(query.order_by(DeliveryRow.id.desc()).limit(limit + 1)).all()
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def replay_delivery(work: Work, webhook_id: int, delivery_id: int) -> DeliveryRow:
    """Send an event again, now: a dead delivery comes back to life, a delivered one gets a twin.

    Raises:
        Forbidden, NotFound: as their names say.
    """
    owner = webhook(work, webhook_id)
    row = work.session.get(DeliveryRow, delivery_id)
    if row is None or row.webhook_id != owner.id:
        raise NotFound("投递记录", "delivery")
    if row.state == "delivered":
        row = deliver_later(work, owner.id, row.event_id, row.event, row.payload)
    else:
        row.state, row.attempts, row.due_at = "pending", 0, work.now
    work.session.flush()
    work.audit("webhook.replayed", f"webhook:{owner.id}", delivery=row.id)
    return row


def replay_dead(work: Work, webhook_id: int) -> int:
    """Send every dead delivery of a webhook again; returns how many.

    Raises:
        Forbidden, NotFound: as their names say.
    """
    owner = webhook(work, webhook_id)
    dead = select(DeliveryRow).where(DeliveryRow.webhook_id == owner.id, DeliveryRow.state == "dead")
    number = 0
    for row in work.session.scalars(dead):
        row.state, row.attempts, row.due_at = "pending", 0, work.now
        number += 1
    work.audit("webhook.replayed", f"webhook:{owner.id}", deliveries=number)
    return number


def secret_of(keyring: Keyring, row: WebhookRow) -> str:
    """The secret that signs for a webhook, as the Standard Webhooks specification writes it."""
    return "whsec_" + base64.b64encode(bytes.fromhex(keyring.ref("webhook", row.secret.hex()))).decode()


def _visible(rows: RowScope, row: WebhookRow) -> bool:
    """Whoever is limited to business lines manages only what stays within them."""
    limit = rows.business_lines
    return limit is None or (row.business_lines is not None and set(row.business_lines) <= limit)


def _check(work: Work, wish: WebhookWish, *, private: bool) -> None:
    try:
        parse_address(wish.url, private=private)
    except UnusableAddress as error:
        raise Invalid(f"{error.zh}。", f"{error.en}.", "url") from None
    unknown = sorted(set(wish.events) - EVENTS.keys())
    if unknown or not wish.events:
        raise Invalid(
            f"events 至少写一个，只能是 {'、'.join(EVENTS)}。",
            f"Give at least one of these events: {', '.join(EVENTS)}.",
            "events",
        )
    lines = wish.business_lines
    allowed = work.rows.business_lines
    if allowed is not None and (lines is None or not set(lines) <= allowed):
        raise Invalid(
            "只能订阅自己权限内的业务线，请写明 business_lines。",
            "Name business lines within your own scope.",
            "business_lines",
        )
    if lines is not None:
        known = work.session.scalars(select(BusinessLineRow.key).where(BusinessLineRow.key.in_(set(lines))))
        if not lines or set(lines) - set(known):
            raise Invalid("业务线不存在。", "No such business line.", "business_lines")
