"""Live producers that write one message per line: the lines of a file together make the calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import orjson

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin, Transcript
from qa_engine.intake.duplicate_keys import refuse_duplicate_keys
from qa_engine.intake.fields import FieldProblem
from qa_engine.intake.producers.call import JsonProducer

_INDEX = re.compile(r"\[(\d+)\]\.?")


@dataclass
class JsonLinesProducer:
    """A ``TextFormatReader`` that reads the messages of ``producer`` from JSON lines."""

    producer: JsonProducer
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.producer.name

    def matches_text(self, head: str) -> bool:
        """Decide by the keys of the first line; lines that are a call each are not for this reader."""
        first = head.lstrip("\ufeff").lstrip().split("\n", 1)[0]
        if not first.startswith("{"):
            return False
        try:
            message = orjson.loads(first)
        except orjson.JSONDecodeError:
            return False
        return self.producer.matches([message]) and not self.producer.matches(message)

    def parse_text(self, text: str, origin: Origin) -> Iterator[Transcript | IntakeError]:
        """Yield the calls; errors name the line.

        A line that is no JSON spoils the file: nobody can tell which call has lost a sentence.
        """
        messages, lines = [], []
        for number, line in enumerate(text.lstrip("\ufeff").split("\n"), 1):
            if not line.strip():
                continue
            try:
                message = orjson.loads(line)
                refuse_duplicate_keys(line.encode(), message)
                messages.append(message)
            except FieldProblem as problem:
                yield problem.at(replace(origin, line=number))
                return
            except orjson.JSONDecodeError:
                yield IntakeError(
                    file=origin.file,
                    why="这一行不是合法的 JSON，无法判断它属于哪一通电话，整个文件未读入",
                    remedy="检查该行是否被截断，重新导出或删去该行",
                    code="bad_json",
                    line=number,
                    record=origin.record,
                )
                return
            lines.append(number)
        for result in self.producer.parse(messages, origin):
            yield _at_line(result, lines) if isinstance(result, IntakeError) else result


def _at_line(error: IntakeError, lines: list[int]) -> IntakeError:
    indexed = _INDEX.match(error.field)
    if indexed is None:
        return error
    return replace(error, line=lines[int(indexed[1])], field=error.field[indexed.end() :])
