"""文件、文件夹、通配符、标准输入；进度；顺序。"""

from __future__ import annotations

import io
import os
import sys
import tracemalloc

import pytest

from qa_engine.domain.errors import IntakeError
from qa_engine.intake.read import read_inputs, total_bytes

LINE = (
    '{{"id":"{0}","turns":[{{"speaker":"agent","text":"您好请讲"}},{{"speaker":"customer","text":"在"}}]}}\n'
)


@pytest.fixture
def folder(tmp_path):
    for name in ("b/2.jsonl", "a/1.json", "a/.hidden.json", ".git/x.json", "c.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("客服：您好\n" if name == "c.txt" else LINE.format(name), encoding="utf-8")
    return tmp_path


def ids(inputs):
    return [getattr(item, "id", None) or item.code for item in read_inputs(inputs)]


def test_folders_are_read_in_order_without_hidden_files(folder):
    expected = ["a/1.json", "b/2.jsonl", f"{folder}/c.txt#1"]
    assert ids([str(folder)]) == expected
    assert ids([str(folder)]) == expected


def test_globs_and_order_of_inputs(folder):
    assert ids([f"{folder}/b/*.jsonl", f"{folder}/**/1.json"]) == ["b/2.jsonl", "a/1.json"]
    assert ids([f"{folder}/*.none", f"{folder}/none.json", f"{folder}/b/2.jsonl"]) == [
        "file_not_found", "file_not_found", "b/2.jsonl",
    ]  # fmt: skip


def test_an_empty_folder_and_a_name_that_cannot_exist(tmp_path):
    assert ids([str(tmp_path)]) == ["empty_folder"]
    assert ids(["a\x00b"]) == ["file_not_found"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(folder):
    (folder / "a/1.json").chmod(0)
    assert ids([str(folder)])[0] == "cannot_open"


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINE.format("s").encode())))
    (call,) = read_inputs(["-"])
    assert not isinstance(call, IntakeError)
    assert (call.id, call.origin.file) == ("s", "<stdin>")
    assert not sys.stdin.buffer.closed


def test_progress_ends_at_the_total(folder):
    seen = []
    assert len(list(read_inputs([str(folder)], progress=lambda done, total: seen.append((done, total))))) == 3
    total = total_bytes([str(folder)])
    assert total == sum((folder / name).stat().st_size for name in ("a/1.json", "b/2.jsonl", "c.txt"))
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert total_bytes([str(folder), "-"]) == 0


@pytest.mark.parametrize("form", ["jsonl", "array"])
def test_memory_does_not_grow_with_the_file(tmp_path, form):
    def peak(count):
        path = tmp_path / f"{count}.json"
        lines = [LINE.format(i).rstrip() for i in range(count)]
        path.write_text(
            "\n".join(lines) if form == "jsonl" else "[" + ",\n".join(lines) + "]", encoding="utf-8"
        )
        tracemalloc.start()
        assert sum(not isinstance(item, IntakeError) for item in read_inputs([str(path)])) == count
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(100)  # whatever is loaded once
    # 全部留在内存里的话，多出的六千通要十几兆
    assert peak(8_000) < peak(2_000) + 4_000_000
