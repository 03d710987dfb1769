"""The cues of SRT and WebVTT files: timing lines, and the lines of text beneath each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[,.](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:[ \t].*)?", re.ASCII)


@dataclass(frozen=True)
class Cue:
    """One cue: 0-based number, ms from the start of the call, its lines of text as written."""

    number: int
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def srt_cues(text: str, origin: Origin) -> list[Cue] | IntakeError:
    """Read the cues of an SRT file; a block that is none is an error with its line."""
    cues: list[Cue] = []
    for first, block in _blocks(text):
        timing_at = 1 if block[0].strip().isdecimal() and len(block) > 1 else 0
        cue = _cue(len(cues), block[timing_at:])
        if cue is None:
            return _bad_block(origin, first + timing_at)
        cues.append(cue)
    return cues


def vtt_cues(text: str, origin: Origin) -> list[Cue] | IntakeError:
    """Read the cues of a WebVTT file; NOTE, STYLE and REGION blocks and cue identifiers are passed over."""
    cues: list[Cue] = []
    blocks = _blocks(text)
    for first, block in blocks[1:] if blocks and blocks[0][1][0].startswith("WEBVTT") else blocks:
        if re.match(r"(NOTE|STYLE|REGION)(\s|$)", block[0]) and "-->" not in block[0]:
            continue
        timing_at = 0 if "-->" in block[0] else 1
        cue = _cue(len(cues), block[timing_at:])
        if cue is None:
            return _bad_block(origin, first + min(timing_at, len(block) - 1))
        cues.append(cue)
    return cues


def _blocks(text: str) -> list[tuple[int, list[str]]]:
    """Split at blank lines; each block comes with the 1-based number of its first line."""
    blocks: list[tuple[int, list[str]]] = []
    open_block = False
    for number, line in enumerate(text.lstrip("\ufeff").replace("\r\n", "\n").split("\n"), 1):
        if not line.strip():
            open_block = False
        elif open_block:
            blocks[-1][1].append(line)
        else:
            blocks.append((number, [line]))
            open_block = True
    return blocks


def _cue(number: int, block: list[str]) -> Cue | None:
    timing = _TIMING.fullmatch(block[0]) if block else None
    if timing is None or any("-->" in line for line in block[1:]):
        return None
    parts = timing.groups()
    if any(int(parts[i] or 0) > 59 for i in (1, 2, 5, 6)):
        return None
    return Cue(number, _ms(*parts[:4]), _ms(*parts[4:]), tuple(block[1:]))


def _ms(hours: str | None, minutes: str | None, seconds: str | None, fraction: str | None) -> int:
    # WebVTT leaves the hours out below one hour; "5" after the point is half a second.
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    return whole * 1000 + int((fraction or "0").ljust(3, "0"))


def _bad_block(origin: Origin, line: int) -> IntakeError:
    return IntakeError(
        file=origin.file,
        why="这一段字幕没有合法的时间行",
        remedy="时间行写成 00:00:01,000 --> 00:00:02,500，段与段之间空一行",
        code="bad_cue",
        line=line,
        record=origin.record,
    )
