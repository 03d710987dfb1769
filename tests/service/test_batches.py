"""批次的接口：提交列表、上传文件、服务器文件夹，查看进度和错误，取消；重复提交只算一次，太多就请稍后再来。"""

from __future__ import annotations

import errno
import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import func, select

from api.app import build
from qa_engine.domain.access import Role
from qa_engine.service import Service
from qa_engine.services.workers import alive, note_alive, note_gone
from qa_engine.store.spool import MAGIC, SEGMENT, Spool, SpoolFull, SpoolTooLarge
from qa_engine.store.tables import AuditRow, BatchRow, ReportRow
from service.conftest import settings_for
from service.jobbing import batch_of, work_off
from service.killing import calls
from service.world import SCORECARD, World, found_world

BATCHES = "/v1/batches"
QUERY = {"scorecard": SCORECARD, "business_line": "retail"}
CALLS = [orjson.loads(line) for line in calls(3)]
PHONE = "13812345678"


def key(world: World) -> dict[str, str]:
    return dict(world.staff[Role.INTEGRATION].headers)


def submit(world: World, body: Any = CALLS, **query: Any) -> Response:
    return world.client.post(BATCHES, params={**QUERY, **query}, json=body, headers=key(world))


def upload(world: World, content: bytes, name: str = "calls.jsonl", **query: Any) -> Response:
    params = {**QUERY, "filename": name, **query}
    return world.client.post(f"{BATCHES}/upload", params=params, content=content, headers=key(world))


def spooled(world: World) -> set[str]:
    return set(Spool(world.service.settings.spool, world.service.keyring).names())


class TestSubmittingAList:
    def test_it_waits_and_is_scored_in_the_background(self, world: World) -> None:
        answer = submit(world, name="三月")
        assert answer.status_code == 202
        said = answer.json()
        assert (said["state"], said["name"], said["scorecard"]) == ("waiting", "三月", SCORECARD)
        assert answer.headers["Location"] == f"{BATCHES}/{said['id']}"
        work_off(world.service, said["id"])
        done = world.client.get(f"{BATCHES}/{said['id']}", headers=key(world)).json()
        assert (done["state"], done["imported"], done["scored"], done["failed"]) == ("done", 3, 3, 0)
        found = world.client.get("/v1/reports", params={"batch": said["id"]}, headers=key(world))
        assert len(found.json()["items"]) == 3

    @pytest.mark.parametrize("body", [[], {}, "text", None])
    def test_what_is_no_list_of_calls_is_refused(self, world: World, body: Any) -> None:
        answer = submit(world, body)
        assert answer.status_code == 422
        assert answer.json()["error"] == "invalid"

    def test_an_unknown_scorecard_is_refused_before_anything_is_kept(self, world: World) -> None:
        before = spooled(world)
        assert submit(world, scorecard="没有这张").status_code == 404
        assert spooled(world) == before

    @pytest.mark.parametrize(
        "query", [{"column": "无等号"}, {"time_unit": "年"}, {"encoding": "../../x"}, {"more": "1"}]
    )
    def test_wrong_reading_options_are_refused(self, world: World, query: dict[str, str]) -> None:
        assert submit(world, **query).status_code == 422


class TestUploading:
    def test_any_format_also_compressed(self, world: World) -> None:
        table = "会话号,角色,内容\nt1,坐席,您好\nt1,客户,在吗\nt2,坐席,您好\nt2,客户,我要退货\n".encode(
            "gb18030"
        )
        answer = upload(world, gzip.compress(table), "通话.csv.gz", encoding="gb18030")
        assert answer.status_code == 202, answer.text
        row = work_off(world.service, answer.json()["id"])
        assert (row.state, row.scored, row.failed, row.name) == ("done", 2, 0, "通话.csv.gz")

    def test_own_column_names(self, world: World) -> None:
        table = "会话号,谁,说了什么\nt1,坐席,您好\nt1,客户,在吗\n".encode()
        answer = upload(world, table, "a.csv", column=["谁=speaker", "说了什么=text"])
        row = work_off(world.service, answer.json()["id"])
        assert (row.scored, row.failed) == (1, 0)

    def test_a_column_that_is_none_of_ours_is_refused(self, world: World) -> None:
        answer = upload(world, b"a,b\n1,2\n", "a.csv", column=["a=nothing"])
        assert (answer.status_code, answer.json()["field"]) == (422, "column")
        assert "nothing" in answer.json()["detail"]

    def test_no_raw_text_lies_on_disk_while_it_waits(self, world: World) -> None:
        call = {"id": "p1", "turns": [{"speaker": "customer", "text": f"我的手机号是 {PHONE}"}]}
        answer = upload(world, orjson.dumps(call))
        path = Spool(world.service.settings.spool, world.service.keyring).path(answer.json()["id"])
        stored = path.read_bytes()
        assert stored.startswith(MAGIC)
        assert PHONE.encode() not in stored
        assert path.stat().st_mode & 0o077 == 0

    def test_a_number_in_the_name_of_a_file_is_masked(self, world: World) -> None:
        answer = upload(world, b"{broken\n", f"通话_{PHONE}.jsonl")
        work_off(world.service, answer.json()["id"])
        errors = world.client.get(f"{BATCHES}/{answer.json()['id']}/errors", headers=key(world))
        assert errors.json()["items"][0]["file"] == "通话_[手机号].jsonl"
        assert PHONE not in answer.text + errors.text

    def test_an_empty_file_is_refused(self, world: World) -> None:
        before = spooled(world)
        assert upload(world, b"").status_code == 422
        assert spooled(world) == before

    @pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ""])
    def test_a_file_name_is_no_path(self, world: World, name: str) -> None:
        assert upload(world, b"x", name).status_code == 422


