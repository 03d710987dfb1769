"""A small scorecard, generated conversations and the real command line, for tests of batch and cli."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from qa_engine.cli import main
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.inspector import Inspector
from qa_engine.wiring import build_inspector

SCORECARD = """
schema: scorecard/1
key: small_card
name: 小评分表
revision: 1
business_line: 测试
pass_mark: 80
description: 测试用
sections:
  - key: opening
    name: 开场
    criteria:
      - key: greeting
        name: 开场问候
        points: 40
        pass_when: {role: agent, scope: {unit: turn, from: 1, to: 2}, test: {keywords: {of: [您好, 欢迎]}}}
  - key: service
    name: 服务过程
    criteria:
      - key: apology
        name: 致歉
        points: 30
        pass_when: {role: agent, test: {keywords: {of: [抱歉, 不好意思]}}}
      - key: no_refusal
        name: 不说办不了
        points: 30
        critical: true
        description: 坐席对客户说办不了
        fail_when: {role: agent, test: {keywords: {of: [办不了]}}}
tests:
  - name: 有问候
    dialogue: |
      客服: 您好
      客户: 我查一下话费
    expect: {greeting: PASSED, no_refusal: PASSED}
"""

_OPENINGS = ("您好，请讲", "欢迎致电，请讲", "讲", "喂，什么事")
_MIDDLES = ("抱歉，我马上查", "这个办不了", "您稍等，我核对一下", "不好意思让您久等")
_WISHES = ("我的快递三天没动了", "我要退货，鞋子开胶", "话费多扣了二十块", "会员怎么取消")


def card_file(folder: Path, text: str = SCORECARD) -> Path:
    path = folder / "card.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def dialogue(number: int) -> dict[str, object]:
    rng = random.Random(number)
    texts = [rng.choice(_OPENINGS), rng.choice(_WISHES)]
    for _ in range(rng.randint(1, 4)):
        texts += [rng.choice(_MIDDLES), rng.choice(("好吧", "快一点", "行", "怎么又这样"))]
    turns = [{"speaker": ("agent", "customer")[i % 2], "text": text} for i, text in enumerate(texts)]
    return {"id": f"c-{number:05}", "channel": "chat", "turns": turns}


def dialogue_lines(count: int) -> list[str]:
    return [json.dumps(dialogue(number), ensure_ascii=False) for number in range(count)]


def dialogue_file(path: Path, count: int) -> Path:
    path.write_text("\n".join(dialogue_lines(count)) + "\n", encoding="utf-8")
    return path


def transcript(number: int, **more: object) -> Transcript:
    turns = dialogue(number)["turns"]
    spoken = tuple(Turn(Speaker(turn["speaker"]), turn["text"]) for turn in turns)  # type: ignore[attr-defined]
    return Transcript(f"c-{number:05}", spoken, **more)  # type: ignore[arg-type]


def small_inspector(folder: Path) -> Inspector:
    return build_inspector(card_file(folder), model="none")


def small_reports(folder: Path, count: int) -> list[InspectionReport]:
    return list(small_inspector(folder).inspect_many(transcript(number) for number in range(count)))


def command(*words: object) -> list[str]:
    return [sys.executable, "-c", "from qa_engine.cli import main; main()", *map(str, words)]


def environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "160", "PYTHONUTF8": "1", "NO_COLOR": "1"}


class Done(NamedTuple):
    returncode: int
    stdout: bytes
    stderr: bytes


def run(*words: object, stdin: bytes = b"") -> Done:
    """Run the command line to its end, in this process (starting Python costs seconds)."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    with (
        patch.object(sys, "argv", ["qa-engine", *map(str, words)]),
        patch.multiple(sys, stdin=given, stdout=out, stderr=err),
        patch.dict(os.environ, environment()),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    out.flush()
    err.flush()
    written = (stream.buffer.getvalue() for stream in (out, err))  # type: ignore[attr-defined]
    return Done(int(ended.value.code or 0), *written)


def run_process(*words: object) -> Done:
    """Run the command line in a process of its own."""
    done = subprocess.run(command(*words), capture_output=True, env=environment(), check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def reports_in(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def ids(records: Sequence[dict[str, object]]) -> list[object]:
    return [record["transcript_id"] for record in records]
