"""Labelled transcripts: one JSON object a line, checked field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa_engine.domain.errors import QAEngineError
from qa_engine.domain.prediction import EMOTIONS, RESOLUTIONS
from qa_engine.domain.taxonomy import AGENT_ACTS, AGENT_FAULTS, COMPLAINT_TYPES, CUSTOMER_ACTS

CHANNELS = ("voice", "chat")
_LEVELS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class CorpusError(QAEngineError):
    """One record that does not follow the labelling schema. Never quotes the transcript.

    ``line`` is 1-based; ``field`` a dotted path such as ``turns[3].e``, "" for the whole record.
    """

    file: str
    line: int
    field: str
    why: str

    def __str__(self) -> str:
        field = f" 字段 {self.field}" if self.field else ""
        return f"{self.file} 第 {self.line} 行{field}：{self.why}。"


@dataclass(frozen=True, slots=True)
class LabelledTurn:
    """One turn. ``speaker`` is "agent" or "customer"; ``emotion`` is None on agent turns."""

    speaker: str
    text: str
    emotion: int | None
    acts: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelledDialogue:
    """One conversation with every label of the annotation guide. ``source`` is the file's stem."""

    id: str
    source: str
    channel: str
    industry: str
    turns: tuple[LabelledTurn, ...]
    drops: tuple[int, ...]
    attitude: int
    resolution: str
    satisfaction: int
    complaint: bool
    types: tuple[str, ...]
    review: bool


def read_corpus(folders: Sequence[Path]) -> list[LabelledDialogue]:
    """Read every ``*.jsonl`` of the folders (or single files), in name order.

    Raises:
        CorpusError: a record breaks the schema, an id occurs twice, or nothing was found.
    """
    files = [
        file for path in folders for file in ([path] if path.is_file() else sorted(path.glob("*.jsonl")))
    ]
    dialogues: list[LabelledDialogue] = []
    seen: set[str] = set()
    for file in files:
        for line, dialogue in read_file(file):
            if dialogue.id in seen:
                raise CorpusError(str(file), line, "id", "编号与前面的记录重复")
            seen.add(dialogue.id)
            dialogues.append(dialogue)
    if not dialogues:
        raise CorpusError(", ".join(str(path) for path in folders), 0, "", "没有找到任何标注对话")
    return dialogues


def read_file(file: Path) -> Iterator[tuple[int, LabelledDialogue]]:
    """Yield (line, dialogue) of one file.

    Raises:
        CorpusError: a record breaks the schema or the file cannot be read.
    """
    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(str(file), 0, "", "文件无法按 UTF-8 读取") from error
    for number, text in enumerate(content.split("\n"), start=1):
        if text.strip():
            try:
                record = json.loads(text)
            except ValueError as error:
                raise CorpusError(str(file), number, "", "不是合法的 JSON") from error
            yield number, _Record(str(file), number, record).dialogue(file.stem)


class _Record:
    """One record under inspection; knows where it stands so that errors can say so."""

    def __init__(self, file: str, line: int, value: Any) -> None:
        self._file, self._line = file, line
        if not isinstance(value, dict):
            raise self._error("", "应为一个 JSON 对象")
        self._value: Mapping[str, Any] = value

    def dialogue(self, source: str) -> LabelledDialogue:
        raw_turns = self._typed(self._value, "turns", list, "")
        if not raw_turns:
            raise self._error("turns", "至少要有一轮")
        turns = tuple(self._turn(turn, f"turns[{i}]") for i, turn in enumerate(raw_turns))
        drops = self._typed(self._value, "drops", list, "")
        for i, drop in enumerate(drops):
            known = isinstance(drop, int) and not isinstance(drop, bool) and 0 <= drop < len(turns)
            if not known or (turns[drop].emotion or 0) >= 0:
                raise self._error(f"drops[{i}]", "应指向一个情绪为负的客户轮次")
        return LabelledDialogue(
            id=self._text("id"),
            source=source,
            channel=self._choice("channel", CHANNELS),
            industry=self._text("industry"),
            turns=turns,
            drops=tuple(drops),
            attitude=self._choice("attitude", _LEVELS),
            resolution=self._choice("resolution", RESOLUTIONS),
            satisfaction=self._choice("satisfaction", _LEVELS),
            complaint=self._typed(self._value, "complaint", bool, ""),
            types=self._keys(self._value, "types", COMPLAINT_TYPES, "", least=1),
            review=self._typed(self._value, "review", bool, ""),
        )

    def _turn(self, turn: Any, path: str) -> LabelledTurn:
        if not isinstance(turn, dict):
            raise self._error(path, "应为一个 JSON 对象")
        text = self._typed(turn, "t", str, f"{path}.")
        if not text.strip():
            raise self._error(f"{path}.t", "文本为空")
        side = turn.get("s")
        if side == "C":
            emotion = turn.get("e")
            if isinstance(emotion, bool) or emotion not in EMOTIONS:
                raise self._error(f"{path}.e", "应为 -2、-1、0、1 之一")
            return LabelledTurn(
                "customer", text, emotion, self._keys(turn, "c", CUSTOMER_ACTS, f"{path}."), ()
            )
        if side == "A":
            marks = self._keys(turn, "a", {**AGENT_ACTS, **AGENT_FAULTS}, f"{path}.")
            acts = tuple(mark for mark in marks if mark in AGENT_ACTS)
            return LabelledTurn("agent", text, None, acts, tuple(m for m in marks if m in AGENT_FAULTS))
        raise self._error(f"{path}.s", "应为 A（坐席）或 C（客户）")

    def _error(self, field: str, why: str) -> CorpusError:
        return CorpusError(self._file, self._line, field, why)

    def _typed(self, holder: Mapping[str, Any], key: str, kind: type, prefix: str) -> Any:
        if key not in holder:
            raise self._error(f"{prefix}{key}", "缺少该字段")
        if not isinstance(holder[key], kind):
            raise self._error(f"{prefix}{key}", f"类型应为 {kind.__name__}")
        return holder[key]

    def _text(self, key: str) -> str:
        text: str = self._typed(self._value, key, str, "")
        if not text:
            raise self._error(key, "不能为空")
        return text

    def _choice(self, key: str, allowed: Sequence[Any]) -> Any:
        value = self._value.get(key)
        if key not in self._value:
            raise self._error(key, "缺少该字段")
        if isinstance(value, bool) or value not in allowed:
            raise self._error(key, f"应为 {'、'.join(str(item) for item in allowed)} 之一")
        return value

    def _keys(
        self, holder: Mapping[str, Any], key: str, known: Mapping[str, str], prefix: str, least: int = 0
    ) -> tuple[str, ...]:
        values = self._typed(holder, key, list, prefix)
        if len(values) < least:
            raise self._error(f"{prefix}{key}", f"至少要有 {least} 个")
        for i, value in enumerate(values):
            if not isinstance(value, str) or value not in known:
                raise self._error(f"{prefix}{key}[{i}]", "不是已知的标签")
        return tuple(dict.fromkeys(values))
