"""删除客户数据: no trace of the text is left anywhere, and every score stays what it was."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import build
from qa_engine.domain.access import Permission, Role
from qa_engine.domain.decision import Said
from qa_engine.domain.refusal import Forbidden, Invalid, NotFound
from qa_engine.domain.staff import Customer
from qa_engine.domain.transcript import Speaker, Turn
from qa_engine.services.decisions import decide_review
from qa_engine.services.erasure import Erased, erase_calls, erase_customer
from qa_engine.services.recording import Inspected, record
from qa_engine.services.reviews import claim_review
from qa_engine.store.plain_rows import read_rows, shape_of
from qa_engine.store.tables import (
    AppealRow,
    AuditRow,
    BatchRow,
    DecisionRow,
    ReportMark,
    ReportRow,
    ReviewRow,
    Table,
    TranscriptRow,
)
from qa_engine.store.transcripts import Keeping, keep_transcripts, raw_transcript
from qa_engine.store.verification import verify
from service.world import OTHER_LINE, OWN, Place, World, found_world

# Words of this customer that no masking touches: they may live in the masked text only.
WORDS = ("紫砂壶", "蓝鲸七号")


@pytest.fixture
def world(service) -> World:
    return found_world(service)


def call_of(world: World, customer: str, place: Place = OWN, name: str | None = None) -> int:
    """A judged call of a customer; the id of its report."""
    call = world.transcript(place)
    call = dataclasses.replace(
        call,
        id=name or call.id,
        customer=Customer(customer, "金卡", "华东"),
        attributes={"product": "紫砂壶", "order": 1},
        turns=(*call.turns, Turn(Speaker.CUSTOMER, "我的紫砂壶还在蓝鲸七号仓库", 12000, 14000)),
    )
    inspector = world.service.inspectors.of(world.scorecard())
    report = inspector.inspect(call)
    report = dataclasses.replace(report, review=dataclasses.replace(report.review, needed=True, priority=0.5))
    with world.work() as work:
        rows = keep_transcripts(
            work.session, work.keyring, [call], Keeping(place.business_line), work.now, work.zone
        )
        [row] = record(work, [Inspected(rows[0], call, report)], fingerprint="0" * 64)
        return row.id


def overrule(world: World, report_id: int) -> None:
    """Decide the review of a report with a reason that names what was bought, and appeal likewise."""
    with world.work(Role.REVIEWER) as work:
        row = work.session.get_one(ReportRow, report_id)
        body = orjson.loads(zlib.decompress(row.body))
        key = next(item["key"] for item in body["criteria"] if item["outcome"] != "FAILED")
        review = work.session.scalars(select(ReviewRow.id).where(ReviewRow.report_id == report_id)).one()
        claim_review(work, review, timedelta(minutes=5))
        decide_review(
            work, review, [Said(f"criterion:{key}", "override", "FAILED", "没有回应紫砂壶的事", ())]
        )
    with world.work() as work:
        work.session.add(
            AppealRow(
                report_id=report_id, state="answered", targets=[f"criterion:{key}"], text="紫砂壶的事我说过",
                filed_by="user:1", filed_at=work.now, answer="请指出是哪一句紫砂壶", business_line="retail",
            )
        )  # fmt: skip


def scores(world: World) -> list[tuple[object, ...]]:
    with world.work() as work:
        rows = work.session.scalars(select(ReportRow).order_by(ReportRow.id)).all()
        return [(r.id, r.percent, r.final_percent, r.outcomes, r.body, r.review_state) for r in rows]


def everything_stored(world: World) -> str:
    """All columns of all tables as one text, compressed bytes opened as far as anybody without keys can."""
    told: list[str] = []
    with world.service.database.engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            if table.name == "scorecard_revisions":
                continue
            for row in read_rows(connection, shape_of(table)):
                for value in row:
                    if isinstance(value, bytes):
                        try:
                            value = zlib.decompress(value).decode()
                        except zlib.error:
                            value = value.hex()
                    told.append(str(value))
    return "\n".join(told)


def test_no_trace_of_the_text_and_every_score_as_it_was(world):
    gone = [call_of(world, "C-1", name="order-紫砂壶-1"), call_of(world, "C-1")]
    kept = call_of(world, "C-2")
    overrule(world, gone[0])
    before = scores(world)
    assert all(word in everything_stored(world) for word in WORDS)
    with world.work(Role.ADMIN) as work:
        erased = erase_customer(work, "C-1")
    assert erased == Erased(calls=2, reports=2, decisions=1, appeals=1, unread_batches=0)
    assert scores(world) == before
    with world.work() as work:
        rows = {row.id: row for row in work.session.scalars(select(TranscriptRow))}
        for report_id in gone:
            row = rows[work.session.get_one(ReportRow, report_id).transcript_id]
            assert raw_transcript(work.keyring, row) is None
            assert (row.masked, row.agent_name, row.customer_ref, row.customer_tier) == (None,) * 4
            assert row.attributes == {}
            assert row.erased_at is not None
        other = rows[work.session.get_one(ReportRow, kept).transcript_id]
        assert raw_transcript(work.keyring, other) is not None
        marks = select(ReportMark.report_id).where(ReportMark.name.startswith("attr:"))
        assert set(work.session.scalars(marks)) == {kept}
        assert {row.reason for row in work.session.scalars(select(DecisionRow))} == {"[原文已删除]"}
        assert list(verify(work.session, work.keyring)) == []


def test_nothing_of_the_words_is_left(world):
    overrule(world, call_of(world, "C-1", name="order-紫砂壶-1"))
    with world.work(Role.ADMIN) as work:
        erase_customer(work, "C-1")
    left = everything_stored(world)
    assert [word for word in WORDS if word in left] == []
    assert "C-1" not in left


def test_what_was_being_judged_meanwhile_brings_nothing_back(world):
    first = call_of(world, "C-1")
    with world.work() as work:
        row = work.session.get_one(TranscriptRow, work.session.get_one(ReportRow, first).transcript_id)
        call = raw_transcript(work.keyring, row)
        work.session.expunge(row)
    judged = world.service.inspectors.of(world.scorecard()).inspect(call)
    with world.work(Role.ADMIN) as work:
        erase_customer(work, "C-1")
    with world.work() as work:
        record(work, [Inspected(row, call, judged)], fingerprint="0" * 64)
    left = everything_stored(world)
    assert [word for word in WORDS if word in left] == []
    with world.work() as work:
        assert list(verify(work.session, work.keyring)) == []


def test_counting_first_changes_nothing(world):
    call_of(world, "C-1")
    before = everything_stored(world)
    with world.work(Role.ADMIN) as work:
        counted = erase_customer(work, "C-1", only_count=True)
    assert counted.calls == 1
    assert everything_stored(world) == before
    with world.work(Role.ADMIN) as work:
        assert erase_customer(work, "C-1") == counted


def test_doing_it_again_finds_nothing(world):
    call_of(world, "C-1")
    with world.work(Role.ADMIN) as work:
        assert erase_customer(work, " C-1 ").calls == 1
    with world.work(Role.ADMIN) as work:
        assert erase_customer(work, "C-1") == Erased(0, 0, 0, 0, 0)


def test_every_version_of_a_call_goes(world):
    call_of(world, "C-1", name="same")
    with world.work() as work:
        changed = dataclasses.replace(world.transcript(), id="same", customer=Customer("C-1"))
        keep_transcripts(work.session, work.keyring, [changed], Keeping("retail"), work.now, work.zone)
    with world.work(Role.ADMIN) as work:
        assert erase_customer(work, "C-1").calls == 2


def test_only_calls_in_sight(world):
    call_of(world, "C-1", OWN)
    call_of(world, "C-1", OTHER_LINE)
    key = world.add_key(business_lines=["retail"], scopes=[Permission.ERASE])
    with world.work(key) as work:
        assert erase_customer(work, "C-1").calls == 1
    with world.work(Role.ADMIN) as work:
        assert erase_customer(work, "C-1").calls == 1


def test_batches_not_read_yet_are_told(world):
    with world.work() as work:
        for number, state in enumerate(["waiting", "importing", "scoring", "done"]):
            work.session.add(
                BatchRow(
                    id=f"b{number}", state=state, name="x", business_line="retail", scorecard_key="k",
                    scorecard_digest="d", inputs=[], spooled=True, options={}, submitted_by="user:1",
                    created_at=work.now, expected=1, imported=0, complete=False, scored=0, failed=0,
                )
            )  # fmt: skip
    with world.work(Role.ADMIN) as work:
        assert erase_customer(work, "C-1").unread_batches == 2


class TestByCall:
    def test_customers_without_an_id(self, world):
        report = call_of(world, "C-1")
        with world.work(Role.ADMIN) as work:
            row = work.session.get_one(ReportRow, report)
            assert erase_calls(work, [row.transcript_id]).calls == 1

    def test_one_out_of_sight_and_nothing_is_erased(self, world):
        ids = []
        for place in (OWN, OTHER_LINE):
            report = call_of(world, "C-1", place)
            with world.work() as work:
                ids.append(work.session.get_one(ReportRow, report).transcript_id)
        key = world.add_key(business_lines=["retail"], scopes=[Permission.ERASE])
        before = everything_stored(world)
        with pytest.raises(NotFound), world.work(key) as work:
            erase_calls(work, ids)
        assert everything_stored(world) == before

    @pytest.mark.parametrize("ids", [[], list(range(1, 502))])
    def test_none_or_too_many(self, world, ids):
        with pytest.raises(Invalid), world.work(Role.ADMIN) as work:
            erase_calls(work, ids)


class TestOverHttp:
    @pytest.fixture
    def client(self, world) -> Iterator[TestClient]:
        with TestClient(build(service=world.service), base_url="https://testserver") as client:
            yield client

    def test_erased_and_audited_without_the_customers_id(self, world, client):
        call_of(world, "C-1")
        headers = world.staff[Role.ADMIN].headers
        answer = client.post("/v1/erasures", json={"customer_id": "C-1"}, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "calls": 1, "reports": 1, "decisions": 0, "appeals": 0, "unread_batches": 0, "only_count": False,
        }  # fmt: skip
        with world.work() as work:
            entry = work.session.scalars(select(AuditRow).where(AuditRow.action == "customer.erased")).one()
        assert entry.actor == world.staff[Role.ADMIN].principal.actor
        assert "C-1" not in orjson.dumps([entry.subject, entry.detail]).decode()

    @pytest.mark.parametrize(
        "body",
        [{}, {"customer_id": "C-1", "transcript_ids": [1]}, {"transcript_ids": []}, {"customer_id": ""}],
    )
    def test_exactly_one_of_the_two(self, world, client, body):
        answer = client.post("/v1/erasures", json=body, headers=world.staff[Role.ADMIN].headers)
        assert answer.status_code == 422

    @pytest.mark.parametrize("role", [role for role in Role if role not in (Role.ADMIN, Role.INTEGRATION)])
    def test_not_for_everybody(self, world, role):
        with pytest.raises(Forbidden), world.work(role) as work:
            erase_customer(work, "C-1")
