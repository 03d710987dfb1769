"""Schema inspection-report/1 as the API answers it. Fields are added, never renamed."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from api.schemas.common import ResponseModel

TURN = "句次，从 0 起"


class _Part(ResponseModel):
    # Stored reports may be of a later minor version than this code: what it does not know is passed on.
    model_config = ConfigDict(from_attributes=True, extra="allow")


class ScorecardRef(_Part):
    """By which revision it was judged."""

    key: str = Field(description="评分表的 key", examples=["general_service"])
    revision: int = Field(description="版本号", examples=[1])
    digest: str = Field(description="该版内容的 sha256", examples=["9f2c…"])


class EngineOut(_Part):
    """Who judged."""

    version: str = Field(description="引擎版本", examples=["0.1.0"])
    model: str | None = Field(description="模型名称、版本和摘要；null 表示没有模型")
    detectors: dict[str, str] = Field(description="各检测器的版本")


class TotalOut(_Part):
    """The score as an interval."""

    points: float = Field(description="得分", examples=[86.0])
    max: float = Field(description="满分", examples=[100.0])
    percent: float = Field(description="已证实的得分率（%）", examples=[86.0])
    upper_percent: float = Field(description="未判定的项若全部合格时的得分率（%）", examples=[92.0])
    passed: bool | None = Field(description="是否通过；null 表示尚不能定")
    critical_failure: bool = Field(description="是否触发一票否决")
    coverage: float = Field(description="已判定权重占适用权重的比例，0–1", examples=[0.95])


class Quote(_Part):
    """A quotation."""

    turn: int = Field(description=TURN, examples=[3])
    start: int = Field(description="在所示文本这一句里的起始字符", examples=[0])
    end: int = Field(description="结束字符（不含）", examples=[8])
    quote: str = Field(description="所引的话", examples=["您好，很高兴为您服务"])


class LookedAtOut(_Part):
    """Where something was looked for."""

    from_turn: int = Field(description=TURN)
    to_turn: int = Field(description=TURN + "，含")


class NearestOut(_Part):
    """The phrase that came nearest to what was missing."""

    turn: int = Field(description=TURN)
    quote: str = Field(description="最接近的话")
    similarity: float = Field(description="相似度，0–1")


class CriterionOut(_Part):
    """One graded criterion."""

    key: str = Field(description="质检项的 key", examples=["opening"])
    name: str = Field(description="质检项名称", examples=["规范开场"])
    section: str = Field(description="大项的 key", examples=["etiquette"])
    outcome: Literal["PASSED", "FAILED", "NOT_APPLICABLE", "NOT_EVALUATED"] = Field(description="机器的结果")
    earned: float = Field(description="得分")
    max: float = Field(description="满分")
    confidence: float = Field(description="置信度，0–1")
    reason: str = Field(description="理由")
    evidence: list[Quote] = Field(description="依据")
    looked_at: list[LookedAtOut] = Field(description="查找范围")
    nearest: NearestOut | None = Field(description="缺失时最接近的话")
    critical: bool = Field(default=False, description="是否一票否决项")
    deducted_in: str | None = Field(default=None, description="同一事件已在哪一项扣分")
    scoring: str = Field(default="deduct", description="deduct 扣分项，add 加分项")
    weight: float = Field(default=0.0, description="摊分之前的分值")
    code: str = Field(default="", description="未判定的原因代码")


class ActOut(_Part):
    """An act of the agent."""

    turn: int = Field(description=TURN)
    act: str = Field(description="行为", examples=["apology"])
    confidence: float = Field(description="置信度，0–1")


class FaultOut(_Part):
    """A fault of the agent."""

    turn: int = Field(description=TURN)
    kind: str = Field(description="问题种类", examples=["impatient"])
    confidence: float = Field(description="置信度，0–1")
    because: list[int] = Field(default=[], description="它所依据的更早的句次")


class AttitudeOut(_Part):
    """服务态度."""

    level: int | None = Field(description="等级 1–5；null 表示未判定")
    score: float | None = Field(description="期望等级 1–5")
    acts: list[ActOut] = Field(description="坐席的行为")
    faults: list[FaultOut] = Field(description="坐席的问题")


class ResolutionOut(_Part):
    """问题解决."""

    status: str | None = Field(description="resolved、partial、unresolved；null 表示未判定")
    probabilities: dict[str, float] = Field(description="各状态的概率")
    turns: list[int] = Field(description="所依据的句次")


class SatisfactionOut(_Part):
    """预期满意度."""

    expected: float | None = Field(description="期望值 1–5；null 表示未判定")
    distribution: list[float] = Field(description="1–5 的概率")


class ComplaintTypeOut(_Part):
    """A complaint type."""

    key: str = Field(description="事由", examples=["money.refund"])
    name: str = Field(description="中文名称", examples=["资金/退款"])
    probability: float = Field(description="概率")


class ComplaintOut(_Part):
    """投诉判断."""

    is_complaint: bool | None = Field(description="是否投诉；null 表示未判定")
    probability: float | None = Field(description="概率")
    types: list[ComplaintTypeOut] = Field(description="来电事由")
    evidence: list[Quote] = Field(default=[], description="依据")


class EmotionPointOut(_Part):
    """One customer turn on the curve."""

    turn: int = Field(description=TURN)
    emotion: int = Field(description="1 满意，0 平静，-1 不满，-2 愤怒")
    index: float = Field(description="情绪指数 0–100")
    probabilities: dict[str, float] = Field(description="各情绪的概率")


class CauseOut(_Part):
    """What made the emotion fall."""

    turn: int = Field(description=TURN)
    speaker: str = Field(description="谁说的")
    kind: str = Field(description="原因种类", examples=["refusal"])


class DropOut(_Part):
    """A fall of the customer's emotion."""

    turn: int = Field(description=TURN)
    from_index: float = Field(description="下跌前的指数")
    to_index: float = Field(description="跌到的最低指数")
    cause: CauseOut | None = Field(description="原因；null 表示没有找到")
    recovered_turn: int | None = Field(description="恢复的句次；null 表示没有恢复")
    recovered_by_agent: bool | None = Field(default=None, description="是否由坐席挽回")


