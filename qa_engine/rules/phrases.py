"""词表: named phrase lists and their insertion by ``@name``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qa_engine.rules.problems import KeyPath, Report, suggestion


class PhraseLists:
    """The named lists of one scorecard; expansion is recursive, doubles are dropped, order is kept."""

    def __init__(self, lists: Mapping[str, Sequence[str]], report: Report) -> None:
        self._lists = lists
        for name, phrases in lists.items():
            for i, phrase in enumerate(phrases):
                self._check(phrase, ("phrases", name, i), report, (name,))

    def expand(self, phrases: Iterable[str], path: KeyPath, report: Report) -> list[str]:
        """Replace every ``@name`` by the phrases of that list. Unknown names are reported."""
        expanded: dict[str, None] = {}
        for i, phrase in enumerate(phrases):
            if self._check(phrase, (*path, i), report, ()):
                expanded.update(dict.fromkeys(self._flat(phrase)))
        return list(expanded)

    def _flat(self, phrase: str) -> list[str]:
        if not phrase.startswith("@"):
            return [phrase]
        return [inner for entry in self._lists[phrase[1:]] for inner in self._flat(entry)]

    def _check(self, phrase: str, path: KeyPath, report: Report, within: tuple[str, ...]) -> bool:
        if not phrase.strip():
            report(path, "词语是空的", "请删去空词或写上内容")
            return False
        if not phrase.startswith("@"):
            return True
        name = phrase[1:]
        if name not in self._lists:
            report(path, f"没有名为“{name}”的词表", suggestion(name, self._lists))
            return False
        if name in within:
            report(path, f"词表“{name}”绕回了自己", "请去掉其中一处 @ 引用")
            return False
        quiet: Report = lambda *_: None  # noqa: E731 - nested lists are reported at their own place
        return all(self._check(entry, path, quiet, (*within, name)) for entry in self._lists[name])
