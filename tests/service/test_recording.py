"""评分记录：一批一个事务；同一通会话重评后旧报告退出列表、标记和汇总，但仍可读、仍在链上。"""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from qa_engine.domain.access import EVERYTHING, Permission, Principal, Role
from qa_engine.domain.refusal import Forbidden
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Speaker, Transcript, TranscriptFlag, Turn
from qa_engine.service import Caller, Service
from qa_engine.services.call_times import CallTimes, call_times
from qa_engine.store.chain import ChainFault, walk_chain
from qa_engine.store.tables import (
    DailyCell,
    DeliveryRow,
    ReportMark,
    ReportRow,
    ReviewRow,
    TranscriptRow,
    WebhookRow,
)
from qa_engine.store.verification import verify
from service.archive import file, file_all, judged


def flagged(needed: bool) -> tuple[Transcript, InspectionReport]:
    return next(pair for pair in judged() if pair[1].review.needed is needed)


def count(service: Service, table: type) -> int:
    with service.look() as work:
        return work.session.scalar(select(func.count()).select_from(table)) or 0


class TestOneChunk:
    def test_everything_of_it_is_there_and_the_chain_agrees(self, service: Service) -> None:
        with service.work() as work:
            filed = file_all(work)
        wanted = sum(one.report.review.needed is True for one in filed)
        assert wanted > 10
        assert (count(service, ReportRow), count(service, ReviewRow)) == (len(filed), wanted)
        with service.look() as work:
            assert work.session.scalar(select(func.sum(DailyCell.calls))) == len(filed)
            assert list(verify(work.session, work.keyring)) == []
            assert not [
                x for x in walk_chain(work.session, work.keyring, "scores") if isinstance(x, ChainFault)
            ]

    def test_what_fails_leaves_nothing_behind(self, service: Service) -> None:
        def record_and_break() -> None:
            with service.work() as work:
                file_all(work)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            record_and_break()
        tables = (TranscriptRow, ReportRow, ReportMark, ReviewRow, DailyCell)
        assert [count(service, table) for table in tables] == [0] * 5

    def test_scoring_needs_its_permission(self, service: Service) -> None:
        reader = Principal(
            "api_key", "1", "x", Role.INTEGRATION, frozenset({Permission.READ_CALLS}), EVERYTHING
        )
        with pytest.raises(Forbidden), service.work(Caller(reader)) as work:
            file(work, [judged()[0]])

    def test_a_flagged_report_is_told_to_those_who_listen(self, service: Service) -> None:
        with service.work() as work:
            hook = WebhookRow(
                name="工单", url="https://example.com/hook", events=["report.flagged"], business_lines=None,
                secret=b"x", active=True, created_by="system", created_at=work.now,
            )  # fmt: skip
            work.session.add(hook)
            work.session.flush()
            [row] = file(work, [flagged(True)])
            file(work, [flagged(False)])
        with service.look() as work:
            [delivery] = work.session.scalars(select(DeliveryRow))
            assert (delivery.event, delivery.payload["report_id"]) == ("report.flagged", row.id)


