"""申诉: an agent's objection to what was said of a call, and which step may follow.

filed ⇄ answered → granted | denied → final
  └──────┴→ withdrawn
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from qa_engine.domain.refusal import IllegalStep


class AppealState(StrEnum):
    """Where an appeal stands. ``ANSWERED``: a QA lead answered or asked, the agent may say more."""

    FILED = "filed"
    ANSWERED = "answered"
    GRANTED = "granted"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    FINAL = "final"


_S = AppealState
WAITING = frozenset({_S.FILED, _S.ANSWERED})
SETTLED = frozenset({_S.GRANTED, _S.DENIED})
STATE_NAMES = MappingProxyType(
    {
        _S.FILED: "待处理",
        _S.ANSWERED: "已答复",
        _S.GRANTED: "申诉成立",
        _S.DENIED: "申诉不成立",
        _S.WITHDRAWN: "已撤回",
        _S.FINAL: "已结案",
    }
)


def window_end(recorded_at: datetime, decided_at: datetime | None, days: int) -> datetime:
    """Until when may be appealed: ``days`` after the report, or after the reviewers' last word on it."""
    return max(recorded_at, decided_at or recorded_at) + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Contested:
    """What is known of a report somebody wants to appeal against.

    Attributes:
        until: end of the window.
        final: its review is final.
        waiting: an appeal against it is waiting.
        settled: targets of appeals that were settled before.
    """

    until: datetime
    final: bool = False
    waiting: bool = False
    settled: frozenset[str] = frozenset()

    def file(self, targets: Collection[str], now: datetime) -> AppealState:
        """Open an appeal.

        Raises:
            IllegalStep: too late, one is waiting already, or it was settled before.
        """
        if self.final:
            raise IllegalStep("这通的结论已经定稿，不能再申诉。", "The result of this call is final.")
        if now >= self.until:
            raise IllegalStep("已经过了申诉期，不能再申诉。", "The window for appeals has closed.")
        if self.waiting:
            raise IllegalStep(
                "这通已有一个申诉正在处理，请等处理完。", "An appeal against this call is waiting already."
            )
        if not self.settled.isdisjoint(targets):
            raise IllegalStep(
                "其中有项目已经申诉过并有了结果，不能再次申诉。",
                "Some of these items were appealed against and settled before.",
            )
        return AppealState.FILED


@dataclass(frozen=True, slots=True)
class Appeal:
    """The state of one appeal: who filed it, and whose word it is against (``judged_by``)."""

    state: AppealState
    filed_by: str
    judged_by: frozenset[str] = frozenset()

    def answer(self, by: str) -> Appeal:
        """Answer the agent, or ask something back; a further answer replaces the one before.

        Raises:
            IllegalStep: it is settled, withdrawn, or one's own.
        """
        self._waits("答复", "answered")
        self._not_own(by)
        return replace(self, state=_S.ANSWERED)

    def reply(self, by: str) -> Appeal:
        """Say more after an answer.

        Raises:
            IllegalStep: not one's own, or there is no answer to reply to.
        """
        self._own(by)
        if self.state is not _S.ANSWERED:
            raise _not_in(self.state, "补充说明", "replied to")
        return replace(self, state=_S.FILED)

    def withdraw(self, by: str) -> Appeal:
        """Take it back.

        Raises:
            IllegalStep: not one's own, or it is settled already.
        """
        self._own(by)
        self._waits("撤回", "withdrawn")
        return replace(self, state=_S.WITHDRAWN)

    def grant(self, by: str) -> Appeal:
        """Agree: what was said of the call changes.

        Raises:
            IllegalStep: it is settled, withdrawn, one's own, or against one's own word.
        """
        self._settles(by, "裁定", "settled")
        return replace(self, state=_S.GRANTED)

    def deny(self, by: str) -> Appeal:
        """Disagree: what was said of the call stands.

        Raises:
            IllegalStep: as for ``grant``.
        """
        self._settles(by, "裁定", "settled")
        return replace(self, state=_S.DENIED)

    def close(self) -> Appeal:
        """Close the case.

        Raises:
            IllegalStep: it is not settled.
        """
        if self.state not in SETTLED:
            raise _not_in(self.state, "结案", "closed")
        return replace(self, state=_S.FINAL)

    def _settles(self, by: str, zh: str, en: str) -> None:
        self._waits(zh, en)
        self._not_own(by)
        if by in self.judged_by:
            raise IllegalStep(
                "被申诉的结论是您作出的，请另一位质检主管裁定。",
                "The appeal is against your own decision: another QA lead must settle it.",
            )

    def _waits(self, zh: str, en: str) -> None:
        if self.state not in WAITING:
            raise _not_in(self.state, zh, en)

    def _own(self, by: str) -> None:
        if by != self.filed_by:
            raise IllegalStep(
                "只有申诉人本人可以这样做。", "Only the person who filed the appeal can do this."
            )

    def _not_own(self, by: str) -> None:
        if by == self.filed_by:
            raise IllegalStep("不能处理自己提出的申诉。", "Nobody settles their own appeal.")


def _not_in(state: AppealState, zh: str, en: str) -> IllegalStep:
    return IllegalStep(
        f"这个申诉的状态是“{STATE_NAMES[state]}”，不能{zh}。",
        f"This appeal is in the state {state.value}: it cannot be {en}.",
    )
