"""Word lists (词表) that travel with the engine, and the reader for a customer's own.

A list is a text file, one word a line; ``#`` starts a comment; a tab separates the word from an
optional category. The shipped lists lie in ``text/lexicon/`` and are our own writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from qa_engine.domain.errors import ConfigError

_FOLDER = Path(__file__).with_name("lexicon")
MAX_WORD_CHARS = 30


@dataclass(frozen=True, slots=True)
class WordList:
    """A named list of words.

    Attributes:
        name: file name without ``.txt``.
        words: in file order, without repeats.
        categories: word → category, only for words that have one.
    """

    name: str
    words: tuple[str, ...]
    categories: Mapping[str, str]

    def in_category(self, category: str) -> tuple[str, ...]:
        """Words of one category, in file order."""
        return tuple(word for word in self.words if self.categories.get(word) == category)


def word_list_names() -> tuple[str, ...]:
    """Names of the shipped lists."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.txt")))


@cache
def word_list(name: str) -> WordList:
    """Return a shipped list by name, e.g. ``threats``.

    Raises:
        ConfigError: there is no such list.
    """
    if name not in word_list_names():
        known = "、".join(word_list_names())
        raise ConfigError(name, "没有这个内置词表", f"改用内置词表之一：{known}")
    return read_word_list(_FOLDER / f"{name}.txt")


def read_word_list(path: Path) -> WordList:
    """Read a word list file (UTF-8).

    Raises:
        ConfigError: the file cannot be read, or a line holds no usable word.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "不是 UTF-8 文本" if isinstance(error, UnicodeDecodeError) else "无法读取"
        raise ConfigError(str(path), f"词表文件{why}", "确认文件存在且以 UTF-8 保存") from error
    words: dict[str, str] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        entry = line.split("#", 1)[0].strip()
        if not entry:
            continue
        word, _, category = (part.strip() for part in entry.partition("\t"))
        if not word or len(word) > MAX_WORD_CHARS:
            remedy = f"每行写一个词，不超过 {MAX_WORD_CHARS} 个字，类别用制表符隔开"
            raise ConfigError(str(path), "这一行没有词或词太长", remedy, line=number)
        words.setdefault(word, category)
    categories = {word: category for word, category in words.items() if category}
    return WordList(path.stem, tuple(words), MappingProxyType(categories))
