"""JSON files and JSONL: from UTF-8 pieces to decoded documents to calls, one bad record at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import orjson

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin, Transcript
from qa_engine.intake.base import FormatReader
from qa_engine.intake.duplicate_keys import refuse_duplicate_keys
from qa_engine.intake.encoding import TextStream, foreign_utf8
from qa_engine.intake.fields import FieldProblem
from qa_engine.intake.json_values import RawValue, split_values
from qa_engine.intake.lines import bad_encoding, split_lines, too_long
from qa_engine.intake.own import OwnReader
from qa_engine.intake.producers import READERS

Items = Iterator[Transcript | IntakeError]
_READERS: tuple[FormatReader, ...] = (OwnReader(), *READERS)


@dataclass(frozen=True, slots=True)
class JsonSource:
    """What parsing needs to know about the file: its name, its codec and the limit of one value."""

    file: str
    codec: str
    max_bytes: int


def recognise(document: object) -> FormatReader | None:
    """Return the reader whose keys the document has, or None."""
    return next((reader for reader in _READERS if reader.matches(document)), None)


def read_json_lines(stream: TextStream, source: JsonSource) -> Items:
    """Yield the calls of a file with one JSON document a line; blank lines are skipped."""
    for line in split_lines(stream.pieces, source.max_bytes):
        origin = Origin(source.file, "", line.number)
        if line.too_long:
            yield too_long(source.max_bytes).at(origin)
        elif line.data.strip():
            yield from _read_bytes(line.data, origin, source)


def read_json_values(stream: TextStream, source: JsonSource) -> Items:
    """Yield the calls of JSON documents written over several lines, or of one array of documents."""
    array: _Array | None = None
    for value in split_values(stream.pieces, source.max_bytes):
        origin = Origin(source.file, "", value.line)
        if value.kind == "element" or value.kind == "array_end":
            array = array or _Array(source, origin)
            yield from array.take(value, origin)
            array = None if value.kind == "array_end" else array
            continue
        if value.kind == "value":
            yield from _read_bytes(value.data, origin, source)
            continue
        if value.kind == "too_long":
            yield too_long(source.max_bytes).at(origin)
        else:
            yield _broken().at(origin)
        if array is not None and array.gathered is not None:
            array.damaged = True
            yield from array.take(RawValue("array_end", value.line), origin)
            array = None


class _Array:
    """A top-level array: many documents, or (told by its first element) one document that is a list."""

    def __init__(self, source: JsonSource, origin: Origin) -> None:
        self.source = source
        self.origin = origin
        self.gathered: list[object] | None = None
        self.gathered_bytes = 0
        self.decided = False
        self.damaged = False

    def take(self, value: RawValue, origin: Origin) -> Items:
        if value.kind == "array_end":
            yield from self._end()
            return
        try:
            document = decode(value.data, self.source)
        except FieldProblem as problem:
            yield problem.at(origin)
            self.damaged = self.damaged or self.gathered is not None
            return
        if not self.decided:
            self.decided = True
            if recognise(document) is None and recognise([document]) is not None:
                self.gathered = []
        if self.gathered is None:
            yield from parse_document(document, origin)
        elif self.gathered_bytes <= self.source.max_bytes:
            self.gathered_bytes += len(value.data)
            self.gathered.append(document)

    def _end(self) -> Items:
        if self.gathered_bytes > self.source.max_bytes:
            yield too_long(self.source.max_bytes).at(self.origin)
        elif self.damaged:
            why, remedy = "数组里有读不出的部分，整通会话不能当完整的来评", "修复或重新导出该文件"
            yield FieldProblem("", why, remedy, "incomplete_call").at(self.origin)
        elif self.gathered is not None:
            yield from parse_document(self.gathered, self.origin)


def _read_bytes(data: bytes, origin: Origin, source: JsonSource) -> Items:
    try:
        document = decode(data, source)
    except FieldProblem as problem:
        yield problem.at(origin)
        return
    yield from parse_document(document, origin)


def parse_document(document: object, origin: Origin) -> Items:
    """Yield the calls of one decoded document; a list nobody knows is read element by element."""
    reader = recognise(document)
    if reader is not None:
        placed = replace(origin, producer=reader.name)
        count = 0
        for item in _guarded(lambda: reader.parse(document, placed), placed):
            count += 1
            yield item
        if not count:
            why, remedy = "格式认得，但里面一通会话也没有", "检查导出条件"
            yield FieldProblem("", why, remedy, "empty_document").at(placed)
    elif isinstance(document, list) and document and not any(isinstance(one, list) for one in document):
        for element in document:
            yield from parse_document(element, origin)
    else:
        why = "不是任何已支持的转写格式"
        remedy = (
            "对照 docs/transcripts.zh-CN.md 的格式清单检查字段名，或转成其中的本系统 JSONL（每通要有 turns）"
        )
        yield FieldProblem("", why, remedy, "unknown_format").at(origin)


def _guarded(parse: Callable[[], Items], origin: Origin) -> Items:
    """Turn a field problem that escapes a reader into a value, keeping what came before it."""
    try:
        yield from parse()
    except FieldProblem as problem:
        yield problem.at(origin)


def decode(data: bytes, source: JsonSource) -> object:
    """Decode one JSON value.

    Raises:
        FieldProblem: with a code that tells the usual causes apart.
    """
    try:
        document: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _explain(data, error, source.codec) from None
    if source.codec == "gb18030" and foreign_utf8(data.decode("utf-8")):
        raise bad_encoding(source.codec, 0)
    refuse_duplicate_keys(data, document)
    return document


def _explain(data: bytes, error: orjson.JSONDecodeError, codec: str) -> FieldProblem:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        return bad_encoding(codec, wrong.start)
    at = f"（本条第 {error.pos + 1} 个字符）"
    if b"\x00" in data:
        return FieldProblem("", f"含有 NUL 字符{at}", "重新导出，去掉 NUL 字符", "nul_character")
    if "surrogate" in error.msg:
        why = f"含有不成对的代理字符{at}"
        return FieldProblem("", why, "重新导出，不要在表情符号中间截断", "lone_surrogate")
    if "depth" in error.msg:
        return FieldProblem("", "JSON 嵌套过深", "检查导出程序", "too_deep")
    if "infinity" in error.msg or text[error.pos :].lstrip("-").startswith(("NaN", "Infinity")):
        return FieldProblem("", f"数字不是有限值{at}", "把 NaN 和无穷大写成 null 或普通数字", "not_finite")
    if "end of data" in error.msg:
        return FieldProblem("", "JSON 不完整，在中途断掉了", "重新导出该记录", "truncated_json")
    return FieldProblem("", f"不是合法的 JSON{at}", "用 JSON 校验工具检查该记录", "bad_json")


def _broken() -> FieldProblem:
    why = "从这里开始的 JSON 括号或引号不配对，无法再分出记录"
    return FieldProblem("", why, "修复该处；或改用一行一条的 JSONL，坏一条不影响其他", "broken_json")