class EmotionOut(_Part):
    """客户情绪."""

    index: float | None = Field(description="整通的情绪指数 0–100；null 表示未判定")
    curve: list[EmotionPointOut] = Field(description="客户各句的情绪")
    drops: list[DropOut] = Field(description="情绪下跌")


class AdviceOut(_Part):
    """复核建议."""

    needed: bool | None = Field(description="是否需要复核；null 表示无法确定")
    priority: float | None = Field(description="优先级 0–1")
    reasons: list[str] = Field(description="理由，最重的在前")
    evidence: list[Quote] = Field(default=[], description="模型意见的依据")


class NotEvaluatedOut(_Part):
    """Something that was not judged."""

    what: str = Field(description="什么没有判定", examples=["criterion:opening"])
    reason: str = Field(description="理由")
    code: str = Field(default="", description="原因代码", examples=["no_model"])


class FlagOut(_Part):
    """A doubt about the transcript itself."""

    code: str = Field(description="代码", examples=["roles_inferred"])
    message: str = Field(description="说明")
    turns: list[int] = Field(description="有关的句次")


class InspectionReportOut(_Part):
    """质检报告（inspection-report/1）."""

    schema_name: Literal["inspection-report/1"] = Field(alias="schema", description="格式名")
    transcript_id: str = Field(description="会话在客户系统里的编号；没有看原文的权限时为遮盖后的")
    scorecard: ScorecardRef = Field(description="评分表")
    engine: EngineOut = Field(description="引擎")
    total: TotalOut = Field(description="总分")
    criteria: list[CriterionOut] = Field(description="各质检项")
    attitude: AttitudeOut = Field(description="服务态度")
    resolution: ResolutionOut = Field(description="问题解决")
    satisfaction: SatisfactionOut = Field(description="预期满意度")
    complaint: ComplaintOut = Field(description="投诉判断")
    emotion: EmotionOut = Field(description="客户情绪")
    review: AdviceOut = Field(description="复核建议")
    not_evaluated: list[NotEvaluatedOut] = Field(description="没有判定的内容和理由")
    flags: list[FlagOut] = Field(default=[], description="对转写本身的疑问")
