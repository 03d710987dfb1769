"""运维和页面。"""

from qa_engine.domain.access import Permission
from service.role_matrix import PUBLIC, Entry

ENTRIES = [
    Entry("GET", "/", PUBLIC, ok={200}),
    Entry("GET", "/docs", PUBLIC, ok={200}),
    Entry("GET", "/openapi.json", PUBLIC, ok={200}),
    Entry("GET", "/healthz", PUBLIC, ok={200}),
    Entry("GET", "/readyz", PUBLIC, ok={200}),
    Entry("GET", "/metrics", Permission.READ_OPERATIONS, ok={200}),
]
