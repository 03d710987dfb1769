"""质检报告、会话和评分。"""

from qa_engine.domain.access import Permission
from qa_engine.store.tables import ReportRow
from service.role_matrix import Asked, Entry
from service.world import SCORECARD, Place, World


def a_report(world: World, place: Place) -> Asked:
    return Asked(path={"report_id": world.report(place)})


def a_transcript(world: World, place: Place) -> Asked:
    report_id = world.report(place)
    with world.work() as work:
        return Asked(path={"transcript_id": work.session.get_one(ReportRow, report_id).transcript_id})


def a_call(world: World, place: Place) -> Asked:
    call = {
        "id": f"scored-{world.number()}",
        "agent": {"id": place.agent_id, "team": place.team},
        "turns": [{"speaker": "agent", "text": "您好"}, {"speaker": "customer", "text": "请问几点开门"}],
    }
    return Asked(query={"scorecard": SCORECARD, "business_line": place.business_line}, json=call)


ENTRIES = [
    Entry("GET", "/v1/reports", Permission.READ_CALLS),
    Entry("GET", "/v1/reports/export", Permission.EXPORT),
    Entry("GET", "/v1/reports/{report_id}", Permission.READ_CALLS, a_report, rows=True),
    Entry("GET", "/v1/reports/{report_id}/history", Permission.READ_CALLS, a_report, rows=True),
    Entry("GET", "/v1/transcripts/{transcript_id}", Permission.READ_CALLS, a_transcript, rows=True),
    Entry("POST", "/v1/score", Permission.SCORE, a_call, rows=True),
]
