"""The run ledger: what is committed stays, what does not fit is refused by name."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from qa_engine.batch.errors import InputsChanged, LedgerBusy, LedgerDamaged, LedgerMismatch
from qa_engine.batch.ledger import RunLedger, discard_ledger, ledger_path
from qa_engine.batch.record import Failed, Failure, Scored

IDENTITY = {"评分表": "a", "输入文件": "b"}
BAD = Failure("bad_json", "不是合法的 JSON", "检查这一行", "in.jsonl", line=2)


def records(first, count):
    return [Scored(seq, f"c{seq}", f'{{"n":{seq}}}'.encode()) for seq in range(first, first + count)]


def test_reports_and_failures_come_back_in_input_order_after_reopening(tmp_path):
    path = tmp_path / "run.sqlite"
    with RunLedger(path, IDENTITY) as ledger:
        ledger.add([Scored(3, "c3", b"{3}"), Failed(4, BAD)])
        ledger.add([Scored(0, "c0", b"{0}"), Failed(1, Failure("x", "为什么", "怎么办", "f", record=7))])
    with RunLedger(path, IDENTITY) as ledger:
        assert [(item.seq, item.transcript_id, item.report) for item in ledger.scored()] == [
            (0, "c0", b"{0}"),
            (3, "c3", b"{3}"),
        ]
        assert [failure.code for failure in ledger.failures()] == ["x", "bad_json"]
        assert next(iter(ledger.failures())).place == "f 第 8 条"
        assert ledger.count == 4


def test_chunk_is_wholly_in_or_wholly_out(tmp_path):
    with RunLedger(tmp_path / "run.sqlite", IDENTITY) as ledger:
        with pytest.raises(sqlite3.IntegrityError):
            ledger.add([*records(0, 3), *records(2, 1)])
        ledger._db.execute("ROLLBACK")
        assert ledger.count == 0
        assert not ledger.has(0, ["c0", "c1", "c2"])


@pytest.mark.parametrize(
    ("now", "fits"),
    [
        (["c0", None, "c2"], True),
        (["c0", None, "other"], False),
        (["c0", "c1", "c2"], False),
        (["c0", None, "c2", "c3"], False),
    ],
)
def test_done_chunk_must_be_the_same_records(tmp_path, now, fits):
    with RunLedger(tmp_path / "run.sqlite", IDENTITY) as ledger:
        ledger.add([Scored(0, "c0", b"{}"), Failed(1, BAD), Scored(2, "c2", b"{}")])
        if fits:
            assert ledger.has(0, now)
        else:
            with pytest.raises(InputsChanged, match="输入内容与"):
                ledger.has(0, now)
        assert not ledger.has(100, now)


def test_other_identity_is_refused_and_named(tmp_path):
    path = tmp_path / "run.sqlite"
    RunLedger(path, IDENTITY).close()
    with pytest.raises(LedgerMismatch) as told:
        RunLedger(path, {"评分表": "other", "输入文件": "b"})
    assert "不同：评分表。" in str(told.value)
    assert "输入文件" not in str(told.value)
    assert "--overwrite" in str(told.value)


@pytest.mark.parametrize("size", [10, 4096, 9000])
def test_truncated_ledger_is_told(tmp_path, size):
    path = tmp_path / "run.sqlite"
    with RunLedger(path, IDENTITY) as ledger:
        ledger.add(records(0, 500))
    whole = path.read_bytes()
    assert size < len(whole)
    path.write_bytes(whole[:size])
    with pytest.raises(LedgerDamaged, match="--overwrite"):
        RunLedger(path, IDENTITY)


def test_file_that_is_no_ledger_is_told_and_untouched(tmp_path):
    path = tmp_path / "run.sqlite"
    path.write_text("这不是数据库" * 1000, encoding="utf-8")
    with pytest.raises(LedgerDamaged):
        RunLedger(path, IDENTITY)
    assert path.read_text(encoding="utf-8").startswith("这不是数据库")


def test_damaged_report_is_told_not_exported(tmp_path):
    path = tmp_path / "run.sqlite"
    with RunLedger(path, IDENTITY) as ledger:
        ledger.add(records(0, 2))
        ledger._db.execute("UPDATE scored SET report = x'00' WHERE seq = 1")
        reports = ledger.scored()
        assert next(reports).seq == 0
        with pytest.raises(LedgerDamaged):
            next(reports)


def test_one_process_at_a_time(tmp_path):
    path = tmp_path / "run.sqlite"
    hold = (
        "import sys; from pathlib import Path; from qa_engine.batch.ledger import RunLedger\n"
        f"ledger = RunLedger(Path({str(path)!r}), {IDENTITY!r})\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline().strip() == b"held"
    with pytest.raises(LedgerBusy, match="另一个评分任务"):
        RunLedger(path, IDENTITY)
    other.kill()
    other.communicate()
    RunLedger(path, IDENTITY).close()


def test_discarding_leaves_nothing_behind(tmp_path):
    out = tmp_path / "r.jsonl"
    ledger = RunLedger(ledger_path(out), IDENTITY)
    ledger.add(records(0, 5))
    discard_ledger(ledger.path)
    ledger.close()
    assert list(tmp_path.iterdir()) == []
