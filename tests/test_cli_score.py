"""The real command, in real processes: formats, durability, broken records, exit codes."""

from __future__ import annotations

import csv
import gzip
import json
import random
import signal
import subprocess
import time

import psutil
import pytest
from batch_samples import (
    SCORECARD,
    card_file,
    command,
    dialogue_file,
    dialogue_lines,
    environment,
    ids,
    reports_in,
    run,
    run_process,
)

from qa_engine.batch.ledger import ledger_path

MANY = 2000
# The empty ledger alone is larger than nothing; this much holds committed reports.
SOME = 100_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("score")
    card_file(path)
    dialogue_file(path / "many.jsonl", MANY)
    return path


def arguments(folder, source, out, *more):
    return ("score", source, "--scorecard", folder / "card.yaml", "--model", "none", "--out", out, *more)


@pytest.fixture(scope="module")
def uninterrupted(folder):
    """The result of one run that nobody disturbed."""
    out = folder / "uninterrupted.jsonl"
    done = run_process(*arguments(folder, folder / "many.jsonl", out, "--workers", 1))
    assert done.returncode == 0, done.stderr.decode()
    return out.read_bytes()


def committed_bytes(out):
    """How much the ledger has on disk; 0 before the first commit."""
    paths = (ledger_path(out), ledger_path(out).with_name(ledger_path(out).name + "-wal"))
    return sum(path.stat().st_size for path in paths if path.exists())


def start(folder, out, workers):
    words = command(*arguments(folder, folder / "many.jsonl", out, "--workers", workers))
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())


def wait_for_growth(process, out, growth):
    """Wait until the ledger has grown by ``growth`` bytes since now, or the run has ended."""
    before = committed_bytes(out)
    while process.poll() is None and committed_bytes(out) < before + growth:
        time.sleep(0.002)


def test_results_are_reports_in_input_order(uninterrupted):
    reports = [json.loads(line) for line in uninterrupted.splitlines()]
    assert ids(reports) == [f"c-{number:05}" for number in range(MANY)]
    assert {report["schema"] for report in reports} == {"inspection-report/1"}
    assert uninterrupted.endswith(b"\n")


def test_killed_five_times_the_result_is_the_same_to_the_byte(folder, uninterrupted):
    out = folder / "killed.jsonl"
    rng = random.Random(6)
    kills = 0
    for _ in range(5):
        process = start(folder, out, 1)
        wait_for_growth(process, out, rng.randint(60_000, 250_000))
        assert not out.exists(), "a run that is not over has no output"
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    assert kills == 5
    done = run(*arguments(folder, folder / "many.jsonl", out, "--workers", 1))
    assert done.returncode == 0
    assert "接着上次的进度继续：已有" in done.stderr.decode()
    assert out.read_bytes() == uninterrupted
    assert not list(folder.glob("killed.jsonl?*")), "nothing is left beside the result"


def test_killed_worker_and_killed_parent_change_nothing(folder, uninterrupted):
    out = folder / "worker.jsonl"
    process = start(folder, out, 2)
    wait_for_growth(process, out, SOME)
    workers = psutil.Process(process.pid).children(recursive=True)
    victims = [worker for worker in workers if "spawn_main" in " ".join(worker.cmdline())]
    assert victims
    victims[0].kill()
    wait_for_growth(process, out, SOME)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == [], "workers end with their parent"
    done = run(*arguments(folder, folder / "many.jsonl", out, "--workers", 2))
    assert done.returncode == 0, done.stderr.decode()
    assert out.read_bytes() == uninterrupted


def test_ctrl_c_says_how_to_go_on(folder, uninterrupted):
    out = folder / "interrupted.jsonl"
    process = start(folder, out, 2)
    wait_for_growth(process, out, SOME)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130
    assert "用同样的命令再运行一次就会接着评" in told.decode()
    assert "Traceback" not in told.decode()
    assert not out.exists()
    assert run(*arguments(folder, folder / "many.jsonl", out)).returncode == 0
    assert out.read_bytes() == uninterrupted


@pytest.fixture
def small(tmp_path):
    card_file(tmp_path)
    dialogue_file(tmp_path / "in.jsonl", 5)
    return tmp_path


def leave_ledger(folder, out):
    """Make a run stop half way by killing it after its first commit."""
    dialogue_file(folder / "many.jsonl", 2000)
    process = start(folder, out, 1)
    wait_for_growth(process, out, SOME)
    process.kill()
    process.communicate()
    assert ledger_path(out).exists()
    assert not out.exists()


def test_ledger_of_another_run_or_a_damaged_one_is_refused_with_a_remedy(small):
    out = small / "r.jsonl"
    leave_ledger(small, out)
    again = arguments(small, small / "many.jsonl", out)
    card_file(small, SCORECARD.replace("pass_mark: 80", "pass_mark: 70"))
    other_card = run(*again)
    assert other_card.returncode == 2
    assert "但与本次不同：评分表、模型或软件版本" in other_card.stderr.decode()
    card_file(small)
    other_input = run(*arguments(small, small / "in.jsonl", out))
    assert other_input.returncode == 2
    assert "不同：输入文件" in other_input.stderr.decode()
    other_options = run(*again, "--channel", "voice")
    assert "不同：读取选项" in other_options.stderr.decode()
    ledger = ledger_path(out)
    ledger.write_bytes(ledger.read_bytes()[:5000])
    for side in ("-wal", "-shm"):
        ledger.with_name(ledger.name + side).unlink(missing_ok=True)
    damaged = run(*again)
    assert damaged.returncode == 2
    assert "评分进度文件已损坏" in damaged.stderr.decode()
    anew = run(*again, "--overwrite")
    assert anew.returncode == 0, anew.stderr.decode()
    assert len(reports_in(out)) == 2000


