"""压缩炸弹：解压到离谱的大小之前就停下，前面读到的照常可用，并说明原因。"""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Transcript
from qa_engine.intake import opening, table_rows
from qa_engine.intake.read import read_inputs

CALL = b'{"id":"c1","turns":[{"speaker":"agent","text":"hello"},{"speaker":"customer","text":"hi"}]}\n'


def test_a_gzip_that_unpacks_without_end_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "FREE_UNPACKED", 1 << 20)
    path = tmp_path / "calls.jsonl.gz"
    # 空行能压到千分之一；排在后面的那一通读不到。
    path.write_bytes(gzip.compress(CALL + b"\n" * (12 << 20) + CALL))
    call, error = read_inputs([str(path)])
    assert isinstance(call, Transcript)
    assert isinstance(error, IntakeError)
    assert error.code == "too_long"


def test_a_file_that_packs_well_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FREE_UNPACKED", 1 << 16)
    path = tmp_path / "calls.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(CALL.replace(b"c1", b"c%d" % i) for i in range(2000))))
    assert sum(isinstance(item, Transcript) for item in read_inputs([str(path)])) == 2000


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_rows, "UNPACKED_BYTES", 1 << 20)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", "<Types/>")
        parts.writestr("xl/workbook.xml", "<workbook/>")
        parts.writestr("xl/worksheets/sheet1.xml", b" " * (2 << 20))
    path = tmp_path / "calls.xlsx"
    path.write_bytes(held.getvalue())
    [error] = read_inputs([str(path)])
    assert isinstance(error, IntakeError)
    assert error.code == "too_long"
