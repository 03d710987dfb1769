"""SRT and WebVTT: times in text, and speakers only as a prefix (``[SPEAKER_00]: ``, ``客服：``) or voice tag.

Tags and the wrapping of a cue over several lines are layout, so they are taken off the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin, Speaker, Transcript, Turn, Word
from qa_engine.intake.base import FieldProblem
from qa_engine.intake.fields import checked_text
from qa_engine.intake.producers.call import call_of
from qa_engine.intake.producers.cues import Cue, srt_cues, vtt_cues
from qa_engine.intake.producers.roles import role_of
from qa_engine.intake.producers.wording import join_pieces

_TAG = re.compile(
    r"</?(?:[ubi]|ruby|rt|c|lang|font)(?:[.\s][^<>]*)?>|</?v(?:[.\s][^<>]*)?>|<\d[\d:.]*>", re.IGNORECASE
)
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>", re.IGNORECASE)
_UNDERLINED = re.compile(r"<u>(.*?)</u>", re.DOTALL | re.IGNORECASE)
_PREFIX = re.compile(
    r"\s*(?:-\s*)?(?:\[(?P<bracket>[^\[\]\n]{1,40})\]|(?P<bare>[^\s:：\[\]]{2,20}))\s*[:：]\s*"
)
_BARE_LABEL = re.compile(r"SPEAKER_\d+", re.IGNORECASE)


@dataclass(frozen=True)
class _Line:
    """What one speaker says within one cue."""

    label: str | None
    text: str
    highlighted: str | None


def _plain(text: str, is_vtt: bool) -> str:
    bare = _TAG.sub("", text)
    return html.unescape(bare).replace("\u200e", "").replace("\u200f", "") if is_vtt else bare


def _prefixed(text: str) -> tuple[str | None, str]:
    """Take the speaker off a line. A bare name must be a role: "地址：…" is something that was said."""
    prefix = _PREFIX.match(text)
    if prefix is None:
        return None, text.strip()
    bare = prefix["bare"]
    if bare and role_of(bare) is Speaker.UNKNOWN and not _BARE_LABEL.fullmatch(bare):
        return None, text.strip()
    return prefix["bracket"] or bare, text[prefix.end() :].strip()


def _spoken_lines(cue: Cue, is_vtt: bool) -> list[_Line]:
    """Split a cue by speaker: a new prefix or voice tag begins a new one, other lines continue."""
    spoken: list[tuple[str | None, list[str], str | None]] = []
    for raw in cue.lines:
        for part in re.split(r"(?=<v[.\s])", raw) if is_vtt else [raw]:
            if not part.strip():
                continue
            voice = _VOICE.search(part) if is_vtt else None
            underlined = _UNDERLINED.search(part)
            text = _plain(part, is_vtt)
            label, text = (voice[1].strip(), text.strip()) if voice else _prefixed(text)
            highlighted = _plain(underlined[1], is_vtt).strip() if underlined else None
            if label is not None or not spoken:
                spoken.append((label, [text], highlighted))
            else:
                before = spoken[-1]
                spoken[-1] = (before[0], [*before[1], text], before[2] or highlighted)
    return [_Line(label, join_pieces(texts), mark) for label, texts, mark in spoken]


def _turns(cues: Sequence[Cue], is_vtt: bool) -> list[Turn]:
    turns: list[Turn] = []
    in_highlight = False
    for cue in cues:
        for line in _spoken_lines(cue, is_vtt):
            checked_text(line.text, f"cues[{cue.number}]")
            mark = (Word(line.highlighted, cue.start_ms, cue.end_ms),) if line.highlighted else ()
            last = turns[-1] if turns else None
            # highlight_words writes the whole line again for every word, and for the gaps between.
            if (
                last is not None
                and (in_highlight or mark)
                and (last.text, last.speaker_label, last.end_ms) == (line.text, line.label, cue.start_ms)
            ):
                turns[-1] = replace(last, end_ms=cue.end_ms, words=last.words + mark)
                in_highlight = True
                continue
            in_highlight = bool(mark)
            turns.append(Turn(role_of(line.label), line.text, cue.start_ms, cue.end_ms, mark, line.label))
    return turns


@dataclass
class SubtitleReader:
    """A ``TextFormatReader`` for one of the two formats."""

    name: str
    is_vtt: bool

    def matches_text(self, head: str) -> bool:
        """WebVTT by its signature; SRT by a timing line among the first two lines that say anything."""
        text = head.lstrip("\ufeff")
        signed = re.match(r"WEBVTT(?:[ \t\r\n]|$)", text) is not None
        if self.is_vtt or signed:
            return self.is_vtt and signed
        first = [line.strip() for line in text.splitlines() if line.strip()][:2]
        return any(re.match(r"\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}\s*-->", line) for line in first)

    def parse_text(self, text: str, origin: Origin) -> Iterator[Transcript | IntakeError]:
        """Yield the one call of the file, or the error with its line."""
        placed = replace(origin, producer=self.name)
        cues = vtt_cues(text, placed) if self.is_vtt else srt_cues(text, placed)
        if isinstance(cues, IntakeError):
            yield cues
            return
        try:
            yield replace(call_of(_turns(cues, self.is_vtt), "cues"), origin=placed)
        except FieldProblem as problem:
            yield problem.at(placed)


SRT = SubtitleReader("srt", is_vtt=False)
VTT = SubtitleReader("vtt", is_vtt=True)
