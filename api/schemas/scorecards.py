"""评分表 over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from api.schemas.common import ResponseModel
from qa_engine.domain.scorecard import Criterion
from qa_engine.scorecards import LoadedScorecard
from qa_engine.scorecards.changes import Change
from qa_engine.scorecards.lint import LintWarning
from qa_engine.scorecards.testing import TestResult
from qa_engine.services.scorecard_checks import TestRun
from qa_engine.services.scorecards import ScorecardSummary
from qa_engine.store.tables import ScorecardRow

State = Literal["draft", "published", "retired"]


class RevisionOut(ResponseModel):
    """评分表的一版；内容一经保存不再改变。"""

    key: str = Field(description="评分表的 key", examples=["general_service"])
    revision: int = Field(description="版本号", examples=[2])
    name: str = Field(description="名称", examples=["通用服务"])
    business_line: str = Field(description="业务线", examples=["通用"])
    state: State = Field(description="draft 草稿 | published 在用 | retired 停用", examples=["draft"])
    digest: str = Field(description="判定内容的 sha256", examples=["3f6c" * 16])
    note: str = Field(description="上传时的说明", examples=["放宽开头语的说法"])
    created_by: str = Field(description="谁上传的", examples=["user:7"])
    created_at: datetime = Field(description="何时上传", examples=["2026-03-01T02:00:00Z"])
    published_by: str | None = Field(description="谁发布的", examples=["user:7"])
    published_at: datetime | None = Field(description="何时发布", examples=["2026-03-02T02:00:00Z"])

    @classmethod
    def of(cls, row: ScorecardRow) -> Self:
        """From the stored row."""
        return cls.model_validate(row)


class ScorecardOut(ResponseModel):
    """一张评分表：最新的一版，和在用的一版。"""

    key: str = Field(description="评分表的 key", examples=["general_service"])
    newest: RevisionOut = Field(description="版本号最大的一版")
    published: RevisionOut | None = Field(description="在用的一版；null 表示没有发布过")

    @classmethod
    def of(cls, summary: ScorecardSummary) -> Self:
        """From the service's summary."""
        published = None if summary.published is None else RevisionOut.of(summary.published)
        return cls(key=summary.newest.key, newest=RevisionOut.of(summary.newest), published=published)


class CriterionOut(ResponseModel):
    """质检项。"""

    key: str = Field(description="质检项的 key，各版本间不变", examples=["greeting"])
    name: str = Field(description="名称", examples=["开头语"])
    section: str = Field(description="所属大项的 key", examples=["opening"])
    points: float = Field(description="分值", examples=[5])
    scoring: Literal["deduct", "add"] = Field(description="deduct 扣分项 | add 加分项", examples=["deduct"])
    per_hit: float | None = Field(description="每出现一次扣多少分；null 表示一次扣完", examples=[2])
    critical: bool = Field(description="一票否决", examples=[False])
    event: str | None = Field(description="同名事件只扣一次", examples=["complaint"])
    min_confidence: float | None = Field(description="低于此置信度不扣分", examples=[0.6])
    description: str = Field(description="判定标准", examples=["首句须问候并自报身份"])
    advice: str = Field(description="改进建议", examples=["先问候再报工号"])

    @classmethod
    def of(cls, criterion: Criterion) -> Self:
        """From the domain."""
        return cls.model_validate(criterion)


class SectionOut(ResponseModel):
    """大项。"""

    key: str = Field(description="大项的 key", examples=["opening"])
    name: str = Field(description="名称", examples=["开场"])
    weight: float = Field(description="权重", examples=[1.0])


class RevisionDetail(RevisionOut):
    """一版的全部内容。"""

    pass_mark: float = Field(description="及格线（百分制）", examples=[80])
    description: str = Field(description="说明", examples=["各行业热线通用"])
    sections: list[SectionOut] = Field(description="大项")
    criteria: list[CriterionOut] = Field(description="质检项，按文件里的顺序")
    tests: int = Field(description="自带几个用例", examples=[24])
    source: str = Field(description="YAML 原文", examples=["schema: scorecard/1\nkey: general_service\n…"])

    @classmethod
    def from_loaded(cls, row: ScorecardRow, loaded: LoadedScorecard) -> Self:
        """From the stored row and what it says."""
        card = loaded.scorecard
        return cls(
            **RevisionOut.of(row).model_dump(),
            pass_mark=card.pass_mark,
            description=card.description,
            sections=[SectionOut.model_validate(section) for section in card.sections],
            criteria=[CriterionOut.of(criterion) for criterion in card.criteria],
            tests=len(loaded.tests),
            source=row.source,
        )


