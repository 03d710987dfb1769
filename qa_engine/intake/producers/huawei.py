"""Huawei Cloud SIS recording recognition with call analysis (ms; speed in characters per second)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from qa_engine.domain.transcript import Transcript, Turn, Word
from qa_engine.intake.base import FieldProblem, FieldReader
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, measured
from qa_engine.intake.producers.roles import role_of


def _word(word: FieldReader) -> Word:
    return Word(word.text("word"), word.optional_ms("start_time"), word.optional_ms("end_time"))


def _turn(segment: FieldReader) -> Turn:
    result = segment.object("result")
    analysis = result.optional_object("analysis_info") or FieldReader({}, result.path_of("analysis_info"))
    role = analysis.optional_text("role")
    emotion, speed = analysis.optional_text("emotion"), analysis.optional_number("speed")
    return Turn(
        # With one mixed channel the roles are just "speaker1" to "speaker10".
        speaker=role_of(role),
        text=result.text("text"),
        start_ms=segment.integer_ms("start_time"),
        end_ms=segment.integer_ms("end_time"),
        words=tuple(_word(word) for word in result.optional_objects("word_info")),
        speaker_label=role,
        signals=measured(
            emotion=emotion.upper() if emotion and emotion.upper() != "UNKNOWN" else None,
            speech_rate_cpm=None if speed is None else round(speed * 60, 6),
        ),
    )


def _read(document: object) -> Transcript:
    job = FieldReader(document)
    status = job.optional_text("status")
    if status not in (None, "FINISHED"):
        raise FieldProblem("status", "识别任务没有完成", "等任务完成后重新取结果", "not_finished")
    return call_of(
        [_turn(segment) for segment in job.objects("segments")],
        "segments",
        id=job.optional_label("job_id"),
        duration_ms=job.optional_ms("audio_duration"),
    )


def _recognise(document: object) -> bool:
    if not isinstance(document, dict):
        return False
    segments = document.get("segments")
    if isinstance(segments, list) and segments and isinstance(segments[0], dict):
        return "result" in segments[0]
    # A job that failed or is still running has no segments.
    return not segments and {"status", "create_time"} <= document.keys()


def _calls(document: object) -> Iterable[ReadCall]:
    return [partial(_read, document)]


HUAWEI_SIS = JsonProducer("huawei_sis", _recognise, _calls)
