"""From resolution probabilities to the status the report shows (问题解决).

Lives in the domain because rules (`resolution`) and the resolution detector must mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from qa_engine.domain.prediction import RESOLUTIONS

# What it costs to overlook each status, relative to "resolved". The rarer ones are the ones people
# act on, so the status is the one with the highest probability × weight, not the bare maximum.
WEIGHT: Mapping[str, float] = {"resolved": 1.0, "partial": 1.2, "unresolved": 1.2}
RESOLUTION_NAMES: Mapping[str, str] = {"resolved": "已解决", "partial": "部分解决", "unresolved": "未解决"}


def resolution_label(probabilities: Mapping[str, float]) -> str:
    """Decide the status; between equals the worse one, so that nothing is passed off as settled.

    ``probabilities`` over ``RESOLUTIONS`` need not sum to one; a missing status counts as 0.
    """
    return max(
        RESOLUTIONS,
        key=lambda status: (probabilities.get(status, 0.0) * WEIGHT[status], RESOLUTIONS.index(status)),
    )