class LintOut(ResponseModel):
    """一条提醒：写法可以用，但可能不是本意。"""

    code: str = Field(description="固定的代码", examples=["unused_phrases"])
    line: int | None = Field(description="行号", examples=[12])
    key: str = Field(description="键的路径", examples=["phrases.greeting"])
    message: str = Field(description="哪里可疑", examples=["词表 greeting 没有被用到"])
    remedy: str = Field(description="建议", examples=["删去它，或检查名称是否写错"])

    @classmethod
    def of(cls, warning: LintWarning) -> Self:
        """From the linter."""
        return cls.model_validate(warning)


class TestOut(ResponseModel):
    """一个用例的结果。"""

    __test__ = False

    name: str = Field(description="用例名称", examples=["没有问候"])
    line: int | None = Field(description="行号", examples=[210])
    passed: bool = Field(description="与期望一致", examples=[True])
    differences: list[str] = Field(description="哪里不符", examples=[["「开头语」期望不合格，实际合格"]])

    @classmethod
    def of(cls, result: TestResult) -> Self:
        """From the runner."""
        return cls.model_validate(result)


class TestRunOut(ResponseModel):
    """一版的全部用例跑下来的结果。"""

    __test__ = False

    green: bool = Field(description="至少有一个用例，且全部一致：可以发布", examples=[True])
    passed: int = Field(description="一致的个数", examples=[24])
    failed: int = Field(description="不符的个数", examples=[0])
    results: list[TestOut] = Field(description="逐个用例")

    @classmethod
    def of(cls, run: TestRun) -> Self:
        """From a test run."""
        passed = sum(result.passed for result in run.results)
        results = [TestOut.of(result) for result in run.results]
        return cls(green=run.green, passed=passed, failed=len(results) - passed, results=results)


class UploadOut(ResponseModel):
    """上传的结果：存成的草稿和提醒。"""

    revision: RevisionOut = Field(description="存成的一版")
    warnings: list[LintOut] = Field(description="提醒；不影响保存")


class CheckOut(ResponseModel):
    """检查的结果；什么都没有保存。"""

    key: str = Field(description="评分表的 key", examples=["general_service"])
    revision: int = Field(description="文件里写的版本号", examples=[2])
    next_revision: int = Field(description="下一个没用过的版本号", examples=[3])
    digest: str = Field(description="判定内容的 sha256", examples=["3f6c" * 16])
    warnings: list[LintOut] = Field(description="提醒")
    tests: TestRunOut = Field(description="自带用例的结果")


class FieldChangeOut(ResponseModel):
    """一个字段在两版里的值。"""

    field: str = Field(description="字段", examples=["points"])
    before: Any = Field(description="前一版的值；null 表示没写", examples=[5])
    after: Any = Field(description="后一版的值；null 表示没写", examples=[8])


class ChangeOut(ResponseModel):
    """一处不同。"""

    part: Literal["scorecard", "section", "criterion", "phrases", "condition"] = Field(
        description="评分表本身、大项、质检项、词表或命名条件", examples=["criterion"]
    )
    kind: Literal["added", "removed", "changed"] = Field(description="增、删、改", examples=["changed"])
    key: str = Field(description="它的 key", examples=["greeting"])
    name: str = Field(description="它的名称", examples=["开头语"])
    fields: list[FieldChangeOut] = Field(description="改了哪些字段；整个增删时为空")

    @classmethod
    def of(cls, change: Change) -> Self:
        """From the comparison."""
        return cls.model_validate(change)


class DiffOut(ResponseModel):
    """两版的不同。"""

    same_judgement: bool = Field(description="判定内容完全相同（只有注释、排版或用例不同）", examples=[False])
    changes: list[ChangeOut] = Field(description="判定内容的不同，按文件里的顺序")
    text: list[str] = Field(description="两个文件的 unified diff，逐行", examples=[["-pass_mark: 80"]])
