"""Warnings: a scorecard that loads may still not say what its author meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qa_engine.domain.scorecard import Outcome
from qa_engine.rules.source import Path, key_path
from qa_engine.scorecards.file import CriterionFile
from qa_engine.scorecards.loading import LoadedScorecard, criteria_with_paths
from qa_engine.scorecards.phrase_lint import phrase_warnings
from qa_engine.scorecards.reach import conditions, contradiction, impossible_operators, names_used


@dataclass(frozen=True, slots=True)
class LintWarning:
    """Something doubtful. ``code`` is stable; ``message`` and ``remedy`` are Chinese."""

    code: str
    file: str
    line: int | None
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file} 第 {self.line} 行" if self.line is not None else self.file
        return f"{where} {self.key}：{self.message}。建议：{self.remedy}。"


Found = Iterator[tuple[str, Path, str, str]]


def lint(loaded: LoadedScorecard) -> tuple[LintWarning, ...]:
    """Every warning about a scorecard, in file order."""
    found = [
        LintWarning(code, loaded.file, loaded.source.line_of(path), key_path(path), message, remedy)
        for check in _CHECKS
        for code, path, message, remedy in check(loaded)
    ]
    return tuple(sorted(found, key=lambda warning: (warning.line or 0, warning.code)))


def _unused(loaded: LoadedScorecard) -> Found:
    conditions, phrases = names_used(loaded.written)
    for name in loaded.written.conditions:
        if name not in conditions:
            yield (
                "unused_condition",
                ("conditions", name),
                f"条件 {name} 没有被用到",
                "删去它，或检查名称是否写错",
            )
    for name in loaded.written.phrases:
        if name not in phrases:
            yield (
                "unused_phrases",
                ("phrases", name),
                f"词表 {name} 没有被用到",
                f'用 "@{name}" 引用，或删去它',
            )


def _untested(loaded: LoadedScorecard) -> Found:
    outcomes: dict[str, set[Outcome]] = {}
    for test in loaded.tests:
        for key, outcome in test.outcomes.items():
            outcomes.setdefault(key, set()).add(outcome)
    for path, criterion in criteria_with_paths(loaded.written):
        seen = outcomes.get(criterion.key, set())
        # A bonus item that is not earned does not apply.
        bad = Outcome.NOT_APPLICABLE if criterion.scoring == "add" else Outcome.FAILED
        if not seen:
            yield "no_test", path, f"质检项「{criterion.name}」没有用例", "至少写一个合格、一个不合格的用例"
        elif Outcome.PASSED not in seen:
            yield "no_passing_test", path, f"质检项「{criterion.name}」没有合格的用例", "补一个做得好的对话"
        elif bad not in seen:
            yield (
                "no_failing_test",
                path,
                f"质检项「{criterion.name}」没有不合格的用例",
                "补一个做得不好的对话",
            )


def _critical_without_description(loaded: LoadedScorecard) -> Found:
    for path, criterion in criteria_with_paths(loaded.written):
        if criterion.critical and not criterion.description.strip():
            message = f"一票否决项「{criterion.name}」没有写判定标准"
            yield "critical_without_description", path, message, "在 description 里写清怎样算触犯"


def _never(loaded: LoadedScorecard) -> Found:
    for path, criterion in criteria_with_paths(loaded.written):
        yield from _never_one(loaded, path, criterion)


def _never_one(loaded: LoadedScorecard, path: Path, criterion: CriterionFile) -> Found:
    why = contradiction(criterion.applies_when, loaded.written)
    if why:
        where = (*path, "applies_when")
        yield "unreachable", where, f"质检项「{criterion.name}」永远不适用：{why}", "改正适用条件"
    name = "fail_when" if criterion.fail_when is not None else "pass_when"
    why = contradiction(getattr(criterion, name), loaded.written)
    if why:
        yield (
            "never_hits",
            (*path, name),
            f"质检项「{criterion.name}」的条件永远不成立：{why}",
            "改正判定条件",
        )


def _impossible(loaded: LoadedScorecard) -> Found:
    for path, why in impossible_operators(loaded.written):
        yield "never_hits", path, f"这个条件永远不会命中：{why}", "改正 role 或算子的参数"


def _reversed(loaded: LoadedScorecard) -> Found:
    for path, condition in conditions(loaded.written):
        scope = condition.get("scope")
        first, last = (scope.get("from"), scope.get("to")) if isinstance(scope, dict) else (None, None)
        if not isinstance(first, int | float) or not isinstance(last, int | float):
            continue
        if first > last and (first < 0) == (last < 0):
            message = f"范围写反了：from {first:g} 在 to {last:g} 之后，按 {last:g} 到 {first:g} 执行"
            yield "reversed_range", (*path, "scope", "from"), message, f"写成 from: {last:g}、to: {first:g}"


def _amounts(loaded: LoadedScorecard) -> Found:
    written = loaded.written
    for i, section in enumerate(written.sections):
        if not section.criteria:
            yield (
                "empty_section",
                ("sections", i),
                f"大项「{section.name}」下没有质检项",
                "补上质检项或删去大项",
            )
    points = sum(
        c.points * section.weight
        for section in written.sections
        for c in section.criteria
        if c.scoring == "deduct"
    )
    if points == 0:
        yield "no_points", ("pass_mark",), "没有扣分项，满分为零，永远不会及格", "至少写一个扣分项"
    elif abs(points - 100) > 1e-6:
        message = f"扣分项合计 {points:g} 分，不是 100 分；得分按比例折算成百分制"
        yield "not_hundred", ("sections",), message, "习惯百分制时把合计调到 100"
    if written.pass_mark == 0:
        yield "pass_mark", ("pass_mark",), "及格线为 0，除一票否决外都及格", "改成期望的及格线"
    elif written.pass_mark == 100:
        yield "pass_mark", ("pass_mark",), "及格线为 100，任何一项未判定或扣分都不及格", "改成期望的及格线"


_CHECKS: tuple[Callable[[LoadedScorecard], Found], ...] = (
    _unused, _untested, _critical_without_description, _never, _impossible, _reversed, _amounts,
    phrase_warnings,
)  # fmt: skip
