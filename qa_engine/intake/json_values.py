"""JSON values one after another out of UTF-8 pieces, in bounded memory.

A top-level array gives its elements, so that an export of a million calls in one array streams like
JSONL. Written here rather than taken from a streaming parser because those stop at the first malformed
element and lose every good one behind it; this one knows only brackets and strings, leaves judging a
value to the decoder, and after broken brackets goes on at the next line that starts a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

_TOKEN = re.compile(rb'["\[\]{},\n]')
# Inside a value only brackets, line breaks and strings that do not close matter; whole strings and
# everything between are skipped in one step.
_DULL = re.compile(rb'(?:[^"\[\]{}\n]++|"(?:[^"\\\n]++|\\[^\n])*+")*+')
_STRING_END = re.compile(rb'[\\"\n]')
_RESUME = re.compile(rb"\n[ \t]*[{\[]")
_OPENS = {b"{": b"}", b"[": b"]"}


@dataclass(frozen=True, slots=True)
class RawValue:
    """The bytes of one JSON value.

    ``kind``: ``value`` at the top level, ``element`` of a top-level array, ``array_end`` (no data),
    ``broken`` (brackets do not match; no data) or ``too_long`` (no data). ``line`` is 1-based.
    """

    kind: Literal["value", "element", "array_end", "broken", "too_long"]
    line: int
    data: bytes = b""


class _Scanner:
    """State of the scan; positions are into ``buffer``, which starts at the value being read."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.buffer = bytearray()
        self.position = 0
        self.line = 1
        self.closers: list[bytes] = []
        self.in_array = False
        self.in_string = False
        self.start = -1
        self.start_line = 1
        self.skipped = False
        self.resuming = False
        self.lost_array = False

    def feed(self, piece: bytes) -> Iterator[RawValue]:
        self.buffer += piece
        while True:
            if self.resuming and not self._resume():
                break
            if self.in_string and not self._end_string():
                break
            if len(self.closers) > (1 if self.in_array else 0) and (
                dull := _DULL.match(self.buffer, self.position)
            ):
                self.position = dull.end()
            found = _TOKEN.search(self.buffer, self.position)
            if found is None:
                self._mark(self.position, len(self.buffer))
                self.position = len(self.buffer)
                break
            self._mark(self.position, found.start())
            self.position = found.end()
            yield from self._token(found.group(), found.start())
        self._trim()

    def finish(self) -> Iterator[RawValue]:
        if self.closers[1 if self.in_array else 0 :] or self.in_string:
            yield RawValue("broken", self.start_line)
        else:
            yield from self._end_value(len(self.buffer))
            if self.in_array:
                yield RawValue("broken", self.line)

    def _token(self, token: bytes, at: int) -> Iterator[RawValue]:
        outer = 1 if self.in_array else 0
        if token == b"\n":
            if len(self.closers) == outer:
                yield from self._end_value(at)
            self.line += 1
        elif token == b'"':
            self._begin(at)
            self.in_string = True
        elif token in _OPENS:
            if len(self.closers) == outer:
                yield from self._end_value(at)  # garbage before a value is a value of its own
            if token == b"[" and not self.closers:
                self.in_array = True
            else:
                self._begin(at)
            self.closers.append(_OPENS[token])
        elif token == b",":
            if len(self.closers) == outer:
                yield from self._end_value(at)
        elif token == b"]" and not self.closers and self.start < 0 and self.lost_array:
            self.lost_array = False  # the end of an array whose middle was broken
        elif not self.closers or self.closers.pop() != token:
            yield RawValue("broken", self.start_line if self.start >= 0 else self.line)
            self.lost_array = self.lost_array or self.in_array
            self._reset()
            self.resuming = True
        elif self.in_array and not self.closers:
            yield from self._end_value(at)
            self.in_array = False
            yield RawValue("array_end", self.line)
        elif len(self.closers) == outer:
            yield from self._end_value(self.position)

    def _begin(self, at: int) -> None:
        if self.start < 0:
            self.start, self.start_line = at, self.line

    def _mark(self, begin: int, end: int) -> None:
        """Start a value at the first character that is not blank (numbers, words, garbage)."""
        if self.start < 0 and (gap := self.buffer[begin:end]) and (text := gap.lstrip()):
            self._begin(end - len(text))

    def _end_value(self, end: int) -> Iterator[RawValue]:
        if self.start >= 0:
            if self.skipped or end - self.start > self.max_bytes:
                yield RawValue("too_long", self.start_line)
            else:
                kind: Literal["element", "value"] = "element" if self.in_array else "value"
                yield RawValue(kind, self.start_line, bytes(self.buffer[self.start : end]))
        self.start, self.skipped = -1, False

    def _end_string(self) -> bool:
        while found := _STRING_END.search(self.buffer, self.position):
            if found.group() == b"\\":
                if found.end() >= len(self.buffer):
                    self.position = found.start()
                    return False
                self.position = found.end() + 1
                continue
            self.position = found.end()
            self.in_string = False
            if found.group() == b"\n":
                # A raw line break cannot stand in a JSON string: its end quote is missing. Going on
                # outside the string keeps the damage to this value.
                self.line += 1
            return True
        self.position = len(self.buffer)
        return False

    def _resume(self) -> bool:
        found = _RESUME.search(self.buffer, max(self.position - 1, 0))
        if found is None:
            self.line += self.buffer.count(b"\n", self.position)
            # A line break at the very end may still be followed by the start of a value.
            tail = self.buffer.rstrip(b" \t")
            self.position = len(tail) if tail.endswith(b"\n") else len(self.buffer)
            return False
        self.line += self.buffer.count(b"\n", self.position, found.end())
        self.position = found.end() - 1
        self.resuming = False
        return True

    def _reset(self) -> None:
        self.closers, self.in_array, self.in_string = [], False, False
        self.start, self.skipped = -1, False

    def _trim(self) -> None:
        """Forget what is behind; of an over-long value forget its bytes too."""
        if self.start >= 0 and self.position - self.start > self.max_bytes:
            self.skipped = True
        keep = self.position if self.start < 0 or self.skipped else self.start
        keep -= 1 if self.resuming and keep else 0
        del self.buffer[:keep]
        self.position -= keep
        if self.start >= 0:
            self.start = 0 if self.skipped else self.start - keep


def split_values(pieces: Iterable[bytes], max_bytes: int) -> Iterator[RawValue]:
    """Cut a stream of JSON text into its values and the elements of its top-level arrays."""
    scanner = _Scanner(max_bytes)
    for piece in pieces:
        yield from scanner.feed(piece)
    yield from scanner.finish()
