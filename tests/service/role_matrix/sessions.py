"""登录。"""

from service.role_matrix import ANYBODY, PUBLIC, Asked, Entry

ENTRIES = [
    Entry(
        "POST",
        "/v1/sessions",
        PUBLIC,
        lambda _world, _place: Asked(json={"login": "nobody", "password": "wrong"}),
        ok={401},
    ),
    Entry("GET", "/v1/sessions/current", ANYBODY),
    Entry("DELETE", "/v1/sessions/current", ANYBODY),
]
