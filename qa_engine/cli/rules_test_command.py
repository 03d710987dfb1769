"""qa-engine rules test."""

from __future__ import annotations

import typer

from qa_engine.cli.options import Source
from qa_engine.cli.words import stderr, stdout, tell
from qa_engine.inspector.trial import judge_test
from qa_engine.scorecards import load_scorecard
from qa_engine.scorecards.testing import run_tests

HELP = "运行评分表自带的用例；有不符的退出码为 1。\n\n例：qa-engine rules test 我的评分表.yaml"


def test(source: Source) -> None:
    """Run the tests inside a scorecard file."""
    loaded = load_scorecard(source)
    results = run_tests(loaded, judge_test)
    for result in results:
        tell(stdout, str(result), None if result.passed else "red")
    failed = sum(not result.passed for result in results)
    if not results:
        tell(stderr, "这张评分表没有用例，什么也没有验证。处理办法：在 tests: 下至少写一个对话。", "yellow")
    tell(stdout, f"共 {len(results)} 个用例，通过 {len(results) - failed}，不符 {failed}。")
    raise typer.Exit(1 if failed or not results else 0)
