"""API 密钥。"""

from qa_engine.domain.access import Permission
from service.role_matrix import Asked, Entry
from service.world import Place, World


def new_key(_world: World, _place: Place) -> Asked:
    return Asked(json={"name": "工单系统", "scopes": ["calls:read"]})


def a_key(world: World, _place: Place) -> Asked:
    return Asked(path={"key_id": world.add_key().principal.id})


ENTRIES = [
    Entry("GET", "/v1/api-keys", Permission.MANAGE_KEYS),
    Entry("POST", "/v1/api-keys", Permission.MANAGE_KEYS, new_key),
    Entry("DELETE", "/v1/api-keys/{key_id}", Permission.MANAGE_KEYS, a_key),
]
