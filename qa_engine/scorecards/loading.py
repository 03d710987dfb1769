"""From a scorecard file to a scorecard with compiled rules, or to every mistake in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from pydantic import ValidationError

from qa_engine.domain.errors import ConfigError, ConfigErrors
from qa_engine.domain.scorecard import Criterion, Scorecard, Section
from qa_engine.rules import CriterionRule, RuleSet, compile_rules
from qa_engine.rules.source import Path, SourceMap, parse_yaml
from qa_engine.scorecards.cases import ScorecardTest, tests_of
from qa_engine.scorecards.content import digest_of, with_words_as_text
from qa_engine.scorecards.file import CriterionFile, ScorecardFile
from qa_engine.scorecards.messages import suggestion, translate

BUILTIN = FilePath(__file__).parent / "builtin"


@dataclass(frozen=True, slots=True)
class LoadedScorecard:
    """A scorecard ready to judge.

    Attributes:
        scorecard: the domain's view: sections, criteria, pass mark, digest.
        rules: its compiled rules.
        tests: its tests, ready to run (`qa_engine.scorecards.testing`).
        source_text: the file as read.
        file: its name for messages: the path, or the built-in key.
        written: the validated file, for tools that show or check it.
        source: where everything stands in the file.
    """

    scorecard: Scorecard
    rules: RuleSet
    tests: tuple[ScorecardTest, ...]
    source_text: str
    file: str
    written: ScorecardFile
    source: SourceMap


def builtin_scorecards() -> tuple[str, ...]:
    """Keys of the shipped scorecards, sorted."""
    return tuple(sorted(path.stem for path in BUILTIN.glob("*.yaml")))


def load_scorecard(source: str | FilePath) -> LoadedScorecard:
    """Load a scorecard by built-in key or by path.

    Raises:
        ConfigErrors: the file cannot be read or has mistakes; all that can be found are listed.
    """
    if isinstance(source, str) and source in builtin_scorecards():
        return read_scorecard(_text(BUILTIN / f"{source}.yaml", source), source)
    path = FilePath(source)
    if not path.exists():
        known = builtin_scorecards()
        meant = suggestion(str(source), list(known))
        hint = f"您是不是想写 {meant}" if meant else f"内置的评分表有：{'、'.join(known)}"
        raise ConfigErrors((ConfigError(str(source), "没有这张评分表，也没有这个文件", hint),))
    return read_scorecard(_text(path, str(source)), str(source))


def read_scorecard(text: str, file: str) -> LoadedScorecard:
    """Read a scorecard from its YAML text; ``file`` names it in messages.

    Raises:
        ConfigErrors: every mistake found, in file order.
    """
    data, source = parse_yaml(text, file)
    if not isinstance(data, dict):
        why = "文件是空的" if data is None else "最外层不是“键: 值”"
        raise ConfigErrors(
            (ConfigError(file, why, "第一行写 schema: scorecard/1，再写 key、name 等", line=1),)
        )
    data = with_words_as_text(data, source)
    try:
        written = ScorecardFile.model_validate(data)
    except ValidationError as error:
        raise _all(translate(detail, ScorecardFile, source) for detail in error.errors()) from None
    errors: list[ConfigError] = []
    _check_keys(written, source, errors)
    rules = _compile(written, source, errors)
    tests = tests_of(written, source, errors)
    if errors:
        raise _all(errors)
    return LoadedScorecard(_scorecard(written), rules, tests, text, file, written, source)


def _text(path: FilePath, file: str) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        why = "文件不是 UTF-8 编码（可能是 GBK 或 UTF-16）"
        raise ConfigErrors((ConfigError(file, why, "用编辑器另存为 UTF-8"),)) from None
    except OSError as error:
        why = f"文件读不出来（{type(error).__name__}）"
        raise ConfigErrors((ConfigError(file, why, "检查路径和权限，路径应指向一个 .yaml 文件"),)) from None


def _all(errors: Iterable[ConfigError]) -> ConfigErrors:
    ordered = sorted(dict.fromkeys(errors), key=lambda error: (error.line or 0, error.key))
    return ConfigErrors(tuple(ordered))


def criteria_with_paths(written: ScorecardFile) -> Iterator[tuple[Path, CriterionFile]]:
    """Every criterion of a file with its path, in file order."""
    for s, section in enumerate(written.sections):
        for c, criterion in enumerate(section.criteria):
            yield ("sections", s, "criteria", c), criterion


def _check_keys(written: ScorecardFile, source: SourceMap, errors: list[ConfigError]) -> None:
    """Keys are unique, amounts fit."""
    seen: dict[str, int | None] = {}
    for path, criterion in criteria_with_paths(written):
        line = source.line_of((*path, "key"))
        if criterion.key in seen:
            why = f"质检项标识 {criterion.key} 重复，前一次在第 {seen[criterion.key]} 行"
            errors.append(source.error((*path, "key"), why, "换一个不重复的标识"))
        seen.setdefault(criterion.key, line)
        if criterion.per_hit is not None and criterion.per_hit > criterion.points:
            why = f"per_hit {criterion.per_hit:g} 大于分值 {criterion.points:g}"
            errors.append(source.error((*path, "per_hit"), why, "改成不大于分值的数，或删去 per_hit"))
        if criterion.critical and criterion.scoring == "add":
            why = "加分项不能是一票否决项"
            errors.append(source.error((*path, "critical"), why, "删去 critical，或把 scoring 改成 deduct"))
    for key, count in Counter(section.key for section in written.sections).items():
        if count > 1:
            last = max(i for i, section in enumerate(written.sections) if section.key == key)
            errors.append(
                source.error(("sections", last, "key"), f"大项标识 {key} 重复", "换一个不重复的标识")
            )


def _compile(written: ScorecardFile, source: SourceMap, errors: list[ConfigError]) -> RuleSet:
    rules: dict[str, CriterionRule] = {}
    for path, criterion in criteria_with_paths(written):
        if _decides_once(criterion, path, source, errors):
            rules[criterion.key] = CriterionRule(
                criterion.applies_when, criterion.fail_when, criterion.pass_when, path
            )

    def report(path: Path, why: str, remedy: str) -> None:
        errors.append(source.error(path, why, remedy))

    return compile_rules(written.phrases, written.conditions, rules, report)


def _decides_once(criterion: CriterionFile, path: Path, source: SourceMap, errors: list[ConfigError]) -> bool:
    given = [name for name in ("fail_when", "pass_when") if getattr(criterion, name) is not None]
    if len(given) == 1:
        return True
    remedy = "“出现就扣分”写 fail_when，“没做到就扣分”写 pass_when"
    if given:
        errors.append(source.error((*path, "pass_when"), "fail_when 和 pass_when 只能写一个", remedy))
    else:
        errors.append(source.error(path, f"质检项「{criterion.name}」没有写判定条件", remedy))
    return False


def _scorecard(written: ScorecardFile) -> Scorecard:
    criteria = tuple(
        Criterion(
            key=c.key,
            name=c.name,
            section=section.key,
            points=c.points,
            scoring=c.scoring,
            per_hit=c.per_hit,
            critical=c.critical,
            event=c.event,
            min_confidence=c.min_confidence,
            description=c.description,
            advice=c.advice,
        )
        for section in written.sections
        for c in section.criteria
    )
    return Scorecard(
        key=written.key,
        name=written.name,
        revision=written.revision,
        digest=digest_of(written),
        business_line=written.business_line,
        pass_mark=written.pass_mark,
        sections=tuple(Section(s.key, s.name, s.weight) for s in written.sections),
        criteria=criteria,
        min_confidence=written.min_confidence,
        description=written.description,
    )
