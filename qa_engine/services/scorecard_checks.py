"""Checking a scorecard before it judges anybody: mistakes, doubts, and its own tests. Needs no database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qa_engine.domain.errors import ConfigError, ConfigErrors
from qa_engine.domain.refusal import TooLarge
from qa_engine.inspector.trial import judge_test
from qa_engine.scorecards import LoadedScorecard, read_scorecard
from qa_engine.scorecards.testing import TestResult, run_tests
from qa_engine.store.tables import ScorecardRow

MOST_BYTES = 1024 * 1024
_LONGEST_KEY = 100
_LONGEST_NAME = 200
_GREATEST_REVISION = 2**31 - 1
_GREATEST_AMOUNT = 1_000_000
_FILE = "上传的评分表"
# Half of a surrogate pair, as YAML would read it.
_HALF = re.compile(r"\\u[dD][89a-fA-F]|\\U0000[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class TestRun:
    """What the tests of one revision said, and of which content it is."""

    __test__ = False

    digest: str
    results: tuple[TestResult, ...]

    @property
    def green(self) -> bool:
        """True when there are tests and every one came out as expected."""
        return bool(self.results) and all(result.passed for result in self.results)


def read_uploaded(content: bytes) -> LoadedScorecard:
    """Read a scorecard somebody sends.

    Raises:
        ConfigErrors: every mistake in it, with its line.
        TooLarge: it has more than ``MOST_BYTES`` bytes.
    """
    if len(content) > MOST_BYTES:
        raise TooLarge("评分表文件不能超过 1 MB。", "A scorecard file may have at most 1 MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        why = "文件不是 UTF-8 编码（可能是 GBK 或 UTF-16）"
        raise ConfigErrors((ConfigError(_FILE, why, "用编辑器另存为 UTF-8"),)) from None
    # Refused before it is read: messages quote what they complain of, and this can be written nowhere.
    if half := _HALF.search(text):
        why, line = "含有不完整的 Unicode 字符（\\ud800 之类的写法）", text.count("\n", 0, half.start()) + 1
        raise ConfigErrors((ConfigError(_FILE, why, "直接写出这个字符", line),))
    loaded = read_scorecard(text, _FILE)
    if errors := tuple(_unstorable(loaded)):
        raise ConfigErrors(errors)
    return loaded


def read_stored(row: ScorecardRow) -> LoadedScorecard:
    """Read a stored revision.

    Raises:
        ConfigErrors: this version of the engine can no longer use it.
    """
    return read_scorecard(row.source, f"{row.key} 第 {row.revision} 版")


def test_scorecard(loaded: LoadedScorecard) -> TestRun:
    """Run the tests inside a scorecard."""
    return TestRun(loaded.scorecard.digest, run_tests(loaded, judge_test))


test_scorecard.__test__ = False  # type: ignore[attr-defined]


def _unstorable(loaded: LoadedScorecard) -> Iterator[ConfigError]:
    """What reads well as YAML and still fits no column and no report."""
    written, source = loaded.written, loaded.source
    limits = (("key", written.key, _LONGEST_KEY), ("business_line", written.business_line, _LONGEST_KEY))
    for name, value, longest in (*limits, ("name", written.name, _LONGEST_NAME)):
        if len(value) > longest:
            yield source.error((name,), f"超过 {longest} 个字符", "写短一些")
        elif not value.isprintable():
            yield source.error((name,), "有换行或控制字符", "写成一行普通文字")
    if written.revision > _GREATEST_REVISION:
        yield source.error(("revision",), "版本号太大", "从 1 起逐版加一")
    for s, section in enumerate(written.sections):
        if section.weight > _GREATEST_AMOUNT:
            yield source.error(("sections", s, "weight"), "权重太大", f"不要超过 {_GREATEST_AMOUNT}")
        for c, criterion in enumerate(section.criteria):
            path = ("sections", s, "criteria", c)
            if len(criterion.key) > _LONGEST_KEY:
                yield source.error((*path, "key"), f"超过 {_LONGEST_KEY} 个字符", "写短一些")
            if criterion.points > _GREATEST_AMOUNT:
                yield source.error((*path, "points"), "分值太大", f"不要超过 {_GREATEST_AMOUNT}")
    if any("\0" in text for text in _texts(written.model_dump())):
        yield ConfigError(_FILE, "含有空字符", "删去用 \\0 之类写法写的字符")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
