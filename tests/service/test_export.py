"""导出：各种格式、分部分接着导、默认脱敏、原文须有权限并留审计。"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from api.app import build
from api.exporting import FORMS
from qa_engine.domain.access import Permission, Role
from qa_engine.domain.report_json import report_from_json
from qa_engine.service import Service
from qa_engine.store.tables import AuditRow, ReportRow
from service.archive import CARDS, LINES, Filed, file_all
from service.conftest import KINDS, fresh_url, settings_for
from service.world import World, found_world

PHONE = "13800138000"


@pytest.fixture(scope="module", params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("export")
    service = Service.open(settings_for(fresh_url(request, request.param, folder), folder / "home"))
    with TestClient(build(service=service), base_url="https://testserver") as client:
        found = found_world(service)
        found.client = client
        yield found
    service.close()


@pytest.fixture(scope="module")
def filed(world: World) -> list[Filed]:
    with world.service.work() as work:
        return file_all(work)


def export(world: World, who: Role | dict[str, str] = Role.ADMIN, **params: Any) -> Any:
    headers = dict(world.staff[who].headers) if isinstance(who, Role) else who
    assert world.client is not None
    return world.client.get("/v1/reports/export", params=params, headers=headers)


def in_parts(world: World, limit: int, **params: Any) -> list[Any]:
    answers = [export(world, limit=limit, **params)]
    while (cursor := answers[-1].headers.get("X-Next-Cursor")) is not None:
        answers.append(export(world, limit=limit, cursor=cursor, **params))
    return answers


def lines_of(answer: Any) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in answer.content.splitlines()]


class TestWho:
    def test_nobody(self, world: World) -> None:
        assert export(world, {}).status_code == 401

    @pytest.mark.parametrize("role", [Role.REVIEWER, Role.AGENT, Role.AUDITOR])
    def test_the_wrong_role(self, world: World, role: Role) -> None:
        assert export(world, role).status_code == 403

    def test_raw_needs_its_permission_and_leaves_a_trace(self, world: World, filed: list[Filed]) -> None:
        assert export(world, Role.ADMIN, raw="true").status_code == 403
        found = lines_of(export(world, Role.QA_LEAD, raw="true"))
        with world.service.look() as work:
            entries = work.session.scalars(
                select(AuditRow).where(AuditRow.action == "transcript.raw_read").order_by(AuditRow.id)
            ).all()
            retail = select(ReportRow.transcript_id).where(ReportRow.business_line == "retail")
            wanted = set(work.session.scalars(retail))
        assert {i for entry in entries for i in entry.detail["transcripts"]} == wanted
        said = {one.id: one for one in filed}
        for line in found:
            one = said[line["stored"]["id"]]
            assert line["transcript_id"] == one.transcript.id
            for item in line["criteria"]:
                for quote in item["evidence"]:
                    text = one.transcript.turns[quote["turn"]].text
                    assert text[quote["start"] : quote["end"]] == quote["quote"]

    def test_the_scope_limits_it(self, world: World, filed: list[Filed]) -> None:
        found = {line["stored"]["id"] for line in lines_of(export(world, Role.TEAM_LEAD))}
        assert found == {
            one.id
            for one in filed
            if one.business_line == "retail" and one.transcript.agent.team == "零售一组"
        }


class TestForms:
    def test_every_part_together_is_everything_once_and_in_order(
        self, world: World, filed: list[Filed]
    ) -> None:
        answers = in_parts(world, 7)
        assert len(answers) == -(-len(filed) // 7)
        found = [line["stored"]["id"] for answer in answers for line in lines_of(answer)]
        assert found == [line["stored"]["id"] for line in lines_of(export(world, limit=10_000))]
        assert sorted(found) == sorted(one.id for one in filed)

    def test_json_lines_are_reports_with_what_is_stored_beside(
        self, world: World, filed: list[Filed]
    ) -> None:
        said = {one.id: one.report for one in filed}
        for line in lines_of(export(world)):
            stored = line.pop("stored")
            report = report_from_json(line)
            assert [item.outcome for item in report.criteria] == [
                item.outcome for item in said[stored["id"]].criteria
            ]

    @pytest.mark.usefixtures("filed")
    def test_it_goes_on_behind_any_line(self, world: World) -> None:
        lines = lines_of(export(world))
        rest = lines_of(export(world, cursor=lines[9]["stored"]["cursor"]))
        assert rest == lines[10:]

    def test_csv(self, world: World, filed: list[Filed]) -> None:
        answers = in_parts(world, 20, format="csv")
        rows = [
            row
            for answer in answers
            for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        ]
        assert len(rows) == len(filed)
        said = {str(one.id): one.report for one in filed}
        for row in rows:
            names = [item.name for item in said[row["报告编号"]].criteria if item.outcome == "FAILED"]
            assert row["不合格项"] == "；".join(names)
            assert float(row["得分率"]) == round(said[row["报告编号"]].total.percent, 2)

    def test_parquet(self, world: World, filed: list[Filed]) -> None:
        table = pq.read_table(io.BytesIO(export(world, format="parquet").content))
        assert sorted(table["transcript_id"].to_pylist()) == sorted(one.transcript.id for one in filed)

    def test_workbook(self, world: World, filed: list[Filed]) -> None:
        book = CalamineWorkbook.from_filelike(io.BytesIO(export(world, format="xlsx").content))
        assert len(book.get_sheet_by_name("汇总").to_python()) == len(filed) + 1

    @pytest.mark.parametrize("form", FORMS)
    def test_nothing_found_is_a_file_all_the_same(self, world: World, form: str) -> None:
        answer = export(world, format=form, team="没有这个组")
        assert (answer.status_code, "X-Next-Cursor" in answer.headers) == (200, False)

    @pytest.mark.parametrize(
        "params",
        [{"format": "pdf"}, {"limit": 0}, {"limit": 10_001}, {"cursor": "xx"}, {"teams": "x"}],
        ids=str,
    )
    def test_what_cannot_be_used(self, world: World, params: dict[str, Any]) -> None:
        assert export(world, **params).status_code == 422

    def test_filters_apply(self, world: World, filed: list[Filed]) -> None:
        found = lines_of(export(world, scorecard=CARDS[0], business_line=LINES[0], needs_review="true"))
        assert sorted(line["stored"]["id"] for line in found) == [
            one.id
            for one in filed
            if (one.report.scorecard_key, one.business_line) == (CARDS[0], LINES[0])
            and one.report.review.needed
        ]


class TestPrivacy:
    def test_planted_numbers_are_in_no_masked_export(self, world: World) -> None:
        key = world.add_key(business_lines=["retail"], scopes={Permission.SCORE, Permission.READ_CALLS})
        turns = [
            {"speaker": "agent", "text": f"你烦不烦，你自己打{PHONE}去，别来问我"},
            {"speaker": "customer", "text": f"我的手机号是{PHONE}，我要投诉你"},
        ]
        body = {"id": f"rec-{PHONE}", "turns": turns, "agent": {"team": "零售一组", "name": "王小明"}}
        assert world.client is not None
        scored = world.client.post(
            "/v1/score", params={"scorecard": CARDS[0]}, json=body, headers=dict(key.headers)
        )
        assert scored.status_code == 201
        assert any(item["evidence"] for item in scored.json()["report"]["criteria"])
        assert PHONE not in scored.text
        for form in FORMS:
            content = export(world, format=form, limit=10_000).content
            if form == "xlsx":
                book = CalamineWorkbook.from_filelike(io.BytesIO(content))
                content = repr(
                    [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
                ).encode()
            elif form == "parquet":
                content = repr(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
            assert PHONE.encode() not in content
            assert b"138001380" not in content
