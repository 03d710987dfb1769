"""Pages stand on their own, hide personal data, and work in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from batch_samples import small_inspector

from qa_engine.batch.tally import RunTally
from qa_engine.cli.masking import masks_of, no_masks
from qa_engine.cli.site import open_site, page_name
from qa_engine.domain.report import (
    DropCause,
    Emotion,
    EmotionDrop,
    EmotionPoint,
    NotEvaluated,
    ReviewAdvice,
)
from qa_engine.domain.report_json import report_to_json
from qa_engine.domain.transcript import Speaker, Transcript, Turn

PHONE = "13800138000"
ODD = "</script><script>document.title='坏'</script>"
TURNS = (
    (Speaker.AGENT, "喂，什么事"),
    (Speaker.CUSTOMER, f"我手机号{PHONE}，话费多扣了"),
    (Speaker.AGENT, f"手机号{PHONE}我看到了，这个办不了"),
    (Speaker.CUSTOMER, ODD),
)


@pytest.fixture
def site(tmp_path):
    inspector = small_inspector(tmp_path)
    tally = RunTally()
    with open_site(tmp_path / "site", masks_of) as site:
        for number, name in enumerate(("甲-1", "a/../b", ODD)):
            call = Transcript(name, tuple(Turn(speaker, text) for speaker, text in TURNS))
            probabilities = {"-2": 0.1, "-1": 0.8, "0": 0.1, "1": 0.0}
            report = replace(
                inspector.inspect(call),
                emotion=Emotion(
                    50.0,
                    (EmotionPoint(1, 0, 75.0, {}), EmotionPoint(3, -1, 40.0, probabilities)),
                    (EmotionDrop(3, 75.0, 40.0, DropCause(2, "agent", "shirk"), None),),
                ),
                review=ReviewAdvice(True, 0.2 + number / 10, ("客户情绪突降",)),
                not_evaluated=(NotEvaluated("resolution", "没有模型", "no_model"),),
            )
            tally.add(report_to_json(report))
            site.add(call, report, inspector.scorecard)
        site.finish(tally)
    return tmp_path / "site"


def browser_dom(page, tmp_path):
    """The page's DOM after its scripts ran, from a real browser."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        reason = "没有安装 Chromium，网页脚本未验证"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
    ]  # fmt: skip
    done = subprocess.run([chromium, *flags, "--dump-dom", page], capture_output=True, check=True)
    return done.stdout.decode()


def text_of(site, name):
    return (site / "calls" / page_name(name)).read_text(encoding="utf-8")


def test_page_makes_no_request(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "default-src 'none'" in text
        assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|@import|url\(""", text)


def test_personal_data_is_masked_and_evidence_still_right(site):
    text = text_of(site, "甲-1")
    assert PHONE not in text
    assert "[手机号]" in text
    marked = re.findall(r'<mark [^>]*data-keys="([^"]*)"[^>]*>([^<]*)</mark>', text)
    assert ("no_refusal", "办不了") in marked


def test_original_text_only_when_asked_for(tmp_path):
    inspector = small_inspector(tmp_path)
    call = Transcript("甲-1", tuple(Turn(speaker, text) for speaker, text in TURNS))
    with open_site(tmp_path / "raw", no_masks) as raw:
        path = raw.add(call, inspector.inspect(call), inspector.scorecard)
    assert PHONE in path.read_text(encoding="utf-8")
    assert "显示原文，含敏感信息" in path.read_text(encoding="utf-8")


def test_page_shows_absence_curve_drops_and_what_was_not_judged(site):
    text = text_of(site, "甲-1")
    assert "查找范围：第 1–3 句" in text
    assert 'data-looked="0-2 "' in text
    assert "情绪下跌 75 → 40" in text
    assert "此句引起第 4 句情绪下跌：坐席推诿" in text
    assert "此后未恢复" in text
    assert "<dt>问题解决</dt><dd>没有模型</dd>" in text
    assert 'href="#t3"' in text


def test_customer_text_never_becomes_markup(site):
    assert "<script>document" not in text_of(site, ODD)
    assert "&lt;/script&gt;" in text_of(site, ODD)
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "<script>document" not in index


@pytest.mark.parametrize(
    ("transcript_id", "name"),
    [
        ("c-00001", "c-00001.html"),
        ("通话_1", "通话_1.html"),
        ("a/../b", None),
        ("..", None),
        ("", None),
        ("长" * 300, None),
    ],
)
def test_page_names_are_safe_and_distinct(transcript_id, name):
    made = page_name(transcript_id)
    assert "/" not in made
    assert not made.startswith(".")
    assert len(made.encode()) <= 255
    if name:
        assert made == name
    else:
        assert made != page_name(transcript_id + "x")


def test_index_in_a_browser_lists_calls_by_priority(site, tmp_path):
    dom = browser_dom((site / "index.html").as_uri(), tmp_path)
    body = dom[dom.index("<tbody>") : dom.index("</tbody>")]
    found = re.findall(r'<a href="(calls/[^"]+)">([^<]*)</a>', body)
    assert [text for _, text in found] == [ODD.replace("<", "&lt;").replace(">", "&gt;"), "a/../b", "甲-1"]
    assert "共 3 通" in dom
    assert "<title>质检结果</title>" in dom


def test_deep_link_in_a_browser_lights_the_turn(site, tmp_path):
    page = (site / "calls" / page_name("甲-1")).as_uri()
    dom = browser_dom(f"{page}#t2", tmp_path)
    lit = re.findall(r'<li class="turn ([^"]*)" id="(t\d+)"', dom)
    assert [turn for classes, turn in lit if "lit" in classes.split()] == ["t2"]
