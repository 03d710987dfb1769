"""The customer's emotion over the call: curve, index, and drops with cause and recovery (情绪突变)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import zip_longest

from qa_engine.detectors.base import at_least, silent_model, why_not
from qa_engine.detectors.drop_causes import drop_cause
from qa_engine.detectors.emotion_drops import Level, depth, find_drops, recoveries
from qa_engine.domain.emotion import emotion_states, overall_index
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import EMOTIONS, Prediction, TurnPrediction
from qa_engine.domain.report import Emotion, EmotionDrop, EmotionPoint
from qa_engine.domain.transcript import Speaker
from qa_engine.text.reading import Reading

RELIEF = ("thank", "confirm_resolved", "accept")
# What an agent does to win a customer back.
RESCUE = ("empathy", "apology", "solution", "follow_up_commit", "escalate")
# Words that tell no mood by themselves, and those that give in without being content.
BACKCHANNEL = re.compile(
    r"[\W_]*((嗯|恩|哦|噢|喔|啊|呃|唉|额|好|对|是|行|的|知道了?|ok|\[表情\])[\W_]*){0,6}"
)
GRUDGING = re.compile(r"[\W_]*(那|就)?(好吧|行吧|算了|随便|随你们?|好好好|行行行)吧?[\W_]*")


class EmotionDetector:
    """Curve with one point per customer turn the model judged, overall index, and drops."""

    name = "emotion"
    version = "2"

    def detect(self, reading: Reading, prediction: Prediction) -> Emotion | NotEvaluable:
        """Return the emotion section, or why it cannot be judged. Linear in the number of turns."""
        missing = why_not("客户情绪", reading, prediction, Speaker.CUSTOMER)
        if missing is not None:
            return missing
        customer = [
            turn if said.speaker is Speaker.CUSTOMER else SILENT
            for said, turn in zip(reading.turns, prediction.turns, strict=True)
        ]
        curve = tuple(
            EmotionPoint(
                state.turn,
                state.emotion,
                state.index,
                {str(label): customer[state.turn].emotion.get(label, 0.0) for label in EMOTIONS},
            )
            for state in emotion_states(customer, prediction.thresholds)
        )
        if not curve:
            return silent_model("客户情绪")
        return Emotion(
            overall_index([point.index for point in curve]), curve, _drops(reading, prediction, curve)
        )


SILENT = TurnPrediction(emotion={}, acts={}, faults={})


def _drops(
    reading: Reading, prediction: Prediction, curve: Sequence[EmotionPoint]
) -> tuple[EmotionDrop, ...]:
    if all(point.emotion >= 0 for point in curve):
        return ()
    levels = _levels(reading, prediction, curve)
    places = find_drops(levels)
    back = recoveries(levels)
    rescues = [
        said.index
        for said in reading.turns
        if said.speaker is Speaker.AGENT and _shows(prediction, said.index, RESCUE)
    ]
    drops: list[EmotionDrop] = []
    for at, following in zip_longest(places, places[1:]):
        recovered = back[at]
        ends = [end for end in (recovered, following) if end is not None]
        from_index, to_index = depth(levels, at, min(ends, default=None))
        turn = levels[at].turn
        over = levels[recovered].turn if recovered is not None else None
        drops.append(
            EmotionDrop(
                turn,
                from_index,
                to_index,
                drop_cause(reading, prediction, turn),
                over,
                None if over is None else _any_between(rescues, turn, over),
            )
        )
    return tuple(drops)


def _levels(reading: Reading, prediction: Prediction, curve: Sequence[EmotionPoint]) -> list[Level]:
    first_answer = next(
        (said.index for said in reading.turns if said.speaker is Speaker.AGENT), len(reading.turns)
    )
    levels: list[Level] = []
    for point in curve:
        text = reading.turns[point.turn].text
        grudging = GRUDGING.fullmatch(text) is not None
        levels.append(
            Level(
                turn=point.turn,
                emotion=point.emotion,
                index=point.index,
                angry=point.probabilities["-2"],
                displeased=point.probabilities["-1"],
                pleased=point.probabilities["1"],
                answered=first_answer < point.turn,
                relief=not grudging and (point.emotion == 1 or _shows(prediction, point.turn, RELIEF)),
                backchannel=grudging or BACKCHANNEL.fullmatch(text) is not None,
            )
        )
    return levels


def _shows(prediction: Prediction, turn: int, acts: Sequence[str]) -> bool:
    given = prediction.turns[turn].acts
    return any(at_least(given.get(act, 0.0), prediction.thresholds.acts, act) for act in acts)


def _any_between(turns: Sequence[int], after: int, before: int) -> bool:
    """Tell whether one of the sorted turn numbers lies strictly between the two."""
    place = bisect_right(turns, after)
    return place < len(turns) and turns[place] < before
