"""Homophones: Chinese characters spelled as syllables without tone, one symbol for one character."""

from __future__ import annotations

from pypinyin import Style, lazy_pinyin

_FIRST_SYMBOL = 0xE000


class _Spelling(dict[int, int]):
    """A translation table filled on demand: character → private-use symbol of its syllable."""

    def __init__(self) -> None:
        super().__init__()
        self._symbols: dict[str, int] = {}

    def __missing__(self, code: int) -> int:
        char = chr(code)
        symbol = code
        if "㐀" <= char <= "鿿":
            syllable = lazy_pinyin(char, style=Style.NORMAL)[0]
            if syllable != char:
                symbol = self._symbols.setdefault(syllable, _FIRST_SYMBOL + len(self._symbols))
        self[code] = symbol
        return symbol


class Sounds:
    """Spells texts by sound; the result has exactly the length of the text, so spans stay valid.

    Each character has one reading, the most usual one, in phrases and in transcripts alike.
    """

    def __init__(self) -> None:
        self._table = _Spelling()

    def spell(self, text: str) -> str:
        """Replace every Chinese character by the symbol of its syllable."""
        return text.translate(self._table)


SOUNDS = Sounds()
