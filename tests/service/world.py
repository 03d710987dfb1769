"""A small contact centre for tests: two lines, four teams, everybody who may log in, and real reports.

Places are where a call may lie, seen from the staff of ``OWN``: a colleague of the same team, another team of
the same line, another line. Whether somebody may see a place is what ``RowScope.covers`` says of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from qa_engine.domain.access import GRANTABLE, Principal, Role
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import Channel, Speaker, Transcript, Turn
from qa_engine.scorecards import load_scorecard
from qa_engine.service import Caller, Service
from qa_engine.services.accounts import Duties, create_user
from qa_engine.services.api_keys import create_key
from qa_engine.services.principals import principal_of_key, principal_of_user
from qa_engine.services.recording import Inspected, record
from qa_engine.services.sessions import open_session
from qa_engine.services.work import Work
from qa_engine.store.tables import BusinessLineRow, ScorecardRow, UserRow
from qa_engine.store.transcripts import Keeping, keep_transcripts


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call lies: line, team, and whose it is."""

    business_line: str
    team: str
    agent_id: str


OWN = Place("retail", "零售一组", "A01")
COLLEAGUE = Place("retail", "零售一组", "A02")
OTHER_TEAM = Place("retail", "零售二组", "A11")
OTHER_LINE = Place("insurance", "保险一组", "B01")
PLACES = {"own": OWN, "colleague": COLLEAGUE, "other_team": OTHER_TEAM, "other_line": OTHER_LINE}
LINES = {"retail": "零售", "insurance": "保险"}
SCORECARD = "general_service"

DUTIES = {
    Role.ADMIN: Duties(Role.ADMIN),
    Role.QA_LEAD: Duties(Role.QA_LEAD, business_lines=["retail"]),
    Role.REVIEWER: Duties(Role.REVIEWER, business_lines=["retail"]),
    Role.TEAM_LEAD: Duties(Role.TEAM_LEAD, teams=["零售一组"], business_lines=["retail"]),
    Role.AGENT: Duties(Role.AGENT, business_lines=["retail"], agent_id="A01"),
    Role.AUDITOR: Duties(Role.AUDITOR, business_lines=["retail"]),
}


@dataclass(frozen=True, slots=True)
class Somebody:
    """Who acts, and the headers that prove it."""

    principal: Principal
    headers: Mapping[str, str]

    @property
    def caller(self) -> Caller:
        return Caller(self.principal)

    def sees(self, place: Place) -> bool:
        return self.principal.rows.covers(place.business_line, place.team, place.agent_id)


