"""每日汇总：随记录、重评和改判一路加减得到的，与从头重算的完全相同；首次解决的口径逐条写明。"""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from typer.testing import CliRunner

from qa_engine.cli.app import app
from qa_engine.domain.prediction import RESOLUTIONS
from qa_engine.domain.staff import Customer
from qa_engine.service import Service
from qa_engine.services import rollups
from qa_engine.services.contacts import WITHIN, before_and_after
from qa_engine.services.daily_facts import daily_facts
from qa_engine.services.erasure import erase_customer
from qa_engine.store.tables import DailyCell, DailyCount, ReportRow, SpanCount
from service.archive import FIRST, file, file_all, judged

LATER = FIRST + timedelta(days=3)


def stored(service: Service) -> dict[tuple[Any, ...], Any]:
    """Everything that is summed and not zero, by table, key and column."""
    found: dict[tuple[Any, ...], Any] = {}
    with service.look() as work:
        for table in (DailyCell, DailyCount, SpanCount):
            columns = table.__table__.columns
            keys = [column.name for column in table.__table__.primary_key]
            for row in work.session.execute(select(*columns)).mappings():
                for name in set(row) - set(keys):
                    if row[name]:
                        found[table.__tablename__, *(row[key] for key in keys), name] = row[name]
    return found


def recounted(service: Service) -> dict[tuple[Any, ...], Any]:
    with service.work() as work:
        rollups.recount(work)
    return stored(service)


