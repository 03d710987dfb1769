"""What an operator (算子) is: a configuration, and a pure judgement of it.

There are three levels. A *unit* operator judges one passage (a turn, a clause, a joined text). A
*scope* operator judges all units in scope at once. A *call* operator judges the conversation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, ClassVar, Literal, NamedTuple

from qa_engine.domain.finding import Finding, NotEvaluable
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import Judged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.matcher import LiteralIndex
from qa_engine.rules.passage import Passage
from qa_engine.rules.phrases import PhraseLists
from qa_engine.rules.problems import KeyPath, Report
from qa_engine.rules.window import Window
from qa_engine.text.normalize import normalize


class Need(StrEnum):
    """What an operator cannot do without. A missing need gives NOT_EVALUABLE, never a silent miss."""

    ROLES = "roles"
    TIMES = "times"
    MODEL = "model"
    ATTRIBUTES = "attributes"
    LOUDNESS = "loudness"
    DURATION = "duration"
    CHANNEL = "channel"
    WHOLE_CALL = "whole_call"


Level = Literal["unit", "scope", "call"]
# now: a hit is final at once, a miss when the scope has closed. end: needs the whole call.
Live = Literal["now", "end"]


class Workshop(NamedTuple):
    """What operators are built with: the shared literal index, the phrase lists, and a place to complain."""

    literals: LiteralIndex
    lists: PhraseLists
    path: KeyPath
    report: Report

    def phrases(self, phrases: Iterable[str], *key: str | int) -> list[str]:
        """Expand ``@lists`` and normalise; problems are reported under ``key``."""
        expanded = self.lists.expand(phrases, (*self.path, *key), self.report)
        return list(dict.fromkeys(normalize(phrase).text.strip() for phrase in expanded))

    def complain(self, why: str, remedy: str, *key: str | int) -> None:
        """Report a problem of this operator's configuration."""
        self.report((*self.path, *key), why, remedy)


class Operator(ABC):
    """One configured operator. Subclasses are stateless while judging."""

    name: ClassVar[str]
    title: ClassVar[str]
    config_type: ClassVar[type[RuleConfig]]
    level: Level
    live: Live = "now"
    # Works on any stretch of text; otherwise on whole turns only.
    reads_text: ClassVar[bool] = False
    # More text can add hits but never undo one (so a joined text may hit before its scope closes).
    monotone: bool = False
    needs: frozenset[Need] = frozenset()
    # What it looks for, in words; used to say what came nearest when it was not found.
    phrases: tuple[str, ...] = ()

    @abstractmethod
    def __init__(self, config: Any, shop: Workshop) -> None: ...

    def finding(
        self, passage: Passage, start: int, end: int, confidence: float = 1.0, detail: str = ""
    ) -> Finding:
        """A finding of this operator at a span of a passage."""
        return Finding(self.name, passage.evidence(start, end), confidence, detail)


class Scan(NamedTuple):
    """Turns ``worth`` judging; at all others a plain MISS, ``sureness[turn]`` (0–1) sure."""

    worth: list[int]
    sureness: list[float]


class UnitOperator(Operator):
    """Judges one passage."""

    level: Level = "unit"

    def candidates(self, call: HeardCall) -> Collection[int] | None:  # noqa: ARG002
        """Turns outside which the verdict is a plain MISS; None when every turn must be judged."""
        return None

    def scan(self, call: HeardCall) -> Scan | None:  # noqa: ARG002
        """As `candidates`, with the confidence of every miss; None when that is not known beforehand."""
        return None

    def hopeless(self, call: HeardCall) -> NotEvaluable | None:  # noqa: ARG002
        """Why no passage of this call can be judged; None when some can."""
        return None

    @abstractmethod
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        """Judge one passage; may look back in the call, never ahead."""


class ScopeOperator(Operator):
    """Judges all units in scope together."""

    level: Level = "scope"

    @abstractmethod
    def tally(self, call: HeardCall, window: Window) -> Judged:
        """Judge a window; PENDING while later turns may still change the answer."""


class CallOperator(Operator):
    """Judges the conversation as a whole."""

    level: Level = "call"

    @abstractmethod
    def decide(self, call: HeardCall) -> Judged:
        """Judge the call; PENDING while later events may still change the answer."""


def missing(code: str, reason: str) -> NotEvaluable:
    """A reason why something cannot be judged (a Chinese sentence without customer text)."""
    return NotEvaluable(code, reason)


NO_TIMES = missing("no_timestamps", "转写没有时间戳，无法计算时间；请提供每句的开始和结束时间")
NO_ROLES = missing("no_roles", "分不清坐席和客户，无法按角色判断；请提供带角色的转写")
