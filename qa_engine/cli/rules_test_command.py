"""qa-engine rules test."""

from __future__ import annotations

import typer

from qa_engine.cli.options import Source
from qa_engine.cli.words import stderr, stdout, tell
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.scorecards import LoadedScorecard, load_scorecard
from qa_engine.scorecards.testing import run_tests
from qa_engine.text.reading import read_transcript

HELP = "运行评分表自带的用例；有不符的退出码为 1。\n\n例：qa-engine rules test 我的评分表.yaml"


def test(source: Source) -> None:
    """Run the tests inside a scorecard file."""
    loaded = load_scorecard(source)
    results = run_tests(loaded, _judge)
    for result in results:
        tell(stdout, str(result), None if result.passed else "red")
    failed = sum(not result.passed for result in results)
    if not results:
        tell(stderr, "这张评分表没有用例，什么也没有验证。处理办法：在 tests: 下至少写一个对话。", "yellow")
    tell(stdout, f"共 {len(results)} 个用例，通过 {len(results) - failed}，不符 {failed}。")
    raise typer.Exit(1 if failed or not results else 0)


def _judge(
    loaded: LoadedScorecard, transcript: Transcript, prediction: Prediction | NotEvaluable
) -> InspectionReport:
    no_model = NotEvaluable("no_model", "用例没有给出模型信号")
    inspector = Inspector(loaded.scorecard, loaded.rules, no_model)
    return inspector.judge(read_transcript(transcript), prediction)
