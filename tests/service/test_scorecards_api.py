"""评分表：上传成草稿、检查、测试、比较、发布；用例不全通过不发布，存下的一版永不改变。"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api.scorecards import EXAMPLE
from qa_engine.domain.access import SYSTEM, Role
from qa_engine.domain.refusal import IllegalStep
from qa_engine.scorecards import builtin_scorecards, load_scorecard, read_scorecard
from qa_engine.service import Service
from qa_engine.services import shipped_scorecards
from qa_engine.services.scorecard_checks import read_uploaded, test_scorecard
from qa_engine.services.scorecards import PUBLISHED, add_draft, publish_revision
from qa_engine.services.shipped_scorecards import ShippedImport, import_shipped
from qa_engine.store.tables import AuditRow, DeliveryRow, ScorecardRow, WebhookRow
from service.world import World

YAML = {"Content-Type": "application/yaml"}


def card(world: World, *changes: tuple[str, str], key: str = "") -> tuple[str, str]:
    """A small scorecard of the line retail with a key of its own."""
    key = key or f"card_{world.number()}"
    text = EXAMPLE.replace("short_service", key).replace("零售", "retail")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return key, text


def ask(world: World, who: Role, method: str, path: str, **more: Any) -> httpx.Response:
    assert world.client is not None
    headers = {**world.staff[who].headers, **more.pop("headers", {})}
    return world.client.request(method, path, headers=headers, **more)


def upload(world: World, text: str, who: Role = Role.QA_LEAD, **query: Any) -> httpx.Response:
    return ask(world, who, "POST", "/v1/scorecards", content=text.encode(), headers=YAML, params=query)


def publish(world: World, key: str, revision: int, who: Role = Role.QA_LEAD) -> httpx.Response:
    return ask(world, who, "POST", f"/v1/scorecards/{key}/revisions/{revision}/publish")


class TestUpload:
    def test_a_draft_is_stored_and_the_doubts_told(self, world: World) -> None:
        key, text = card(world)
        answer = upload(world, text, note="第一版")
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"/v1/scorecards/{key}/revisions/1"
        stored = answer.json()["revision"]
        assert (stored["key"], stored["revision"], stored["state"], stored["note"]) == (
            key, 1, "draft", "第一版",
        )  # fmt: skip
        assert [warning["code"] for warning in answer.json()["warnings"]] == ["not_hundred"]
        detail = ask(world, Role.REVIEWER, "GET", f"/v1/scorecards/{key}/revisions/1").json()
        assert detail["source"] == text
        assert [one["key"] for one in detail["criteria"]] == ["greeting"]

    def test_the_same_again_is_the_same_revision(self, world: World) -> None:
        _, text = card(world)
        first, again = upload(world, text), upload(world, text)
        assert first.json() == again.json()

    def test_other_content_under_the_same_revision_is_refused_with_the_next_free_one(
        self, world: World
    ) -> None:
        key, text = card(world)
        upload(world, text)
        upload(world, text.replace("revision: 1", "revision: 4"))
        answer = upload(world, text.replace("points: 10", "points: 20"))
        assert (answer.status_code, answer.json()["error"]) == (409, "revision_taken")
        assert "改成 5" in answer.json()["detail"]
        with world.work() as work:
            rows = work.session.scalars(select(ScorecardRow.source).where(ScorecardRow.key == key)).all()
        assert text in rows
        assert len(rows) == 2

    def test_the_tests_of_a_draft_can_be_mended_but_not_those_of_a_published_one(self, world: World) -> None:
        key, text = card(world)
        upload(world, text)
        mended = text.replace("说吧。", "什么事。")
        assert upload(world, mended).status_code == 201
        assert ask(world, Role.QA_LEAD, "GET", f"/v1/scorecards/{key}/revisions/1").json()["source"] == mended
        assert publish(world, key, 1).status_code == 200
        assert upload(world, text).status_code == 409

    def test_every_mistake_is_told_with_its_line(self, world: World) -> None:
        _, text = card(world, ("points: 10", "points: 零"), ("pass_mark: 60", "pass_mark: 600"))
        answer = upload(world, text)
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_scorecard")
        assert [error["line"] for error in answer.json()["errors"]] == [6, 13]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("简短服务", '"甲\\0乙"'),
            ("简短服务", '"\\ud800"'),
            ("简短服务", "长" * 201),
            ("retail", '"一\\n二"'),
            ("revision: 1", "revision: 99999999999"),
            ("points: 10", "points: 1.0e307"),
            ("pass_mark: 60", "pass_mark: " + "9" * 5000),
        ],
        ids=["空字符", "半个字符", "名称太长", "换行", "版本太大", "分值太大", "数字太长"],
    )
    def test_what_no_column_takes_is_refused(self, world: World, old: str, new: str) -> None:
        assert upload(world, card(world, (old, new))[1]).status_code == 422

    def test_a_file_that_is_no_text_or_too_big_is_refused(self, world: World) -> None:
        answer = ask(world, Role.QA_LEAD, "POST", "/v1/scorecards", content=b"\xb2\xe2", headers=YAML)
        assert (answer.status_code, "UTF-8" in answer.json()["errors"][0]["detail"]) == (422, True)
        assert upload(world, "#" * 1_100_000).status_code == 413

    def test_whoever_answers_for_one_line_cannot_change_what_judges_others(self, world: World) -> None:
        _, text = card(world, key="general_service")
        shared = upload(world, text.replace("revision: 1", "revision: 77"))
        assert (shared.status_code, shared.json()["field"]) == (403, "key")
        foreign = upload(world, card(world, ("retail", "insurance"))[1])
        assert foreign.status_code == 403
        assert upload(world, card(world, ("retail", "insurance"))[1], Role.ADMIN).status_code == 201


class TestCheck:
    def test_nothing_is_stored(self, world: World) -> None:
        key, text = card(world, ("greeting: 合格", "greeting: 不合格"))
        answer = ask(world, Role.QA_LEAD, "POST", "/v1/scorecards/check", content=text.encode(), headers=YAML)
        found = answer.json()
        assert (found["key"], found["next_revision"], found["tests"]["failed"]) == (key, 1, 1)
        assert ask(world, Role.QA_LEAD, "GET", f"/v1/scorecards/{key}/revisions").status_code == 404


class TestPublish:
    def test_the_older_one_retires_and_may_come_back(self, world: World) -> None:
        key, text = card(world)
        upload(world, text)
        upload(world, text.replace("revision: 1", "revision: 2").replace("points: 10", "points: 20"))
        assert publish(world, key, 1).json()["state"] == "published"
        assert publish(world, key, 2).json()["state"] == "published"
        assert self.states(world, key) == {1: "retired", 2: "published"}
        assert publish(world, key, 1).status_code == 200
        assert self.states(world, key) == {1: "published", 2: "retired"}
        assert publish(world, key, 1).status_code == 409

    @pytest.mark.parametrize(
        ("change", "why"),
        [(("greeting: 合格", "greeting: 不适用"), "2 个用例里有"), (("tests:", "x:"), "没有用例")],
        ids=["用例不符", "没有用例"],
    )
    def test_only_with_green_tests(self, world: World, change: tuple[str, str], why: str) -> None:
        key, text = card(world)
        text = text[: text.index("tests:")] if why == "没有用例" else text.replace(*change)
        assert upload(world, text).status_code == 201
        answer = publish(world, key, 1)
        assert (answer.status_code, answer.json()["error"]) == (409, "tests_not_green")
        assert why in answer.json()["detail"]
        assert self.states(world, key) == {1: "draft"}

    def test_it_is_audited_and_told_to_webhooks(self, world: World) -> None:
        key, text = card(world)
        upload(world, text)
        with world.work() as work:
            hook = WebhookRow(
                name="测试", url="https://example.test/", events=["scorecard.published"],
                business_lines=None, secret=b"x" * 32, active=True, created_by="test", created_at=work.now,
            )  # fmt: skip
            work.session.add(hook)
        publish(world, key, 1)
        with world.work() as work:
            entry = work.session.scalars(
                select(AuditRow).where(AuditRow.action == "scorecard.published").order_by(AuditRow.id.desc())
            ).first()
            assert entry is not None
            assert entry.detail["key"] == key
            assert entry.detail["retired"] is None
            sent = work.session.scalars(select(DeliveryRow).where(DeliveryRow.webhook_id == hook.id)).all()
            assert [row.payload["key"] for row in sent] == [key]
            hook.active = False
            work.session.merge(hook)

    def test_of_two_at_once_one_is_published_and_the_other_retired(self, world: World) -> None:
        key, text = card(world)
        upload(world, text)
        upload(world, text.replace("revision: 1", "revision: 2").replace("points: 10", "points: 20"))
        threads = [threading.Thread(target=publish, args=(world, key, n)) for n in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(self.states(world, key).values()) == ["published", "retired"]

    def test_tests_of_another_text_do_not_count(self, world: World) -> None:
        key, text = card(world)
        upload(world, text)
        other = test_scorecard(read_uploaded(text.replace("points: 10", "points: 20").encode()))
        with pytest.raises(IllegalStep), world.work() as work:
            publish_revision(work, key, 1, other)

    def states(self, world: World, key: str) -> dict[int, str]:
        found = ask(world, Role.REVIEWER, "GET", f"/v1/scorecards/{key}/revisions").json()
        return {one["revision"]: one["state"] for one in found["items"]}


class TestReading:
    def test_every_scorecard_is_listed_once_over_pages(self, world: World) -> None:
        for _ in range(3):
            upload(world, card(world)[1])
        seen, cursor = [], None
        while True:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = ask(world, Role.REVIEWER, "GET", "/v1/scorecards", params=params).json()
            seen += [one["key"] for one in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert seen == sorted(set(seen))
        assert set(builtin_scorecards()) <= set(seen)

    def test_revisions_come_newest_first_over_pages(self, world: World) -> None:
        key, text = card(world)
        for revision in (1, 2, 3):
            upload(world, text.replace("revision: 1", f"revision: {revision}"))
        path = f"/v1/scorecards/{key}/revisions"
        first = ask(world, Role.REVIEWER, "GET", path, params={"limit": 2}).json()
        rest = ask(world, Role.REVIEWER, "GET", path, params={"cursor": first["next_cursor"]}).json()
        assert [one["revision"] for one in first["items"] + rest["items"]] == [3, 2, 1]

    def test_the_tests_of_every_shipped_scorecard_are_green(self, world: World) -> None:
        for key in builtin_scorecards():
            answer = ask(world, Role.REVIEWER, "POST", f"/v1/scorecards/{key}/revisions/1/test")
            assert answer.json()["green"], key

    def test_what_differs_is_told_part_by_part(self, world: World) -> None:
        key, text = card(world)
        upload(world, text)
        more = text.replace("revision: 1", "revision: 2").replace("points: 10", "points: 20")
        more = more.replace("[您好, 你好]", "[您好]").replace("pass_mark: 60", "pass_mark: 70")
        upload(world, more)
        found = ask(
            world, Role.REVIEWER, "GET", f"/v1/scorecards/{key}/diff", params={"before": 1, "after": 2}
        ).json()
        told = [
            (one["part"], one["kind"], one["key"], [f["field"] for f in one["fields"]])
            for one in found["changes"]
        ]
        assert told == [
            ("scorecard", "changed", key, ["pass_mark"]),
            ("criterion", "changed", "greeting", ["points", "pass_when"]),
        ]
        assert "-pass_mark: 60" in found["text"]
        assert "+pass_mark: 70" in found["text"]
        assert not found["same_judgement"]

    @pytest.mark.parametrize(
        "path", ["nothing/revisions", "nothing/revisions/1", "general_service/revisions/99"]
    )
    def test_what_is_not_there(self, world: World, path: str) -> None:
        assert ask(world, Role.REVIEWER, "GET", f"/v1/scorecards/{path}").status_code == 404


SHIPPED = load_scorecard("general_service")


def shipped(revision: int) -> Any:
    text = SHIPPED.source_text.replace("revision: 1", f"revision: {revision}", 1)
    return read_scorecard(text, "general_service")


@pytest.fixture
def only_general(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(shipped_scorecards, "builtin_scorecards", lambda: ("general_service",))
    return monkeypatch


class TestShipped:
    def test_the_first_start_publishes_all_and_the_second_changes_nothing(self, service: Service) -> None:
        with service.work() as work:
            assert import_shipped(work) == ShippedImport(published=builtin_scorecards())
        with service.work() as work:
            assert import_shipped(work) == ShippedImport()
            rows = work.session.scalars(select(ScorecardRow)).all()
            assert {row.key: row.state for row in rows} == dict.fromkeys(builtin_scorecards(), PUBLISHED)

    def test_a_newer_one_takes_over_from_an_older_shipped_one(
        self, service: Service, only_general: pytest.MonkeyPatch
    ) -> None:
        assert self.states(service, only_general, [1, 2]) == {1: "retired", 2: "published"}

    def test_a_newer_one_waits_when_people_published_their_own(
        self, service: Service, only_general: pytest.MonkeyPatch
    ) -> None:
        self.states(service, only_general, [1])
        own = shipped(2)
        with service.work() as work:
            somebody = replace(work, principal=replace(SYSTEM, kind="user", id="7"))
            add_draft(somebody, own)
            publish_revision(somebody, own.scorecard.key, 2, test_scorecard(own))
        assert self.states(service, only_general, [3]) == {1: "retired", 2: "published", 3: "draft"}

    def test_an_older_software_started_again_changes_nothing(
        self, service: Service, only_general: pytest.MonkeyPatch
    ) -> None:
        assert self.states(service, only_general, [2, 1]) == {2: "published", 1: "draft"}

    @pytest.mark.usefixtures("only_general")
    def test_a_number_that_is_taken_is_told(self, service: Service) -> None:
        text = SHIPPED.source_text.replace("pass_mark: 80", "pass_mark: 81", 1)
        with service.work() as work:
            add_draft(work, read_scorecard(text, "general_service"))
            assert import_shipped(work).clashing == ("general_service",)

    def states(self, service: Service, patch: pytest.MonkeyPatch, revisions: list[int]) -> dict[int, str]:
        for revision in revisions:
            patch.setattr(shipped_scorecards, "load_scorecard", lambda _key, n=revision: shipped(n))
            with service.work() as work:
                import_shipped(work)
        with service.look() as work:
            return {row.revision: row.state for row in work.session.scalars(select(ScorecardRow))}
