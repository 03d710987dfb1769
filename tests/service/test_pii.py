"""个人信息: numbers planted in the corpus come out nowhere: not in logs, columns, exports or answers.

``benchmarks/pii.py`` does the same over the whole corpus and prints the figures.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from qa_engine.settings import Settings
from service.conftest import fresh_url

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import pii
from planted import plainest, planted_calls


@pytest.mark.parametrize(("kind", "count"), [("sqlite", 8), ("postgresql", 2)])
def test_nothing_planted_comes_out(request, tmp_path, kind, count):
    planted = list(planted_calls(count))
    settings = Settings(
        home=tmp_path, database_url=fresh_url(request, kind, tmp_path), model="none", workers=0
    )
    found = pii.search(planted, settings)
    secrets = Counter(secret.kind for call in planted for secret in call.secrets)
    # The search finds all of it where it is: in the originals, opened with the key.
    assert all(found[pii.CONTROL][kind] >= number for kind, number in secrets.items())
    leaks = {place: dict(counted) for place, counted in found.items() if counted and place != pii.CONTROL}
    assert leaks == {}
    assert {"日志（DEBUG）", "列 transcripts.masked", "列 transcripts.sealed", "列 review_decisions.reason",
            "列 webhook_deliveries.payload", "列 audit_entries.detail", "导出 jsonl", "导出 csv",
            "导出 parquet", "导出 xlsx", "接口 会话", "会话连读"} <= set(found)  # fmt: skip
    assert ("数据库文件的字节" in found) == (kind == "sqlite")


@pytest.mark.parametrize(
    "text",
    ["13900001234", "139 0000 1234", "139-0000-1234", "１３９００００１２３４", "幺三九零零零零幺二三四",
     "一三九，〇〇〇〇，一二三四"],
)  # fmt: skip
def test_the_search_reads_every_form_of_a_number(text):
    assert plainest(text) == "13900001234"
