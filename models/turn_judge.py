"""The two layers of the baseline that judge single turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.base import FloatArray
from models.frame import ROLES, Frame
from models.heads import Heads
from models.layers import Weights, first_turn_layer
from models.projection import UtteranceProjector
from models.turn_features import agent_features, customer_features, plain_features


@dataclass(frozen=True, slots=True)
class Heard:
    """Every turn of a chunk by role: wording log-odds, cues, type cues, and log-odds of its heads."""

    wording: Mapping[str, FloatArray]
    cues: Mapping[str, FloatArray]
    kinds: Mapping[str, FloatArray]
    odds: Mapping[str, FloatArray]


class TurnJudge:
    """Judges every turn of a chunk. Not safe to share between threads."""

    def __init__(self, weights: Weights, heads: Heads) -> None:
        self._weights, self._heads = weights, heads
        self.projectors = {
            role: UtteranceProjector(role, weights.vocabulary[role], weights.wording[role]) for role in ROLES
        }

    def hear(self, frame: Frame) -> Heard:
        """Read the texts of a chunk and judge its turns."""
        wording: dict[str, FloatArray] = {}
        cues: dict[str, FloatArray] = {}
        kinds: dict[str, FloatArray] = {}
        for role in ROLES:
            turns, projector = frame.of(role), self.projectors[role]
            wording[role], read = projector.project(turns.texts, turns.folded)
            cues[role] = read[:, : projector.cues.turn_columns]
            kinds[role] = read[:, projector.cues.turn_columns :]
        return Heard(wording, cues, kinds, self.judge(frame, wording, cues))

    def judge(
        self, frame: Frame, wording: Mapping[str, FloatArray], cues: Mapping[str, FloatArray]
    ) -> dict[str, FloatArray]:
        """Log-odds of the turn heads by role; the texts of the frame are not looked at."""
        plain = {
            "customer": plain_features(frame, "customer", cues["customer"], cues["agent"]),
            "agent": plain_features(frame, "agent", cues["agent"], cues["customer"]),
        }
        first = {
            role: first_turn_layer(self._weights, self._heads, frame, role, wording, plain[role])
            for role in ROLES
        }
        layers = self._weights.turns
        customer = layers["customer"](
            customer_features(frame, plain["customer"], first["customer"], first["agent"])
        )
        agent = layers["agent"](agent_features(frame, self._heads, plain["agent"], first["agent"], customer))
        return {"customer": customer, "agent": agent}

    def nothing(self, role: str) -> tuple[FloatArray, FloatArray]:
        """Wording and cues (without type cues) of a turn in which nothing is said."""
        wording, read = self.projectors[role].project([""], [""])
        return wording[0], read[0, : self.projectors[role].cues.turn_columns]
