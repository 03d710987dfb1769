"""申诉。"""

from qa_engine.domain.access import Permission, Role
from qa_engine.services.appeals import answer_appeal, file_appeal
from service.role_matrix import Asked, Entry
from service.world import OWN, Place, World

TARGET = "criterion:no_shirking"
WHY = "当时是在说明由快递公司核实"
GRANTED = {
    "decisions": [{"target": TARGET, "verdict": "override", "human": "PASSED", "reason": WHY}],
    "text": WHY,
}


def an_appeal(world: World, place: Place) -> Asked:
    report_id = world.report(place, flagged=False)
    # The agent of the matrix files their own; elsewhere nobody of the matrix could.
    with world.work(Role.AGENT if place == OWN else None) as work:
        appeal_id = file_appeal(work, report_id, [TARGET], WHY).id
    return Asked(path={"appeal_id": appeal_id}, json={"text": WHY})


def one_to_grant(world: World, place: Place) -> Asked:
    return Asked(path=an_appeal(world, place).path, json=GRANTED)


def an_answered_one(world: World, place: Place) -> Asked:
    asked = an_appeal(world, place)
    if place == OWN:
        with world.work(Role.QA_LEAD) as work:
            answer_appeal(work, int(str(asked.path["appeal_id"])), WHY)
    return asked


def a_new_one(world: World, place: Place) -> Asked:
    report_id = world.report(place, flagged=False)
    return Asked(json={"report_id": report_id, "targets": [TARGET], "text": WHY})


ONE = "/v1/appeals/{appeal_id}"
ENTRIES = [
    Entry("GET", "/v1/appeals", Permission.READ_APPEALS),
    Entry("POST", "/v1/appeals", Permission.FILE_APPEAL, a_new_one, rows=True),
    Entry("GET", ONE, Permission.READ_APPEALS, an_appeal, rows=True),
    Entry("POST", f"{ONE}/answer", Permission.ANSWER_APPEAL, an_appeal, rows=True),
    Entry("POST", f"{ONE}/reply", Permission.FILE_APPEAL, an_answered_one, rows=True),
    Entry("POST", f"{ONE}/withdraw", Permission.FILE_APPEAL, an_appeal, rows=True),
    Entry("POST", f"{ONE}/grant", Permission.ANSWER_APPEAL, one_to_grant, rows=True),
    Entry("POST", f"{ONE}/deny", Permission.ANSWER_APPEAL, an_appeal, rows=True),
]
