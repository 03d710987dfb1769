"""Webhook。"""

from qa_engine.domain.access import Permission
from qa_engine.services.webhooks import WebhookWish, create_webhook, send_test
from service.role_matrix import Asked, Entry
from service.world import Place, World

SAID = {"name": "工单系统", "url": "https://example.com/hooks/qa", "events": ["report.flagged"]}
MANAGE = Permission.MANAGE_WEBHOOKS


def hook(world: World, place: Place) -> dict[str, object]:
    with world.work() as work:
        wish = WebhookWish("系统", str(SAID["url"]), ["report.flagged"], [place.business_line])
        return {"webhook_id": create_webhook(work, wish, private=False)[0].id}


def a_hook(world: World, place: Place) -> Asked:
    return Asked(path=hook(world, place))


def a_change(world: World, place: Place) -> Asked:
    return Asked(path=hook(world, place), json={**SAID, "business_lines": [place.business_line]})


def a_delivery(world: World, place: Place) -> Asked:
    path = hook(world, place)
    with world.work() as work:
        return Asked(path={**path, "delivery_id": send_test(work, int(str(path["webhook_id"]))).id})


ENTRIES = [
    Entry("GET", "/v1/webhooks", MANAGE),
    Entry("POST", "/v1/webhooks", MANAGE, lambda *_: Asked(json=SAID)),
    Entry("GET", "/v1/webhooks/{webhook_id}", MANAGE, a_hook, rows=True),
    Entry("PUT", "/v1/webhooks/{webhook_id}", MANAGE, a_change, rows=True),
    Entry("DELETE", "/v1/webhooks/{webhook_id}", MANAGE, a_hook, rows=True),
    Entry("POST", "/v1/webhooks/{webhook_id}/secret", MANAGE, a_hook, rows=True),
    Entry("POST", "/v1/webhooks/{webhook_id}/test", MANAGE, a_hook, rows=True),
    Entry("POST", "/v1/webhooks/{webhook_id}/replay", MANAGE, a_hook, rows=True),
    Entry("GET", "/v1/webhooks/{webhook_id}/deliveries", MANAGE, a_hook, rows=True),
    Entry("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", MANAGE, a_delivery, rows=True),
]
