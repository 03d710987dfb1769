"""Which yes/no question each column of the linear layers answers."""

from __future__ import annotations

from dataclasses import dataclass

from models.base import Labels

EMOTION_HEADS = ("negative", "angry_if_negative", "positive")
LEVELS = 5


@dataclass(frozen=True)
class Heads:
    """Column names of the layers, in order."""

    customer: tuple[str, ...]
    agent: tuple[str, ...]
    topics: tuple[str, ...]
    outcomes: tuple[str, ...]

    def of(self, role: str) -> tuple[str, ...]:
        """Turn heads of "customer" or "agent"."""
        return self.customer if role == "customer" else self.agent


def heads_of(labels: Labels) -> Heads:
    """Derive the columns from the labels; levels 1..5 become the four questions "at least k"."""
    reach = [f"{noun}>={level}" for noun in ("attitude", "satisfaction") for level in range(2, LEVELS + 1)]
    return Heads(
        customer=EMOTION_HEADS + tuple(f"act:{act}" for act in labels.customer_acts),
        agent=tuple(f"act:{act}" for act in labels.agent_acts) + tuple(f"fault:{f}" for f in labels.faults),
        topics=tuple(f"type:{key}" for key in labels.types),
        outcomes=(*(f"resolution:{key}" for key in labels.resolution), *reach, "complaint", "review"),
    )
