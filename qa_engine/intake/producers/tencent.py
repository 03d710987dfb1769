"""Tencent Cloud: ASR sentence details (ms, any field may be null) and TCCC call texts (epoch ms)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from qa_engine.domain.transcript import Speaker, Transcript, Turn, Word
from qa_engine.intake.base import FieldProblem, FieldReader
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, measured
from qa_engine.intake.producers.clock import checked_epoch_ms, epoch_text
from qa_engine.intake.producers.roles import role_of
from qa_engine.intake.producers.wording import join_pieces


def _text(sentence: FieldReader) -> str:
    """Return the sentence; where the final text is null, the written, then the sliced one."""
    for key in ("FinalSentence", "WrittenText"):
        text = sentence.optional_text(key)
        if text is not None:
            return text
    sliced = sentence.optional_text("SliceSentence")
    return join_pieces(sliced.split()) if sliced is not None else sentence.text("FinalSentence")


def _words(sentence: FieldReader, start_ms: int | None) -> tuple[Word, ...]:
    words = []
    for word in sentence.optional_objects("Words"):
        # Offsets count from the start of the sentence, not of the recording.
        begin, end = word.optional_ms("OffsetStartMs"), word.optional_ms("OffsetEndMs")
        timed = start_ms is not None and begin is not None and end is not None
        words.append(
            Word(
                word.optional_text("Word") or "",
                (start_ms or 0) + (begin or 0) if timed else None,
                (start_ms or 0) + (end or 0) if timed else None,
            )
        )
    return tuple(words)


def _emotion(sentence: FieldReader) -> str | None:
    kinds = sentence.optional_array("EmotionType")
    if kinds and not isinstance(kinds[0], str):
        raise FieldProblem(
            f"{sentence.path_of('EmotionType')}[0]", "情绪类型应为文本", "按原样导出识别结果", "wrong_type"
        )
    return str(kinds[0]).upper() if kinds else None


def _turn(sentence: FieldReader) -> Turn:
    start = sentence.optional_ms("StartMs")
    per_second = sentence.optional_number("SpeechSpeed")
    return Turn(
        speaker=Speaker.UNKNOWN,
        text=_text(sentence),
        start_ms=start,
        end_ms=sentence.optional_ms("EndMs"),
        words=_words(sentence, start),
        speaker_label=sentence.optional_label("SpeakerId"),
        signals=measured(
            emotion=_emotion(sentence),
            loudness=sentence.optional_number("EmotionalEnergy"),
            speech_rate_cpm=None if per_second is None else round(per_second * 60, 6),
        ),
    )


def _read_task(value: object, path: str) -> Transcript:
    task = FieldReader(value, path)
    status = task.optional_text("StatusStr")
    if not task.has("ResultDetail") and status not in (None, "success"):
        raise FieldProblem(
            task.path_of("StatusStr"), "识别尚未成功，没有转写结果", "等识别成功后重新取结果", "not_finished"
        )
    if not task.has("ResultDetail"):
        raise FieldProblem(
            task.path_of("ResultDetail"),
            "没有逐句结果",
            "识别请求里把 ResTextFormat 设为 1 以上，重新识别",
            "missing_field",
        )
    return call_of(
        [_turn(sentence) for sentence in task.objects("ResultDetail")],
        task.path_of("ResultDetail"),
        id=task.optional_label("TaskId"),
        duration_ms=task.optional_ms("AudioDuration", "s"),
    )


def _read_sentences(sentences: list[object]) -> Transcript:
    return call_of([_turn(FieldReader(item, f"[{i}]")) for i, item in enumerate(sentences)], "")


def _inside(document: object, *keys: str) -> tuple[object, str]:
    """Step into the envelopes ``keys`` as far as they are there; return what is inside and its path."""
    found, path = document, ""
    for key in keys:
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found, path = found[key], f"{path}.{key}" if path else key
    return found, path


def _recognise(document: object) -> bool:
    if isinstance(document, list):
        first = document[0] if document else None
        return isinstance(first, dict) and {"FinalSentence", "StartMs"} <= first.keys()
    inside, _ = _inside(document, "Response", "Data")
    return isinstance(inside, dict) and "ResultDetail" in inside


def _calls(document: object) -> Iterable[ReadCall]:
    if isinstance(document, list):
        return [partial(_read_sentences, document)]
    inside, path = _inside(document, "Response", "Data")
    return [partial(_read_task, inside, path)]


def _heard(item: FieldReader) -> Turn:
    user = item.optional_label("User")
    return Turn(
        # A role name, an agent's mail address or a phone number: only the first tells the role.
        speaker=role_of(user),
        text=item.text("Message"),
        start_ms=checked_epoch_ms(item.number("Start"), item.path_of("Start")),
        end_ms=checked_epoch_ms(item.number("End"), item.path_of("End")),
        speaker_label=user,
    )


def _read_call_texts(value: object, path: str) -> Transcript:
    response = FieldReader(value, path)
    items = response.objects("AsrDataList")
    turns = [_heard(item) for item in items]
    # Nobody tells when the call began; its first sentence is the nearest known moment.
    zero = min((turn.start_ms or 0 for turn in turns), default=0)
    moved = []
    for item, turn in zip(items, turns, strict=True):
        start, end = (turn.start_ms or 0) - zero, (turn.end_ms or 0) - zero
        if end < 0:
            raise FieldProblem(item.path_of("End"), "结束时间早于通话的第一句", "检查时间戳", "bad_time")
        moved.append(replace(turn, start_ms=start, end_ms=end))
    return call_of(moved, response.path_of("AsrDataList"), started_at=epoch_text(zero) if zero else None)


def _recognise_call_texts(document: object) -> bool:
    inside, _ = _inside(document, "Response")
    return isinstance(inside, dict) and "AsrDataList" in inside


def _call_texts(document: object) -> Iterable[ReadCall]:
    inside, path = _inside(document, "Response")
    return [partial(_read_call_texts, inside, path)]


TENCENT_ASR = JsonProducer("tencent_asr", _recognise, _calls)
TENCENT_TCCC = JsonProducer("tencent_tccc", _recognise_call_texts, _call_texts)
