"""FunASR websocket messages: one answer, an array of messages, or one message per line.

``2pass-online`` messages are first guesses that the following ``2pass-offline`` message corrects, so
they count only where no correction followed. ``is_final`` says nothing here: offline mode always
sends false.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from qa_engine.domain.transcript import Transcript, Turn
from qa_engine.intake.base import FieldProblem, FieldReader
from qa_engine.intake.fields import wrong_type
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of
from qa_engine.intake.producers.funasr import spoken, whole_sentences
from qa_engine.intake.producers.jsonl import JsonLinesProducer
from qa_engine.intake.producers.wording import join_pieces, spans

_FIRST_GUESS = ("2pass-online", "online")
_CORRECTED = ("2pass-offline", "offline")


@dataclass(frozen=True)
class _Stamped:
    """One entry of ``stamp_sents``: the bare characters, and where they are in text and time."""

    characters: str
    punctuation: str
    start_ms: int
    end_ms: int
    times: tuple[tuple[int, int], ...]
    label: str | None


def _stamped(message: FieldReader) -> list[_Stamped]:
    found = []
    for item in message.optional_objects("stamp_sents"):
        segment = item.text("text_seg")
        # Chinese characters are blank-separated; Latin words keep one blank between them.
        characters = join_pieces(segment.split())
        found.append(
            _Stamped(
                characters,
                item.optional_text("punc") or "",
                item.integer_ms("start"),
                item.integer_ms("end"),
                tuple(spans(item.value.get("ts_list"), item.path_of("ts_list"))),
                item.optional_label("spk_name") or item.optional_label("spk"),
            )
        )
    return found


def _timestamp(message: FieldReader) -> list[tuple[int, int]]:
    value, path = message.value.get("timestamp"), message.path_of("timestamp")
    if isinstance(value, str):
        if not value.strip():
            return []
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise wrong_type(path, "写在文本里的时间数组", value) from None
    return spans(value, path)


def _cut(text: str, stamped: Sequence[_Stamped]) -> list[str] | None:
    """Cut ``text`` where the stamped characters end; None when the two do not agree."""
    pieces, here = [], 0
    for sentence in stamped:
        begin = here
        for character in sentence.characters:
            while here < len(text) and text[here] != character and not text[here].isalnum():
                here += 1
            if here == len(text) or text[here] != character:
                return None
            here += 1
        while here < len(text) and not text[here].isalnum():
            here += 1
        pieces.append(text[begin:here].strip())
    return pieces if here == len(text) else None


def _utterance(message: FieldReader) -> list[Turn]:
    """Read one corrected message: sentence by sentence where text and stamps agree, else as a whole."""
    text = message.text("text")
    stamped, times = _stamped(message), _timestamp(message)
    label = message.optional_label("spk_name")
    if not text.strip():
        text = "".join(sentence.characters + sentence.punctuation for sentence in stamped)
        if not text:
            return []
    pieces = _cut(text, stamped) if stamped else None
    if pieces is None or message.text("mode") == "2pass-offline":
        spans_seen = [(s.start_ms, s.end_ms) for s in stamped] or times
        start, end = (spans_seen[0][0], spans_seen[-1][1]) if spans_seen else (None, None)
        by_character = times or [pair for sentence in stamped for pair in sentence.times]
        return [spoken(text, start, end, by_character, label or (stamped[0].label if stamped else None))]
    return [
        spoken(piece, s.start_ms, s.end_ms, s.times, s.label or label)
        for piece, s in zip(pieces, stamped, strict=True)
    ]


def _read(messages: Sequence[tuple[object, str]]) -> Transcript:
    turns: list[Turn] = []
    guesses: list[str] = []
    name = path = ""
    for value, path in messages:
        message = FieldReader(value, path)
        name = message.label("wav_name")
        mode = message.text("mode")
        if mode in _CORRECTED:
            turns.extend(_utterance(message))
            guesses.clear()
        elif mode in _FIRST_GUESS:
            guesses.append(message.text("text"))
        else:
            raise FieldProblem(
                message.path_of("mode"), "识别模式不认识", "应为 offline、online 或 2pass", "bad_value"
            )
    guess = join_pieces(piece for piece in guesses if piece)
    if guess.strip():
        turns.append(spoken(guess, None, None, (), None))
    return call_of(whole_sentences(turns), f"{path}.text" if path else "text", id=name)


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and {"mode", "wav_name", "text"} <= value.keys()


def _recognise(document: object) -> bool:
    if isinstance(document, list):
        return bool(document) and _is_message(document[0])
    # In offline mode one message is the whole call; of a 2pass stream it is only one utterance.
    return isinstance(document, dict) and _is_message(document) and document["mode"] == "offline"


def _calls(document: object) -> Iterable[ReadCall]:
    listed = document if isinstance(document, list) else None
    messages = [(document, "")] if listed is None else [(m, f"[{i}]") for i, m in enumerate(listed)]
    by_name: dict[str, list[tuple[object, str]]] = {}
    for value, path in messages:
        by_name.setdefault(FieldReader(value, path).label("wav_name"), []).append((value, path))
    return [partial(_read, of_one) for of_one in by_name.values()]


FUNASR_STREAM = JsonProducer("funasr_stream", _recognise, _calls)
FUNASR_STREAM_LINES = JsonLinesProducer(FUNASR_STREAM)
