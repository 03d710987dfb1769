"""复核: how far the human look at one report has come, and which step may follow.

    open → claimed → decided → final
              │         ├→ second_open → second_claimed → decided
              └─────────┘                     └→ disputed → decided

Everything is a pure function of the present state: who may not take a step, or takes it too late, is told
so and nothing has changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from qa_engine.domain.refusal import IllegalStep


class ReviewState(StrEnum):
    """Where a review stands. ``DISPUTED``: the second person disagreed, a QA lead must settle it."""

    OPEN = "open"
    CLAIMED = "claimed"
    DECIDED = "decided"
    SECOND_OPEN = "second_open"
    SECOND_CLAIMED = "second_claimed"
    DISPUTED = "disputed"
    FINAL = "final"


class ReviewOrigin(StrEnum):
    """Why there is a review."""

    FLAGGED = "flagged"
    SAMPLED = "sampled"
    MANUAL = "manual"
    APPEALED = "appealed"


_S = ReviewState
# What a claim leads to, and back.
_TAKEN = MappingProxyType({_S.OPEN: _S.CLAIMED, _S.SECOND_OPEN: _S.SECOND_CLAIMED})
_BACK = MappingProxyType({taken: waiting for waiting, taken in _TAKEN.items()})
WAITING = frozenset(_TAKEN)
HELD = frozenset(_BACK)

# How a report tells where its review stands (``ReportRow.review_state``): from the first decision on there
# is one, whatever else is still going on.
ON_REPORT = MappingProxyType(
    {
        _S.OPEN: "open",
        _S.CLAIMED: "claimed",
        _S.DECIDED: "decided",
        _S.SECOND_OPEN: "decided",
        _S.SECOND_CLAIMED: "decided",
        _S.DISPUTED: "decided",
        _S.FINAL: "final",
    }
)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who takes a step: ``actor`` as records name it; ``leads``: may order and settle (质检主管)."""

    actor: str
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """The state of one review.

    Attributes:
        claimed_by, lease_until: who holds it, and until when nobody else may take it.
        first_by, second_by: who decided; never the same person.
        decided_at: when the last decision was made.
        skipped_by: who laid it aside; they are not offered it again.
    """

    state: ReviewState = ReviewState.OPEN
    claimed_by: str | None = None
    lease_until: datetime | None = None
    first_by: str | None = None
    second_by: str | None = None
    decided_at: datetime | None = None
    skipped_by: tuple[str, ...] = ()

    def lapsed(self, now: datetime) -> bool:
        """True when it is held but the lease has run out: anybody may take it over."""
        return self.state in HELD and (self.lease_until is None or self.lease_until <= now)

    def offered_to(self, actor: str, now: datetime) -> bool:
        """True when it may be handed to them unasked."""
        waiting = self.state in WAITING or self.lapsed(now)
        return waiting and actor != self.first_by and actor not in self.skipped_by

    def claim(self, by: Reviewer, now: datetime, lease: timedelta) -> Review:
        """Reserve it. Claiming what one holds already prolongs the lease.

        Raises:
            IllegalStep: somebody else holds it, it waits for nobody, or it is one's own decision.
        """
        if self.state in HELD and not self.lapsed(now):
            if self.claimed_by != by.actor:
                raise IllegalStep(
                    "这条复核已被其他人认领，请换一条。", "Somebody else has claimed this review."
                )
            return replace(self, lease_until=now + lease)
        taken = self.state if self.state in HELD else _TAKEN.get(self.state)
        if taken is None:
            raise _not_in(self.state, "认领", "claimed")
        if taken is _S.SECOND_CLAIMED and by.actor == self.first_by:
            raise IllegalStep(
                "二次复核要由另一个人来做，初次复核人不能认领。",
                "A second review is done by another person than the first.",
            )
        return replace(self, state=taken, claimed_by=by.actor, lease_until=now + lease)

    def extend(self, by: Reviewer, now: datetime, lease: timedelta) -> Review:
        """Prolong one's lease.

        Raises:
            IllegalStep: not held by this person, or the lease has run out.
        """
        self._held(by, now, "续期", "extended")
        return replace(self, lease_until=now + lease)

    def release(self, by: Reviewer, now: datetime) -> Review:
        """Give it back.

        Raises:
            IllegalStep: not held by this person, or the lease has run out.
        """
        self._held(by, now, "退回", "released")
        return self._given_back()

    def skip(self, by: Reviewer, now: datetime) -> Review:
        """Lay it aside for somebody else: it goes back and is not offered to this person again.

        Raises:
            IllegalStep: not held by this person, or the lease has run out.
        """
        self._held(by, now, "跳过", "skipped")
        skipped = self.skipped_by if by.actor in self.skipped_by else (*self.skipped_by, by.actor)
        return replace(self._given_back(), skipped_by=skipped)

    def expire(self, now: datetime) -> Review:
        """Take it from somebody whose lease has run out.

        Raises:
            IllegalStep: nobody holds it, or the lease still runs.
        """
        if not self.lapsed(now):
            raise IllegalStep("认领还没有到期。", "The lease has not run out.")
        return self._given_back()

    def decide(self, by: Reviewer, now: datetime, *, second_needed: bool, agrees: bool) -> Review:
        """Say what is true of the report.

        Args:
            by: who decides; must hold the review.
            now: the moment.
            second_needed: a first decision must be looked at by a second person.
            agrees: a second decision leaves everything as the first person said. If it does not, a QA
                lead's word holds at once and anybody else's must be settled.

        Raises:
            IllegalStep: not held by this person, or the lease has run out.
        """
        self._held(by, now, "提交结论", "decided")
        free = replace(self, claimed_by=None, lease_until=None, decided_at=now)
        if self.state is _S.CLAIMED:
            return replace(free, state=_S.SECOND_OPEN if second_needed else _S.DECIDED, first_by=by.actor)
        settled = agrees or by.leads
        return replace(free, state=_S.DECIDED if settled else _S.DISPUTED, second_by=by.actor)

    def order_second(self, by: Reviewer) -> Review:
        """Have a decided review looked at by a second person.

        Raises:
            IllegalStep: not by a QA lead, not decided, or looked at twice already.
        """
        self._led(by)
        if self.state is not _S.DECIDED:
            raise _not_in(self.state, "安排二次复核", "reviewed again")
        if self.second_by is not None or self.first_by is None:
            raise IllegalStep(
                "这条复核已经有两个人看过，不能再安排二次复核。",
                "Two people have looked at this review already.",
            )
        return replace(self, state=_S.SECOND_OPEN)

    def settle(self, by: Reviewer, now: datetime) -> Review:
        """Settle a disagreement.

        Raises:
            IllegalStep: nothing is disputed, not by a QA lead, or by one of the two who disagree.
        """
        self._led(by)
        if self.state is not _S.DISPUTED:
            raise _not_in(self.state, "裁定分歧", "settled")
        if by.actor in (self.first_by, self.second_by):
            raise IllegalStep(
                "意见分歧的两个人不能自己裁定，请另一位质检主管裁定。",
                "A disagreement is settled by somebody who is no party to it.",
            )
        return replace(self, state=_S.DECIDED, decided_at=now)

    def close(self, now: datetime, *, appeal_until: datetime, contested: bool) -> Review:
        """Make it final once nobody can appeal any more.

        Args:
            now: the moment.
            appeal_until: when the window for appeals closes.
            contested: an appeal is waiting to be settled.

        Raises:
            IllegalStep: not decided, an appeal waits, or the window is open.
        """
        if self.state is not _S.DECIDED:
            raise _not_in(self.state, "定稿", "made final")
        if contested:
            raise IllegalStep("有申诉还没有处理完，不能定稿。", "An appeal is still waiting to be settled.")
        if now < appeal_until:
            raise IllegalStep("申诉期还没有结束，不能定稿。", "The window for appeals is still open.")
        return replace(self, state=_S.FINAL)

    def _given_back(self) -> Review:
        return replace(self, state=_BACK[self.state], claimed_by=None, lease_until=None)

    def _held(self, by: Reviewer, now: datetime, zh: str, en: str) -> None:
        if self.state not in HELD:
            raise _not_in(self.state, zh, en)
        if self.claimed_by != by.actor:
            raise IllegalStep(
                f"这条复核不是您认领的，不能{zh}。", f"You have not claimed this review: it cannot be {en}."
            )
        if self.lapsed(now):
            raise IllegalStep(
                f"认领已经到期，不能{zh}；请重新认领。", f"Your lease has run out: it cannot be {en}."
            )

    def _led(self, by: Reviewer) -> None:
        if not by.leads:
            raise IllegalStep("这一步只能由质检主管来做。", "Only a QA lead can do this.")


STATE_NAMES = MappingProxyType(
    {
        _S.OPEN: "待复核",
        _S.CLAIMED: "复核中",
        _S.DECIDED: "已复核",
        _S.SECOND_OPEN: "待二次复核",
        _S.SECOND_CLAIMED: "二次复核中",
        _S.DISPUTED: "有分歧待裁定",
        _S.FINAL: "已定稿",
    }
)


def _not_in(state: ReviewState, zh: str, en: str) -> IllegalStep:
    return IllegalStep(
        f"这条复核的状态是“{STATE_NAMES[state]}”，不能{zh}。",
        f"This review is in the state {state.value}: it cannot be {en}.",
    )
