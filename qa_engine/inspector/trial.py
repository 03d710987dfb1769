"""Judging the dialogues that stand as tests inside a scorecard file."""

from __future__ import annotations

from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector.inspector import Inspector
from qa_engine.scorecards import LoadedScorecard
from qa_engine.text.reading import read_transcript


def judge_test(
    loaded: LoadedScorecard, transcript: Transcript, prediction: Prediction | NotEvaluable
) -> InspectionReport:
    """Judge a dialogue with nothing but what the test itself gives; no model is asked."""
    no_model = NotEvaluable("no_model", "用例没有给出模型信号")
    inspector = Inspector(loaded.scorecard, loaded.rules, no_model)
    return inspector.judge(read_transcript(transcript), prediction)
