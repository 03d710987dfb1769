"""校准。"""

from qa_engine.domain.access import Permission, Role
from qa_engine.services.accounts import Duties
from qa_engine.services.calibrations import calibration, close_calibration, create_calibration
from service.role_matrix import Asked, Entry
from service.world import SCORECARD, Place, World

# They may read reviews, but neither take part in calibrations nor run any: sessions do not exist for them.
OUTSIDE = {Role.TEAM_LEAD: 404, Role.AUDITOR: 404, Role.INTEGRATION: 404}


def reviewers(world: World, place: Place) -> list[int]:
    """The reviewer and the lead of the staff where they see the place, and somebody who always does."""
    staff = [world.staff[Role.REVIEWER], world.staff[Role.QA_LEAD]]
    found = [one for one in staff if one.sees(place)]
    while len(found) < 2:
        found.append(world.add_user(Duties(Role.REVIEWER)))
    return [int(one.principal.id) for one in found]


def a_session(world: World, place: Place) -> Asked:
    report = world.report(place)
    people = reviewers(world, place)
    with world.work() as work:
        made = create_calibration(
            work,
            name="校准",
            scorecard_key=SCORECARD,
            business_line=place.business_line,
            reviewers=people,
            chosen=[report],
        )
        return Asked(path={"calibration_id": made.row.id, "report_id": report})


def new_session(world: World, place: Place) -> Asked:
    body = {
        "name": "校准",
        "scorecard_key": SCORECARD,
        "business_line": place.business_line,
        "reviewers": reviewers(world, place),
        "reports": [world.report(place)],
    }
    return Asked(json=body)


def marks(world: World, place: Place) -> Asked:
    asked = a_session(world, place)
    with world.work() as work:
        found = calibration(work, int(str(asked.path["calibration_id"])))
        return Asked(path=asked.path, json={"marks": {found.row.criteria[0]: "PASSED"}})


def closed(world: World, place: Place) -> Asked:
    asked = a_session(world, place)
    with world.work() as work:
        close_calibration(work, int(str(asked.path["calibration_id"])))
    return asked


ONE = "/v1/calibrations/{calibration_id}"
ENTRIES = [
    Entry("POST", "/v1/calibrations", Permission.RUN_CALIBRATION, new_session),
    Entry("GET", "/v1/calibrations", Permission.READ_REVIEWS),
    Entry("GET", ONE, Permission.READ_REVIEWS, a_session, rows=True, exceptions=OUTSIDE),
    Entry("GET", f"{ONE}/calls", Permission.READ_REVIEWS, a_session, rows=True, exceptions=OUTSIDE),
    Entry("PUT", f"{ONE}/calls/{{report_id}}", Permission.CALIBRATE, marks, rows=True),
    Entry("POST", f"{ONE}/close", Permission.RUN_CALIBRATION, a_session, rows=True),
    Entry("GET", f"{ONE}/result", Permission.READ_REVIEWS, closed, rows=True, exceptions=OUTSIDE),
]
