"""What is asked of a store of very many reports: pages of lists and queues, deep pages, metrics."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import func, select
from stored_fill import AGENTS, DAYS, LAST, LINES, TEAMS

from qa_engine.domain.access import EVERYTHING, PERMISSIONS, Principal, Role, RowScope
from qa_engine.domain.periods import Period
from qa_engine.domain.review import ReviewState
from qa_engine.domain.scorecard import Outcome
from qa_engine.scorecards import load_scorecard
from qa_engine.service import Caller, Service
from qa_engine.services.cursors import Page, encode_cursor
from qa_engine.services.metric_query import Dimension, Grouping, MetricFilters
from qa_engine.services.metrics import read_criteria, read_metrics, read_types
from qa_engine.services.report_detail import read_report
from qa_engine.services.report_filters import ReportFilters
from qa_engine.services.reports import cursor_at, list_reports
from qa_engine.services.review_queue import Concern, QueueFilters, list_reviews
from qa_engine.store.tables import ReportMark, ReportRow

PAGE = 50
R = ReportFilters


@dataclass(frozen=True)
class Crowd:
    """What there is to ask about; marks from the rarest to the commonest of the first days."""

    failed: tuple[str, ...]
    types: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    ids: tuple[int, int]

    @classmethod
    def of(cls, service: Service) -> Crowd:
        """Look it up."""
        early = LAST - timedelta(days=DAYS - 3)
        with service.look() as work:
            counted = (
                select(ReportMark.name, func.count())
                .where(ReportMark.happened_at < early)
                .group_by(ReportMark.name)
                .order_by(func.count())
            )
            names = [name for name, _ in work.session.execute(counted)]
            ids = work.session.execute(select(func.min(ReportRow.id), func.max(ReportRow.id))).one()
        return cls(
            failed=tuple(name[7:] for name in names if name.startswith("failed:")),
            types=tuple(name[5:] for name in names if name.startswith("type:")),
            attributes=tuple(
                (key, value)
                for key, _, value in (name[5:].partition("=") for name in names if name.startswith("attr:"))
            ),
            ids=(ids[0], ids[1]),
        )


Ask = Callable[[Service, Crowd, random.Random], int]
Filters = Callable[[Crowd, random.Random], ReportFilters]
# A value, or what throws one.
Filter = Any


def caller(role: Role = Role.QA_LEAD, rows: RowScope = EVERYTHING) -> Caller:
    """Somebody with these rows in sight."""
    return Caller(Principal("user", "1", "x", role, PERMISSIONS[role], rows))


def listed(
    filters: Filters, who: Callable[[random.Random], Caller] | None = None, *, deep: bool = False
) -> Ask:
    """Ask for a page of reports; ``deep`` begins anywhere in the year."""

    def ask(service: Service, crowd: Crowd, dice: random.Random) -> int:
        cursor = None
        if deep:
            moment = LAST - timedelta(days=dice.uniform(0, DAYS))
            cursor = cursor_at(moment, dice.randint(*crowd.ids))
        with service.look(who(dice) if who else caller()) as work:
            return len(list_reports(work, filters(crowd, dice), cursor, PAGE).items)

    return ask


def queued(
    filters: Callable[[random.Random], QueueFilters], *, rows: RowScope = EVERYTHING, deep: bool = False
) -> Ask:
    """Ask for a page of the queue of reviews."""

    def ask(service: Service, _crowd: Crowd, dice: random.Random) -> int:
        cursor = encode_cursor(dice.uniform(0.5, 1), dice.randint(1, 10**6)) if deep else None
        with service.look(caller(rows=rows)) as work:
            return len(list_reviews(work, filters(dice), cursor, PAGE).items)

    return ask


def _agent(dice: random.Random) -> str:
    return f"S{dice.randrange(AGENTS):03d}"


def _team(dice: random.Random) -> str:
    return f"班组{dice.randrange(TEAMS):02d}"


def _rare(names: tuple[str, ...]) -> tuple[str, ...]:
    return names[: max(1, len(names) // 3)]


def _common(names: tuple[str, ...]) -> tuple[str, ...]:
    return names[-max(1, len(names) // 3) :]


def _common_failed(**further: Filter) -> Filters:
    return lambda c, d: R(outcomes=_failed(d, _common(c.failed)), **_thrown(d, further))


def _rare_failed(**further: Filter) -> Filters:
    return lambda c, d: R(outcomes=_failed(d, _rare(c.failed)), **_thrown(d, further))


def _thrown(dice: random.Random, filters: Mapping[str, Filter]) -> dict[str, Any]:
    return {name: value(dice) if callable(value) else value for name, value in filters.items()}


def _of_agent(dice: random.Random) -> tuple[str, ...]:
    return (_agent(dice),)


def _of_team(dice: random.Random) -> tuple[str, ...]:
    return (_team(dice),)


def _known_attribute(crowd: Crowd, dice: random.Random) -> ReportFilters:
    return R(attributes=(dice.choice(crowd.attributes),)) if crowd.attributes else R()


def _rare_type_in_a_month(crowd: Crowd, dice: random.Random) -> ReportFilters:
    return _month(dice, complaint_types=(dice.choice(_rare(crowd.types)),), teams=_of_team(dice))


def _common_type_waiting(crowd: Crowd, dice: random.Random) -> ReportFilters:
    kind = dice.choice(_common(crowd.types))
    return R(complaint_types=(kind,), resolutions=("unresolved",), review_states=("open",))


def _criterion(dice: random.Random) -> tuple[str, str]:
    line, card = dice.choice(list(LINES.items()))
    return line, dice.choice(_criteria(card))


@cache
def _criteria(card: str) -> list[str]:
    return [criterion.key for criterion in load_scorecard(card).scorecard.criteria]


def _leads(dice: random.Random) -> Caller:
    return caller(Role.TEAM_LEAD, RowScope(teams=frozenset({_team(dice), _team(dice)})))


def _agents(dice: random.Random) -> Caller:
    return caller(Role.AGENT, RowScope(agent_id=_agent(dice)))


def _lined(dice: random.Random) -> Caller:
    return caller(Role.REVIEWER, RowScope(business_lines=frozenset({dice.choice(list(LINES))})))


def _failed(dice: random.Random, *kinds: tuple[str, ...]) -> tuple[tuple[str, Outcome], ...]:
    return tuple((dice.choice(kind), Outcome.FAILED) for kind in kinds)


def _month(dice: random.Random, **further: object) -> ReportFilters:
    since = LAST - timedelta(days=dice.randint(30, DAYS))
    return ReportFilters(since=since, until=since + timedelta(days=30), **further)  # type: ignore[arg-type]


def _lettered(outcome: Outcome) -> Filters:
    def filters(_crowd: Crowd, dice: random.Random) -> ReportFilters:
        line, key = _criterion(dice)
        return ReportFilters(business_lines=(line,), outcomes=((key, outcome),))

    return filters


def _read(service: Service, crowd: Crowd, dice: random.Random) -> int:
    with service.look(caller()) as work:
        return len(read_report(work, dice.randint(*crowd.ids)).decisions) + 1


def counted(
    read: Callable[..., Page[Any]],
    by: tuple[Dimension, ...],
    days: int,
    per: Period | None = None,
    **narrow: Any,
) -> Ask:
    """Ask for figures of so many days; ``narrow``: filters, each a function of the dice."""

    def ask(service: Service, _crowd: Crowd, dice: random.Random) -> int:
        until = (LAST - timedelta(days=dice.randint(0, DAYS - days))).date()
        chosen = {name: (value(dice),) for name, value in narrow.items()}
        filters = MetricFilters(until - timedelta(days=days - 1), until, **chosen)
        with service.look(caller()) as work:
            return len(read(work, filters, Grouping(by, per), limit=PAGE).items)

    return ask


def _line(dice: random.Random) -> str:
    return dice.choice(list(LINES))


QUESTIONS: dict[str, Ask] = {
    "queue, first page": queued(lambda _: QueueFilters()),
    "queue, of a team": queued(lambda d: QueueFilters(team=_team(d))),
    "queue, of a line": queued(lambda d: QueueFilters(business_line=d.choice(list(LINES)))),
    "queue, of an agent": queued(lambda d: QueueFilters(agent_id=_agent(d))),
    "queue, lead of two teams": queued(
        lambda _: QueueFilters(), rows=RowScope(teams=frozenset({"班组03", "班组11"}))
    ),
    "queue, decided ones": queued(lambda _: QueueFilters(state=ReviewState.DECIDED)),
    "queue, in any state": queued(lambda _: QueueFilters(state=None)),
    "queue, one concern": queued(lambda d: QueueFilters(concerns=(d.choice(list(Concern)),))),
    "queue, deep page": queued(lambda _: QueueFilters(), deep=True),
    "queue, deep page of a team": queued(lambda d: QueueFilters(team=_team(d)), deep=True),
    "list, first page": listed(lambda *_: R()),
    "list, of a line (row scope)": listed(lambda *_: R(), _lined),
    "list, lead of two teams": listed(lambda *_: R(), _leads),
    "list, an agent's own": listed(lambda *_: R(), _agents),
    "list, deep page": listed(lambda *_: R(), deep=True),
    "list, deep page of a line": listed(lambda *_: R(), _lined, deep=True),
    "list, deep page of two teams": listed(lambda *_: R(), _leads, deep=True),
    "list, deep page of an agent": listed(lambda *_: R(), _agents, deep=True),
    "failed, common": listed(_common_failed()),
    "failed, rare": listed(_rare_failed()),
    "failed, rare, deep page": listed(_rare_failed(), deep=True),
    "failed, two rare": listed(lambda c, d: R(outcomes=_failed(d, _rare(c.failed), _rare(c.failed)))),
    "failed, common and rare": listed(
        lambda c, d: R(outcomes=_failed(d, _rare(c.failed), _common(c.failed)))
    ),
    "failed, common, of an agent": listed(_common_failed(agents=_of_agent)),
    "failed, rare, of an agent": listed(_rare_failed(agents=_of_agent)),
    "failed, rare, lead of two teams": listed(_rare_failed(), _leads),
    "failed, common, score below 30": listed(_common_failed(percent_to=30.0)),
    "failed, rare, passed": listed(_rare_failed(passed=(True,))),
    "type, rare, one month, one team": listed(_rare_type_in_a_month),
    "type, common, unresolved, open": listed(_common_type_waiting),
    "angry and failed": listed(_common_failed(sunk_to=-2)),
    "attribute": listed(_known_attribute),
    "attribute, unknown": listed(lambda *_: R(attributes=(("没有", "这个"),))),
    "criterion passed, of a line": listed(_lettered(Outcome.PASSED)),
    "criterion not applicable, of a line": listed(_lettered(Outcome.NOT_APPLICABLE)),
    "criterion not evaluated, of a line": listed(_lettered(Outcome.NOT_EVALUATED)),
    "score below 10": listed(lambda *_: R(percent_to=10.0)),
    "score between 59 and 60": listed(lambda *_: R(percent_from=59.0, percent_to=60.0)),
    "score below 30, of an agent": listed(lambda _, d: R(percent_to=30.0, agents=(_agent(d),))),
    "score below 20, one month, one team": listed(lambda _, d: _month(d, percent_to=20.0, teams=(_team(d),))),
    "emotion index below 15": listed(lambda *_: R(emotion_index_below=15.0)),
    "critical failure": listed(lambda *_: R(critical_failure=True)),
    "critical failure and passed (none)": listed(lambda *_: R(critical_failure=True, passed=(True,))),
    "review open": listed(lambda *_: R(review_states=("open",))),
    "review open, deep page": listed(lambda *_: R(review_states=("open",)), deep=True),
    "review claimed (none)": listed(lambda *_: R(review_states=("claimed",))),
    "review open, of a skill group, chat": listed(
        lambda *_: R(review_states=("open",), skill_groups=("售后",), channels=("chat",))
    ),
    "revision 2 (none)": listed(lambda *_: R(revision=2)),
    "channel voice, complaint, resolved": listed(
        lambda *_: R(channels=("voice",), is_complaint=True, resolutions=("resolved",))
    ),
    "team of another line (none)": listed(lambda *_: R(teams=("班组01",), business_lines=("电商",))),
    "agent of another team (none)": listed(lambda *_: R(agents=("S001",), teams=("班组02",))),
    "one week": listed(lambda _, d: R(since=LAST - timedelta(days=d.randint(7, DAYS)), needs_review=True)),
    "by the caller's own id": listed(lambda _, d: R(transcript_id=f"call {d.randint(1, 10**6)}")),
    "one report, masked": _read,
    "metrics, all calls of a year": counted(read_metrics, (), DAYS),
    "metrics, by month of a year": counted(read_metrics, (), DAYS, "month"),
    "metrics, by day of a year, one line": counted(read_metrics, (), DAYS, "day", business_lines=_line),
    "metrics, by team, 30 days": counted(read_metrics, ("team",), 30),
    "metrics, by agent, 30 days": counted(read_metrics, ("agent_id",), 30),
    "metrics, by team and week, 90 days": counted(read_metrics, ("team",), 90, "week"),
    "metrics, one agent by day, 90 days": counted(read_metrics, (), 90, "day", agents=_agent),
    "criteria, 30 days": counted(read_criteria, (), 30),
    "criteria, by team, 30 days": counted(read_criteria, ("team",), 30),
    "criteria, one team by week, 90 days": counted(read_criteria, (), 90, "week", teams=_team),
    "criteria, a year": counted(read_criteria, (), DAYS),
    "criteria, one agent, a year": counted(read_criteria, (), DAYS, agents=_agent),
    "types, 30 days": counted(read_types, (), 30),
    "types, a year": counted(read_types, (), DAYS),
}  # fmt: skip
