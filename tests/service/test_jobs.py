"""批次在后台的每一步：读入、评分、结束；任何一步重复执行、抢跑、中断，结果都只有一份。"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select, update

from qa_engine.domain.transcript import Transcript
from qa_engine.jobs import chunk_steps, scoring, steps, tasks
from qa_engine.jobs.importing import Importer, Interrupted
from qa_engine.jobs.isolation import Isolation
from qa_engine.jobs.scoring import score_chunk
from qa_engine.service import Service
from qa_engine.services.batches import Submission, cancel_batch, new_batch_id, submit_batch
from qa_engine.services.erasure import erase_calls
from qa_engine.services.judging import choose_judging
from qa_engine.services.tasks import find_task, submit_task
from qa_engine.store.spool import Spool
from qa_engine.store.tables import AuditRow, BatchChunk, BatchRecord, BatchRow, ReportRow, TranscriptRow
from service.jobbing import batch_of, read_in, work_off
from service.killing import SCORECARD, calls, publish, submit

CHUNK = steps.CHUNK


@pytest.fixture
def ready(service: Service) -> Service:
    publish(service)
    return service


def reports(service: Service, batch_id: str) -> int:
    with service.look() as work:
        counted = select(func.count()).select_from(ReportRow).where(ReportRow.batch_id == batch_id)
        return work.session.scalar(counted) or 0


def records(service: Service, batch_id: str) -> list[BatchRecord]:
    with service.look() as work:
        found = select(BatchRecord).where(BatchRecord.batch_id == batch_id).order_by(BatchRecord.seq)
        return list(work.session.scalars(found))


class TestReading:
    def test_every_record_becomes_a_report_or_a_reason(self, ready: Service) -> None:
        lines = [*calls(3), b"{broken\n", b'{"id": "empty", "turns": []}\n', *calls(1)]
        row = work_off(ready, submit(ready, iter(lines)))
        # The last line repeats the id of the first.
        assert (row.state, row.imported, row.scored, row.failed) == ("done", 6, 3, 3)
        assert row.complete
        assert row.expected == 6
        found = {r.seq: (r.error or {}).get("code") for r in records(ready, row.id)}
        assert found == {0: None, 1: None, 2: None, 3: "bad_json", 4: "empty_call", 5: "duplicate_id"}
        assert [r.seq for r in records(ready, row.id) if r.report_id is None] == [3, 4, 5]

    def test_what_stands_where_is_told_with_file_and_line(self, ready: Service) -> None:
        batch_id = submit(ready, iter([*calls(1), b"{broken\n"]), name="三月.jsonl")
        work_off(ready, batch_id)
        error = records(ready, batch_id)[1].error
        assert error is not None
        assert (error["file"], error["line"]) == ("三月.jsonl", 2)
        assert error["remedy"]

    def test_an_unreadable_file_is_one_failed_record(self, ready: Service) -> None:
        row = work_off(ready, submit(ready, iter([b"\x00\x01\x02" * 100])))
        assert (row.state, row.imported, row.failed) == ("done", 1, 1)

    def test_reading_goes_on_where_it_was_interrupted(self, ready: Service) -> None:
        batch_id = submit(ready, calls(3 * CHUNK + 5))
        stopping = threading.Event()
        chunks: list[int] = []

        def added(_batch_id: str, chunk: int) -> None:
            chunks.append(chunk)
            stopping.set()

        with pytest.raises(Interrupted):
            Importer(ready, added, stopping).run(batch_id)
        assert batch_of(ready, batch_id).imported == CHUNK
        assert chunks == [0]
        assert read_in(ready, batch_id) == [1, 2, 3]
        assert [r.seq for r in records(ready, batch_id)] == list(range(3 * CHUNK + 5))
        assert batch_of(ready, batch_id).state == "scoring"

    def test_two_readers_at_once_add_every_record_once(self, ready: Service) -> None:
        batch_id = submit(ready, calls(4 * CHUNK))
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(read_in, ready, batch_id) for _ in range(2)]
            chunks = [chunk for found in both for chunk in found.result()]
        # Whoever lost the race for a chunk has left the rest to the other.
        assert sorted(chunks) == list(range(4))
        row = batch_of(ready, batch_id)
        assert (row.state, row.imported, len(records(ready, batch_id))) == ("scoring", 4 * CHUNK, 4 * CHUNK)

    def test_a_batch_that_ends_its_readers_again_and_again_is_failed(self, ready: Service) -> None:
        batch_id = submit(ready, calls(3))
        for _ in range(steps.MOST_BEGINNINGS):
            with ready.work() as work:
                assert steps.begin_import(work, batch_id) is not None
        assert read_in(ready, batch_id) == []
        row = batch_of(ready, batch_id)
        assert row.state == "failed"
        assert row.failure is not None
        assert "第 1 条" in row.failure

    def test_the_upload_is_gone_once_it_is_read_in(self, ready: Service) -> None:
        batch_id = submit(ready, calls(2))
        spool = Spool(ready.settings.spool, ready.keyring)
        assert spool.names() == [batch_id]
        read_in(ready, batch_id)
        assert spool.names() == []

    def test_calls_without_an_id_never_pass_for_those_of_another_batch(self, ready: Service) -> None:
        line = orjson.dumps(
            {"turns": [{"speaker": "agent", "text": "您好"}, {"speaker": "customer", "text": "在吗"}]}
        )
        for _ in range(2):
            assert work_off(ready, submit(ready, iter([line]))).scored == 1
        with ready.look() as work:
            refs = work.session.scalars(select(TranscriptRow.external_ref)).all()
        assert len(set(refs)) == 2

    def test_a_folder_changed_while_it_is_read_ends_the_batch_and_says_so(
        self, ready: Service, tmp_path: Path
    ) -> None:
        file = tmp_path / "calls.jsonl"
        file.write_bytes(b"".join(calls(2 * CHUNK)))
        batch_id = submit_folder(ready, tmp_path)
        stopping = threading.Event()
        with pytest.raises(Interrupted):
            Importer(ready, lambda *_: stopping.set(), stopping).run(batch_id)
        with file.open("ab") as more:
            more.write(b"{}\n")
        read_in(ready, batch_id)
        row = batch_of(ready, batch_id)
        assert row.state == "failed"
        assert row.failure is not None
        assert "改动" in row.failure

    def test_a_link_out_of_the_folder_is_not_followed(self, ready: Service, tmp_path: Path) -> None:
        (tmp_path / "secret.jsonl").write_bytes(b"".join(calls(1)))
        inside = tmp_path / "inside"
        inside.mkdir()
        (inside / "a.jsonl").symlink_to(tmp_path / "secret.jsonl")
        batch_id = submit_folder(ready, inside)
        row = work_off(ready, batch_id)
        assert (row.scored, row.failed) == (0, 1)
        [record] = records(ready, batch_id)
        assert record.error is not None
        assert record.error["code"] == "outside_folder"


def submit_folder(service: Service, folder: Path) -> str:
    with service.work() as work:
        submission = Submission(new_batch_id(), "文件夹", [str(folder)], str(folder), 0, "n0")
        submit_batch(work, choose_judging(work, SCORECARD, None), submission, most_waiting=10**9)
    return submission.id


class TestScoring:
    def test_a_chunk_scored_again_adds_nothing(self, ready: Service) -> None:
        batch_id = submit(ready, calls(CHUNK + 3))
        row = work_off(ready, batch_id)
        assert (row.state, row.scored) == ("done", CHUNK + 3)
        for chunk in (0, 1, 0):
            score_chunk(ready, batch_id, chunk)
        assert reports(ready, batch_id) == CHUNK + 3
        assert batch_of(ready, batch_id).scored == CHUNK + 3

    def test_two_workers_with_the_same_chunk_record_it_once(self, ready: Service) -> None:
        batch_id = submit(ready, calls(CHUNK))
        read_in(ready, batch_id)
        together = threading.Barrier(2)
        inspector = ready.inspectors.of(steps_taken(ready, batch_id).scorecard)

        def score(taken: chunk_steps.ChunkTaken) -> bool:
            together.wait()
            try:
                scoring.score_together(ready, inspector, taken)
            except steps.Overtaken:
                return False
            return True

        takers = [steps_taken(ready, batch_id) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            won = list(pool.map(score, takers))
        assert sorted(won) == [False, True]
        assert reports(ready, batch_id) == CHUNK
        assert batch_of(ready, batch_id).state == "done"

    def test_the_last_two_chunks_at_one_moment_end_the_batch_once(self, ready: Service) -> None:
        batch_id = submit(ready, calls(2 * CHUNK))
        read_in(ready, batch_id)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda chunk: score_chunk(ready, batch_id, chunk), (0, 1)))
        assert batch_of(ready, batch_id).state == "done"
        with ready.look() as work:
            ended = select(func.count()).where(AuditRow.action == "batch.finished")
            assert work.session.scalar(ended) == 1

    def test_nothing_is_recorded_for_a_cancelled_batch(self, ready: Service) -> None:
        batch_id = submit(ready, calls(CHUNK))
        read_in(ready, batch_id)
        taken = steps_taken(ready, batch_id)
        with ready.work() as work:
            cancel_batch(work, batch_id)
        with pytest.raises(steps.Overtaken):
            scoring.score_together(ready, ready.inspectors.of(taken.scorecard), taken)
        score_chunk(ready, batch_id, 0)
        assert reports(ready, batch_id) == 0
        assert batch_of(ready, batch_id).state == "cancelled"

    def test_a_text_purged_before_it_was_scored_is_a_reason_not_a_clean_report(self, ready: Service) -> None:
        batch_id = submit(ready, calls(2))
        read_in(ready, batch_id)
        with ready.work() as work:
            first = records(ready, batch_id)[0].transcript_id
            emptied = update(TranscriptRow).where(TranscriptRow.id == first)
            work.session.execute(emptied.values(sealed=None, key_id=None))
        score_chunk(ready, batch_id, 0)
        row = batch_of(ready, batch_id)
        assert (row.state, row.scored, row.failed) == ("done", 1, 1)
        error = records(ready, batch_id)[0].error
        assert error is not None
        assert error["code"] == "text_gone"

    def test_an_erased_text_is_told_as_erased(self, ready: Service) -> None:
        batch_id = submit(ready, calls(2))
        read_in(ready, batch_id)
        with ready.work() as work:
            first = records(ready, batch_id)[0].transcript_id
            assert first is not None
            erase_calls(work, [first])
        score_chunk(ready, batch_id, 0)
        told = records(ready, batch_id)[0].error
        assert told is not None
        assert (told["code"], told["transcript_id"]) == ("text_erased", None)

    def test_a_chunk_begun_too_often_is_scored_call_by_call(self, ready: Service) -> None:
        batch_id = submit(ready, calls(3))
        read_in(ready, batch_id)
        with ready.work() as work:
            work.session.execute(update(BatchChunk).values(attempts=scoring.TRUSTED_ATTEMPTS))
        score_chunk(ready, batch_id, 0)
        row = batch_of(ready, batch_id)
        assert (row.state, row.scored, row.failed) == ("done", 3, 0)


def steps_taken(service: Service, batch_id: str) -> chunk_steps.ChunkTaken:
    with service.work() as work:
        taken = chunk_steps.take_chunk(work, batch_id, 0)
    assert taken is not None
    return taken


class Deadly(str):
    """A text that ends the process of whoever looks at it, as one does that needs too much memory."""

    __slots__ = ()

    def _act(self, *_: object) -> Iterator[str]:
        os._exit(9)

    __iter__ = __len__ = __getitem__ = strip = translate = lower = encode = replace = split = _act  # type: ignore[assignment]


class Endless(Deadly):
    """A text nobody comes to the end of."""

    __slots__ = ()

    def _act(self, *_: object) -> Iterator[str]:
        while True:
            time.sleep(1)

    __iter__ = __len__ = __getitem__ = strip = translate = lower = encode = replace = split = _act  # type: ignore[assignment]


def poisoned(taken: chunk_steps.ChunkTaken, seq: int, text: str) -> chunk_steps.ChunkTaken:
    def spoil(call: Transcript) -> Transcript:
        return replace(call, turns=(*call.turns[:-1], replace(call.turns[-1], text=text)))

    pending = tuple((n, spoil(call) if n == seq else call) for n, call in taken.pending)
    return replace(taken, pending=pending)


@pytest.mark.parametrize(("kind", "code"), [(Deadly, "worker_died"), (Endless, "worker_stuck")])
def test_a_call_that_kills_its_worker_costs_only_itself(
    sqlite_service: Service, kind: type[str], code: str
) -> None:
    service = sqlite_service
    batch_id = submit(service, calls(4))
    read_in(service, batch_id)
    taken = poisoned(steps_taken(service, batch_id), 1, kind("毒"))
    card = taken.scorecard
    with Isolation(
        card.source, card.key, service.settings.model, longest_s=20 if code == "worker_died" else 3
    ) as alone:
        scoring.score_alone(service, service.inspectors.of(card), taken, alone)
    row = batch_of(service, batch_id)
    assert (row.state, row.scored, row.failed) == ("done", 3, 1)
    error = records(service, batch_id)[1].error
    assert error is not None
    assert (error["code"], error["file"], error["line"]) == (code, "calls.jsonl", 2)


@pytest.fixture
def sqlite_service(sqlite_url: str, tmp_path: Path) -> Iterator[Service]:
    from service.conftest import settings_for

    opened = Service.open(settings_for(sqlite_url, tmp_path / "home", model="none"))
    publish(opened)
    yield opened
    opened.close()


class TestTasks:
    def test_a_task_is_done_once_and_its_result_kept(self, ready: Service) -> None:
        done: list[int] = []

        def count(_service: Service, arguments: dict[str, object]) -> dict[str, object]:
            done.append(1)
            return {"twice": 2 * int(str(arguments["n"]))}

        with ready.work() as work:
            task_id = submit_task(work, "count", {"n": 21}).id
        for _ in range(2):
            tasks.run_task(ready, task_id, {"count": count})
        assert len(done) == 1
        with ready.look() as work:
            row = find_task(work, task_id, "count")
            assert (row.state, row.result, row.attempts) == ("done", {"twice": 42}, 1)

    def test_a_task_that_breaks_says_so_without_its_message(self, ready: Service) -> None:
        def broken(_service: Service, _arguments: dict[str, object]) -> dict[str, object]:
            raise KeyError("13800138000")

        with ready.work() as work:
            task_id = submit_task(work, "broken", {}).id
        tasks.run_task(ready, task_id, {"broken": broken})
        with ready.look() as work:
            row = find_task(work, task_id, "broken")
        assert row.state == "failed"
        assert row.failure is not None
        assert "KeyError" in row.failure
        assert "138" not in row.failure

    def test_an_unknown_kind_fails_and_says_so(self, ready: Service) -> None:
        with ready.work() as work:
            task_id = submit_task(work, "unheard", {}).id
        tasks.run_task(ready, task_id, {})
        with ready.look() as work:
            assert find_task(work, task_id, "unheard").state == "failed"


def test_a_batch_row_is_what_the_client_follows(ready: Service) -> None:
    batch_id = submit(ready, calls(1))
    with ready.look() as work:
        row = work.session.get_one(BatchRow, batch_id)
        assert (row.state, row.imported, row.scored, row.failed, row.complete) == ("waiting", 0, 0, 0, False)
