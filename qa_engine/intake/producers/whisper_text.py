"""WhisperX plain text: one ``[SPEAKER_00]: …`` line a segment, no times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin, Speaker, Transcript, Turn
from qa_engine.intake.base import FieldProblem
from qa_engine.intake.fields import checked_text
from qa_engine.intake.producers.call import call_of

_LINE = re.compile(r"\s*(?:\[(?P<label>SPEAKER_\d+)\]:)?\s*(?P<text>.*?)\s*", re.DOTALL)


@dataclass
class WhisperTextReader:
    """A ``TextFormatReader`` for the text output of WhisperX."""

    name: str = "whisperx_txt"

    def matches_text(self, head: str) -> bool:
        """Decide by the prefix of the first line."""
        return re.match(r"\s*\[SPEAKER_\d+\]:", head.lstrip("\ufeff")) is not None

    def parse_text(self, text: str, origin: Origin) -> Iterator[Transcript | IntakeError]:
        """Yield the one call of the file; a line without a prefix had no speaker overlapping it."""
        placed = replace(origin, producer=self.name)
        try:
            turns = [
                _turn(line, number)
                for number, line in enumerate(text.lstrip("\ufeff").split("\n"), 1)
                if line.strip()
            ]
            yield replace(call_of(turns, ""), origin=placed)
        except FieldProblem as problem:
            yield problem.at(placed)


def _turn(line: str, number: int) -> Turn:
    found = _LINE.fullmatch(checked_text(line, f"lines[{number - 1}]"))
    label, text = (found["label"], found["text"]) if found else (None, line.strip())
    return Turn(Speaker.UNKNOWN, text, speaker_label=label)


WHISPERX_TXT = WhisperTextReader()
