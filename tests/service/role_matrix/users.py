"""用户。"""

from qa_engine.domain.access import Permission, Role
from qa_engine.services.accounts import Duties
from service.role_matrix import ANYBODY, Asked, Entry
from service.world import Place, World


def new_user(world: World, _place: Place) -> Asked:
    return Asked(json={"login": f"new{world.number()}", "name": "新人", "role": "reviewer"})


def somebody(world: World, _place: Place) -> Asked:
    return Asked(path={"user_id": world.add_user(Duties(Role.REVIEWER)).principal.id})


def renamed(world: World, place: Place) -> Asked:
    return Asked(path=somebody(world, place).path, json={"name": "改名"})


def own_password(_world: World, _place: Place) -> Asked:
    return Asked(json={"current_password": "x", "new_password": "long-enough-37"})


ENTRIES = [
    # Nobody here has a password (they are logged in without), and keys never have one: an illegal step.
    Entry("PUT", "/v1/users/me/password", ANYBODY, own_password, ok={409}),
    Entry("GET", "/v1/users", Permission.MANAGE_USERS),
    Entry("POST", "/v1/users", Permission.MANAGE_USERS, new_user),
    Entry("GET", "/v1/users/{user_id}", Permission.MANAGE_USERS, somebody),
    Entry("PATCH", "/v1/users/{user_id}", Permission.MANAGE_USERS, renamed),
    Entry("POST", "/v1/users/{user_id}/password-reset", Permission.MANAGE_USERS, somebody),
]
