"""复核 over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from api.schemas.common import MAX_INTEGER, KeyText, Moment, RequestModel, ResponseModel
from qa_engine.domain.decision import MOST_DECISIONS, MOST_TURNS, Said
from qa_engine.domain.refusal import Refusal
from qa_engine.domain.review import ReviewOrigin, ReviewState
from qa_engine.services.people import Person
from qa_engine.services.review_queue import Concern, QueueFilters, ReviewLine
from qa_engine.services.reviews import MOST_AT_ONCE
from qa_engine.services.second_draws import SecondDraw

ReasonText = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
TargetText = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
MarkText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Id = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)]
TARGET = (
    "判断的对象：criterion:质检项、fault:句号:问题、type:类型、drop:句号、complaint、resolution、"
    "attitude；句号从 0 数起"
)


class QueueQuery(RequestModel):
    """What the queue is filtered by; all given must hold."""

    origin: ReviewOrigin | None = Field(None, description="来由：机器标记、抽检、人工发起、申诉")
    business_line: KeyText | None = Field(None, description="业务线", examples=["retail"])
    team: KeyText | None = Field(None, description="班组", examples=["零售一组"])
    agent: KeyText | None = Field(None, description="坐席工号", examples=["A01"])
    scorecard: KeyText | None = Field(None, description="评分表的 key", examples=["general_service"])
    reason: list[Concern] = Field(
        [],
        max_length=len(Concern),
        description="复核的原因，可写多个（同时满足）：一票否决、态度差、情绪下跌未恢复、投诉、未解决、有未判定",
    )
    mark: list[MarkText] = Field(
        [],
        max_length=10,
        description="更细的事实，可写多个（同时满足），如 failed:质检项、fault:问题、type:类型、emotion:-2",
        examples=[["failed:no_shirking"]],
    )

    def _filters(self, state: ReviewState | None, *, mine: bool = False) -> QueueFilters:
        return QueueFilters(
            state=state,
            mine=mine,
            origin=self.origin,
            business_line=self.business_line,
            team=self.team,
            agent_id=self.agent,
            scorecard_key=self.scorecard,
            concerns=tuple(dict.fromkeys(self.reason)),
            marks=tuple(dict.fromkeys(self.mark)),
        )


class ReviewListQuery(QueueQuery):
    """One page of the queue."""

    state: ReviewState | Literal["any"] = Field(
        ReviewState.OPEN, description="状态；认领到期的算作待复核；any 为全部", examples=["open"]
    )
    mine: bool = Field(False, description="只要我认领着的（state 用 any、claimed 或 second_claimed）")
    cursor: str | None = Field(
        None, max_length=512, pattern=r"^[A-Za-z0-9_-]*$", description="上一页返回的 next_cursor"
    )
    limit: int = Field(50, ge=1, le=500, description="这一页最多几条", examples=[50])

    def filters(self) -> QueueFilters:
        """The same as the services name it."""
        return self._filters(None if self.state == "any" else self.state, mine=self.mine)


class NextReviews(QueueQuery):
    """从队列里领最紧急的几条：筛选条件与列表相同。"""

    count: int = Field(1, ge=1, le=MOST_AT_ONCE, description="最多领几条", examples=[5])
    second: bool = Field(False, description="true 领待二次复核的（自己初核过的不会领到）", examples=[False])

    def filters(self) -> QueueFilters:
        """The same as the services name it."""
        return self._filters(ReviewState.SECOND_OPEN if self.second else ReviewState.OPEN)


class ManyReviews(RequestModel):
    """要认领的复核。"""

    review_ids: Ids = Field(description="复核的编号", examples=[[17, 18]])


class NewReview(RequestModel):
    """人工发起一次复核。"""

    report_id: int = Field(ge=1, le=MAX_INTEGER, description="质检报告的编号", examples=[17])


class DecisionIn(RequestModel):
    """对一项的结论。"""

    target: TargetText = Field(description=TARGET, examples=["criterion:no_shirking"])
    verdict: Literal["confirm", "override"] = Field(
        description="confirm 现有结论正确；override 改判，须写 human 和理由", examples=["override"]
    )
    human: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = Field(
        None,
        description="改判为：质检项 PASSED/FAILED/NOT_APPLICABLE，问题、类型、情绪下跌 present/absent，"
        "complaint yes/no，resolution resolved/partial/unresolved，attitude 1–5",
        examples=["FAILED"],
    )
    reason: ReasonText = Field(
        "", description="理由；改判时至少 4 个字。存储前遮盖个人信息", examples=["第 3 句让客户自己去问"]
    )
    turns: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] = Field(
        [], max_length=MOST_TURNS, description="依据的句号（从 0 数起），用于改判为不合格", examples=[[2]]
    )

    def said(self) -> Said:
        """The same as the domain names it."""
        return Said(self.target, self.verdict, self.human, self.reason, tuple(self.turns))


Decisions = Annotated[list[DecisionIn], Field(min_length=1, max_length=MOST_DECISIONS)]
SomeDecisions = Annotated[list[DecisionIn], Field(max_length=MOST_DECISIONS)]


class ReviewedIn(RequestModel):
    """一次复核的结论；不必每项都写，没写的维持原样，或由 confirm_rest 一并确认。"""

    decisions: SomeDecisions = Field([], description="逐项的结论，每项只写一次")
    confirm_rest: bool = Field(
        False,
        description="true 表示其余质检项的现有结论都正确，逐项记为确认；机器没有判定的项不在其内",
        examples=[True],
    )

    def said(self) -> tuple[Said, ...]:
        """The same as the domain names it."""
        return tuple(one.said() for one in self.decisions)


class DecisionsIn(RequestModel):
    """裁定分歧的结论；不必每项都写，没写的维持原样。"""

    decisions: Decisions = Field(description="逐项的结论，每项只写一次")

    def said(self) -> tuple[Said, ...]:
        """The same as the domain names it."""
        return tuple(one.said() for one in self.decisions)


class SecondDrawIn(RequestModel):
    """从一段时间里只复核过一次的结论中，按比例抽二次复核。"""

    percent: float = Field(gt=0, le=100, description="抽百分之几", examples=[10])
    seed: int = Field(ge=0, le=MAX_INTEGER, description="种子：相同的种子抽到相同的复核", examples=[20260301])
    since: Moment = Field(description="结论不早于（含）", examples=["2026-03-01T00:00:00+08:00"])
    until: Moment = Field(description="结论早于（不含）", examples=["2026-03-08T00:00:00+08:00"])
    business_line: KeyText | None = Field(None, description="业务线", examples=["retail"])
    team: KeyText | None = Field(None, description="班组", examples=["零售一组"])
    cursor: Annotated[str, StringConstraints(max_length=512, pattern=r"^[A-Za-z0-9_-]*$")] | None = Field(
        None, description="上一次返回的 next_cursor", examples=[None]
    )

    def draw(self) -> SecondDraw:
        """The same as the services name it."""
        return SecondDraw(self.percent, self.seed, self.since, self.until, self.business_line, self.team)


class SecondDrawOut(ResponseModel):
    """抽到了哪些。"""

    considered: int = Field(description="看了多少条", examples=[500])
    review_ids: list[int] = Field(description="安排了二次复核的", examples=[[17, 42]])
    next_cursor: str | None = Field(
        description="还没看完时从这里继续；null 表示已看完", examples=["WzE3MTIzNDU2Nzg5MDAsMTdd"]
    )


class PersonOut(ResponseModel):
    """一个人；没有看姓名的权限时整个为 null。"""

    actor: str = Field(description="记录里的称呼", examples=["user:7"])
    name: str | None = Field(description="姓名", examples=["李复核"])

    @classmethod
    def of(cls, person: Person | None) -> Self | None:
        """Nobody stays nobody."""
        return None if person is None else cls(actor=person.actor, name=person.name)


class ReviewOut(ResponseModel):
    """一次复核。"""

    id: int = Field(description="复核编号", examples=[17])
    report_id: int = Field(description="质检报告编号（见 /v1/reports）", examples=[23])
    transcript_id: int = Field(description="会话编号（见 /v1/transcripts）", examples=[12])
    state: ReviewState = Field(
        description="状态：open 待复核、claimed 复核中、decided 已复核、second_open 待二次复核、"
        "second_claimed 二次复核中、disputed 有分歧待裁定、final 已定稿",
        examples=["open"],
    )
    origin: ReviewOrigin = Field(
        description="来由：flagged 机器标记、sampled 抽检、manual 人工发起、appealed 申诉",
        examples=["flagged"],
    )
    priority: float = Field(description="优先级 0–1，越大越紧急", examples=[0.83])
    claimed_by: PersonOut | None = Field(description="谁认领着")
    mine: bool = Field(description="是否由我认领着", examples=[False])
    lease_until: datetime | None = Field(description="认领到什么时候", examples=["2026-03-01T02:20:00Z"])
    first_by: PersonOut | None = Field(description="初次复核人")
    second_by: PersonOut | None = Field(description="二次复核人")
    opened_at: datetime = Field(description="进入队列的时间", examples=["2026-03-01T02:00:00Z"])
    decided_at: datetime | None = Field(description="最近一次结论的时间", examples=[None])
    happened_at: datetime = Field(description="通话时间", examples=["2026-03-01T01:30:00Z"])
    business_line: str = Field(description="业务线", examples=["retail"])
    team: str | None = Field(description="班组", examples=["零售一组"])
    agent_id: str | None = Field(description="坐席工号", examples=["A01"])
    scorecard_key: str = Field(description="评分表的 key", examples=["general_service"])
    scorecard_revision: int = Field(description="评分表的版本号", examples=[1])
    percent: float = Field(description="机器的得分率（%）", examples=[86.0])
    passed: bool | None = Field(description="机器判是否通过；null 表示尚不能定", examples=[True])
    final_percent: float = Field(description="计入人工结论的得分率（%）", examples=[82.5])
    final_passed: bool | None = Field(description="计入人工结论后是否通过", examples=[True])
    reasons: list[str] = Field(
        description="机器建议复核的原因，最重的在前；没有标记的为空", examples=[["客户在第 4 句表现出愤怒"]]
    )

    @classmethod
    def of(cls, line: ReviewLine) -> Self:
        """From the service's line."""
        return cls.model_validate(line)


class RefusedOut(ResponseModel):
    """没有领到的一条，和原因。"""

    review_id: int = Field(description="复核编号", examples=[18])
    error: str = Field(description="固定的、给程序看的代码", examples=["illegal_step"])
    detail: str = Field(description="原因（中文）", examples=["这条复核已被其他人认领，请换一条。"])
    detail_en: str = Field(description="原因（英文）", examples=["Somebody else has claimed this review."])

    @classmethod
    def of(cls, review_id: int, refusal: Refusal) -> Self:
        """From a refusal."""
        return cls(review_id=review_id, error=refusal.code, detail=refusal.zh, detail_en=refusal.en)


class ClaimedOut(ResponseModel):
    """领到的和没有领到的。"""

    reviews: list[ReviewOut] = Field(description="现在由我认领着的")
    refused: list[RefusedOut] = Field(description="没有领到的，逐条说明原因")
