"""Scorecards: files a QA lead writes, checked, compiled and tested before they judge anybody."""

from qa_engine.scorecards.loading import LoadedScorecard, builtin_scorecards, load_scorecard, read_scorecard

__all__ = ["LoadedScorecard", "builtin_scorecards", "load_scorecard", "read_scorecard"]