class TestTheLaw:
    def test_what_was_added_up_is_what_a_recount_finds(self, service: Service) -> None:
        draw = random.Random(4)
        with service.work() as work:
            file_all(work)
        for _ in range(6):
            # Some are judged anew, at another moment and differently.
            again = [
                (
                    replace(call, started_at=(LATER + timedelta(hours=draw.randrange(200))).isoformat()),
                    replace(
                        report, resolution=replace(report.resolution, status=draw.choice([*RESOLUTIONS]))
                    ),
                )
                for call, report in draw.sample(judged(), 7)
            ]
            with service.work() as work:
                file_all(work, again)
                change_some(work, draw)
        before = stored(service)
        assert len(before) > 500
        assert recounted(service) == before

    def test_a_report_taken_out_leaves_nothing(self, service: Service) -> None:
        with service.work() as work:
            file_all(work)
            rows = work.session.scalars(select(ReportRow).where(ReportRow.current)).all()
            rollups.apply(work, minus=rows, plus=[])
        assert stored(service) == {}

    def test_every_call_is_counted_once(self, service: Service) -> None:
        with service.work() as work:
            file_all(work)
        with service.work() as work:
            file_all(work)
        with service.look() as work:
            current = work.session.scalar(select(func.count()).where(ReportRow.current))
            assert work.session.scalar(select(func.sum(DailyCell.calls))) == current == len(judged())

    def test_several_who_record_the_same_day_at_once_lose_nothing(self, service: Service) -> None:
        pairs = [pair for pair in judged() if pair[1].scorecard_key == "general_service"][:8]
        failures: list[BaseException] = []

        def record(number: int) -> None:
            try:
                for i, (call, report) in enumerate(pairs):
                    mine = replace(call, id=f"{number}-{i}", customer=Customer(f"C{i % 2}"))
                    with service.work() as work:
                        file(work, [(mine, report)])
            except BaseException as error:
                failures.append(error)
                raise

        threads = [threading.Thread(target=record, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        before = stored(service)
        assert sum(n for key, n in before.items() if key[-1] == "calls") == 4 * len(pairs)
        assert recounted(service) == before

    def test_the_day_is_that_of_the_services_zone(self, service: Service) -> None:
        call, report = judged()[0]
        late = replace(call, started_at="2026-03-01T23:30:00+00:00")
        with service.work() as work:
            file(work, [(late, report)])
        with service.look() as work:
            assert work.session.scalars(select(DailyCell.day)).all() == ["2026-03-02"]


def change_some(work: Any, draw: random.Random) -> None:
    """As a human decision does."""
    ids = work.session.scalars(select(ReportRow.id).where(ReportRow.current).order_by(ReportRow.id)).all()
    for report_id in draw.sample(ids, 5):
        row = work.session.get_one(ReportRow, report_id)
        was = daily_facts(row, work.zone)
        row.final_percent, row.final_passed = draw.randrange(10000) / 100, draw.choice([True, False, None])
        rollups.apply(work, minus=[was], plus=[row])


class TestWhatIsSummed:
    def test_fractions_add_up_exactly(self, service: Service) -> None:
        call, report = judged()[0]
        third = replace(report, total=replace(report.total, percent=100 / 3))
        with service.work() as work:
            file(work, [(replace(call, id=f"c{i}"), third) for i in range(7)])
        with service.look() as work:
            assert work.session.scalar(select(func.sum(DailyCell.percent_sum))) == 7 * 333300

    def test_criteria_and_types_are_counted_by_name(self, service: Service) -> None:
        pairs = [pair for pair in judged() if pair[1].scorecard_key == "general_service"]
        with service.work() as work:
            file(work, pairs)
        letters = {"PASSED": "P", "FAILED": "F", "NOT_APPLICABLE": "N", "NOT_EVALUATED": "E"}
        expected = Counter(f"{letters[c.outcome]}:{c.key}" for _, r in pairs for c in r.criteria)
        expected += Counter(f"type:{t.key}" for _, r in pairs for t in r.complaint.types)
        with service.look() as work:
            rows = work.session.execute(
                select(DailyCount.name, func.sum(DailyCount.n)).group_by(DailyCount.name)
            )
            assert {name: int(n) for name, n in rows} == expected


# 天数（相对第一通），是否解决 → 首次联系, 又来联系, 计入首次解决率的分母和分子
MATTERS = {
    "只来一次，解决了": ([(0, True)], [(True, False)], (1, 1)),
    "只来一次，没解决": ([(0, False)], [(True, False)], (1, 0)),
    "说解决了，三天后又来": ([(0, True), (3, True)], [(True, True), (False, False)], (1, 0)),
    "第七天整又来，仍算同一件事": ([(0, True), (7, True)], [(True, True), (False, False)], (1, 0)),
    "过了七天再来是另一件事": ([(0, True), (7.01, True)], [(True, False), (True, False)], (2, 2)),
    "一件事追了三次，只算一次": (
        [(0, False), (5, False), (10, True)],
        [(True, True), (False, True), (False, False)],
        (1, 0),
    ),
}


class TestFirstContact:
    @pytest.mark.parametrize("matter", MATTERS)
    @pytest.mark.parametrize("order", ["先来先记", "后来先记", "一次记下"])
    def test_matters(self, service: Service, matter: str, order: str) -> None:
        calls, flags, (first, resolved) = MATTERS[matter]
        pairs = [contact(i, days, solved=solved) for i, (days, solved) in enumerate(calls)]
        chunks = [pairs] if order == "一次记下" else [[pair] for pair in pairs]
        for chunk in reversed(chunks) if order == "后来先记" else chunks:
            with service.work() as work:
                file(work, chunk)
        with service.look() as work:
            rows = work.session.scalars(select(ReportRow).order_by(ReportRow.happened_at)).all()
            assert [(row.first_contact, row.contacted_again) for row in rows] == flags
            sums = work.session.execute(
                select(func.sum(DailyCell.first_judged), func.sum(DailyCell.first_resolved))
            ).one()
            assert tuple(sums) == (first, resolved)
        before = stored(service)
        assert recounted(service) == before

    def test_a_call_judged_twice_is_no_second_contact(self, service: Service) -> None:
        for _ in range(2):
            with service.work() as work:
                file(work, [contact(0, 0, solved=True)])
        assert self.flags(service) == {(True, False)}

    def test_other_customers_and_other_lines_are_other_matters(self, service: Service) -> None:
        call, report = contact(1, 1, solved=True)
        with service.work() as work:
            file(work, [contact(0, 0, solved=True)])
            file(work, [(replace(call, customer=Customer("somebody else")), report)])
            file(work, [(replace(call, id="elsewhere"), report)], "insurance")
        assert self.flags(service) == {(True, False)}

    def test_customers_without_an_id_are_not_followed(self, service: Service) -> None:
        call, report = contact(0, 0, solved=True)
        with service.work() as work:
            file(work, [(replace(call, customer=Customer(None)), report)])
        assert self.flags(service) == {(None, None)}
        assert not [key for key in stored(service) if key[-1] == "first_judged"]

    def test_an_id_that_everybody_shares_is_nobody(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("qa_engine.services.contacts.MOST_CONTACTS", 3)
        with service.work() as work:
            file(work, [contact(i, i / 10, solved=True) for i in range(4)])
        assert self.flags(service) == {(None, None)}

    def test_erasing_a_customer_changes_no_figure(self, service: Service) -> None:
        with service.work() as work:
            file(work, [contact(0, 0, solved=True), contact(1, 2, solved=True)])
        before = stored(service)
        with service.work() as work:
            assert erase_customer(work, "C-1").calls == 2
        assert recounted(service) == before

    def flags(self, service: Service) -> set[tuple[bool | None, bool | None]]:
        with service.look() as work:
            wanted = select(ReportRow.first_contact, ReportRow.contacted_again).where(ReportRow.current)
            return {tuple(row) for row in work.session.execute(wanted)}


def contact(number: int, days: float, *, solved: bool) -> tuple[Any, Any]:
    """A call of customer C-1 so many days after the first one."""
    call, report = judged()[0]
    moment = FIRST + timedelta(days=days)
    status = "resolved" if solved else "unresolved"
    return (
        replace(call, id=f"contact-{number}", started_at=moment.isoformat(), customer=Customer("C-1")),
        replace(report, resolution=replace(report.resolution, status=status)),
    )


moments = st.integers(0, 40).map(lambda days: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days))


@given(st.lists(st.tuples(moments, st.sampled_from("abcdef")), min_size=1, max_size=12, unique=True))
@settings(max_examples=200, deadline=None)
def test_neighbours_are_found_as_by_looking_at_all(contacts: list[tuple[datetime, str]]) -> None:
    ordered = sorted(contacts)
    for call in ordered:
        others = [other for other in ordered if other[1] != call[1]]
        first = not any(other < call and call[0] - other[0] <= WITHIN for other in others)
        again = any(other > call and other[0] - call[0] <= WITHIN for other in others)
        assert before_and_after(call, ordered) == (first, again)


def test_a_time_zone_that_changes_is_what_a_recount_is_for(service: Service) -> None:
    call, report = judged()[0]
    with service.work() as work:
        file(work, [(replace(call, started_at="2026-03-01T23:30:00+00:00"), report)])
    with service.work() as work:
        assert rollups.recount(replace(work, zone=ZoneInfo("UTC"))) == 1
    with service.look() as work:
        assert work.session.scalars(select(DailyCell.day)).all() == ["2026-03-01"]


def test_it_is_a_command(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with service.work() as work:
        file_all(work)
        work.session.execute(delete(DailyCell))
    monkeypatch.setenv("QA_ENGINE_HOME", str(service.settings.home))
    monkeypatch.setenv("QA_ENGINE_DATABASE_URL", service.settings.database_url)
    answer = CliRunner().invoke(app, ["recount"])
    assert (answer.exit_code, f"{len(judged())} 份" in answer.output) == (0, True)
    with service.look() as work:
        assert work.session.scalar(select(func.sum(DailyCell.calls))) == len(judged())