class TestAgain:
    def test_the_newer_report_takes_the_place_of_the_older(self, service: Service) -> None:
        pair = flagged(True)
        with service.work() as work:
            [first] = file(work, [pair])
        with service.work() as work:
            [second] = file(work, [pair])
        with service.look() as work:
            old, new = (work.session.get_one(ReportRow, row.id) for row in (first, second))
            assert (old.current, new.current) == (False, True)
            assert (old.review_state, new.review_state) == ("none", "open")
            assert old.transcript_id == new.transcript_id
            assert set(work.session.scalars(select(ReportMark.report_id))) == {new.id}
            assert list(work.session.scalars(select(ReviewRow.report_id))) == [new.id]
            assert work.session.scalar(select(func.sum(DailyCell.calls))) == 1
            assert list(verify(work.session, work.keyring)) == []

    def test_a_review_somebody_works_on_stays(self, service: Service) -> None:
        pair = flagged(True)
        with service.work() as work:
            [first] = file(work, [pair])
            review = work.session.scalars(select(ReviewRow)).one()
            review.state, review.claimed_by = "claimed", "user:3"
        with service.work() as work:
            file(work, [pair])
        with service.look() as work:
            kept = work.session.scalars(select(ReviewRow).where(ReviewRow.report_id == first.id)).one()
            assert kept.claimed_by == "user:3"

    def test_the_same_call_twice_in_one_chunk_counts_once(self, service: Service) -> None:
        call, report = flagged(True)
        better = replace(report, total=replace(report.total, percent=99.0))
        with service.work() as work:
            rows = file(work, [(call, report), (call, better)])
        assert [row.current for row in rows] == [False, True]
        with service.look() as work:
            assert work.session.scalar(select(func.sum(DailyCell.calls))) == 1
            assert list(work.session.scalars(select(ReviewRow.report_id))) == [rows[1].id]

    def test_a_new_call_that_arrives_twice_at_one_moment_is_kept_once(self, service: Service) -> None:
        pair = flagged(True)
        failures: list[BaseException] = []
        together = threading.Barrier(4)

        def arrive() -> None:
            try:
                together.wait()
                with service.work() as work:
                    file(work, [pair])
            except BaseException as error:  # noqa: BLE001 - told by the assertion below
                failures.append(error)

        threads = [threading.Thread(target=arrive) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert count(service, TranscriptRow) == 1

    def test_two_at_one_moment_leave_one_current(self, service: Service) -> None:
        pair = flagged(True)
        with service.work() as work:
            file(work, [pair])
        failures: list[BaseException] = []

        def again() -> None:
            try:
                with service.work() as work:
                    file(work, [pair])
            except BaseException as error:  # noqa: BLE001 - told by the assertion below
                failures.append(error)

        threads = [threading.Thread(target=again) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with service.look() as work:
            assert work.session.scalar(select(func.count()).where(ReportRow.current)) == 1
            assert work.session.scalar(select(func.sum(DailyCell.calls))) == 1
            assert list(verify(work.session, work.keyring)) == []


A, C, S = Speaker.AGENT, Speaker.CUSTOMER, Speaker.SYSTEM
TIMES = [
    # (说话人, 开始, 结束)…, 总时长, 静音, 应答等待, 应答次数
    ("一问一答", [(C, 0, 1000), (A, 1500, 3000)], 3000, 0, 500, 1),
    ("三秒整算静音", [(C, 0, 1000), (A, 4000, 5000)], 5000, 3000, 3000, 1),
    ("两秒九不算静音", [(C, 0, 1000), (A, 3900, 5000)], 5000, 0, 2900, 1),
    ("抢话时等待为零", [(C, 0, 2000), (A, 1500, 3000)], 3000, 0, 0, 1),
    ("连说两句从最后一句算起", [(C, 0, 1000), (C, 1200, 2000), (A, 2600, 3000)], 3000, 0, 600, 1),
    ("坐席连说两句只算一次应答", [(C, 0, 1000), (A, 1100, 2000), (A, 2100, 3000)], 3000, 0, 100, 1),
    ("坐席先开口不是应答", [(A, 0, 1000), (C, 1100, 2000)], 2000, 0, 0, 0),
    ("长句里的短句之后不重复算静音", [(A, 0, 9000), (C, 1000, 2000), (A, 9100, 9900)], 9900, 0, 7100, 1),
]


class TestTimes:
    @pytest.mark.parametrize(
        ("_name", "turns", "end", "silence", "wait", "answers"), TIMES, ids=[t[0] for t in TIMES]
    )
    def test_table(
        self,
        _name: str,
        turns: list[tuple[Speaker, int, int]],
        end: int,
        silence: int,
        wait: int,
        answers: int,
    ) -> None:
        call = Transcript("c", tuple(Turn(who, "嗯", start, stop) for who, start, stop in turns))
        assert call_times(call, end) == CallTimes(end, silence, wait, answers)

    def test_without_times_nothing_is_made_up(self) -> None:
        call = Transcript("c", (Turn(C, "在吗"), Turn(A, "在的")))
        assert call_times(call, None) == CallTimes()

    def test_without_roles_there_is_no_answer_to_wait_for(self) -> None:
        turns = (Turn(Speaker.UNKNOWN, "喂", 0, 900), Turn(Speaker.UNKNOWN, "您好", 5000, 6000))
        assert call_times(Transcript("c", turns, role_source="unknown"), 6000) == CallTimes(6000, 4100)

    @pytest.mark.parametrize("code", ["unit_suspect", "unit_unknown", "end_before_start"])
    def test_doubted_times_enter_no_mean(self, code: str) -> None:
        call = Transcript("c", (Turn(C, "嗯", 0, 1), Turn(A, "好", 2, 3)), flags=(TranscriptFlag(code, "…"),))
        assert call_times(call, 3) == CallTimes()
