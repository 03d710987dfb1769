"""指标：与逐份报告算出来的一致；只算看得见的会话；比率带人数和 Wilson 区间。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from scipy.stats import binomtest
from sqlalchemy import select

from api.app import build
from qa_engine.domain.access import EVERYTHING, SYSTEM, Role, RowScope
from qa_engine.domain.periods import Period
from qa_engine.domain.rates import Rate
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Transcript
from qa_engine.service import Service
from qa_engine.services import rollups
from qa_engine.services.daily_facts import daily_facts
from qa_engine.services.metric_query import Grouping, MetricFilters, chosen_days
from qa_engine.services.metrics import CriterionFigures, Figures, read_criteria, read_metrics, read_types
from qa_engine.store.tables import ReportRow
from service.archive import FIRST, Filed, file, file_all, judged
from service.conftest import KINDS, fresh_url, settings_for
from service.world import World, found_world

ALL = MetricFilters(date(2026, 1, 1), date(2026, 12, 31))
TOGETHER = Grouping()
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=KINDS)
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, list[Filed]]]:
    """The filed samples behind HTTP; nobody changes them."""
    folder = tmp_path_factory.mktemp("metrics")
    url = fresh_url(request, request.param, folder)
    service = Service.open(settings_for(url, folder / "home", model="none", rate_per_minute=10**6))
    world = found_world(service)
    with service.work() as work:
        filed = file_all(work)
    with TestClient(build(service=service)) as client:
        world.client = client
        yield world, filed
    service.close()


def figures(
    world: World, filters: MetricFilters = ALL, grouping: Grouping = TOGETHER, rows: RowScope = EVERYTHING
) -> list[Figures]:
    with world.service.look() as work:
        looking = replace(work, principal=replace(SYSTEM, rows=rows))
        return list(read_metrics(looking, filters, grouping, limit=500).items)


def reports(filed: Sequence[Filed]) -> list[InspectionReport]:
    return [one.report for one in filed]


def mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


# 指标 → 从汇总里怎么取，从报告里怎么算
MEANS: dict[str, tuple[Callable[[Figures], float | None], Callable[[InspectionReport], float | None]]] = {
    "平均得分率": (lambda f: f.mean_of("percent"), lambda r: round(r.total.percent, 2)),
    "平均覆盖率": (lambda f: f.mean_of("coverage"), lambda r: round(r.total.coverage, 4)),
    "平均情绪指数": (lambda f: f.mean_of("emotion"), lambda r: r.emotion.index and round(r.emotion.index, 1)),
    "平均预期满意度": (
        lambda f: f.mean_of("satisfaction"),
        lambda r: r.satisfaction.expected and round(r.satisfaction.expected, 3),
    ),
}
RATES: dict[str, tuple[Callable[[Figures], Rate], Callable[[InspectionReport], bool | None]]] = {
    "及格率": (lambda f: f.rate("passed", "judged"), lambda r: r.total.passed),
    "一票否决率": (lambda f: f.rate("critical", "calls"), lambda r: r.total.critical_failure),
    "解决率": (
        lambda f: f.rate("resolved", "resolution_judged"),
        lambda r: None if r.resolution.status is None else r.resolution.status == "resolved",
    ),
    "投诉率": (lambda f: f.rate("complaints", "complaint_judged"), lambda r: r.complaint.is_complaint),
    "标记率": (lambda f: f.rate("flagged", "calls"), lambda r: bool(r.review.needed)),
}


class TestFiguresAreThoseOfTheReports:
    @pytest.mark.parametrize("name", MEANS)
    def test_means(self, archive: tuple[World, list[Filed]], name: str) -> None:
        world, filed = archive
        read, of = MEANS[name]
        [total] = figures(world)
        assert read(total) == pytest.approx(mean([of(report) for report in reports(filed)]))

    @pytest.mark.parametrize("name", RATES)
    def test_rates(self, archive: tuple[World, list[Filed]], name: str) -> None:
        world, filed = archive
        read, of = RATES[name]
        judgements = [value for report in reports(filed) if (value := of(report)) is not None]
        [total] = figures(world)
        assert read(total) == Rate(sum(judgements), len(judgements))

    def test_times(self, archive: tuple[World, list[Filed]]) -> None:
        world, _ = archive
        [total] = figures(world)
        with world.service.look() as work:
            rows = work.session.scalars(select(ReportRow).where(ReportRow.current)).all()
        assert total.mean("handle_ms", "handle_n") == pytest.approx(mean([row.handle_ms for row in rows]))
        silent = [row for row in rows if row.silence_ms is not None and row.handle_ms is not None]
        assert total.mean("silence_ms", "silence_n") == pytest.approx(
            mean([row.silence_ms for row in silent])
        )
        waits = sum(row.response_ms or 0 for row in rows) / sum(row.responses or 0 for row in rows)
        assert total.mean("response_ms", "response_n") == pytest.approx(waits)

    def test_drops_and_how_many_were_caught_again(self, archive: tuple[World, list[Filed]]) -> None:
        world, filed = archive
        drops = [drop for report in reports(filed) for drop in report.emotion.drops]
        [total] = figures(world)
        recovered = sum(drop.recovered_turn is not None for drop in drops)
        assert total.recovered == Rate(recovered, len(drops))
        assert len(drops) > 0

    def test_criteria(self, archive: tuple[World, list[Filed]]) -> None:
        world, filed = archive
        expected: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for report in reports(filed):
            for one in report.criteria:
                expected[report.scorecard_key, one.key, one.name].append(one.outcome)
        with world.service.look() as work:
            found = read_criteria(work, ALL, Grouping(), limit=500).items
        assert {
            (one.scorecard_key, one.key, one.name): (
                one.passed, one.failed, one.not_applicable, one.not_evaluated,
            )
            for one in found
        } == {
            key: tuple(outcomes.count(o) for o in ("PASSED", "FAILED", "NOT_APPLICABLE", "NOT_EVALUATED"))
            for key, outcomes in expected.items()
        }  # fmt: skip

    def test_complaint_types(self, archive: tuple[World, list[Filed]]) -> None:
        world, filed = archive
        expected: dict[str, int] = defaultdict(int)
        for report in reports(filed):
            for kind in report.complaint.types:
                expected[kind.key] += 1
        with world.service.look() as work:
            found = read_types(work, ALL, Grouping(), limit=500).items
        assert {one.key: one.share for one in found} == {
            key: Rate(n, len(filed)) for key, n in expected.items()
        }


def by_day(call: Transcript) -> str:
    return (datetime.fromisoformat(call.started_at or "") + timedelta(hours=8)).date().isoformat()


def by_week(call: Transcript) -> str:
    day = date.fromisoformat(by_day(call))
    return (day - timedelta(days=day.weekday())).isoformat()


GROUPS: dict[str, tuple[Grouping, Callable[[Filed], tuple[str, ...]]]] = {
    "班组": (Grouping(("team",)), lambda one: (one.transcript.agent.team or "",)),
    "技能组": (Grouping(("skill_group",)), lambda one: (one.transcript.agent.skill_group or "",)),
    "坐席": (Grouping(("agent_id",)), lambda one: (one.transcript.agent.id or "",)),
    "业务线": (Grouping(("business_line",)), lambda one: (one.business_line,)),
    "评分表": (Grouping(("scorecard_key",)), lambda one: (one.report.scorecard_key,)),
    "天": (Grouping((), "day"), lambda one: (by_day(one.transcript),)),
    "周": (Grouping((), "week"), lambda one: (by_week(one.transcript),)),
    "月": (Grouping((), "month"), lambda one: (by_day(one.transcript)[:7] + "-01",)),
    "周和班组": (
        Grouping(("team",), "week"),
        lambda one: (by_week(one.transcript), one.transcript.agent.team or ""),
    ),
}


def key_of(found: Figures) -> tuple[str, ...]:
    start = found.group.start
    return found.group.values if start is None else (start.isoformat(), *found.group.values)


class TestGroups:
    @pytest.mark.parametrize("name", GROUPS)
    def test_every_call_is_in_its_group(self, archive: tuple[World, list[Filed]], name: str) -> None:
        world, filed = archive
        grouping, of = GROUPS[name]
        expected: dict[tuple[str, ...], int] = defaultdict(int)
        for one in filed:
            expected[of(one)] += 1
        found = figures(world, ALL, grouping)
        assert {key_of(one): one.calls for one in found} == expected
        assert [key_of(one) for one in found] == sorted(expected)

    @pytest.mark.parametrize("name", ["天", "周和班组", "坐席"])
    def test_pages_hold_every_group_once(self, archive: tuple[World, list[Filed]], name: str) -> None:
        world, _ = archive
        grouping, _ = GROUPS[name]
        for read in (read_metrics, read_types, read_criteria):
            seen: list[Any] = []
            cursor = None
            with world.service.look() as work:
                everything = read(work, ALL, grouping, limit=500)
                while True:
                    page = read(work, ALL, grouping, cursor=cursor, limit=2)
                    seen += page.items
                    if (cursor := page.next_cursor) is None:
                        break
            assert seen == list(everything.items)
            assert len(seen) > 2

    def test_without_calls_there_is_one_row_of_nothing(self, archive: tuple[World, list[Filed]]) -> None:
        world, _ = archive
        [nothing] = figures(world, MetricFilters(date(2020, 1, 1), date(2020, 1, 2)))
        assert nothing.calls == 0
        assert nothing.mean_of("percent") is None
        assert nothing.rate("passed", "judged").value is None
        assert figures(world, MetricFilters(date(2020, 1, 1), date(2020, 1, 2)), Grouping(("team",))) == []


class TestScope:
    @pytest.mark.parametrize(
        ("rows", "sees"),
        [
            (RowScope(business_lines=frozenset({"retail"})), lambda one: one.business_line == "retail"),
            (RowScope(teams=frozenset({"零售一组"})), lambda one: one.transcript.agent.team == "零售一组"),
            (RowScope(agent_id="A1"), lambda one: one.transcript.agent.id == "A1"),
            (RowScope(business_lines=frozenset()), lambda _one: False),
        ],
        ids=["业务线", "班组", "坐席", "什么都看不见"],
    )
    def test_only_what_is_seen_is_counted(
        self, archive: tuple[World, list[Filed]], rows: RowScope, sees: Callable[[Filed], bool]
    ) -> None:
        world, filed = archive
        mine = [one for one in filed if sees(one)]
        [total] = figures(world, rows=rows)
        assert total.calls == len(mine)
        with world.service.look() as work:
            looking = replace(work, principal=replace(SYSTEM, rows=rows))
            criteria = read_criteria(looking, ALL, Grouping(), limit=500).items
            types = read_types(looking, ALL, Grouping(), limit=500).items
        assert sum(
            one.failed + one.passed + one.not_applicable + one.not_evaluated for one in criteria
        ) == sum(len(one.report.criteria) for one in mine)
        assert sum(one.share.hits for one in types) == sum(len(one.report.complaint.types) for one in mine)


class TestFilters:
    def test_they_are_combined(self, archive: tuple[World, list[Filed]]) -> None:
        world, filed = archive
        filters = replace(ALL, teams=("零售一组",), agents=("A0", "A3"), scorecards=("general_service",))
        mine = [
            one
            for one in filed
            if one.transcript.agent.team == "零售一组"
            and one.transcript.agent.id in {"A0", "A3"}
            and one.report.scorecard_key == "general_service"
        ]
        [total] = figures(world, filters)
        assert 0 < total.calls == len(mine)

    def test_both_ends_of_the_days_are_included(self, archive: tuple[World, list[Filed]]) -> None:
        world, filed = archive
        days = sorted({by_day(one.transcript) for one in filed})
        filters = MetricFilters(date.fromisoformat(days[1]), date.fromisoformat(days[2]))
        [total] = figures(world, filters)
        assert total.calls == sum(by_day(one.transcript) in days[1:3] for one in filed)

    @pytest.mark.parametrize(
        ("now", "since", "until", "expected"),
        [
            # 默认到“今天”为止的 30 天；今天按服务的时区算。
            (datetime(2026, 3, 1, 17, tzinfo=UTC), None, None, (date(2026, 2, 1), date(2026, 3, 2))),
            (NOW, date(2026, 4, 1), None, (date(2026, 4, 1), date(2026, 4, 1))),
            (
                datetime(2026, 3, 1, tzinfo=UTC),
                None,
                date(2026, 1, 30),
                (date(2026, 1, 1), date(2026, 1, 30)),
            ),
        ],
    )
    def test_days_left_out(
        self,
        archive: tuple[World, list[Filed]],
        now: datetime,
        since: date | None,
        until: date | None,
        expected: tuple[date, date],
    ) -> None:
        with archive[0].service.look() as work:
            assert chosen_days(replace(work, now=now), since, until) == expected


class TestFirstContact:
    def test_figures_say_when_they_are_final(self, archive: tuple[World, list[Filed]]) -> None:
        world, _ = archive
        day = date(2026, 3, 1)
        over = datetime(2026, 3, 8, 16, tzinfo=UTC)  # midnight after the seventh day, in Shanghai
        for now, final in ((over, True), (over - timedelta(seconds=1), False)):
            with world.service.look() as work:
                found = read_metrics(replace(work, now=now), MetricFilters(day, day), Grouping((), "day"))
            assert [one.first_contact_final for one in found.items] == [final]


SPANS = {
    "整年": ("2026-01-01", "2026-12-31"),
    "整月": ("2026-03-01", "2026-03-31"),
    "月中到月中": ("2026-02-11", "2026-05-17"),
    "月初到月中": ("2026-02-01", "2026-05-17"),
    "月中到月末": ("2026-02-11", "2026-04-30"),
    "一个月之内": ("2026-03-04", "2026-03-20"),
    "跨月而没有整月": ("2026-03-04", "2026-04-20"),
    "一天": ("2026-03-10", "2026-03-10"),
}


class TestCountsOverAllAgents:
    """They are read from sums of months and days; by agent they are added up one by one."""

    @pytest.fixture(scope="class", params=KINDS)
    def year(
        self, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Service]:
        folder = tmp_path_factory.mktemp("year")
        url = fresh_url(request, request.param, folder)
        service = Service.open(settings_for(url, folder / "home", model="none"))
        found_world(service)
        pairs = [pair for pair in judged() if pair[1].scorecard_key == "general_service"]
        spread = []
        for i, (call, report) in enumerate(pairs):
            moment = FIRST + timedelta(days=i * 7 - 40)
            spread.append((replace(call, started_at=moment.isoformat()), report))
        with service.work() as work:
            file(work, spread)
        yield service
        service.close()

    @pytest.mark.parametrize("span", SPANS)
    @pytest.mark.parametrize("per", [None, "day", "week", "month"])
    def test_both_ways_give_the_same(self, year: Service, span: str, per: Period | None) -> None:
        filters = MetricFilters(*(date.fromisoformat(day) for day in SPANS[span]))
        together: dict[Any, list[int]] = {}
        one_by_one: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        with year.look() as work:
            for one in read_criteria(work, filters, Grouping((), per), limit=100_000).items:
                together[one.group.start, one.key] = four(one)
            for one in read_criteria(work, filters, Grouping(("agent_id",), per), limit=100_000).items:
                sums = one_by_one[one.group.start, one.key]
                for i, n in enumerate(four(one)):
                    sums[i] += n
            types = read_types(work, filters, Grouping((), per), limit=100_000).items
            by_agent = read_types(work, filters, Grouping(("agent_id",), per), limit=100_000).items
        assert together == one_by_one
        assert sum(one.share.hits for one in types) == sum(one.share.hits for one in by_agent)
        assert together


def four(one: CriterionFigures) -> list[int]:
    return [one.passed, one.failed, one.not_applicable, one.not_evaluated]


class TestRates:
    @pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 20), (20, 20), (3, 7), (1, 1000), (9, 50)])
    def test_intervals_are_wilsons(self, hits: int, n: int) -> None:
        expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        interval = Rate(hits, n).interval
        assert interval == pytest.approx((expected.low, expected.high), abs=1e-9)
        assert interval is not None
        assert interval[0] <= hits / n <= interval[1]

    def test_of_nothing_nothing_is_known(self) -> None:
        assert (Rate(0, 0).value, Rate(0, 0).interval) == (None, None)

    @pytest.mark.parametrize(("hits", "n"), [(2, 1), (-1, 3)])
    def test_impossible_ones_are_refused(self, hits: int, n: int) -> None:
        with pytest.raises(ValueError, match="no rate"):
            Rate(hits, n)


def ask(world: World, who: Role, path: str, **query: Any) -> httpx.Response:
    assert world.client is not None
    return world.client.get(path, headers=world.staff[who].headers, params=query)


WHOLE = {"since": "2026-01-01", "until": "2026-12-31"}
PATHS = ["/v1/metrics", "/v1/metrics/criteria", "/v1/metrics/complaint-types"]


class TestOverHttp:
    def test_a_course_in_time_by_team(self, archive: tuple[World, list[Filed]]) -> None:
        world, filed = archive
        answer = ask(world, Role.ADMIN, PATHS[0], **WHOLE, per="day", by=["team", "agent"])
        first = answer.json()["items"][0]
        assert first["group"]["start"] == min(by_day(one.transcript) for one in filed)
        assert set(first["group"]) == {"start", "team", "agent", "business_line", "skill_group", "scorecard"}
        assert first["group"]["business_line"] is None
        assert first["pass_rate"]["low"] <= first["pass_rate"]["value"] <= first["pass_rate"]["high"]

    def test_a_team_lead_sees_the_own_team(self, archive: tuple[World, list[Filed]]) -> None:
        world, filed = archive
        mine = [o for o in filed if (o.business_line, o.transcript.agent.team) == ("retail", "零售一组")]
        [total] = ask(world, Role.TEAM_LEAD, PATHS[0], **WHOLE).json()["items"]
        assert total["calls"] == len(mine)
        teams = ask(world, Role.TEAM_LEAD, PATHS[0], **WHOLE, by="team").json()["items"]
        assert [one["group"]["team"] for one in teams] == ["零售一组"]

    @pytest.mark.parametrize("path", PATHS)
    def test_anonymous_and_agents_are_refused(self, archive: tuple[World, list[Filed]], path: str) -> None:
        world, _ = archive
        assert world.client is not None
        assert world.client.get(path).status_code == 401
        assert ask(world, Role.AGENT, path).status_code == 403

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"since": "2026-03-02", "until": "2026-03-01"}, "since"),
            ({"since": "2000-01-01", "until": "2026-03-01"}, "since"),
            ({"by": "weather"}, "by[0]"),
            ({"per": "decade"}, "per"),
            ({"since": "0001-01-01"}, "since"),
            ({"cursor": "W10", "by": "team"}, "cursor"),
        ],
    )
    def test_what_cannot_be_asked(
        self, archive: tuple[World, list[Filed]], path: str, query: dict[str, str], field: str
    ) -> None:
        answer = ask(archive[0], Role.REVIEWER, path, **query)
        assert (answer.status_code, answer.json()["field"]) == (422, field)

    def test_one_criterion(self, archive: tuple[World, list[Filed]]) -> None:
        world, filed = archive
        key = filed[0].report.criteria[0].key
        items = ask(world, Role.ADMIN, PATHS[1], **WHOLE, criterion=key).json()["items"]
        assert {one["key"] for one in items} == {key}
        assert all(one["failure_rate"]["n"] == one["passed"] + one["failed"] for one in items)
        assert sum(one["failed"] for one in items) == sum(
            c.key == key and c.outcome == "FAILED" for r in reports(filed) for c in r.criteria
        )


class TestHumanDecisions:
    def test_pass_rate_counts_them_in(self, tmp_path: Path, sqlite_url: str) -> None:
        service = Service.open(settings_for(sqlite_url, tmp_path / "home", model="none"))
        world = found_world(service)
        call, report = judged()[0]
        with service.work() as work:
            [row] = file(work, [(replace(call, started_at=FIRST.isoformat()), report)])
            passed = row.final_passed
        with service.work() as work:
            row = work.session.get_one(ReportRow, row.id)
            was = daily_facts(row, work.zone)
            row.final_passed = not passed
            rollups.apply(work, minus=[was], plus=[row])
        [total] = figures(world)
        assert total.rate("passed", "judged") == Rate(int(not passed), 1)
        service.close()
