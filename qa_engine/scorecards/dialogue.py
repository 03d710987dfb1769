"""Builds the transcript of a test from its “客服:”/“客户:” lines or its written-out turns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from qa_engine.domain.errors import ConfigError
from qa_engine.domain.transcript import Channel, Speaker, Transcript, Turn
from qa_engine.rules.source import Path, SourceMap
from qa_engine.scorecards.file import TestFile

_NAMES: Mapping[str, Speaker] = {
    "客服": Speaker.AGENT, "坐席": Speaker.AGENT, "客户": Speaker.CUSTOMER, "系统": Speaker.SYSTEM,
}  # fmt: skip
# 客服: 您好   or, with seconds from the start of the call,   客服[0-2.5]: 您好
_LINE = re.compile(
    r"^\s*(?P<name>客服|坐席|客户|系统)\s*"
    r"(?:\[\s*(?P<start>\d+(?:\.\d+)?)\s*-\s*(?P<end>\d+(?:\.\d+)?)\s*\])?\s*[:：]\s?(?P<text>.*)$"
)


def transcript_of(
    test: TestFile, path: Path, source: SourceMap, errors: list[ConfigError]
) -> Transcript | None:
    """The transcript of one test; None after adding to ``errors`` if it cannot be built."""
    if (test.dialogue is None) == (test.turns is None):
        why = "dialogue 和 turns 只能写一个" if test.dialogue is not None else "没有写对话"
        errors.append(source.error(path, why, "用 dialogue 写“客服:”“客户:”开头的对话，或用 turns 逐句写"))
        return None
    if test.turns is not None:
        turns = tuple(Turn(Speaker(t.speaker), t.text, t.start_ms, t.end_ms) for t in test.turns)
    else:
        before = len(errors)
        turns = tuple(_spoken(test.dialogue or "", (*path, "dialogue"), source, errors))
        if len(errors) > before:
            return None
    if not turns:
        errors.append(source.error((*path, "dialogue"), "对话是空的", "至少写一句“客服:”或“客户:”"))
        return None
    times = any(turn.start_ms is not None for turn in turns)
    return Transcript(
        id=f"test-{path[-1]}",
        turns=turns,
        channel=Channel(test.channel) if test.channel else Channel.UNKNOWN,
        started_at=test.started_at,
        attributes=MappingProxyType(dict(test.attributes)),
        duration_ms=test.duration_ms,
        unit_source="declared" if times else "none",
    )


def _spoken(text: str, path: Path, source: SourceMap, errors: list[ConfigError]) -> Iterator[Turn]:
    opened = source.line_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.match(line)
        if match is None:
            # A block text begins on the line after its key.
            at = None if opened is None else opened + number
            remedy = "每句都以“客服:”“客户:”或“系统:”开头，可以写时间，例如 客服[0-2.5]: 您好"
            why = f"对话第 {number} 行没有写是谁说的"
            errors.append(ConfigError(source.file, why, remedy, line=at, key=source.error(path, "", "").key))
            continue
        yield Turn(
            _NAMES[match["name"]],
            match["text"].rstrip(),
            _milliseconds(match["start"]),
            _milliseconds(match["end"]),
        )


def _milliseconds(seconds: str | None) -> int | None:
    return None if seconds is None else round(float(seconds) * 1000)
