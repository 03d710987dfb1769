"""GET /v1/reports：查询参数怎样变成筛选条件，翻页，以及不能使用的值。"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from fastapi.testclient import TestClient

from api.app import build
from api.schemas.report_query import ReportListQuery
from qa_engine.domain.access import Role
from qa_engine.domain.scorecard import Outcome
from qa_engine.service import Service
from qa_engine.services.report_filters import ReportFilters
from service.archive import CARDS, Filed, file_all
from service.conftest import fresh_url, settings_for
from service.world import OWN, World, found_world

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
# 查询参数 → 筛选条件
PARAMETERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"since": "2026-03-01T08:00:00+08:00"}, {"since": MARCH}),
    ({"until": "2026-03-01T00:00:00Z"}, {"until": MARCH}),
    ({"business_line": ["a", "b"]}, {"business_lines": ("a", "b")}),
    ({"team": "一组"}, {"teams": ("一组",)}),
    ({"skill_group": "售后"}, {"skill_groups": ("售后",)}),
    ({"agent": "A1"}, {"agents": ("A1",)}),
    ({"channel": "voice"}, {"channels": ("voice",)}),
    ({"scorecard": "x"}, {"scorecards": ("x",)}),
    ({"revision": 3}, {"revision": 3}),
    ({"batch": "b1"}, {"batch": "b1"}),
    ({"resolution": "partial"}, {"resolutions": ("partial",)}),
    ({"review_state": "open"}, {"review_states": ("open",)}),
    ({"needs_review": "true"}, {"needs_review": True}),
    ({"passed": ["false", "undecided"]}, {"passed": (False, None)}),
    ({"critical_failure": "true"}, {"critical_failure": True}),
    ({"is_complaint": "false"}, {"is_complaint": False}),
    ({"outcome": "opening:FAILED"}, {"outcomes": (("opening", Outcome.FAILED),)}),
    ({"complaint_type": "money.refund"}, {"complaint_types": ("money.refund",)}),
    ({"fault": "cold"}, {"faults": ("cold",)}),
    ({"cause": "refusal"}, {"causes": ("refusal",)}),
    ({"attribute": "来源=APP=2"}, {"attributes": (("来源", "APP=2"),)}),
    ({"sunk_to": -2}, {"sunk_to": -2}),
    ({"emotion_index_below": 40}, {"emotion_index_below": 40.0}),
    ({"percent_from": 10.5}, {"percent_from": 10.5}),
    ({"percent_to": 60}, {"percent_to": 60.0}),
    ({"transcript_id": "d4 0023"}, {"transcript_id": "d4 0023"}),
]
UNUSABLE = [
    {"since": "2026-03-01T08:00:00"}, {"since": "1969-12-31T00:00:00Z"}, {"until": "soon"},
    {"channel": "fax"}, {"revision": 0}, {"revision": 2**31}, {"batch": "a b"}, {"resolution": "maybe"},
    {"review_state": "lost"}, {"needs_review": "2"}, {"passed": "perhaps"}, {"outcome": "opening"},
    {"outcome": "opening:BAD"}, {"outcome": ":FAILED"}, {"attribute": "来源"}, {"attribute": "=APP"},
    {"sunk_to": 0}, {"emotion_index_below": 101}, {"percent_from": "nan"}, {"percent_to": -1},
    {"team": ""}, {"team": "一\x00组"}, {"agent": "x" * 121}, {"limit": 0}, {"limit": 501},
    {"cursor": "%%"}, {"cursor": "AAAA"}, {"unheard_of": "x"}, {"agent": ["x"] * 21},
]  # fmt: skip


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("queries")
    service = Service.open(settings_for(fresh_url(request, "sqlite", folder), folder / "home"))
    with TestClient(build(service=service), base_url="https://testserver") as client:
        found = found_world(service)
        found.client = client
        yield found
    service.close()


@pytest.fixture(scope="module")
def filed(world: World) -> list[Filed]:
    with world.service.work() as work:
        return file_all(work)


def get(world: World, path: str = "", role: Role = Role.ADMIN, **params: Any) -> Any:
    assert world.client is not None
    return world.client.get(f"/v1/reports{path}", params=params, headers=dict(world.staff[role].headers))


class TestParameters:
    @pytest.mark.parametrize(("query", "wanted"), PARAMETERS, ids=[str(query) for query, _ in PARAMETERS])
    def test_table(self, world: World, query: dict[str, Any], wanted: dict[str, Any]) -> None:
        app, asked = FastAPI(), []

        @app.get("/")
        def listen(query: Annotated[ReportListQuery, Query()]) -> None:
            asked.append(query.filters())

        assert TestClient(app).get("/", params=query).status_code == 200
        assert asked == [ReportFilters(**wanted)]
        assert get(world, **query).status_code == 200

    def test_the_table_is_complete(self) -> None:
        assert {name for _, wanted in PARAMETERS for name in wanted} == set(
            ReportFilters.__dataclass_fields__
        )

    @pytest.mark.parametrize("query", UNUSABLE, ids=str)
    def test_unusable_values_are_refused_and_named(self, world: World, query: dict[str, Any]) -> None:
        answer = get(world, **query)
        assert answer.status_code == 422
        # A text that no database takes is refused before anything is looked at.
        assert next(iter(query)) in (answer.json()["field"] or "team")


class TestPaging:
    def test_pages_together_are_everything(self, world: World, filed: list[Filed]) -> None:
        found, cursor = [], None
        while True:
            page = get(world, limit=7, **({"cursor": cursor} if cursor else {})).json()
            found += [line["id"] for line in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert sorted(found) == sorted(one.id for one in filed)
        assert len(found) == len(set(found))

    @pytest.mark.usefixtures("filed")
    def test_what_comes_in_meanwhile_moves_no_page(self, world: World) -> None:
        first = get(world, limit=5, scorecard=CARDS[1]).json()
        rest = get(world, limit=500, scorecard=CARDS[1], cursor=first["next_cursor"]).json()
        world.report(OWN)
        again = get(world, limit=500, scorecard=CARDS[1], cursor=first["next_cursor"]).json()
        assert again == rest


class TestOne:
    @pytest.mark.usefixtures("filed")
    def test_it_is_the_same_in_the_list_and_alone(self, world: World) -> None:
        line = get(world, limit=1, scorecard=CARDS[0]).json()["items"][0]
        body = get(world, f"/{line['id']}").json()
        assert body["stored"] == line
        assert body["report"]["total"]["percent"] == line["percent"]
        assert body["report"]["schema"] == "inspection-report/1"

    @pytest.mark.parametrize("path", ["/0", "/x", f"/{2**53 + 1}", "/1e3"])
    def test_what_is_no_id(self, world: World, path: str) -> None:
        assert get(world, path).status_code == 422

    def test_nothing_there(self, world: World) -> None:
        answer = get(world, "/999999")
        assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (
            404,
            "not_found",
            "report_id",
        )

    def test_history(self, world: World, filed: list[Filed]) -> None:
        body = get(world, f"/{filed[0].id}/history").json()
        assert body["intact"] is True
        assert [link["kind"] for link in body["links"]] == ["report"]
        assert [line["id"] for line in body["versions"]] == [filed[0].id]
