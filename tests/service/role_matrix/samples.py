"""抽检。"""

from datetime import timedelta

from qa_engine.domain.access import Permission
from qa_engine.domain.sampling import PercentDesign, PlanSettings
from qa_engine.services.samples import draw_sample
from qa_engine.services.sampling_plans import create_plan
from service.role_matrix import Asked, Entry
from service.world import SCORECARD, Place, World


def new_plan(_world: World, place: Place) -> Asked:
    design = {"kind": "percent", "rate": 0.1}
    body = {
        "name": "新方案",
        "scorecard_key": SCORECARD,
        "business_line": place.business_line,
        "design": design,
    }
    return Asked(json=body)


def a_plan(world: World, place: Place) -> Asked:
    settings = PlanSettings(SCORECARD, PercentDesign(1.0), teams=(place.team,))
    with world.work() as work:
        made = create_plan(work, "方案", place.business_line, settings)
        return Asked(path={"plan_id": made.row.id})


def stopped(world: World, place: Place) -> Asked:
    return Asked(path=a_plan(world, place).path, json={"active": False})


def a_period(world: World, place: Place) -> Asked:
    until = world.service.clock()
    period = {"since": (until - timedelta(hours=3)).isoformat(), "until": until.isoformat()}
    return Asked(path=a_plan(world, place).path, json=period)


def a_draw(world: World, place: Place) -> Asked:
    world.report(place)
    path = a_plan(world, place).path
    with world.work() as work:
        draw = draw_sample(work, int(str(path["plan_id"])), work.now - timedelta(days=1), work.now)
        return Asked(path={**path, "draw_id": draw.id})


# A plan shows what lies in its line and team; whoever may read samples has no narrower scope than a line.
ENTRIES = [
    Entry("POST", "/v1/samples/plans", Permission.PLAN_SAMPLES, new_plan),
    Entry("GET", "/v1/samples/plans", Permission.READ_SAMPLES),
    Entry("GET", "/v1/samples/plans/{plan_id}", Permission.READ_SAMPLES, a_plan, rows=True),
    Entry("PATCH", "/v1/samples/plans/{plan_id}", Permission.PLAN_SAMPLES, stopped, rows=True),
    Entry("POST", "/v1/samples/plans/{plan_id}/draws", Permission.PLAN_SAMPLES, a_period, rows=True),
    Entry("GET", "/v1/samples/plans/{plan_id}/draws", Permission.READ_SAMPLES, a_plan, rows=True),
    Entry("GET", "/v1/samples/plans/{plan_id}/draws/{draw_id}", Permission.READ_SAMPLES, a_draw, rows=True),
    Entry("GET", "/v1/samples/plans/{plan_id}/estimate", Permission.READ_SAMPLES, a_plan, rows=True),
]
