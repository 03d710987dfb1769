"""指标。"""

from qa_engine.domain.access import Permission
from service.role_matrix import Entry

# Figures count only what the caller sees (test_metrics.py), so nothing here is foreign.
ENTRIES = [
    Entry("GET", "/v1/metrics", Permission.READ_METRICS),
    Entry("GET", "/v1/metrics/criteria", Permission.READ_METRICS),
    Entry("GET", "/v1/metrics/complaint-types", Permission.READ_METRICS),
]
