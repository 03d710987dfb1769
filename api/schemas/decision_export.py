"""Query parameters of exported decisions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.common import KeyText, Moment, RequestModel
from qa_engine.services.decision_export import MAX_PART, DecisionFilters, DecisionFormat


class DecisionExportQuery(RequestModel):
    """One part of an export of decisions."""

    format: DecisionFormat = Field(
        "decisions",
        description="decisions 逐条的结论；training 训练用的标注；rule_tests 评分表的用例；后两种每通一行",
    )
    since: Moment | None = Field(None, description="结论不早于（含）", examples=["2026-03-01T00:00:00+08:00"])
    until: Moment | None = Field(None, description="结论早于（不含）", examples=["2026-04-01T00:00:00+08:00"])
    business_line: KeyText | None = Field(None, description="业务线", examples=["retail"])
    scorecard: KeyText | None = Field(None, description="评分表的 key", examples=["general_service"])
    verdict: Literal["confirmed", "overridden"] | None = Field(
        None, description="只要维持的，或只要改判的；只对 decisions 起作用", examples=["overridden"]
    )
    cursor: str | None = Field(
        None, max_length=512, pattern=r"^[A-Za-z0-9_-]*$", description="上一部分的 X-Next-Cursor"
    )
    limit: int = Field(1000, ge=1, le=MAX_PART, description="这一部分最多几行", examples=[1000])

    def filters(self) -> DecisionFilters:
        """The same as the services name it."""
        return DecisionFilters(self.since, self.until, self.business_line, self.scorecard, self.verdict)
