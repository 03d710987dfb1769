"""质检报告的来历：每一版都在，改动看得出来，文本到期或删除后如实说明。"""

from __future__ import annotations

from dataclasses import replace

from qa_engine.domain.access import EVERYTHING, PERMISSIONS, Principal, Role, RowScope
from qa_engine.service import Caller, Service
from qa_engine.services.report_detail import read_report, report_history
from qa_engine.store.tables import ReportRow, TranscriptRow
from service.archive import file, judged


def caller() -> Caller:
    return Caller(Principal("user", "7", "某人", Role.QA_LEAD, PERMISSIONS[Role.QA_LEAD], EVERYTHING))


class TestHistory:
    def test_it_tells_every_version_and_that_the_chain_agrees(self, service: Service) -> None:
        pair = judged()[0]
        ids = []
        for points in (0.0, 1.0):
            changed = replace(pair[1], total=replace(pair[1].total, percent=50.0 + points))
            with service.work() as work:
                ids.append(file(work, [(pair[0], changed)])[0].id)
        with service.look() as work:
            for report_id in ids:
                history = report_history(work, report_id)
                assert [line.id for line in history.versions] == ids[::-1]
                assert [line.current for line in history.versions] == [True, False]
                assert [link.subject for link in history.links] == [f"report:{report_id}"]
                assert history.intact

    def test_versions_of_other_agents_calls_are_not_told(self, service: Service) -> None:
        call, report = judged()[0]
        ids = []
        for agent in ("A01", "A02"):
            again = replace(call, agent=replace(call.agent, id=agent))
            with service.work() as work:
                ids.append(file(work, [(again, report)])[0].id)
        rows = RowScope(agent_id="A01")
        own = Caller(Principal("user", "9", "某人", Role.AGENT, PERMISSIONS[Role.AGENT], rows))
        with service.look(own) as work:
            assert [line.id for line in report_history(work, ids[0]).versions] == ids[:1]

    def test_a_changed_report_shows(self, service: Service) -> None:
        with service.work() as work:
            report_id = file(work, [judged()[0]])[0].id
        with service.work() as work:
            work.session.get_one(ReportRow, report_id).percent = 99.0
        with service.look() as work:
            assert not report_history(work, report_id).intact

    def test_purged_originals_are_shown_masked_and_erased_ones_not_at_all(self, service: Service) -> None:
        with service.work() as work:
            row = file(work, [next(p for p in judged() if any(c.evidence for c in p[1].criteria))])[0]
            kept = work.session.get_one(TranscriptRow, row.transcript_id)
            kept.sealed = kept.key_id = None
        with service.work(caller()) as work:
            assert read_report(work, row.id, raw=True).whole.text == "masked"
            work.session.get_one(TranscriptRow, row.transcript_id).masked = None
            work.session.flush()
            detail = read_report(work, row.id)
        assert detail.whole.text == "none"
        quotes = {q["quote"] for c in detail.whole.report["criteria"] for q in c["evidence"]}
        assert quotes == {"[原文已删除]"}
