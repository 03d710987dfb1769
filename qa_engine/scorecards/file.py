"""The shape of a scorecard file. What stands inside conditions is the business of `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from qa_engine.domain.scorecard import Outcome, Scoring

KEY = r"^[a-z0-9_]+$"
SCHEMA = "scorecard/1"

ExpectedOutcome = Literal[
    "PASSED", "FAILED", "NOT_APPLICABLE", "NOT_EVALUATED", "合格", "不合格", "不适用", "未判定", "未能判定"
]
_OUTCOMES: Mapping[str, Outcome] = {
    **{outcome.value: outcome for outcome in Outcome},
    "合格": Outcome.PASSED, "不合格": Outcome.FAILED, "不适用": Outcome.NOT_APPLICABLE,
    "未判定": Outcome.NOT_EVALUATED, "未能判定": Outcome.NOT_EVALUATED,
}  # fmt: skip


class _Strict(BaseModel):
    """No coercion and no unknown keys: a typing mistake must never be silently ignored."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class SpokenTurn(_Strict):
    """One turn of a test, written out with its times."""

    speaker: Literal["agent", "customer", "system"] = Field(description="说话人")
    text: str = Field(description="说话内容")
    start_ms: int | None = Field(None, ge=0, description="开始时间（毫秒）")
    end_ms: int | None = Field(None, ge=0, description="结束时间（毫秒）")


class TurnSignals(_Strict):
    """What the model is supposed to have said about one turn; probabilities may be given."""

    emotion: int | dict[str, float] | None = Field(None, description="情绪 -2..1，或各情绪的概率")
    acts: list[str] | dict[str, float] = Field(default_factory=list, description="行为，或行为的概率")
    faults: list[str] | dict[str, float] = Field(default_factory=list, description="失误，或失误的概率")


class Signals(_Strict):
    """What the model is supposed to have said; without it a test runs without a model."""

    turns: dict[str, TurnSignals] = Field(default_factory=dict, description="按轮次（从 0 数起）")
    resolution: Literal["resolved", "partial", "unresolved"] | None = Field(None, description="解决状态")
    complaint: bool = Field(False, description="是否投诉")
    types: list[str] = Field(default_factory=list, description="投诉类型")


class EvidenceExpected(_Strict):
    """Where the evidence of one criterion must stand."""

    turns: list[int] | None = Field(None, description="证据所在轮次（从 0 数起）")
    quotes: list[str] | None = Field(None, description="证据原文")
    looked_at: list[list[int]] | None = Field(None, description="检查过的轮次范围 [[起, 止]]")


class TotalExpected(_Strict):
    """What the total must say."""

    passed: bool | None = Field(None, description="是否及格")
    critical_failure: bool | None = Field(None, description="是否一票否决")
    percent: float | None = Field(None, ge=0, description="得分率")


class TestFile(_Strict):
    """A dialogue and what must come out of it."""

    name: str = Field(min_length=1, description="用例名称")
    dialogue: str | None = Field(None, description="“客服:”“客户:”开头的对话，每句一行")
    turns: list[SpokenTurn] | None = Field(None, min_length=1, description="带时间的对话，与 dialogue 二选一")
    channel: Literal["voice", "chat"] | None = Field(None, description="渠道")
    started_at: str | None = Field(None, description="开始时间，ISO 8601")
    duration_ms: int | None = Field(None, ge=0, description="录音时长（毫秒）")
    attributes: dict[str, Any] = Field(default_factory=dict, description="随路数据")
    signals: Signals | None = Field(None, description="代替模型的判断；不写则视为没有模型")
    expect: dict[str, ExpectedOutcome] = Field(min_length=1, description="质检项 → 期望结果，中英文都可以")
    evidence: dict[str, EvidenceExpected] = Field(default_factory=dict, description="质检项 → 期望证据")
    total: TotalExpected | None = Field(None, description="期望总分")

    def outcomes(self) -> dict[str, Outcome]:
        """The expected outcomes as domain values."""
        return {key: _OUTCOMES[value] for key, value in self.expect.items()}


class CriterionFile(_Strict):
    """质检项 as written."""

    key: str = Field(pattern=KEY, description="质检项标识，各版本间保持不变")
    name: str = Field(min_length=1, description="质检项名称")
    points: float = Field(gt=0, description="分值")
    scoring: Scoring = Field("deduct", description="deduct 扣分项；add 加分项（不计入满分）")
    per_hit: float | None = Field(None, gt=0, description="每出现一次扣多少分，累计不超过分值")
    critical: bool = Field(False, description="一票否决")
    event: str | None = Field(None, pattern=KEY, description="同一事件只扣一次")
    min_confidence: float | None = Field(None, ge=0, le=1, description="低于此置信度不扣分，转人工")
    applies_when: Any = Field(None, description="适用条件；不满足时该项不适用")
    fail_when: Any = Field(None, description="出现则不合格；与 pass_when 二选一")
    pass_when: Any = Field(None, description="出现才合格；与 fail_when 二选一")
    description: str = Field("", description="判定标准，给质检员看")
    advice: str = Field("", description="改进建议，给坐席看")


class SectionFile(_Strict):
    """大项 as written."""

    key: str = Field(pattern=KEY, description="大项标识")
    name: str = Field(min_length=1, description="大项名称")
    weight: float = Field(1.0, gt=0, description="权重，放大或缩小本大项的分值")
    criteria: list[CriterionFile] = Field(description="质检项")


class ScorecardFile(_Strict):
    """评分表 as written."""

    schema_: Literal["scorecard/1"] = Field(alias="schema", description="文件格式，固定为 scorecard/1")
    key: str = Field(pattern=KEY, description="评分表标识")
    name: str = Field(min_length=1, description="评分表名称")
    revision: int = Field(ge=1, description="版本号，内容有改动就加一")
    business_line: str = Field("", description="业务线")
    pass_mark: float = Field(ge=0, le=100, description="及格线（百分制）")
    min_confidence: float = Field(0.5, ge=0, le=1, description="低于此置信度的发现不扣分，转人工")
    description: str = Field("", description="说明")
    phrases: dict[str, list[str]] = Field(default_factory=dict, description="词表")
    conditions: dict[str, Any] = Field(default_factory=dict, description="命名条件")
    sections: list[SectionFile] = Field(min_length=1, description="大项")
    tests: list[TestFile] = Field(default_factory=list, description="用例，发布前运行")
