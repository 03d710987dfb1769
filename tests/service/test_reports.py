"""质检报告的列表：任意组合的筛选与逐份比对的结果相同，翻页不漏不重，范围之外看不见。"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from qa_engine.domain.access import EVERYTHING, PERMISSIONS, Permission, Principal, Role, RowScope
from qa_engine.domain.refusal import Forbidden, Invalid, NotFound
from qa_engine.domain.scorecard import Outcome
from qa_engine.scorecards import load_scorecard
from qa_engine.service import Caller, Service
from qa_engine.services import report_walk
from qa_engine.services.marks import attribute_text
from qa_engine.services.report_detail import read_report
from qa_engine.services.report_filters import ReportFilters
from qa_engine.services.reports import ReportLine, list_reports
from qa_engine.store.tables import AuditRow, BusinessLineRow, ScorecardRow
from service.archive import CARDS, FIRST, LINES, TEAMS, Filed, file_all
from service.conftest import KINDS, fresh_url, settings_for


@pytest.fixture(scope="module", params=KINDS)
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, list[Filed]]]:
    folder = tmp_path_factory.mktemp("archive")
    service = Service.open(settings_for(fresh_url(request, request.param, folder), folder / "home"))
    with service.work() as work:
        for line in LINES:
            work.session.add(BusinessLineRow(key=line, name=line, appeal_days=7, second_review=False))
        for card in CARDS:
            work.session.add(published(card, work.now))
        filed = file_all(work)
    yield service, filed
    service.close()


def published(card: str, now: datetime) -> ScorecardRow:
    loaded = load_scorecard(card)
    own = loaded.scorecard
    return ScorecardRow(
        key=own.key, revision=own.revision, digest=own.digest, name=own.name,
        business_line=own.business_line, source=loaded.source_text, state="published", note="",
        created_by="system", created_at=now, published_by="system", published_at=now,
    )  # fmt: skip


def caller(role: Role = Role.QA_LEAD, rows: RowScope = EVERYTHING) -> Caller:
    return Caller(Principal("user", "7", "某人", role, PERMISSIONS[role], rows))


def all_pages(
    service: Service, filters: ReportFilters, who: Caller | None = None, limit: int = 7
) -> list[int]:
    found: list[ReportLine] = []
    cursor = None
    while True:
        with service.look(who or caller()) as work:
            page = list_reports(work, filters, cursor, limit)
        found += page.items
        if page.next_cursor is None:
            return [line.id for line in found]
        assert len(page.items) <= limit
        assert page.next_cursor != cursor
        cursor = page.next_cursor


def expected(filed: list[Filed], keep: Callable[[Filed], bool]) -> list[int]:
    def place(one: Filed) -> tuple[datetime, int]:
        return datetime.fromisoformat(one.transcript.started_at or ""), one.id

    return [one.id for one in sorted(filed, key=place, reverse=True) if keep(one)]


def has_outcome(one: Filed, key: str, outcome: Outcome) -> bool:
    return any(item.key == key and item.outcome is outcome for item in one.report.criteria)


def lowest(one: Filed) -> int:
    return min((point.emotion for point in one.report.emotion.curve), default=0)


def told(one: Filed) -> dict[str, str]:
    return {key: attribute_text(value) for key, value in one.transcript.attributes.items()}  # type: ignore[arg-type]


def when(one: Filed) -> datetime:
    return datetime.fromisoformat(one.transcript.started_at or "")


def is_type(one: Filed, key: str) -> bool:
    return any(kind.key == key for kind in one.report.complaint.types)


def has_cause(one: Filed, kind: str) -> bool:
    return any(drop.cause is not None and drop.cause.kind == kind for drop in one.report.emotion.drops)


def index_below(one: Filed, limit: float) -> bool:
    index = one.report.emotion.index
    return index is not None and round(index, 1) < limit


def percent(one: Filed) -> float:
    return round(one.report.total.percent, 2)


# Each: a filter, and what it means of the report itself.
Half = tuple[dict[str, object], Callable[[Filed], bool]]
HALVES: list[Half] = [
    ({"since": FIRST + timedelta(hours=14)}, lambda o: when(o) >= FIRST + timedelta(hours=14)),
    ({"until": FIRST + timedelta(hours=28)}, lambda o: when(o) < FIRST + timedelta(hours=28)),
    ({"business_lines": ("retail",)}, lambda o: o.business_line == "retail"),
    ({"teams": (TEAMS[0], TEAMS[1])}, lambda o: o.transcript.agent.team in TEAMS[:2]),
    ({"teams": ("没有这个组",)}, lambda _: False),
    ({"skill_groups": ("售后",)}, lambda o: o.transcript.agent.skill_group == "售后"),
    ({"agents": ("A1",)}, lambda o: o.transcript.agent.id == "A1"),
    ({"channels": ("chat",)}, lambda o: o.transcript.channel.value == "chat"),
    ({"scorecards": (CARDS[0],)}, lambda o: o.report.scorecard_key == CARDS[0]),
    ({"revision": 1}, lambda o: o.report.scorecard_revision == 1),
    ({"batch": "nothere"}, lambda _: False),
    ({"resolutions": ("unresolved",)}, lambda o: o.report.resolution.status == "unresolved"),
    ({"resolutions": ("resolved", "partial")},
     lambda o: o.report.resolution.status in ("resolved", "partial")),
    ({"review_states": ("open",)}, lambda o: o.report.review.needed is True),
    ({"needs_review": False}, lambda o: o.report.review.needed is False),
    ({"passed": (True, None)}, lambda o: o.report.total.passed in {True, None}),
    ({"passed": (False,)}, lambda o: o.report.total.passed is False),
    ({"critical_failure": True}, lambda o: o.report.total.critical_failure),
    ({"is_complaint": True}, lambda o: o.report.complaint.is_complaint is True),
    ({"complaint_types": ("service.attitude",)}, lambda o: is_type(o, "service.attitude")),
    ({"faults": ("cold",)}, lambda o: any(fault.kind == "cold" for fault in o.report.attitude.faults)),
    ({"causes": ("shirk",)}, lambda o: has_cause(o, "shirk")),
    ({"sunk_to": -1}, lambda o: lowest(o) <= -1),
    ({"sunk_to": -2}, lambda o: lowest(o) <= -2),
    ({"emotion_index_below": 45.0}, lambda o: index_below(o, 45)),
    ({"percent_from": 60.0}, lambda o: percent(o) >= 60),
    ({"percent_to": 70.0}, lambda o: percent(o) <= 70),
    ({"attributes": (("来源", "APP"),)}, lambda o: told(o)["来源"] == "APP"),
    ({"attributes": (("等级", "2"), ("回访", "false"))},
     lambda o: (told(o)["等级"], told(o)["回访"]) == ("2", "false")),
    ({"transcript_id": "sample-4"}, lambda o: o.transcript.id == "sample-4"),
    *(
        ({"outcomes": (("closing_phrase", x),)}, lambda o, x=x: has_outcome(o, "closing_phrase", x))
        for x in Outcome
    ),
    ({"outcomes": (("further_help", Outcome.FAILED), ("no_blame", Outcome.PASSED))},
     lambda o: has_outcome(o, "further_help", Outcome.FAILED) and has_outcome(o, "no_blame", Outcome.PASSED)),
]  # fmt: skip


class TestFilters:
    @pytest.mark.parametrize("half", HALVES, ids=lambda half: str(half[0]))
    def test_one_filter_finds_what_it_says(self, archive: tuple[Service, list[Filed]], half: Half) -> None:
        service, filed = archive
        assert all_pages(service, ReportFilters(**half[0])) == expected(filed, half[1])  # type: ignore[arg-type]

    def test_the_table_of_filters_is_complete(self) -> None:
        named = {name for half in HALVES for name in half[0]}
        assert named == set(ReportFilters.__dataclass_fields__)

    @pytest.mark.parametrize(
        ("rare", "near", "far", "rounds"),
        [(5000, 30_000, 250_000, 60), (0, 9, 17, 12), (4, 7, 23, 12)],
    )
    def test_any_combination_finds_what_all_of_it_says(
        self,
        archive: tuple[Service, list[Filed]],
        monkeypatch: pytest.MonkeyPatch,
        rare: int,
        near: int,
        far: int,
        rounds: int,
    ) -> None:
        """However soon a walk gives up, and along whatever it goes, the pages together are the same."""
        for name, value in (("RARE", rare), ("NEAR", near), ("FAR", far)):
            monkeypatch.setattr(report_walk, name, value)
        service, filed = archive
        dice = random.Random(rare)
        found = 0
        for _ in range(rounds):
            chosen: dict[str, Half] = {}
            for half in dice.sample(HALVES, dice.choice((2, 2, 3, 4))):
                chosen.setdefault(next(iter(half[0])), half)
            filters = ReportFilters(**{k: v for half in chosen.values() for k, v in half[0].items()})  # type: ignore[arg-type]
            wanted = expected(filed, lambda o, chosen=chosen: all(half[1](o) for half in chosen.values()))  # type: ignore[misc]
            assert all_pages(service, filters, limit=dice.choice((3, 8, 50))) == wanted, filters
            found += len(wanted)
        assert found > 2 * rounds

    def test_an_outcome_of_an_unknown_criterion_is_refused(
        self, archive: tuple[Service, list[Filed]]
    ) -> None:
        with archive[0].look(caller()) as work, pytest.raises(Invalid) as refused:
            list_reports(work, ReportFilters(outcomes=(("no_such_thing", Outcome.PASSED),)))
        assert refused.value.field == "outcome"

    @pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJhIiwgMV0", "WzEsMiwzXQ"])
    def test_a_cursor_of_another_list_is_refused(
        self, archive: tuple[Service, list[Filed]], cursor: str
    ) -> None:
        with archive[0].look(caller()) as work, pytest.raises(Invalid):
            list_reports(work, ReportFilters(), cursor)


class TestScope:
    @pytest.mark.parametrize(
        "rows",
        [
            RowScope(business_lines=frozenset({"retail"})),
            RowScope(teams=frozenset({"零售一组", "零售二组"})),
            RowScope(business_lines=frozenset({"insurance"}), teams=frozenset({"零售一组"})),
            RowScope(agent_id="A2"),
            RowScope(business_lines=frozenset()),
            RowScope(teams=frozenset()),
        ],
        ids=["line", "two teams", "line and team", "agent", "no line", "no team"],
    )
    def test_lists_and_details_show_what_the_scope_covers(
        self, archive: tuple[Service, list[Filed]], rows: RowScope
    ) -> None:
        service, filed = archive
        who = caller(Role.REVIEWER, rows)
        seen = expected(
            filed, lambda o: rows.covers(o.business_line, o.transcript.agent.team, o.transcript.agent.id)
        )
        assert all_pages(service, ReportFilters(), who) == seen
        for one in filed:
            with service.look(who) as work:
                if one.id in seen:
                    assert read_report(work, one.id).line.id == one.id
                else:
                    with pytest.raises(NotFound):
                        read_report(work, one.id)

    def test_a_call_is_found_by_its_own_id_within_the_scope_only(
        self, archive: tuple[Service, list[Filed]]
    ) -> None:
        service, _ = archive
        wanted = ReportFilters(transcript_id="sample-4")
        assert (
            all_pages(service, wanted, caller(rows=RowScope(business_lines=frozenset({"insurance"})))) == []
        )
        assert len(all_pages(service, wanted)) == len(CARDS)

    def test_names_are_shown_to_those_who_may_see_them(self, archive: tuple[Service, list[Filed]]) -> None:
        for role, shown in ((Role.REVIEWER, True), (Role.AGENT, False)):
            with archive[0].look(caller(role)) as work:
                names = {line.agent_name for line in list_reports(work, ReportFilters()).items}
            assert (names == {None}) is not shown

    def test_without_the_permission_nothing_is_listed(self, archive: tuple[Service, list[Filed]]) -> None:
        nobody = Principal("api_key", "1", "x", Role.INTEGRATION, frozenset({Permission.SCORE}), EVERYTHING)
        with archive[0].look(Caller(nobody)) as work, pytest.raises(Forbidden):
            list_reports(work, ReportFilters())


class TestReading:
    def test_a_masked_report_differs_from_the_machines_in_its_quotations_only(
        self, archive: tuple[Service, list[Filed]]
    ) -> None:
        service, filed = archive
        for one in filed:
            with service.work(caller()) as work:
                masked = read_report(work, one.id)
                raw = read_report(work, one.id, raw=True)
            assert (masked.whole.text, raw.whole.text) == ("masked", "raw")
            for item in raw.whole.report["criteria"]:
                for quote in item["evidence"]:
                    text = one.transcript.turns[quote["turn"]].text
                    assert text[quote["start"] : quote["end"]] == quote["quote"]
            said = {item.key: item.outcome.value for item in one.report.criteria}
            assert {item["key"]: item["outcome"] for item in masked.whole.report["criteria"]} == said

    def test_reading_the_original_is_audited_and_needs_its_permission(
        self, archive: tuple[Service, list[Filed]]
    ) -> None:
        service, filed = archive
        with service.work(caller(Role.REVIEWER)) as work:
            detail = read_report(work, filed[0].id, raw=True)
        with service.look() as work:
            last = work.session.query(AuditRow).order_by(AuditRow.id.desc()).first()
            assert last is not None
            assert (last.action, last.actor) == ("transcript.raw_read", "user:7")
            assert last.subject == f"transcript:{detail.line.transcript_id}"
        with service.work(caller(Role.TEAM_LEAD)) as work, pytest.raises(Forbidden):
            read_report(work, filed[0].id, raw=True)