def test_finished_result_is_kept_unless_overwrite(small):
    out = small / "r.jsonl"
    first = arguments(small, small / "in.jsonl", out)
    assert run(*first).returncode == 0
    before = out.stat()
    again = run(*first)
    assert again.returncode == 0, "a job that runs every night is content"
    assert "已完成，无需重跑" in again.stderr.decode()
    assert out.stat().st_mtime_ns == before.st_mtime_ns
    assert run(*first, "--overwrite").returncode == 0


def test_broken_records_are_told_and_good_ones_scored(small):
    lines = dialogue_lines(4)
    lines[1] = lines[1][:40]
    lines[2] = json.dumps({"id": "no-turns", "turns": "没有"}, ensure_ascii=False)
    lines.append(lines[0])
    source = small / "mixed.jsonl"
    source.write_text("\n".join(lines), encoding="utf-8")
    out = small / "r.jsonl"
    done = run(*arguments(small, source, out))
    told = done.stderr.decode()
    assert done.returncode == 1
    assert ids(reports_in(out)) == ["c-00000", "c-00003"]
    errors = [json.loads(line) for line in (small / "r.jsonl.errors.jsonl").read_bytes().splitlines()]
    assert [error["line"] for error in errors] == [2, 3, 5]
    assert errors[2]["code"] == "duplicate_id"
    assert "没有评成的记录：3 条" in told
    assert "会话号重复" in told
    assert "快递" not in told, "no customer text in what may become a log"
    kept_quiet = run(*arguments(small, source, out, "--overwrite", "--fail-on", "never"))
    assert kept_quiet.returncode == 0
    clean = run(*arguments(small, small / "in.jsonl", out, "--overwrite"))
    assert clean.returncode == 0
    assert (small / "r.jsonl.errors.jsonl").read_bytes() == b"", "the old error list must not outlive its run"


def test_gzip_and_standard_input_give_what_the_file_gives(small):
    plain, zipped, piped = (small / name for name in ("p.jsonl", "z.jsonl", "s.jsonl"))
    packed = small / "in.jsonl.gz"
    packed.write_bytes(gzip.compress((small / "in.jsonl").read_bytes()))
    assert run(*arguments(small, small / "in.jsonl", plain)).returncode == 0
    assert run(*arguments(small, packed, zipped)).returncode == 0
    assert run(*arguments(small, "-", piped), stdin=packed.read_bytes()).returncode == 0
    assert plain.read_bytes() == zipped.read_bytes() == piped.read_bytes()
    streamed = run(*arguments(small, small / "in.jsonl", "-"))
    assert streamed.stdout == plain.read_bytes()
    assert streamed.returncode == 0


def test_empty_input_is_told_and_leaves_no_result(small):
    (small / "empty.jsonl").write_bytes(b"")
    done = run(*arguments(small, small / "empty.jsonl", small / "r.jsonl"))
    assert done.returncode == 1
    assert "没有任何会话评成" in done.stderr.decode()
    assert not (small / "r.jsonl").exists()
    assert not ledger_path(small / "r.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{in}", "-s", "{card}", "-o", "{dir}/r.docx"], "不认识的结果格式"),
        (["{in}", "-s", "{card}", "-o", "{dir}/没有/r.jsonl"], "文件夹不存在"),
        (["{dir}", "-s", "{card}", "-o", "{dir}/r.jsonl"], "输入范围之内"),
        (["{in}", "-s", "{card}", "-o", "{in}", "--overwrite"], "输入范围之内"),
        (["{in}", "-s", "smal_card", "-o", "{dir}/r.jsonl"], "没有这张评分表"),
        (["{in}", "-s", "{card}", "-o", "{dir}/r.jsonl", "--column", "内容"], "应写成 表头=列"),
        (["{in}", "-s", "{card}", "-o", "{dir}/r.jsonl", "--workers", "0"], "--workers"),
        (["{in}", "-o", "{dir}/r.jsonl"], "缺少必填的 --scorecard"),
        (["{in}", "-s", "{card}", "-o", "-", "--html", "{dir}/h"], "不能同时生成网页"),
    ],
)
def test_usage_errors_say_what_to_do_and_end_with_two(small, words, told):
    places = {"in": small / "in.jsonl", "card": small / "card.yaml", "dir": small}
    before = sorted(small.iterdir())
    done = run("score", *(word.format(**places) for word in words))
    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert sorted(small.iterdir()) == before


def test_csv_beside_pages(small):
    out, pages = small / "r.csv", small / "pages"
    done = run(*arguments(small, small / "in.jsonl", out, "--html", pages))
    assert done.returncode == 0, done.stderr.decode()
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert [row["会话编号"] for row in csv.DictReader(file)] == [f"c-{number:05}" for number in range(5)]
    assert len(list((pages / "calls").glob("*.html"))) == 5
    assert "小评分表（第 1 版）" in (pages / "index.html").read_text(encoding="utf-8")
