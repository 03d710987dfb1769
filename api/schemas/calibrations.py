"""校准 over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from api.schemas.common import MAX_INTEGER, KeyText, Moment, NameText, RequestModel, ResponseModel
from qa_engine.domain.agreement import Agreement
from qa_engine.domain.calibration import (
    FEWEST_REVIEWERS,
    MOST_CALLS,
    MOST_REVIEWERS,
    CalibrationResult,
    CriterionAgreement,
)
from qa_engine.domain.refusal import Invalid
from qa_engine.domain.scorecard import Outcome
from qa_engine.services.calibration_calls import Drawing
from qa_engine.services.calibration_marks import CalibrationCall
from qa_engine.services.calibrations import Calibration
from qa_engine.services.people import Person

Identifier = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Said = Literal["PASSED", "FAILED", "NOT_APPLICABLE"]
OVERALL = "合计"


class DrawingIn(RequestModel):
    """从一段时间里随机抽。"""

    since: Moment = Field(description="通话时间不早于（含）", examples=["2026-03-01T00:00:00+08:00"])
    until: Moment = Field(description="通话时间早于（不含）", examples=["2026-03-08T00:00:00+08:00"])
    count: int = Field(ge=1, le=MOST_CALLS, description="抽几通", examples=[30])


class NewCalibration(RequestModel):
    """新的校准；reports 和 draw 恰好写一个。"""

    name: NameText = Field(description="名称", examples=["三月第一周校准"])
    scorecard_key: KeyText = Field(description="评分表的 key", examples=["general_service"])
    business_line: KeyText = Field(description="业务线", examples=["retail"])
    reviewers: list[Identifier] = Field(
        min_length=FEWEST_REVIEWERS,
        max_length=MOST_REVIEWERS,
        description="参加的复核员（用户编号）",
        examples=[[3, 4]],
    )
    reports: Annotated[list[Identifier], Field(min_length=1, max_length=MOST_CALLS)] | None = Field(
        None, description="用这些质检报告的会话", examples=[[17, 18, 19]]
    )
    draw: DrawingIn | None = Field(None, description="或者从一段时间里随机抽")
    criteria: Annotated[list[KeyText], Field(max_length=200)] = Field(
        [], description="只校准这些质检项；不写为全部", examples=[["no_shirking"]]
    )

    @property
    def chosen(self) -> list[int] | Drawing:
        """The same for the service.

        Raises:
            Invalid: neither or both of ``reports`` and ``draw`` are given.
        """
        if (self.reports is None) == (self.draw is None):
            raise Invalid(
                "reports 和 draw 要恰好写一个。", "Give exactly one of reports and draw.", "reports"
            )
        if self.draw is not None:
            return Drawing(self.draw.since, self.draw.until, self.draw.count)
        return self.reports or []


class MarksIn(RequestModel):
    """对一通会话的各个质检项的结论；可以分几次给，也可以改。"""

    marks: Annotated[dict[KeyText, Said], Field(min_length=1, max_length=200)] = Field(
        description="质检项的 key → 结论", examples=[{"no_shirking": "FAILED"}]
    )

    def outcomes(self) -> Mapping[str, Outcome]:
        """The same for the service."""
        return {key: Outcome(said) for key, said in self.marks.items()}


class CriterionName(ResponseModel):
    """一个质检项。"""

    key: str = Field(description="质检项的 key", examples=["no_shirking"])
    name: str = Field(description="名称", examples=["不推诿"])


class Progress(ResponseModel):
    """一名复核员评了多少；评了什么要等校准结束才看得到。"""

    reviewer: str = Field(description="复核员", examples=["user:3"])
    name: str | None = Field(description="姓名", examples=["周老师"])
    marked: int = Field(description="已评的项数（会话 × 质检项）", examples=[120])


class CalibrationOut(ResponseModel):
    """一次校准。"""

    id: int = Field(description="编号", examples=[5])
    name: str = Field(description="名称", examples=["三月第一周校准"])
    business_line: str = Field(description="业务线", examples=["retail"])
    scorecard_digest: str = Field(description="评分表版本的摘要", examples=["5c1f…"])
    state: Literal["open", "closed"] = Field(description="open 进行中，closed 已结束", examples=["open"])
    criteria: list[CriterionName] = Field(description="校准的质检项")
    calls: int = Field(description="几通会话", examples=[30])
    items: int = Field(description="每名复核员要评的项数", examples=[360])
    reviewers: list[Progress] = Field(description="参加的复核员和进度")
    takes_part: bool = Field(description="提问者是否参加", examples=[True])
    created_at: datetime = Field(description="何时建立", examples=["2026-03-08T01:00:00Z"])
    closed_at: datetime | None = Field(description="何时结束", examples=[None])

    @classmethod
    def of(cls, found: Calibration, people: Mapping[str, Person]) -> Self:
        """From the stored session; ``people`` by actor."""
        row = found.row
        return cls(
            id=row.id,
            name=row.name,
            business_line=row.business_line,
            scorecard_digest=row.scorecard_digest,
            state="open" if row.state == "open" else "closed",
            criteria=[CriterionName(key=key, name=found.names[key]) for key in row.criteria],
            calls=len(row.reports),
            items=found.items,
            reviewers=[
                Progress(reviewer=who, name=people[who].name if who in people else None, marked=marked)
                for who, marked in found.marked.items()
            ],
            takes_part=found.takes_part,
            created_at=row.created_at,
            closed_at=row.closed_at,
        )


class CalibrationCallOut(ResponseModel):
    """校准里的一通会话；文本见 /v1/transcripts/{transcript_id}。"""

    report_id: int = Field(description="质检报告的编号", examples=[17])
    transcript_id: int = Field(description="会话的编号", examples=[12])
    marks: dict[str, dict[str, Outcome]] = Field(
        description="复核员 → 质检项 → 结论；校准结束前只有自己的",
        examples=[{"user:3": {"no_shirking": "FAILED"}}],
    )
    machine: dict[str, Outcome] | None = Field(
        description="机器的结论；校准结束前为 null", examples=[{"no_shirking": "PASSED"}]
    )

    @classmethod
    def of(cls, call: CalibrationCall) -> Self:
        """From the service."""
        return cls(
            report_id=call.report_id,
            transcript_id=call.transcript_id,
            marks={who: dict(marks) for who, marks in call.marks.items()},
            machine=None if call.machine is None else dict(call.machine),
        )


class AgreementOut(ResponseModel):
    """一致程度。"""

    items: int = Field(description="比较了几项（会话 × 质检项）", examples=[360])
    calls: int = Field(description="来自几通会话", examples=[30])
    observed: float | None = Field(description="一致的比例", examples=[0.87])
    kappa: float | None = Field(description="Kappa：扣除偶然一致；没有定义时为 null", examples=[0.71])
    low: float | None = Field(description="Kappa 的 95 % 自助法区间下限", examples=[0.58])
    high: float | None = Field(description="Kappa 的 95 % 自助法区间上限", examples=[0.82])
    reason: str | None = Field(description="没有 Kappa 或区间的原因", examples=[None])

    @classmethod
    def of(cls, agreement: Agreement) -> Self:
        """From the domain."""
        return cls.model_validate(agreement)


class CriterionAgreementOut(ResponseModel):
    """一个质检项（或合计）的一致程度。"""

    criterion: str | None = Field(description="质检项的 key；null 为合计", examples=["no_shirking"])
    name: str = Field(description="名称", examples=["不推诿"])
    among_people: AgreementOut = Field(description="复核员之间：两人用 Cohen Kappa，三人以上用 Fleiss Kappa")
    with_machine: AgreementOut = Field(description="复核员与机器之间（Cohen Kappa）")
    machine_silent: int = Field(description="机器未判定而复核员判了的项数；不算分歧，不在其内", examples=[2])

    @classmethod
    def of(cls, found: CriterionAgreement, names: Mapping[str, str]) -> Self:
        """From the domain."""
        return cls(
            criterion=found.criterion,
            name=OVERALL if found.criterion is None else names[found.criterion],
            among_people=AgreementOut.of(found.among_people),
            with_machine=AgreementOut.of(found.with_machine),
            machine_silent=found.machine_silent,
        )


class PairOut(ResponseModel):
    """两人之间，或一人与机器之间。"""

    first: str = Field(description="复核员", examples=["user:3"])
    second: str | None = Field(description="另一名复核员；null 为机器", examples=["user:4"])
    agreement: AgreementOut = Field(description="一致程度（Cohen Kappa）")


class CalibrationResultOut(ResponseModel):
    """一次校准的结果。"""

    calibration_id: int = Field(description="编号", examples=[5])
    overall: CriterionAgreementOut = Field(description="合计")
    criteria: list[CriterionAgreementOut] = Field(description="逐个质检项")
    pairs: list[PairOut] = Field(description="两两之间，以及每人与机器之间")

    @classmethod
    def of(cls, found: Calibration, result: CalibrationResult) -> Self:
        """From the service."""
        return cls(
            calibration_id=found.row.id,
            overall=CriterionAgreementOut.of(result.overall, found.names),
            criteria=[CriterionAgreementOut.of(one, found.names) for one in result.criteria],
            pairs=[
                PairOut(first=pair.first, second=pair.second, agreement=AgreementOut.of(pair.agreement))
                for pair in result.pairs
            ],
        )
