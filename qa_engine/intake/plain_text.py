"""Plain text: ``客服：…`` / ``客户：…`` lines, with or without a time before the name, many calls a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import Channel, Origin, Speaker, Transcript, TranscriptFlag, Turn
from qa_engine.intake.fields import FieldProblem
from qa_engine.intake.headers import SYNONYMS, plain
from qa_engine.intake.lines import Line, checked_line
from qa_engine.intake.speakers import assign_speakers, channel_of, speaker_of
from qa_engine.intake.tables import time_flags, unit_source
from qa_engine.intake.times import CLOCK, DATE, TimeCell, offsets, read_time

Items = Iterator[Transcript | IntakeError]

_TIME = rf"(?:{DATE.pattern}|{CLOCK.pattern}|\d{{1,6}}(?:\.\d{{1,3}})?s?)"
_STAMP = re.compile(
    rf"^\s*[\[(【<（]?(?P<start>{_TIME})\s*(?:(?:-->|-|~|—|至)\s*(?P<end>{_TIME}))?[\])】>）]?\s+(?=\S)"
)
_NAMED = re.compile(r"^\s*[\[【<]?(?P<name>[^\s:：\[\]【】<>]{1,24})[\]】>]?\s*[:：]\s?(?P<text>.*)$")
# "客服小王 2024-05-01 10:00:00" on a line of its own, the message below: how chat exports look.
_NAME_LINE = re.compile(
    rf"^\s*(?P<name>[^\s:：]{{1,24}})\s+[\[(（]?(?P<start>{DATE.pattern}|{CLOCK.pattern})[\])）]?\s*$"
)
# Single letters are labels in capitals only: "a: 1" is a setting, not somebody speaking.
_LABEL = re.compile(r"[A-Z]|(?i:spk|speaker|channel|说话人|发言人|讲话人|声道)[\s_\-]?\d{1,3}")
_RULE = re.compile(r"^\s*([=\-*#_~—])\1{2,}.*$")
_META = ("id", "agent_id", "agent_name", "team", "skill_group", "customer_id", "customer_tier",
         "customer_region", "channel", "started_at")  # fmt: skip
_META_OF = {synonym: key for key in _META for synonym in SYNONYMS[key]}


@dataclass
class _Block:
    """One call while its lines are being collected."""

    line: int
    meta: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    texts: list[list[str]] = field(default_factory=list)
    times: list[tuple[TimeCell | None, TimeCell | None]] = field(default_factory=list)
    headless: int = 0
    blank_above: bool = False
    problem: FieldProblem | None = None
    problem_line: int = 0

    def spoil(self, problem: FieldProblem, line: int) -> None:
        if self.problem is None:
            self.problem, self.problem_line = problem, line


def looks_like_dialogue(head: str) -> bool:
    """Tell whether the beginning of a text is spoken: one line by a known role, or two by any label."""
    said = [found for line in head.splitlines()[:400] if (found := _said(line)) is not None]
    return len(said) >= 2 or any(_names_role(name) for name, *_ in said)


def _names_role(name: str) -> bool:
    return len(name) > 1 and speaker_of(name) is not None


def read_text(
    lines: Iterator[Line], origin: Origin, codec: str, max_bytes: int, breaks: list[Exception]
) -> Items:
    """Yield every call of a plain text.

    A new call starts at a rule (``===``), or at a header such as ``会话ID：`` once something was said.
    A line without a speaker continues the turn above it.
    """
    block = _Block(1)
    for line in lines:
        try:
            text = checked_line(line, codec, max_bytes)
        except FieldProblem as problem:
            block.spoil(problem, line.number)
            continue
        if _RULE.match(text) or (block.names and _header(text, block, block.blank_above)):
            yield from _ended(block, origin)
            block = _Block(line.number)
            if _RULE.match(text):
                continue
        try:
            _take(text, block)
        except FieldProblem as problem:
            block.spoil(problem, line.number)
    if breaks:
        why, remedy = "文件在中途断掉，最后一通会话不完整", "重新传输或导出该文件"
        block.spoil(FieldProblem("", why, remedy, "incomplete_call"), block.line)
    yield from _ended(block, origin)


def _header(text: str, block: _Block, blank_above: bool) -> bool:
    """Tell whether a line heads a new call: an id always, other data only behind a blank line."""
    found = _NAMED.match(text) if _said(text) is None else None
    key = _META_OF.get(plain(found["name"])) if found else None
    return key == "id" or (key is not None and blank_above and bool(block.names))


def _said(text: str) -> tuple[str, str, str | None, str | None] | None:
    """Split a line into (name, words, start, end); None when nobody is named in it."""
    if alone := _NAME_LINE.match(text):
        name = alone["name"]
        if speaker_of(name) is not None or DATE.fullmatch(alone["start"]):
            return name, "", alone["start"], None
    stamp = _STAMP.match(text)
    rest = text[stamp.end() :] if stamp else text
    found = _NAMED.match(rest)
    if found is None or not (_names_role(found["name"]) or _LABEL.fullmatch(found["name"])):
        return None
    return found["name"], found["text"], stamp["start"] if stamp else None, stamp["end"] if stamp else None


def _take(text: str, block: _Block) -> None:
    block.blank_above, above = not text.strip(), block.blank_above
    if not text.strip():
        return
    said = _said(text)
    if said is None:
        found = _NAMED.match(text)
        key = _META_OF.get(plain(found["name"])) if found else None
        if found is not None and key is not None and not block.names:
            block.meta.setdefault(key, found["text"].strip())
        elif block.texts:
            block.texts[-1].extend(["", text] if above and block.texts[-1] != [""] else [text])
        else:
            block.headless += 1
        return
    name, words, start, end = said
    path = f"turns[{len(block.names)}].start"
    times = (_time(start, path), _time(end, path))
    block.names.append(name)
    block.texts.append([words] if words else [])
    block.times.append(times)


def _time(text: str | None, path: str) -> TimeCell | None:
    return None if text is None else read_time(text.removesuffix("s"), path)


def _ended(block: _Block, origin: Origin) -> Items:
    placed = Origin(origin.file, "text", block.line)
    if block.problem is not None:
        yield block.problem.at(Origin(origin.file, "text", block.problem_line))
    elif block.names:
        try:
            yield _transcript(block, placed)
        except FieldProblem as problem:
            yield problem.at(placed)
    elif block.headless or block.meta:
        why = "这一段里没有一行写明谁在说话"
        yield FieldProblem("", why, "每行写成“客服：…”或“客户：…”", "no_speaker_lines").at(placed)


def _transcript(block: _Block, origin: Origin) -> Transcript:
    texts = ["\n".join(parts) for parts in block.texts]
    paths = [f"turns[{i}]" for i in range(len(texts))]
    spans = offsets(block.times, texts, "s", paths)
    speakers = assign_speakers(block.names)
    flags = [*time_flags(spans)]
    if block.headless:
        why = f"开头有 {block.headless} 行没有写明谁在说话，未计入会话"
        flags.append(TranscriptFlag("leading_text_ignored", why))
    meta = block.meta.get
    return Transcript(
        id=meta("id", ""),
        turns=tuple(
            Turn(speaker, text, start, end, speaker_label=label)
            for (speaker, label), text, (start, end) in zip(speakers, texts, spans.spans, strict=True)
        ),
        channel=channel_of(meta("channel", "")) or Channel.UNKNOWN,
        started_at=meta("started_at") or spans.started_at,
        agent=Agent(meta("agent_id"), meta("agent_name"), meta("team"), meta("skill_group")),
        customer=Customer(meta("customer_id"), meta("customer_tier"), meta("customer_region")),
        role_source="given" if any(speaker is not Speaker.UNKNOWN for speaker, _ in speakers) else "unknown",
        unit_source=unit_source(spans),
        flags=tuple(flags),
        origin=origin,
    )
