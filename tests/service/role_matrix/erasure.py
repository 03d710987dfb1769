"""删除客户数据。"""

from qa_engine.domain.access import Permission
from service.role_matrix import Asked, Entry
from service.world import Place, World


def a_customer(_world: World, _place: Place) -> Asked:
    return Asked(json={"customer_id": "没有这位客户"})


# Rows out of sight are not erased and not told of: see test_erasure.py.
ENTRIES = [Entry("POST", "/v1/erasures", Permission.ERASE, a_customer)]
