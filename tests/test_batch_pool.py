"""Inspecting in order on processes that may die."""

from __future__ import annotations

import os
from types import MappingProxyType

import pytest
from batch_samples import card_file, transcript

from qa_engine.batch.chunk import Chunk, cut_chunks
from qa_engine.batch.pool import InspectionPool
from qa_engine.batch.record import Failed, Scored
from qa_engine.batch.worker import InspectorDiffers, InspectorPlan
from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin
from qa_engine.wiring import build_inspector

UNREADABLE = IntakeError("in.jsonl", "不是合法的 JSON", "检查这一行", "bad_json", line=2)


class KillsItsReader:
    """Ends the process that unpickles it, as the kernel ends one that ran out of memory."""

    def __reduce__(self):
        return os._exit, (9,)


def deadly(number):
    return transcript(
        number,
        attributes=MappingProxyType({"x": KillsItsReader()}),
        origin=Origin("in.jsonl", "qa_engine", 8, 7),
    )


def pool(folder, workers):
    inspector = build_inspector(card_file(folder), model="none")
    plan = InspectorPlan(folder / "card.yaml", "none", inspector.fingerprint)
    return InspectionPool(inspector, plan, workers)


def outcome(records):
    return [
        (record.seq, record.report if isinstance(record, Scored) else record.failure) for record in records
    ]


def run(folder, workers, items, size):
    with pool(folder, workers) as running:
        return [
            pair
            for _, records in running.records(cut_chunks(items, size))
            for pair in outcome(records)
        ]  # fmt: skip


def test_two_workers_give_what_one_gives(tmp_path):
    items = [transcript(number) for number in range(23)]
    items.insert(5, UNREADABLE)
    alone = run(tmp_path, 1, items, 4)
    assert [seq for seq, _ in alone] == list(range(24))
    assert alone == run(tmp_path, 2, items, 4)


def test_only_the_guilty_transcript_is_lost(tmp_path):
    items = [transcript(number) for number in range(20)]
    items[7] = deadly(7)
    found = dict(run(tmp_path, 2, items, 4))
    failure = found.pop(7)
    assert failure.code == "worker_died"
    assert failure.place == "in.jsonl 第 8 行"
    assert failure.transcript_id == "c-00007"
    expected = dict(run(tmp_path, 1, [transcript(number) for number in range(20)], 4))
    expected.pop(7)
    assert found == expected


def test_crash_in_a_transcript_is_an_error_of_that_transcript_alone(tmp_path):
    broken = transcript(3, flags=(object(),))
    found = run(tmp_path, 1, [transcript(2), broken, transcript(4)], 3)
    assert [seq for seq, _ in found] == [0, 1, 2]
    assert found[1][1].code == "inspection_crashed"
    assert "AttributeError" in found[1][1].why
    assert b"c-00004" in found[2][1]


def test_worker_that_would_judge_otherwise_stops_the_run(tmp_path):
    running = pool(tmp_path, 2)
    path = tmp_path / "card.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("pass_mark: 80", "pass_mark: 60"), "utf-8")
    with pytest.raises(InspectorDiffers, match="评分表或模型文件被改动"), running:
        list(running.records([Chunk(0, (transcript(1),))]))


def test_reading_runs_ahead_by_a_bounded_number_of_chunks(tmp_path):
    cut = 0

    def watched():
        nonlocal cut
        for chunk in cut_chunks((transcript(number) for number in range(40)), 2):
            cut += 1
            yield chunk

    done = 0
    with pool(tmp_path, 1) as running:
        for _ in running.records(watched()):
            done += 1
            assert cut - done <= 2
    assert done == cut == 20


def test_chunks_are_cut_by_position():
    items = [transcript(0), UNREADABLE, transcript(2), transcript(3), transcript(4)]
    chunks = list(cut_chunks(items, 2))
    assert [(chunk.first_seq, chunk.ids) for chunk in chunks] == [
        (0, ["c-00000", None]),
        (2, ["c-00002", "c-00003"]),
        (4, ["c-00004"]),
    ]
    records = chunks[0].records([b"{}"])
    assert [type(record) for record in records] == [Scored, Failed]
