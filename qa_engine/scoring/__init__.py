"""Grading: from what the rules said to outcomes, points, and a total with its coverage."""

from qa_engine.scoring.events import charge_events
from qa_engine.scoring.grading import GradedCriterion, grade
from qa_engine.scoring.overriding import HumanOutcome, override
from qa_engine.scoring.points import share_out
from qa_engine.scoring.totals import total

__all__ = ["GradedCriterion", "HumanOutcome", "charge_events", "grade", "override", "share_out", "total"]
