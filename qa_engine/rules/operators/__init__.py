"""The operators of the rule language, by the name they have in YAML."""

from __future__ import annotations

from collections.abc import Mapping

from qa_engine.rules.operators.attributes import Attribute
from qa_engine.rules.operators.base import Operator
from qa_engine.rules.operators.call_opinions import Complaint, Resolution
from qa_engine.rules.operators.content import Entity, Length, Number
from qa_engine.rules.operators.distance import Order, Proximity
from qa_engine.rules.operators.keywords import Keywords
from qa_engine.rules.operators.loudness import Loudness
from qa_engine.rules.operators.opinions import Act, Emotion, EmotionIndex, Fault
from qa_engine.rules.operators.parties import ChannelIs, HangUp, Speaks
from qa_engine.rules.operators.pattern import Regex
from qa_engine.rules.operators.rate import SpeechRate
from qa_engine.rules.operators.similarity import Repeat, Similar
from qa_engine.rules.operators.timing import ResponseTime, Silence, TalkOver
from qa_engine.rules.operators.totals import Duration, NonTalk, SilenceCount, TurnCount

_ALL: tuple[type[Operator], ...] = (
    Keywords, Regex, Similar, Repeat, Proximity, Order, Number, Entity, Length,
    Silence, SilenceCount, NonTalk, ResponseTime, SpeechRate, TalkOver, Speaks, Duration, HangUp, TurnCount,
    Loudness, Emotion, EmotionIndex, Act, Fault, Resolution, Complaint, Attribute, ChannelIs,
)  # fmt: skip
OPERATORS: Mapping[str, type[Operator]] = {operator.name: operator for operator in _ALL}
