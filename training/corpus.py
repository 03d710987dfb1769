"""Labelled transcripts: one JSON object a line, plain or gzip, checked field by field.

Two shapes are read: the house's short one (``data/corpus/conventions.md``) and transcripts of the engine
with a ``gold`` object (`training.gold`). Any label may be absent: it is then neither learnt nor measured.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from qa_engine.domain.prediction import EMOTIONS, RESOLUTIONS
from qa_engine.domain.taxonomy import AGENT_ACTS, AGENT_FAULTS, COMPLAINT_TYPES, CUSTOMER_ACTS
from training.fields import Fields
from training.gold import LABELS, LEVELS, dialogue_with_gold
from training.labelled import CorpusError, LabelledDialogue, LabelledTurn

__all__ = ["CorpusError", "LabelledDialogue", "LabelledTurn", "read_corpus", "read_file"]

CHANNELS = ("voice", "chat")
_OTHERS = ("id", "industry", "channel", "scenario", "turns", "why")  # of the short shape, beside the labels
_ENDINGS = (".jsonl", ".jsonl.gz")


def read_corpus(folders: Sequence[Path], known: Sequence[LabelledDialogue] = ()) -> list[LabelledDialogue]:
    """Read every ``*.jsonl`` and ``*.jsonl.gz`` of the folders (or single files), in name order.

    Args:
        folders: folders or files.
        known: dialogues read before, whose ids must not occur again.

    Raises:
        CorpusError: a record breaks the schema, an id occurs twice, or there is nothing in one of them.
    """
    files = [file for path in folders for file in _files(path)]
    dialogues: list[LabelledDialogue] = []
    seen = {dialogue.id for dialogue in known}
    for file in files:
        for line, dialogue in read_file(file):
            if dialogue.id in seen:
                raise CorpusError(str(file), line, "id", "编号与前面的记录重复")
            seen.add(dialogue.id)
            dialogues.append(dialogue)
    if not dialogues:
        raise CorpusError("、".join(str(path) for path in folders), 0, "", "没有找到任何标注对话")
    return dialogues


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CorpusError(str(path), 0, "", "没有这个文件或文件夹")
    found = sorted(file for ending in _ENDINGS for file in path.glob(f"*{ending}"))
    if not found:
        raise CorpusError(str(path), 0, "", f"文件夹里没有 {' 或 '.join(_ENDINGS)} 文件")
    return found


def read_file(file: Path) -> Iterator[tuple[int, LabelledDialogue]]:
    """Yield (line, dialogue) of one file.

    Raises:
        CorpusError: a record breaks the schema or the file cannot be read.
    """
    try:
        packed = file.read_bytes()
        content = (gzip.decompress(packed) if file.suffix == ".gz" else packed).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(str(file), 0, "", "文件无法按 UTF-8 读取") from error
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(str(file), 0, "", "文件无法读取，或压缩内容不完整") from error
    source = file.name.removesuffix(".gz").removesuffix(".jsonl")
    for number, text in enumerate(content.split("\n"), start=1):
        if text.strip():
            try:
                record = json.loads(text)
            except ValueError as error:
                raise CorpusError(str(file), number, "", "不是合法的 JSON") from error
            fields = Fields(str(file), number, record)
            dialogue = (dialogue_with_gold if "gold" in fields else _dialogue)(fields, source)
            if not dialogue.has_labels:
                raise fields.error("", "没有任何标注；没有标注的会话请不要放进来")
            yield number, dialogue


def _dialogue(record: Fields, source: str) -> LabelledDialogue:
    spoken = record.typed("turns", list)
    if not spoken:
        raise record.error("turns", "至少要有一轮")
    if isinstance(spoken[0], dict) and "speaker" in spoken[0]:
        raise record.error("gold", "缺少该字段；没有标注的会话请不要放进来")
    record.refuse_misspelt((*_OTHERS, *LABELS))
    turns = tuple(_turn(record, turn, f"turns[{i}]") for i, turn in enumerate(spoken))
    return LabelledDialogue(
        id=record.text("id"),
        source=source,
        channel=record.choice("channel", CHANNELS),
        industry=record.text("industry") if "industry" in record else None,
        turns=turns,
        drops=_drops(record, turns),
        attitude=record.given_choice("attitude", LEVELS),
        resolution=record.given_choice("resolution", RESOLUTIONS),
        satisfaction=record.given_choice("satisfaction", LEVELS),
        complaint=record.given("complaint", bool),
        types=record.given_keys("types", COMPLAINT_TYPES, least=1),
        review=record.given("review", bool),
    )


def _turn(record: Fields, value: object, path: str) -> LabelledTurn:
    turn = record.inner(value, path)
    text = turn.typed("t", str)
    if not text.strip():
        raise turn.error("t", "文本为空")
    if turn.choice("s", ("A", "C")) == "C":
        emotion = turn.given_choice("e", EMOTIONS)
        return LabelledTurn("customer", text, emotion, turn.given_keys("c", CUSTOMER_ACTS), ())
    marks = turn.given_keys("a", {**AGENT_ACTS, **AGENT_FAULTS})
    if marks is None:
        return LabelledTurn("agent", text, None, None, None)
    acts = tuple(mark for mark in marks if mark in AGENT_ACTS)
    return LabelledTurn("agent", text, None, acts, tuple(m for m in marks if m in AGENT_FAULTS))


def _drops(record: Fields, turns: Sequence[LabelledTurn]) -> tuple[int, ...] | None:
    drops = record.given("drops", list)
    if drops is None:
        return None
    for i, drop in enumerate(drops):
        known = isinstance(drop, int) and not isinstance(drop, bool) and 0 <= drop < len(turns)
        calm = known and turns[drop].emotion is not None and turns[drop].emotion >= 0
        if not known or turns[drop].speaker != "customer" or calm:
            raise record.error(f"drops[{i}]", "应指向一个情绪为负的客户轮次")
    return tuple(drops)
