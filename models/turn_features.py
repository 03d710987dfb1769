"""Numbers about a turn beside its wording: cues, place, and what the first layer thought of the past.

Everything here looks at the turn itself and earlier turns only.
"""

from __future__ import annotations

import numpy as np

from models.base import FloatArray
from models.frame import Frame
from models.heads import EMOTION_HEADS, Heads
from models.past import earlier, highest_heard, logistic, running

NEGATIVE = EMOTION_HEADS.index("negative")


def plain_features(frame: Frame, role: str, own: FloatArray, others: FloatArray) -> FloatArray:
    """Features of the first layer.

    Args:
        frame: the chunk.
        role: whose turns (m rows).
        own: (m, c) cues of this role's turns.
        others: (k, d) cues of the other role's turns.

    Returns:
        (m, 2c + d + len(PLACE)): own cues, cues of the previous own turn, of what was heard, place.
    """
    turns = frame.of(role)
    return np.hstack([own, earlier(own, turns.previous), turns.heard @ others, turns.place])


def customer_features(frame: Frame, plain: FloatArray, logits: FloatArray, agent: FloatArray) -> FloatArray:
    """Features of the second layer for customer turns.

    Args:
        frame: the chunk.
        plain: features of the first layer (m rows).
        logits: (m, heads) first-layer log-odds.
        agent: first-layer log-odds of the agent turns.
    """
    turns = frame.customer
    sure = logistic(logits)
    highest, mood = running(sure, turns.previous, turns.rank)
    grudge = mood[:, NEGATIVE : NEGATIVE + 1]
    return np.hstack(
        [
            logits / 4,
            earlier(sure, turns.previous),
            earlier(sure[:, : NEGATIVE + 1], turns.previous, 2),
            earlier(sure[:, : NEGATIVE + 1], turns.previous, 3),
            highest,
            mood,
            highest_heard(logistic(agent), turns.heard),
            grudge * plain,
            plain,
        ]
    )


def agent_features(
    frame: Frame, heads: Heads, plain: FloatArray, logits: FloatArray, customer: FloatArray
) -> FloatArray:
    """Features of the second layer for agent turns.

    Args:
        frame: the chunk.
        heads: column names.
        plain: features of the first layer (m rows).
        logits: (m, heads) first-layer log-odds.
        customer: second-layer log-odds of customer turns.
    """
    turns = frame.agent
    sure = logistic(logits)
    highest, mood = running(sure, turns.previous, turns.rank)
    told = logistic(customer)
    heard = highest_heard(told, turns.heard)
    upset = heard[:, NEGATIVE : NEGATIVE + 1]
    _, sulk = running(told[:, : NEGATIVE + 1], frame.customer.previous, frame.customer.rank)
    parts: list[FloatArray] = [
        (logits / 4).astype(np.float32),
        earlier(sure, turns.previous),
        highest,
        mood,
        heard,
        highest_heard(sulk, turns.heard),
        upset * sure,
        upset * plain,
        plain,
    ]
    if "act:ask" in heads.customer:
        at = heads.customer.index("act:ask")
        parts.append(heard[:, at : at + 1] * sure)
    return np.hstack(parts)
