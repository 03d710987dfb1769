"""A finished back-test as JSON values: what is kept of one that ran in the background, and is answered."""

from __future__ import annotations

from typing import Any

from qa_engine.domain.rates import Rate
from qa_engine.services.backtests import Backtest, ChangedCall, CriterionTally

Json = dict[str, Any]


def backtest_json(result: Backtest) -> Json:
    """Ids, outcomes and figures; no text of anybody."""
    return {
        "chosen": result.chosen,
        "judged": result.judged,
        "not_judged": {"text_gone": result.gone, "crashed": result.crashed},
        "other_engine": result.other_engine,
        "changed_calls": result.changed_calls,
        "passed_before": rate_json(result.passed_before),
        "passed_after": rate_json(result.passed_after),
        "new_failures": rate_json(result.new_failures),
        "criteria": [_tally(one) for one in result.criteria.values()],
        "changed": [_call(one) for one in result.changed],
    }


def rate_json(rate: Rate) -> Json:
    """A rate with its interval, rounded as people read it."""
    interval = rate.interval
    return {
        "hits": rate.hits,
        "n": rate.n,
        "value": None if rate.value is None else round(rate.value, 4),
        "low": None if interval is None else round(interval[0], 4),
        "high": None if interval is None else round(interval[1], 4),
    }


def _tally(tally: CriterionTally) -> Json:
    return {
        "key": tally.key,
        "name": tally.name,
        "changed": [
            {"before": before, "after": after, "calls": calls}
            for (before, after), calls in tally.changed.most_common()
        ],
        "new_failures": rate_json(Rate(tally.failed_right, tally.failed_reviewed)),
        "cleared_failures": rate_json(Rate(tally.cleared_right, tally.cleared_reviewed)),
        "agreement_before": rate_json(Rate(tally.right_before, tally.decided)),
        "agreement_after": rate_json(Rate(tally.right_after, tally.decided)),
    }


def _call(call: ChangedCall) -> Json:
    return {
        "report_id": call.report_id,
        "percent_before": call.percent_before,
        "percent_after": call.percent_after,
        "passed_before": call.passed_before,
        "passed_after": call.passed_after,
        "criteria": [
            {
                "key": one.key,
                "name": one.name,
                "before": one.before,
                "after": one.after,
                "human": one.human,
                "turns": list(one.turns),
            }
            for one in call.criteria
        ],
    }