class TestIdempotency:
    @pytest.mark.parametrize("send", [submit, upload])
    def test_sent_twice_is_one_batch(self, world: World, send: Any) -> None:
        content = CALLS if send is submit else b"".join(calls(3))
        headers = {"Idempotency-Key": f"k-{world.number()}"}
        path = BATCHES if send is submit else f"{BATCHES}/upload"

        def ask(body: Any) -> Response:
            sent = {"json": body} if send is submit else {"content": body}
            params = QUERY if send is submit else {**QUERY, "filename": "a.jsonl"}
            return world.client.post(path, params=params, headers={**key(world), **headers}, **sent)

        before = spooled(world)
        first, second = ask(content), ask(content)
        assert (first.status_code, second.status_code) == (202, 200)
        assert first.json()["id"] == second.json()["id"]
        assert len(spooled(world) - before) == 1
        other = ask(CALLS[:1] if send is submit else b"".join(calls(1)))
        assert (other.status_code, other.json()["error"]) == (409, "conflict")
        assert len(spooled(world) - before) == 1


class TestFollowing:
    def test_errors_come_in_pages_with_place_and_remedy_and_no_text(self, world: World) -> None:
        lines = b"".join([*calls(1), *(f"{{坏 {PHONE}\n".encode() for _ in range(5))])
        batch_id = upload(world, lines, "二月.jsonl").json()["id"]
        work_off(world.service, batch_id)
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            path = f"{BATCHES}/{batch_id}/errors?limit=2&cursor={cursor}"
            page = world.client.get(path, headers=key(world))
            assert PHONE not in page.text
            found += page.json()["items"]
            cursor = page.json()["next_cursor"]
        assert [error["line"] for error in found] == [2, 3, 4, 5, 6]
        assert {error["file"] for error in found} == {"二月.jsonl"}
        assert all(error["remedy"] and re.search("JSON", error["why"]) for error in found)

    def test_the_list_comes_newest_first_in_pages(self, world: World) -> None:
        made = [submit(world).json()["id"] for _ in range(5)]
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None and len(seen) < 6:
            page = world.client.get(f"{BATCHES}?limit=2&cursor={cursor}", headers=key(world)).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen[:5] == made[::-1]
        assert len(seen) == len(set(seen))

    def test_only_one_state(self, world: World) -> None:
        batch_id = submit(world).json()["id"]
        world.client.post(f"{BATCHES}/{batch_id}/cancel", headers=key(world))
        page = world.client.get(f"{BATCHES}?state=cancelled", headers=key(world)).json()
        assert batch_id in [item["id"] for item in page["items"]]
        assert {item["state"] for item in page["items"]} == {"cancelled"}

    def test_another_line_is_not_in_sight(self, world: World) -> None:
        other = world.add_key(business_lines=["insurance"])
        batch_id = submit(world).json()["id"]
        assert world.client.get(f"{BATCHES}/{batch_id}", headers=other.headers).status_code == 404
        shown = world.client.get(BATCHES, headers=other.headers).json()["items"]
        assert batch_id not in [item["id"] for item in shown]


class TestCancelling:
    def test_a_waiting_batch_is_never_begun(self, world: World) -> None:
        batch_id = submit(world).json()["id"]
        answer = world.client.post(f"{BATCHES}/{batch_id}/cancel", headers=key(world))
        assert answer.json()["state"] == "cancelled"
        assert work_off(world.service, batch_id).imported == 0

    def test_what_is_over_cannot_be_cancelled(self, world: World) -> None:
        batch_id = submit(world).json()["id"]
        work_off(world.service, batch_id)
        answer = world.client.post(f"{BATCHES}/{batch_id}/cancel", headers=key(world))
        assert (answer.status_code, answer.json()["error"]) == (409, "illegal_step")
        assert batch_of(world.service, batch_id).state == "done"


def test_calls_outside_the_submitters_teams_are_not_scored_for_them(world: World) -> None:
    limited = world.add_key(business_lines=["retail"], teams=["0 组"])
    sent = world.client.post(BATCHES, params=QUERY, json=CALLS, headers=limited.headers)
    row = work_off(world.service, sent.json()["id"])
    assert (row.scored, row.failed) == (1, 2)


