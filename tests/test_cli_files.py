"""Files of other people are safe, what cannot be written is told before scoring, a finished run is left."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import subprocess
import time

import pytest
from batch_samples import (
    SCORECARD,
    card_file,
    command,
    dialogue_file,
    dialogue_lines,
    environment,
    reports_in,
    run,
)

from qa_engine.batch.finished import record_path
from qa_engine.batch.ledger import ledger_path

FOREIGN = "别人的文件"


@pytest.fixture
def folder(tmp_path):
    card_file(tmp_path)
    dialogue_file(tmp_path / "in.jsonl", 3)
    (tmp_path / "bad.jsonl").write_text("\n".join([*dialogue_lines(2), "{坏"]), encoding="utf-8")
    (tmp_path / "calls").mkdir()
    dialogue_file(tmp_path / "calls" / "a.jsonl", 2)
    (tmp_path / "file").write_text(FOREIGN, encoding="utf-8")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.html").write_text(FOREIGN, encoding="utf-8")
    (tmp_path / "calls-only" / "calls").mkdir(parents=True)
    (tmp_path / "calls-only" / "calls" / "x.html").write_text(FOREIGN, encoding="utf-8")
    return tmp_path


def score(folder, *more, source="in.jsonl"):
    card = ("-s", folder / "card.yaml", "--model", "none")
    return run("score", folder / source, *card, *(str(word).format(d=folder) for word in more))


def tree(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["-o", "{d}/r.jsonl", "--errors", "{d}/file"],
            "--errors 要写的 {d}/file 已存在，而且不是本软件写的",
        ),
        (["-o", "-", "--errors", "{d}/file"], "--errors 要写的 {d}/file 已存在"),
        (["-o", "{d}/r.jsonl", "--html", "{d}/pages"], "--html 要写的 {d}/pages/index.html 已存在"),
        (["-o", "{d}/r.jsonl", "--html", "{d}/calls-only"], "calls/x.html 已存在"),
        (["-o", "{d}/没有/r.jsonl"], "--out 所在的文件夹不存在"),
        (["-o", "/proc/r.jsonl"], "--out：/proc 里写不了文件"),
        (["-o", "{d}/pages.jsonl/"], "--out 要的是文件"),
        (["-o", "{d}/r.jsonl", "--html", "{d}/file"], "--html：{d}/file 里写不了文件"),
        (["-o", "{d}/r.jsonl", "--html", "/proc/x/y"], "--html：/proc 里写不了文件"),
        (["-o", "{d}/r.jsonl", "--errors", "{d}/没有/e.jsonl"], "--errors 所在的文件夹不存在"),
        (["-o", "{d}/r.jsonl", "--errors", "/proc/e.jsonl"], "--errors：/proc 里写不了文件"),
        (["-o", "-", "--errors", "{d}/pages"], "--errors 要的是文件"),
    ],
)
def test_what_cannot_or_must_not_be_written_is_told_before_scoring(folder, words, told):
    (folder / "pages.jsonl").mkdir()
    before = tree(folder)
    done = score(folder, *words)
    assert done.returncode == 2
    assert told.format(d=folder) in done.stderr.decode()
    assert "处理办法" in done.stderr.decode()
    assert done.stdout == b""
    assert tree(folder) == before


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["-o", "{d}/calls/r.jsonl"], "--out 要写的 {d}/calls/r.jsonl"),
        (["-o", "{d}/r.jsonl", "--errors", "{d}/calls/e.jsonl"], "--errors 要写的 {d}/calls/e.jsonl"),
        (["-o", "{d}/r.jsonl", "--html", "{d}/calls/p"], "--html 要写的 {d}/calls/p"),
    ],
)
def test_output_among_the_inputs_names_the_option(folder, words, option):
    done = score(folder, *words, source="calls")
    assert done.returncode == 2
    assert option.format(d=folder) + " 在输入范围之内" in done.stderr.decode()


def test_overwrite_allows_and_nothing_is_deleted(folder):
    errors = folder / "file"
    words = ("-o", folder / "r.jsonl", "--errors", errors, "--html", folder / "pages", "--overwrite")
    assert score(folder, *words).returncode == 0
    assert errors.read_bytes() == b""
    assert FOREIGN not in (folder / "pages" / "index.html").read_text(encoding="utf-8")
    again = score(folder, "-o", folder / "s.jsonl", "--errors", errors, source="bad.jsonl")
    assert again.returncode == 1, "an error list of ours may be written anew"
    (error,) = reports_in(errors)
    assert (error["code"], error["line"], error["record"]) == ("bad_json", 3, 2)
    assert score(folder, "-o", folder / "t.jsonl", "--html", folder / "pages").returncode == 0, "our pages"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["redact", "{d}/in.jsonl", "-o", "{d}/没有/m.jsonl"], "--out 所在的文件夹不存在"),
        (["redact", "{d}/in.jsonl", "-o", "/proc/m.jsonl"], "--out：/proc 里写不了文件"),
        (["redact", "{d}/in.jsonl", "-o", "{d}/pages"], "--out 要的是文件"),
        (["redact", "{d}/in.jsonl", "-o", "{d}/file"], "文件已存在"),
        (["show", "{d}/in.jsonl", "-s", "{d}/card.yaml", "--html", "{d}/pages"], "--html 要的是文件"),
        (["show", "{d}/in.jsonl", "-s", "{d}/card.yaml", "--html", "{d}/没有/p.html"], "文件夹不存在"),
        (["show", "{d}/in.jsonl", "-s", "{d}/card.yaml", "--html", "/proc/p.html"], "里写不了文件"),
        (["show", "{d}/in.jsonl", "-s", "{d}/card.yaml", "--html", "{d}/file"], "不是本软件写的"),
        (["demo", "--samples", "{d}/calls", "-o", "{d}/pages"], "index.html 已存在"),
        (["demo", "--samples", "{d}/calls", "-o", "{d}/file"], "里写不了文件"),
    ],
)
def test_other_commands_refuse_in_chinese(folder, words, told):
    before = tree(folder)
    done = run(*(word.format(d=folder) for word in words))
    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert tree(folder) == before


@pytest.mark.parametrize("ending", ["jsonl", "csv", "xlsx", "parquet"])
def test_finished_run_is_recognised(folder, ending):
    out = folder / f"r.{ending}"
    assert score(folder, "-o", out).returncode == 0
    assert not ledger_path(out).exists()
    before = out.stat().st_mtime_ns
    again = score(folder, "-o", out)
    assert (again.returncode, out.stat().st_mtime_ns) == (0, before)
    assert "已完成，无需重跑" in again.stderr.decode()
    other_input = score(folder, "-o", out, source="calls/a.jsonl")
    assert other_input.returncode == 2
    assert "另一次评分的完整结果，与本次不同：输入文件" in other_input.stderr.decode()
    assert score(folder, "-o", out, "--channel", "voice").returncode == 2
    card_file(folder, SCORECARD.replace("pass_mark: 80", "pass_mark: 70"))
    assert "不同：评分表、模型或软件版本" in score(folder, "-o", out).stderr.decode()
    out.write_bytes(b"changed")
    edited = score(folder, "-o", out)
    assert edited.returncode == 2
    assert "文件已存在" in edited.stderr.decode()
    assert out.read_bytes() == b"changed"


def test_finished_run_with_failures_says_so_again(folder):
    out = folder / "r.jsonl"
    assert score(folder, "-o", out, source="bad.jsonl").returncode == 1
    again = score(folder, "-o", out, source="bad.jsonl")
    assert again.returncode == 1
    assert "其中 1 条没有评成" in again.stderr.decode()
    assert score(folder, "-o", out, "--fail-on", "never", source="bad.jsonl").returncode == 0
    pages = score(folder, "-o", out, "--html", folder / "p", source="bad.jsonl")
    assert pages.returncode == 2
    assert "当时没有生成网页" in pages.stderr.decode()
    assert record_path(out).exists()


def test_pages_beside_raw_and_masked_tables(folder):
    text = "您好，13800138000，这个办不了"
    call = {"id": "13800138000_张三.txt", "turns": [{"speaker": "agent", "text": text}]}
    call["turns"].append({"speaker": "customer", "text": "好吧"})
    (folder / "p.jsonl").write_text(json.dumps(call, ensure_ascii=False), encoding="utf-8")
    card = SCORECARD.replace("of: [您好, 欢迎]", "of: ['13800138000']")
    (folder / "card.yaml").write_text(card.split("tests:")[0] + "tests: []\n", encoding="utf-8")
    import pyarrow.parquet as pq
    from python_calamine import CalamineWorkbook

    def quotes(*more):
        name = "raw" if more else "masked"
        for ending in ("jsonl", "xlsx", "parquet"):
            assert score(folder, "-o", folder / f"{name}.{ending}", *more, source="p.jsonl").returncode == 0
        rows = CalamineWorkbook.from_path(str(folder / f"{name}.xlsx")).get_sheet_by_name("证据").to_python()
        table = pq.read_table(folder / f"{name}.parquet").to_pylist()
        (report,) = reports_in(folder / f"{name}.jsonl")
        return [
            rows[1][-1],
            table[0]["criteria"][0]["evidence"][0]["quote"],
            report["criteria"][0]["evidence"][0]["quote"],
        ]

    said = "13800138000"
    assert quotes() == ["[手机号]", "[手机号]", said]
    assert quotes("--raw") == [said, said, said]
    assert score(folder, "-o", folder / "h.jsonl", "--html", folder / "h", source="p.jsonl").returncode == 0
    (page,) = (folder / "h" / "calls").iterdir()
    for written in (page, folder / "h" / "index.html"):
        content = written.read_text(encoding="utf-8")
        assert "13800138000" not in content
        assert "张三" not in content
        assert "[手机号]_[姓名].txt" in content
    assert f"calls/{page.name}" in (folder / "h" / "index.html").read_text(encoding="utf-8")
    assert (page.name, "138" in page.name) == ("call~000001.html", False)
    words = ("show", folder / "p.jsonl", "-s", folder / "card.yaml", "--model", "none")
    assert run(*words).stdout.decode().startswith("[手机号]_[姓名].txt")
    assert run(*words, "--raw").stdout.decode().startswith("13800138000_张三.txt")


def test_names_and_percent_in_tables(folder):
    assert score(folder, "-o", folder / "r.csv").returncode == 0
    with (folder / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file))
    assert row["评分表"] == "小评分表"
    assert row["覆盖率（%）"] == "100.0"


def scoring_of_many(folder, out, calls, workers):
    """Arguments that keep a command busy for a while, without a model."""
    many = folder / "many.jsonl"
    dialogue_file(many, calls)
    return "score", many, "-s", folder / "card.yaml", "--model", "none", "-o", out, "-w", workers


def test_full_disk_is_told_and_the_ledger_kept(folder):
    bad = score(folder, "-o", "-", "--errors", "/dev/full", source="bad.jsonl")
    assert bad.returncode == 2
    assert "磁盘已满" in bad.stderr.decode()
    out = folder / "r.jsonl"
    words = scoring_of_many(folder, out, calls=2000, workers=1)

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    done = subprocess.run(
        command(*words), capture_output=True, env=environment(), check=False, preexec_fn=small_files
    )
    assert done.returncode == 2, done.stderr.decode()
    assert "已评的结果没有丢失" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert not out.exists()
    assert ledger_path(out).exists()


def test_sigterm_ends_in_order(folder):
    out = folder / "r.jsonl"
    words = scoring_of_many(folder, out, calls=6000, workers=2)
    process = subprocess.Popen(command(*words), stderr=subprocess.PIPE, env=environment())
    side = ledger_path(out).with_name(ledger_path(out).name + "-wal")
    while process.poll() is None and not (side.exists() and side.stat().st_size > 200_000):
        time.sleep(0.01)
    process.terminate()
    _, told = process.communicate()
    assert process.returncode == 143
    assert "用同样的命令再运行一次就会接着评" in told.decode()
    assert "收到终止信号" in told.decode()
    assert "resource_tracker" not in told.decode()
    assert "Traceback" not in told.decode()
    assert ledger_path(out).exists()


def test_ctrl_c_while_modules_load():
    script = "import sys; sys.argv=['qa-engine','demo']\nfrom qa_engine.cli import main\nmain()"
    process = subprocess.Popen(
        [command()[0], "-X", "importtime", "-c", script], stderr=subprocess.PIPE, env=environment()
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.rstrip().endswith(b" typer._click.exceptions"):
            os.kill(process.pid, signal.SIGINT)
            break
    told = process.stderr.read().decode()
    assert process.wait() == 130
    assert "已中断。" in told
    assert "Traceback" not in told
