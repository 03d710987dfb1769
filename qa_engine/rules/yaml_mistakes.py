"""Explains YAML syntax errors the way a colleague would, in Chinese."""

from __future__ import annotations

import re

import yaml

from qa_engine.domain.errors import ConfigError

_KEY_WITH_FULL_WIDTH_COLON = re.compile(r"(?:^|\s)([A-Za-z_][A-Za-z0-9_]*)\s*：")
_RESERVED_START = re.compile(r"found character '(.)' that cannot start any token")

# Parts of PyYAML's own wording → (why, remedy). The first match wins.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "这里不能再出现冒号", "检查上一行的冒号和缩进；句子含冒号时加引号"),
    ("could not find expected ':'", "这一行缺少英文冒号", "写成“键: 值”，冒号后面留一个空格"),
    ("expected <block end>", "缩进没有对齐", "同一层的键用同样多的空格对齐，列表项的“-”也要对齐"),
    ("expected ',' or ']'", "方括号没有配对，或词语之间少了英文逗号", "写成 [词一, 词二]，用英文括号和逗号"),
    ("expected ',' or '}'", "花括号没有配对，或各项之间少了英文逗号", "写成 {键: 值}，用英文的括号和逗号"),
    ("expected the node content", "这里少了内容，或括号没有配对", "补上内容，检查方括号和花括号是否成对"),
    ("found unexpected end of stream", "引号没有配对，直到文件末尾也没有结束", "补上缺少的引号"),
    ("unknown escape character", "双引号里的反斜线写法不对", "正则表达式请用单引号，例如 pattern: '\\d+元'"),
    ("expected a single document", "一个文件里写了多份内容（用 --- 隔开）", "每张评分表单独放一个文件"),
    ("found undefined alias", "用了 YAML 锚点（& 和 *），评分表不支持", '词语以 * 开头时加引号，如 "*号键"'),
    ("expected alphabetic or numeric", "以 * 或 & 开头的词没有加引号", '给这个词加引号，例如 "*号键"'),
    ("special characters are not allowed", "文件里有不可见的控制字符", "删去这些字符，另存为 UTF-8 文本"),
    ("found duplicate anchor", "用了 YAML 锚点（& 和 *），评分表不支持", "把内容直接写出来"),
)  # fmt: skip


def full_width_colon(text: str) -> str | None:
    """The word in key position that is followed by “：” instead of ``:``, if any."""
    match = _KEY_WITH_FULL_WIDTH_COLON.search(text)
    return match.group(1) if match else None


def explain(error: yaml.YAMLError, text: str, file: str) -> ConfigError:
    """Turn a parser's error into a ConfigError with the line the author must look at."""
    lines = text.splitlines()
    if isinstance(error, yaml.reader.ReaderError):
        at = text.count("\n", 0, int(error.position)) + 1
        return ConfigError(file, "文件里有不可见的控制字符", "删去这些字符，另存为 UTF-8 文本", line=at)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ConfigError(file, "不是有效的 YAML", "检查缩进、冒号和括号")
    problem = str(error.problem or "")
    mark, context = error.problem_mark.line, error.context_mark.line if error.context_mark else None
    for number in _suspects(mark, context, len(lines)):
        key = full_width_colon(lines[number])
        if key:
            why = f"“{key}”后面用了中文冒号，YAML 不认得这个键"
            return ConfigError(file, why, f"改成英文冒号加一个空格，即 {key}: …", line=number + 1)
    for number in _suspects(mark, None, len(lines)):
        if re.match(r"^\s*\t", lines[number]):
            return ConfigError(file, "缩进用了制表符（Tab）", "改成空格，每层两个", line=number + 1)
    reserved = _RESERVED_START.search(problem)
    if reserved:
        char = "制表符" if reserved.group(1) == "\\" else reserved.group(1)
        return ConfigError(
            file, f"词语不能直接以 {char} 开头", f'给整个词加引号，例如 "{char}问候语"', line=mark + 1
        )
    for wording, why, remedy in _MEANINGS:
        if wording in problem or wording in str(error.context or ""):
            # An unclosed bracket is noticed later than it was opened.
            opened = context is not None and ("flow" in str(error.context) or "quoted" in str(error.context))
            return ConfigError(
                file, why, remedy, line=(context if opened and context is not None else mark) + 1
            )
    return ConfigError(file, "YAML 写法有误", "检查这一行及上一行的缩进、冒号、引号和括号", line=mark + 1)


def _suspects(mark: int, context: int | None, count: int) -> list[int]:
    """Line indexes where the mistake may really be: the mark, the line before, the context."""
    candidates = [mark, mark - 1] + ([context] if context is not None else [])
    return [number for number in dict.fromkeys(candidates) if 0 <= number < count]
