"""审计。"""

from qa_engine.domain.access import Permission
from service.role_matrix import Entry

ENTRIES = [Entry("GET", "/v1/audit", Permission.READ_AUDIT)]
