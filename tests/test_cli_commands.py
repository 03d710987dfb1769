"""Every command: Chinese help with an example, and what it does."""

from __future__ import annotations

import json

import pytest
from batch_samples import SCORECARD, card_file, dialogue_file, reports_in, run, run_process

from qa_engine import __version__

COMMANDS = (
    [], ["score"], ["show"], ["redact"], ["demo"], ["serve"], ["version"], ["rules", "test"],
    ["rules", "lint"],
    ["rules", "explain"], ["rules", "schema"], ["scorecards", "list"], ["train", "baseline"],
    ["train", "neural"], ["evaluate"], ["models", "list"], ["models", "verify"], ["models", "use"],
)  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_is_chinese_and_has_an_example(words):
    done = run(*words, "--help")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "例：qa-engine" in text
    assert "显示帮助并退出" in text
    for english in (
        "Usage",
        "Options",
        "Arguments",
        "Commands",
        "Show this",
        "[default",
        "[required",
        "<str",
        "<bool",
        "<int",
        "<list",
    ):
        assert english not in text
    assert "… │" not in text, "help texts are not cut off"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["score", "a", "--workers", "abc"], "--workers / -w 的值不对：要写一个整数"),
        (["score", "a", "-w", "0"], "--workers / -w 的值不对：不能小于 1"),
        (["scroe"], "没有“scroe”这个命令"),
        (["score", "--bogus"], "没有选项 --bogus"),
        (["version", "x"], "多余的参数：x"),
        (["score", "a", "--model", "gpt"], "“gpt”不在可选值"),
        (["score", "a", "--out"], "选项 --out 后面要写一个值"),
        (["rules", "test"], "缺少必填的 评分表"),
    ],
)
def test_usage_errors_are_chinese(words, told):
    done = run(*words)
    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert "查看帮助：" in done.stderr.decode()


def test_version_from_a_process():
    done = run_process("version")
    assert (done.returncode, done.stdout.decode().strip()) == (0, f"qa-engine {__version__}")


@pytest.fixture
def folder(tmp_path):
    card_file(tmp_path)
    dialogue_file(tmp_path / "in.jsonl", 6)
    return tmp_path


def test_show_finds_a_call_by_id_or_position(folder):
    out = folder / "r.jsonl"
    assert (
        run("score", folder / "in.jsonl", "-s", folder / "card.yaml", "-o", out, "--model", "none").returncode
        == 0
    )
    where = ("--reports", out, "--transcripts", folder / "in.jsonl", "-s", folder / "card.yaml")
    by_id, by_position = run("show", "c-00003", *where), run("show", "4", *where)
    text = by_id.stdout.decode()
    assert by_id.returncode == 0, by_id.stderr.decode()
    assert text == by_position.stdout.decode()
    assert text.startswith("c-00003")
    for word in ("小评分表", "得分", "覆盖率", "开场问候", "服务过程", "未判定内容", "坐席", "客户"):
        assert word in text
    on_the_fly = run(
        "show", folder / "in.jsonl", "-s", folder / "card.yaml", "--call", "c-00003", "--model", "none"
    )
    assert on_the_fly.stdout.decode() == text
    missing = run("show", "c-99999", *where)
    assert missing.returncode == 2
    assert "没有会话“c-99999”" in missing.stderr.decode()


def test_show_masks_unless_raw(folder):
    call = {"id": "p", "turns": [{"speaker": "customer", "text": "我手机13800138000打不通"}]}
    (folder / "p.json").write_text(json.dumps(call), encoding="utf-8")
    words = ("show", folder / "p.json", "-s", folder / "card.yaml", "--model", "none")
    assert "13800138000" not in run(*words).stdout.decode()
    assert "[手机号]" in run(*words).stdout.decode()
    assert "13800138000" in run(*words, "--raw").stdout.decode()
    page = folder / "p.html"
    assert run(*words, "--html", page).returncode == 0
    assert "13800138000" not in page.read_text(encoding="utf-8")


def test_redact_writes_transcripts_that_can_be_read_again(folder):
    call = {
        "id": "p", "channel": "voice", "started_at": "2026-01-02T03:04:05+08:00", "duration_ms": 9000,
        "agent": {"id": "A7", "team": "一组"}, "attributes": {"姓名": "王小明", "hold_ms": 10},
        "turns": [{"speaker": "customer", "text": "我手机13800138000打不通", "start_ms": 0, "end_ms": 900}],
    }  # fmt: skip
    (folder / "p.jsonl").write_text(json.dumps(call) + "\n{坏\n", encoding="utf-8")
    out = folder / "masked.jsonl"
    done = run("redact", folder / "p.jsonl", "-o", out)
    assert done.returncode == 1
    assert "JSON 有误" in done.stderr.decode()
    (masked,) = reports_in(out)
    assert masked["turns"][0]["text"] == "我手机[手机号]打不通"
    assert "13800138000" not in out.read_text(encoding="utf-8")
    for key in ("id", "channel", "started_at", "duration_ms", "agent"):
        assert masked[key] == call[key]
    assert run("redact", folder / "p.jsonl", "-o", out).returncode == 2
    assert run("redact", out, "-o", "-").stdout == out.read_bytes()


def test_rules_test_tells_what_differs(folder):
    assert run("rules", "test", folder / "card.yaml").returncode == 0
    card_file(folder, SCORECARD.replace("greeting: PASSED", "greeting: FAILED"))
    done = run("rules", "test", folder / "card.yaml")
    assert done.returncode == 1
    assert "不符" in done.stdout.decode()


def test_rules_lint_and_errors(folder):
    assert run("rules", "lint", folder / "card.yaml").returncode == 0
    assert run("rules", "lint", folder / "card.yaml", "--strict").returncode == 1
    card_file(folder, SCORECARD.replace("points: 40", "points: 很多"))
    done = run("rules", "lint", folder / "card.yaml")
    assert done.returncode == 2
    assert "第 15 行" in done.stderr.decode()


def test_rules_explain_names_every_criterion(folder):
    done = run("rules", "explain", folder / "card.yaml")
    assert done.returncode == 0, done.stderr.decode()
    for word in ("开场问候", "致歉", "不说办不了", "一票否决", "您好"):
        assert word in done.stdout.decode()


def test_rules_schema_is_a_json_schema():
    schema = json.loads(run("rules", "schema").stdout)
    assert {"schema", "key", "sections"} <= set(schema["properties"])


def test_scorecards_list_names_every_shipped_card():
    from qa_engine.scorecards import builtin_scorecards

    text = run("scorecards", "list").stdout.decode()
    for key in builtin_scorecards():
        assert key in text


def test_demo_scores_samples_by_folder_and_writes_pages(tmp_path):
    samples = tmp_path / "samples"
    (samples / "telecom_hotline").mkdir(parents=True)
    dialogue_file(samples / "telecom_hotline" / "a.jsonl", 2)
    (samples / "loose.jsonl").write_text(
        json.dumps({"id": "z", "turns": [{"speaker": "agent", "text": "您好"}]})
    )
    done = run("demo", "--samples", samples, "--out", tmp_path / "out", "--model", "none")
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    for word in ("c-00000", "c-00001", "z", "运营商热线", "通用服务", str(tmp_path / "out" / "index.html")):
        assert word in text
    assert len(reports_in(tmp_path / "out" / "reports.jsonl")) == 3
    assert len(list((tmp_path / "out" / "calls").glob("*.html"))) == 3
    assert run("demo", "--samples", tmp_path / "nowhere").returncode == 2
