"""YAML with line numbers, without YAML's surprises.

Only ``true``/``false``/``null`` and plain decimal numbers are typed; ``no``, ``on``, ``yes``, dates and
``12:30`` stay the text the author wrote. Every problem is a `ConfigError` in Chinese with its line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from qa_engine.domain.errors import ConfigError, ConfigErrors
from qa_engine.rules.yaml_mistakes import explain, full_width_colon

Path = tuple[str | int, ...]

_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "null", "bool", "int", "float")}
_MAX_CHARS = 2_000_000
_MAX_DEPTH = 100


def key_path(path: Path) -> str:
    """Write a path the way `ConfigError.key` wants it: ``sections[0].criteria[2].points``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Where every value of a file was written.

    Attributes:
        file: the file as the user named it.
        lines: 1-based line of each key (or list entry).
        raw: the literal text of every scalar, as written (``0571`` keeps its zero).
    """

    file: str
    lines: Mapping[Path, int] = field(default_factory=dict)
    raw: Mapping[Path, str] = field(default_factory=dict)

    def line_of(self, path: Path) -> int | None:
        """Line of a value, or of its nearest parent that is in the file; None for an empty file."""
        for end in range(len(path), -1, -1):
            line = self.lines.get(path[:end])
            if line is not None:
                return line
        return None

    def raw_of(self, path: Path) -> str | None:
        """The scalar at ``path`` as the author typed it; None if there is no scalar."""
        return self.raw.get(path)

    def error(self, path: Path, why: str, remedy: str) -> ConfigError:
        """A ConfigError that points at ``path``."""
        return ConfigError(self.file, why, remedy, line=self.line_of(path), key=key_path(path))


class _Resolver(yaml.resolver.BaseResolver):
    """YAML 1.2 core types only."""


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _Resolver.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


class _PlainLoader(
    yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer, _Resolver
):
    """The loader in pure Python: slower, but its error marks are the ones `explain` knows."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)
        _Resolver.__init__(self)


try:
    from yaml.cyaml import CParser as _CParser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover - PyYAML built without libyaml
    _loader_of: Callable[[str], Any] = _PlainLoader
else:

    class _FastLoader(_CParser, _Resolver):
        """The same loader on libyaml."""

        def __init__(self, text: str) -> None:
            _CParser.__init__(self, text)
            _Resolver.__init__(self)

    _loader_of = _FastLoader


def parse_yaml(text: str, file: str) -> tuple[Any, SourceMap]:
    """Parse one YAML document.

    Args:
        text: the whole file. A byte order mark at its very beginning is harmless and skipped.
        file: its name, for messages.

    Returns:
        The data (dict, list, str, int, float, bool, None) and where each value stands.

    Raises:
        ConfigErrors: the text is not usable YAML; every duplicate key and every other mistake
            that can be found in one reading is listed.
    """
    text = text.removeprefix("\ufeff")
    _refuse_monsters(text, file)
    builder = _Builder(file)
    data = builder.build(_compose(text, file))
    if builder.errors:
        raise ConfigErrors(tuple(sorted(builder.errors, key=lambda error: error.line or 0)))
    return data, SourceMap(file, builder.lines, builder.raw)


def _refuse_monsters(text: str, file: str) -> None:
    """Refuse what would exhaust memory or the stack before a parser sees it."""
    if len(text) > _MAX_CHARS:
        why = f"文件有 {len(text)} 个字符，超过上限 {_MAX_CHARS}"
        raise ConfigErrors((ConfigError(file, why, "拆成几张评分表"),))
    if "\ufeff" in text:
        at = text.count("\n", 0, text.index("\ufeff")) + 1
        why = "文件中间有看不见的字节序标记（BOM），多半是几个文件拼接而成"
        raise ConfigErrors((ConfigError(file, why, "删去这个字符", line=at),))
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        dashes = len(line) - len(line.lstrip(" -?:"))
        depth = max(0, depth + line.count("[") + line.count("{") - line.count("]") - line.count("}"))
        if depth > _MAX_DEPTH or dashes > 2 * _MAX_DEPTH:
            error = ConfigError(file, "嵌套层数太多", "减少括号或缩进的层数", line=number)
            raise ConfigErrors((error,))


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        return _single_node(_loader_of(text))
    except yaml.YAMLError:
        # Read again in Python: libyaml's marks and wording differ between releases.
        try:
            return _single_node(_PlainLoader(text))
        except yaml.YAMLError as error:
            raise ConfigErrors((explain(error, text, file),)) from None


def _single_node(loader: Any) -> yaml.Node | None:
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        if hasattr(loader, "dispose"):
            loader.dispose()


class _Builder:
    """Turns nodes into data, remembering lines and collecting errors."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self.raw: dict[Path, str] = {}
        self.errors: list[ConfigError] = []
        self._seen: set[int] = set()

    def build(self, node: yaml.Node | None) -> Any:
        return None if node is None else self._value(node, ())

    def _error(self, node: yaml.Node, path: Path, why: str, remedy: str) -> None:
        line = node.start_mark.line + 1
        self.errors.append(ConfigError(self.file, why, remedy, line=line, key=key_path(path)))

    def _value(self, node: yaml.Node, path: Path) -> Any:
        if id(node) in self._seen:
            remedy = "重复的词写进 phrases，重复的条件写进 conditions；词语以 * 或 & 开头时加引号"
            self._error(node, path, "用了 YAML 锚点（& 和 *），评分表不支持", remedy)
            return None
        self._seen.add(id(node))
        self.lines.setdefault(path, node.start_mark.line + 1)
        if node.tag not in _TAGS:
            self._error(
                node, path, "用了自定义标签（以 ! 开头），评分表不支持", "删去标签；词语以 ! 开头时加引号"
            )
            return None
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._error(key_node, path, "键必须是一个词，不能是列表或映射", "检查这一行的括号和冒号")
                continue
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in first:
                why = f"键 {key} 写了两次，前一次在第 {first[key]} 行"
                self._error(key_node, (*path, key), why, "只保留一处，或改成不同的名称")
                continue
            if key == "<<":
                self._error(key_node, path, "用了 YAML 合并键 <<，评分表不支持", "把内容直接写出来")
                continue
            first[key] = line
            self.lines[(*path, key)] = line
            yield key, self._value(value_node, (*path, key))

    def _scalar(self, node: Any, path: Path) -> Any:
        text = str(node.value)
        if not node.style:
            wrong = full_width_colon(text)
            if wrong:
                why = f"“{wrong}”后面用了中文冒号，YAML 不认得这个键"
                self._error(node, path, why, f"改成英文冒号加一个空格，即 {wrong}: …")
                return None
        self.raw[path] = text
        kind = node.tag.rpartition(":")[2]
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in {"int", "float"}:
            return self._number(node, path, text, int if kind == "int" else float)
        return text

    def _number(self, node: yaml.Node, path: Path, text: str, read: Callable[[str], float]) -> float | None:
        try:
            number = read(text)
            if math.isfinite(number):
                return number
        except (ValueError, OverflowError):
            pass
        self._error(node, path, "这个数读不出来，或太大了", "写成普通大小的数字；要写文字时加引号")
        return None
