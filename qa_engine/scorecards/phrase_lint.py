"""Warnings about words: too short, doubled, swallowed by others, typed with Chinese commas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qa_engine.rules.source import Path
from qa_engine.scorecards.loading import LoadedScorecard
from qa_engine.scorecards.reach import operators, resolve_phrases

Found = Iterator[tuple[str, Path, str, str]]


def phrase_warnings(loaded: LoadedScorecard) -> Found:
    """Doubtful words in lists and keyword operators."""
    for name, words in loaded.written.phrases.items():
        yield from _words(words, ("phrases", name))
    for path, operator, parameters, _ in operators(loaded.written):
        if operator != "keywords" or not isinstance(parameters, dict):
            continue
        own = [word for word in parameters.get("of", []) if isinstance(word, str)]
        yield from _words(own, (*path, "of"))
        if parameters.get("need") == "all":
            yield from _swallowed(resolve_phrases(own, loaded.written), (*path, "of"))


def _words(words: list[str], path: Path) -> Found:
    for i, word in enumerate(words):
        if word.startswith("@"):
            continue
        if len(word.strip()) == 1:
            yield (
                "one_char",
                (*path, i),
                f"“{word}”只有一个字，容易误命中",
                "写成更长的词，或用 regex 限定前后文",
            )
        if "，" in word or "、" in word:
            message = f"“{word[:20]}”里有中文逗号或顿号，会被当成一个词"
            yield "chinese_comma", (*path, i), message, "词与词之间用英文逗号隔开"
    for word, count in Counter(words).items():
        if count > 1:
            yield "double", (*path, words.index(word)), f"“{word}”写了 {count} 次", "删去重复的"


def _swallowed(words: list[str], path: Path) -> Found:
    for short in words:
        longer = next((word for word in words if word != short and short in word), None)
        if longer is not None:
            message = f"要求全部出现，而“{longer}”里已经包含“{short}”"
            yield "swallowed", path, message, f"删去“{short}”，或改成不重叠的词"
