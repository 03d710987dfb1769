"""业务线。"""

from qa_engine.domain.access import Permission
from service.role_matrix import Asked, Entry
from service.world import Place, World


def new_line(world: World, _place: Place) -> Asked:
    return Asked(json={"key": f"line{world.number()}", "name": "新业务线"})


def a_line(_world: World, place: Place) -> Asked:
    return Asked(path={"key": place.business_line})


def changed_line(_world: World, place: Place) -> Asked:
    settings = {"name": "零售", "scorecard_key": "general_service", "appeal_days": 7}
    return Asked(path={"key": place.business_line}, json=settings)


ENTRIES = [
    Entry("GET", "/v1/business-lines", Permission.READ_SCORECARDS),
    Entry("POST", "/v1/business-lines", Permission.MANAGE_RETENTION, new_line),
    # A line has no team and no agent: all of the line see it (foreign ones: test_business_lines.py).
    Entry("GET", "/v1/business-lines/{key}", Permission.READ_SCORECARDS, a_line),
    Entry("PUT", "/v1/business-lines/{key}", Permission.MANAGE_RETENTION, changed_line),
]
