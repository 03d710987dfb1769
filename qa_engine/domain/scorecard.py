"""评分表: what is judged and what it is worth. How a rule is written is the business of `rules`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Outcome(StrEnum):
    """The four outcomes of a criterion; there is no fifth and none is ever implied."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NOT_EVALUATED = "NOT_EVALUATED"


Scoring = Literal["deduct", "add"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """质检项.

    Attributes:
        key: stable over revisions; the rule of the same key decides the outcome.
        points: what the item is worth (> 0). ``deduct``: full unless failed. ``add``: zero unless
            earned, and never part of the maximum (加分项).
        per_hit: points lost for each occurrence when failed (capped by ``points``); None = all.
        critical: 一票否决, a failure decides the call whatever the other items say.
        event: items that share an event name deduct one and the same occurrence only once.
        advice: what the agent should do instead, shown to agents.
    """

    key: str
    name: str
    section: str
    points: float
    scoring: Scoring = "deduct"
    per_hit: float | None = None
    critical: bool = False
    event: str | None = None
    min_confidence: float | None = None
    description: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """大项. ``weight`` scales the points of its criteria (1.0 = as written)."""

    key: str
    name: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Scorecard:
    """An immutable revision of a scorecard.

    Attributes:
        digest: sha256 of the canonical content; names the revision beyond doubt.
        pass_mark: percent (0–100) from which a call has passed.
        min_confidence: findings below it make a criterion NOT_EVALUATED ("依据不牢") instead of FAILED.
    """

    key: str
    name: str
    revision: int
    digest: str
    business_line: str
    pass_mark: float
    sections: tuple[Section, ...]
    criteria: tuple[Criterion, ...]
    min_confidence: float = 0.5
    description: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    """What a rule said about one criterion, before points are shared out."""

    criterion: str
    outcome: Outcome
    reason: str
    confidence: float = 1.0
    occurrences: int = 0
    code: str = ""