def test_who_submitted_is_in_the_audit(world: World) -> None:
    batch_id = submit(world).json()["id"]
    with world.service.look() as work:
        wanted = select(AuditRow).where(AuditRow.subject == f"batch:{batch_id}")
        [row] = work.session.scalars(wanted)
    assert (row.action, row.actor) == ("batch.submitted", world.staff[Role.INTEGRATION].principal.actor)


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A house with little room: five waiting records, uploads of 3 MiB, one folder open to batches."""
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    settings = settings_for(
        sqlite_url, tmp_path / "home", model="none", max_waiting_records=5, server_folders=(allowed,),
        max_upload_bytes=3 * SEGMENT,
    )  # fmt: skip
    service = Service.open(settings)
    found = found_world(service)
    with TestClient(build(service=service), follow_redirects=False) as client:
        found.client = client
        yield found
    service.close()


class TestLimits:
    def test_too_much_waiting_is_refused_with_the_time_to_come_back(self, small: World) -> None:
        first = upload(small, b"".join(calls(7)))
        assert first.status_code == 202
        before = spooled(small)
        for refused in (submit(small), upload(small, b"".join(calls(2)))):
            assert (refused.status_code, refused.json()["error"]) == (429, "too_many_requests")
            assert int(refused.headers["Retry-After"]) >= 1
        assert spooled(small) == before
        work_off(small.service, first.json()["id"])
        assert submit(small).status_code == 202

    def test_an_upload_beyond_the_limit_leaves_nothing(self, small: World) -> None:
        def pieces() -> Iterator[bytes]:
            for _ in range(40):
                yield b"x" * 100_000

        answer = small.client.post(
            f"{BATCHES}/upload", params={**QUERY, "filename": "a"}, content=pieces(), headers=key(small)
        )
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
        assert spooled(small) == set()

    def test_only_allowed_folders_and_no_way_out_of_them(self, small: World, tmp_path: Path) -> None:
        allowed = tmp_path / "allowed"
        (allowed / "a.jsonl").write_bytes(b"".join(calls(2)))
        (tmp_path / "outside.jsonl").write_bytes(b"".join(calls(2)))
        (allowed / "link").symlink_to(tmp_path)
        for path in (
            "/etc",
            str(tmp_path / "outside.jsonl"),
            f"{allowed}/../outside.jsonl",
            f"{allowed}/link",
        ):
            refused = small.client.post(f"{BATCHES}/folder", json={"path": path, **QUERY}, headers=key(small))
            assert (refused.status_code, refused.json()["field"]) == (404, "path"), path
        taken = small.client.post(
            f"{BATCHES}/folder", json={"path": str(allowed / "a.jsonl"), **QUERY}, headers=key(small)
        )
        assert taken.status_code == 202
        assert work_off(small.service, taken.json()["id"]).scored == 2
        assert (allowed / "a.jsonl").exists()


class TestSpool:
    def test_what_is_written_is_read(self, small: World) -> None:
        spool = Spool(small.service.settings.spool, small.service.keyring)
        for size in (0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT + 7):
            content = bytes(i % 251 for i in range(size))
            assert spool.write("s", iter([content[: size // 2], content[size // 2 :]]), 10**9) == size
            with spool.open("s") as file:
                assert file.read() == content

    def test_cut_off_changed_or_moved_is_an_error_not_an_end(self, small: World) -> None:
        spool = Spool(small.service.settings.spool, small.service.keyring)
        spool.write("s", iter([b"x" * (2 * SEGMENT + 5)]), 10**9)
        whole = spool.path("s").read_bytes()
        one = 5 + SEGMENT + 16
        start = len(MAGIC)
        spoiled = {
            "cut at a segment": whole[: start + one],
            "cut within one": whole[:-3],
            "first segment missing": whole[:start] + whole[start + one :],
            "one byte changed": whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        }
        for what, content in spoiled.items():
            spool.path("s").write_bytes(content)
            with spool.open("s") as file, pytest.raises(OSError) as told:
                file.read()
            assert told.value.errno == errno.EIO, what
        spool.path("other").write_bytes(whole)
        with spool.open("other") as file, pytest.raises(OSError):
            file.read()

    def test_a_full_disk_is_told_and_leaves_nothing(self, small: World) -> None:
        spool = Spool(small.service.settings.spool, small.service.keyring, reserve=1 << 62)
        with pytest.raises(SpoolFull):
            spool.write("s", iter([b"x"]), 10)
        with pytest.raises(SpoolTooLarge):
            Spool(small.service.settings.spool, small.service.keyring).write("s", iter([b"xx"]), 1)
        assert spool.names() == []


def test_workers_are_alive_as_long_as_they_say_so(small: World) -> None:
    with small.service.work() as work:
        note_alive(work, "w0", "host", 7, work.now)
    with small.service.work() as work:
        assert [row.name for row in alive(work)] == ["w0"]
        note_gone(work, "w0")
        assert alive(work) == []


def test_nothing_here_was_recorded_twice(world: World) -> None:
    # After all tests of this file: every batch that says done has exactly as many reports as it counts.
    with world.service.look() as work:
        for row in work.session.scalars(select(BatchRow).where(BatchRow.state == "done")):
            counted = select(func.count()).select_from(ReportRow).where(ReportRow.batch_id == row.id)
            assert work.session.scalar(counted) == row.scored
