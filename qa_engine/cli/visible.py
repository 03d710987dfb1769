"""Control characters made visible: a transcript must not steer a terminal or turn a line around."""

from __future__ import annotations

_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SYMBOLS: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "␡",
    **{code: f"‹{code:02X}›" for code in (*range(0x80, 0xA0), *_BIDI)},
}
_LAYOUT = {code: symbol for code, symbol in _SYMBOLS.items() if chr(code) not in "\n\t"}


def visible(text: str) -> str:
    """Replace C0, C1 and bidirectional controls by symbols; line breaks and tabs stay."""
    return text.translate(_LAYOUT)


def one_line(text: str) -> str:
    """The same for names and ids, where line breaks and tabs are as odd as the rest."""
    return text.translate(_SYMBOLS)