@dataclass
class World:
    """One service with its staff. ``client`` speaks HTTP to it; services are called through ``work``."""

    service: Service
    client: TestClient | None = None
    staff: dict[Role, Somebody] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _report: InspectionReport | None = None

    def number(self) -> int:
        """A number not given before."""
        return next(self._numbers)

    @contextmanager
    def work(self, who: Role | Somebody | None = None) -> Iterator[Work]:
        """A unit of work of somebody; of the service itself when left out."""
        somebody = self.staff[who] if isinstance(who, Role) else who
        with self.service.work(*([somebody.caller] if somebody else [])) as work:
            yield work

    def add_user(self, duties: Duties, *, name: str | None = None) -> Somebody:
        """Somebody more, logged in."""
        number = self.number()
        with self.service.work() as work:
            row = create_user(
                work, login=f"user{number}", name=name or f"员工{number}", duties=duties, password_hash=None
            )
        return Somebody(principal_of_user(row), self.log_in(row.id))

    def log_in(self, user_id: int | str) -> dict[str, str]:
        """The headers of a new session of a user."""
        with self.service.work() as work:
            row = work.session.get_one(UserRow, int(user_id))
            opened = open_session(work, row, 12)
        return {"Cookie": f"qa_engine_session={opened.token}", "X-CSRF-Token": opened.csrf}

    def add_key(self, **limits: Any) -> Somebody:
        """A system more; ``limits`` as ``create_key`` takes them."""
        number = self.number()
        with self.service.work() as work:
            created = create_key(work, **{"name": f"系统{number}", "scopes": GRANTABLE, **limits})
        return Somebody(principal_of_key(created.row), {"Authorization": f"Bearer {created.secret}"})

    def transcript(self, place: Place = OWN, **changes: Any) -> Transcript:
        """A new short call."""
        number = self.number()
        turns = (
            Turn(Speaker.AGENT, "您好，很高兴为您服务", 0, 2000),
            Turn(Speaker.CUSTOMER, "我的快递三天没动了，你们到底管不管", 2500, 6000),
            Turn(Speaker.AGENT, "这个不归我管，你自己去问快递公司", 6500, 9000),
            Turn(Speaker.CUSTOMER, "那我要投诉", 9500, 11000),
        )
        call = Transcript(
            id=f"call-{number}",
            turns=turns,
            channel=Channel.VOICE,
            started_at=(self.service.clock() - timedelta(hours=1, seconds=number)).isoformat(),
            agent=Agent(place.agent_id, f"坐席{place.agent_id}", place.team, "售后"),
            customer=Customer(f"customer-{number}"),
        )
        return replace(call, **changes)

    def report(self, place: Place = OWN, *, flagged: bool = True, happened_at: datetime | None = None) -> int:
        """Record a new call there; the id of its report. A flagged one has an open review."""
        call = self.transcript(place)
        if happened_at is not None:
            call = replace(call, started_at=happened_at.isoformat())
        judged = self._judged(call)
        review = replace(judged.review, needed=flagged, priority=0.7 if flagged else 0.0)
        with self.service.work() as work:
            rows = keep_transcripts(
                work.session, work.keyring, [call], Keeping(place.business_line), work.now, work.zone
            )
            inspected = Inspected(rows[0], call, replace(judged, transcript_id=call.id, review=review))
            [row] = record(work, [inspected], fingerprint="0" * 64)
            return row.id

    def scorecard(self) -> ScorecardRow:
        """The published scorecard every call here is judged by."""
        with self.service.look() as work:
            wanted = select(ScorecardRow).where(
                ScorecardRow.key == SCORECARD, ScorecardRow.state == "published"
            )
            return work.session.scalars(wanted).one()

    def _judged(self, call: Transcript) -> InspectionReport:
        # Every call says the same, so one inspection does for all.
        if self._report is None:
            self._report = self.service.inspectors.of(self.scorecard()).inspect(call)
        return self._report


def found_world(service: Service) -> World:
    """Two lines judged by one published scorecard, and one of each role on the side of ``OWN``."""
    world = World(service)
    with service.work() as work:
        _publish_scorecard(work)
        for key, name in LINES.items():
            if work.session.get(BusinessLineRow, key) is None:
                work.session.add(
                    BusinessLineRow(
                        key=key, name=name, scorecard_key=SCORECARD, appeal_days=7, second_review=False
                    )
                )
    for role, duties in DUTIES.items():
        world.staff[role] = world.add_user(duties)
    world.staff[Role.INTEGRATION] = world.add_key(business_lines=["retail"])
    return world


def _publish_scorecard(work: Work) -> None:
    published = select(ScorecardRow.id).where(
        ScorecardRow.key == SCORECARD, ScorecardRow.state == "published"
    )
    if work.session.scalar(published) is not None:
        return
    loaded = load_scorecard(SCORECARD)
    scorecard = loaded.scorecard
    work.session.add(
        ScorecardRow(
            key=scorecard.key,
            revision=scorecard.revision,
            digest=scorecard.digest,
            name=scorecard.name,
            business_line=scorecard.business_line,
            source=loaded.source_text,
            state="published",
            note="",
            created_by=work.actor,
            created_at=work.now,
            published_by=work.actor,
            published_at=work.now,
        )
    )
